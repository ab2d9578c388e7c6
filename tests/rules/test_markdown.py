"""No text from outside reaches Markdown: it would be read as pictures and links to other hosts."""

import ast
from collections.abc import Container, Iterator
from pathlib import Path

import pytest

from tests.rules.source import check, dotted, name_of, nodes_of, part

# What of Streamlit reads Markdown in its first argument.
READERS = {
    *("error", "warning", "info", "success", "spinner", "toast", "status"),
    *("markdown", "caption", "title", "header", "subheader", "metric"),
    *("button", "download_button", "page_link", "link_button", "popover", "expander", "tabs"),
    *("selectbox", "multiselect", "radio", "pills", "segmented_control", "checkbox", "toggle"),
    *("slider", "select_slider", "text_input", "text_area", "number_input", "file_uploader"),
}
IN_OPTIONS = {"radio", "pills", "segmented_control"}  # in what format_func gives as well
AT_SECOND = {"progress"}
LABELS = {"label", "body", "text", "help"}

PLACE = "ui/markup.py"  # where text is escaped before it is handed on

# Names that hold texts of ours: handed on by a function whose callers name words, or escaped above.
OURS = {
    "ui/address.py": {"path", "label"},
    "ui/attention/links.py": {"label"},
    "ui/home/examples.py": {"example.label"},
    "ui/jobs.py": {"label", "text"},
    "ui/masked_words/layers.py": {"label"},
    "ui/masked_words/rank.py": {"label"},
    "ui/pretraining/start.py": {"label"},
    "ui/pretraining/watching.py": {"label"},
    "ui/sidebar.py": {"one.path", "one.label", "model", "name", "_card()"},
    "ui/sources.py": {"label", "upload"},
    "ui/switches.py": {"label"},
    "ui/tabs.py": {"list(labels.values())"},
    "ui/takeaway.py": {"label", "how"},
}


def is_ours(node: ast.expr, known: Container[str]) -> bool:
    """Whether an expression is a text of ours, with numbers or escaped text put in."""
    if isinstance(node, ast.Constant) or ast.unparse(node) in known:
        return True
    if isinstance(node, ast.Lambda):
        return is_ours(node.body, known)
    if isinstance(node, ast.IfExp):
        return is_ours(node.body, known) and is_ours(node.orelse, known)
    if isinstance(node, ast.BoolOp):
        return all(is_ours(one, known) for one in node.values)
    if isinstance(node, ast.Subscript):
        return is_ours(node.value, known)
    if isinstance(node, ast.Attribute):
        return dotted(node).split(".")[0].endswith(("words", "common"))
    if isinstance(node, ast.Call):
        return dotted(node.func).endswith("escape_markdown") or is_filled(node, known)
    return False


def is_filled(call: ast.Call, known: Container[str]) -> bool:
    """Whether a call is `text.format(...)` of texts of ours."""
    given = [*call.args, *(one.value for one in call.keywords)]
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "format"
        and is_ours(call.func.value, known)
        and all(is_ours(one, known) or is_number(one) for one in given)
    )


def is_number(node: ast.expr) -> bool:
    """Whether an expression is a sum, a product, or a length."""
    is_length = isinstance(node, ast.Call) and dotted(node.func) == "len"
    return is_length or (isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mod))


def shown_by(call: ast.Call) -> Iterator[ast.expr]:
    """What a call of Streamlit shows as Markdown."""
    name = dotted(call.func).split(".")[-1]
    if name in READERS:
        yield from call.args[:1]
    if name in AT_SECOND:
        yield from call.args[1:2]
    for one in call.keywords if name in READERS | AT_SECOND else ():
        if one.arg in LABELS or (one.arg == "format_func" and name in IN_OPTIONS):
            yield one.value


def reads_outside(path: Path) -> list[str]:
    known = OURS.get(name_of(path), set())
    return [
        f"line {node.lineno}: {dotted(node.func)}({ast.unparse(shown)})"
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and not dotted(node.func).startswith("markup.")
        for shown in shown_by(node)
        if not is_ours(shown, known)
    ]


def test_streamlit_is_given_no_markdown_from_outside() -> None:
    check((path for path in part("ui", "pages") if name_of(path) != PLACE), reads_outside)


@pytest.mark.parametrize(
    "program",
    [
        "st.error(str(error))",
        "st.spinner(words.LOADING.format(model=view.model))",
        "st.progress(0.5, text)",
        "st.button('Go', help=f'{typed}')",
        "st.pills('a', b, format_func=lambda one: one.text)",
        "left.warning(problem)",
    ],
)
def test_the_rule_sees_text_from_outside(program: str) -> None:
    (call,) = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)][:1]
    assert not all(is_ours(one, ()) for one in shown_by(call))
