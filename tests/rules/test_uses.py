"""Who may do what: each of these things is done in one place, or nowhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.rules.source import (
    PAGES,
    ROOT,
    attributes,
    check,
    dotted,
    imported,
    name_of,
    nodes_of,
    part,
    part_of,
    sources,
    tree_of,
)

EVALUATE = {"eval", "exec", "compile", "pickle.load", "pickle.loads", "torch.load"}
OPENING = ("page = open_page(", "frame = open_frame(")


def acts_at_import(path: Path) -> list[int]:
    """Lines of a module that do something rather than name something."""
    return [
        node.lineno
        for node in tree_of(path).body
        if isinstance(node, ast.For | ast.While | ast.With)
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
    ]


def test_importing_does_nothing() -> None:
    """No calls at import but those that make a value; pages and programs are there to run."""
    check(part("ui", "bert_core"), acts_at_import)


def caches_of_streamlit(path: Path) -> set[str]:
    used = {name for name in attributes(path) if re.match(r"st(reamlit)?\.cache_", name)}
    return used | {name for name in imported(path) if "cache_" in name and "streamlit" in name}


def test_streamlits_caches_are_used_in_one_place() -> None:
    place = ROOT / "ui" / "cached.py"
    assert {"st.cache_data", "st.cache_resource"} <= caches_of_streamlit(place)
    check((path for path in sources() if path != place), caches_of_streamlit)


def test_one_module_asks_the_tokenizer_for_pieces() -> None:
    asking = re.compile(r"\b(backend|backend_tokenizer|tokenizer)\.(encode\w*|tokenize|__call__)$")
    callers = {
        name_of(path)
        for path in sources()
        for name in attributes(path)
        if part_of(path) != "benchmarks" and asking.search(name)
    }
    assert callers == {"bert_core/model/wordpiece.py"}


def reads_numbers_only(call: ast.Call) -> bool:
    said = {one.arg: one.value for one in call.keywords}.get("weights_only")
    is_asked = isinstance(said, ast.Constant) and said.value is True
    return dotted(call.func) == "torch.load" and is_asked


def test_nothing_is_evaluated_or_unpickled() -> None:
    def called(path: Path) -> set[str]:
        calls = [node for node in nodes_of(path) if isinstance(node, ast.Call)]
        return {dotted(call.func) for call in calls if not reads_numbers_only(call)}

    check(sources(), lambda path: called(path) & EVALUATE)


def test_arguments_are_not_checked_by_assert() -> None:
    check(
        sources(),
        lambda path: [node.lineno for node in nodes_of(path) if isinstance(node, ast.Assert)],
    )


def test_pages_begin_by_opening_and_draw_all_they_have_in_main() -> None:
    def wrong(path: Path) -> bool:
        body = tree_of(path).body
        (main,) = (
            node for node in body if isinstance(node, ast.FunctionDef) and node.name == "main"
        )
        opens = ast.unparse(main.body[0]).startswith(OPENING)
        return not opens or ast.unparse(body[-1]) != "main()"

    assert len(PAGES) > 5
    check(PAGES, wrong)


def shown_texts(path: Path) -> Iterator[tuple[int, str]]:
    """String literals handed to `st.` and `markup.` calls, without the markup in them."""
    for node in nodes_of(path):
        if not isinstance(node, ast.Call) or not re.match(r"(st|markup)\.", dotted(node.func)):
            continue
        arguments = [*node.args, *(word.value for word in node.keywords)]
        for inner in (inner for argument in arguments for inner in ast.walk(argument)):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.lineno, re.sub(r"<[^>]*>?", "", inner.value).strip()


def test_every_text_on_screen_is_in_ui_words() -> None:
    check(PAGES, lambda path: [(line, text) for line, text in shown_texts(path) if " " in text])


def texts_nobody_shows(words: Path) -> list[str]:
    names = {
        target.id
        for node in tree_of(words).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    module = f"ui.words.{words.stem}"
    used = {
        name.rpartition(".")[2]
        for path in sources()
        if module in imported(path)
        for name in attributes(path)
        if name.partition(".")[0].endswith("words")
    }
    return sorted(names - used)


def test_every_text_in_ui_words_is_used() -> None:
    check((ROOT / "ui" / "words").glob("*.py"), texts_nobody_shows)


def session_keys(path: Path) -> Iterator[tuple[int, str]]:
    """What a file asks the session for by a key that it spells out, with the line."""
    for node in nodes_of(path):
        if isinstance(node, ast.Subscript) and dotted(node.value) == "st.session_state":
            yield node.lineno, ast.unparse(node.slice)
        elif isinstance(node, ast.Call) and dotted(node.func).startswith("st.session_state."):
            yield node.lineno, ", ".join(map(ast.unparse, node.args[:1]))
        elif isinstance(node, ast.Compare) and dotted(node.comparators[0]) == "st.session_state":
            yield node.lineno, ast.unparse(node.left)


def keeps_the_view_itself(path: Path) -> list[int]:
    """Lines that reach for what `ui.state` keeps of a session, past its functions."""
    held = re.compile(r"(state\.)?(VIEW|NOTICE|BEFORE)|'(view|notice|before)'")
    return [line for line, key in session_keys(path) if held.fullmatch(key)]


def test_the_view_and_what_is_said_once_are_kept_in_one_place() -> None:
    place = ROOT / "ui" / "state.py"
    assert keeps_the_view_itself(place)
    check((path for path in part("ui", "pages") if path != place), keeps_the_view_itself)


def acts_in_the_body(path: Path) -> list[int]:
    """Lines where a page would act on a button in its body, or set what a widget holds."""
    keyed = {
        ast.unparse(word.value)
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "key"
    }
    return [
        node.lineno
        for node in nodes_of(path)
        if (isinstance(node, ast.If | ast.While) and "st.button(" in ast.unparse(node.test))
        or (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and dotted(node.value) == "st.session_state"
            and ast.unparse(node.slice) in keyed
        )
    ]


def test_callbacks_act_and_the_program_sets_no_widget_by_its_key() -> None:
    check(part("ui", "pages"), acts_in_the_body)
