"""The rules of the house, held to the code's own syntax trees."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import bert_core

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("pages", "ui", "bert_core", "benchmarks", "launcher")
LONGEST_FILE = 300
LONGEST_FUNCTION = 40

# What each may import of ours; app.py is a page.
MAY_IMPORT = {
    "pages": {"ui", "bert_core"},
    "ui": {"ui", "bert_core"},
    "bert_core": {"bert_core"},
}
HEAVY = {"torch", "transformers", "streamlit", "tokenizers", "safetensors", "huggingface_hub"}
ANALYSES = (
    "attention.arcs",
    "attention.comparison",
    "attention.links",
    "attention.maps",
    "attention.measures",
    "attention.norms",
    "attention.query_key",
    "attention.roles",
    "attention.rollout",
    "attention.similarity",
    "attention.summary",
    "evaluation.calibration",
    "evaluation.evaluate",
    "evaluation.questions",
    "evaluation.reliability",
    "exports.attention",
    "exports.prediction_snippets",
    "exports.snippets",
    "inside.lens",
    "masked_words.beam",
    "masked_words.blanks",
    "masked_words.filled_text",
    "masked_words.filling",
    "masked_words.joint",
    "masked_words.likelihood",
    "masked_words.minimal_pairs",
    "masked_words.predict",
    "masked_words.several_pieces",
    "masked_words.surprisal",
    "masked_words.targets",
    "masked_words.writing",
    "model.wordpiece_trace",
    "next_sentence.candidates",
    "next_sentence.neighbours",
    "next_sentence.order",
    "next_sentence.reasons",
    "next_sentence.score",
    "pretraining.mask_counts",
    "pretraining.masks",
    "serving.runner",
    "texts.hundred",
    "texts.lists",
)


def sources() -> list[Path]:
    """Every Python file of the project, tests left out."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted([ROOT / "app.py", ROOT / "run.py", *inside])


def name_of(path: Path) -> str:
    """A file's place in the project, which is also how a test's case is called."""
    return path.relative_to(ROOT).as_posix()


every_file = pytest.mark.parametrize("path", sources(), ids=name_of)
every_page = pytest.mark.parametrize(
    "path", [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))], ids=name_of
)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def part_of(path: Path) -> str:
    """Which part of the house a file is in: pages, ui, bert_core, ..."""
    name = name_of(path)
    return "pages" if name == "app.py" else name.partition("/")[0]


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, inside functions too; of ours by their full names."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: a relative import"
            module = node.module or ""
            ours = {f"{module}.{alias.name}" for alias in node.names} & set(modules())
            found |= ours or {module}
    return frozenset(found)


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its name."""
    named = {}
    for path in sources():
        parts = path.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def reached(module: str) -> set[str]:
    """The modules of ours that are imported by a module, by what it imports, and so on."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported(modules()[waiting.pop()]) & modules().keys():
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def dotted(node: ast.AST) -> str:
    """`a.b.c` for the expression a.b.c, "" for what is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def attributes(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute):
            yield dotted(node)


# Who imports whom


@every_file
def test_imports_go_from_pages_to_ui_to_bert_core(path: Path) -> None:
    allowed = MAY_IMPORT.get(part_of(path))
    if allowed is None:
        allowed = {*FOLDERS, "run"} - {"pages"}  # tools: they start the app, and use its parts
    ours = {name.partition(".")[0] for name in imported(path)} & {*FOLDERS, "app", "run", "tests"}
    assert ours <= allowed


def test_the_library_knows_no_streamlit_and_nothing_of_the_app() -> None:
    for path in sources():
        if part_of(path) == "bert_core":
            assert not {name.partition(".")[0] for name in imported(path)} & {"streamlit", "ui"}


def test_only_ui_and_pages_import_streamlit() -> None:
    users = {
        part_of(path)
        for path in sources()
        if any(name.partition(".")[0] == "streamlit" for name in imported(path))
    }
    assert users <= {"pages", "ui", "launcher", "benchmarks"}
    assert {"pages", "ui"} <= users


def test_figures_reach_no_torch_and_no_streamlit() -> None:
    figures = [name for name in modules() if name.startswith("bert_core.figures")]
    assert len(figures) > 3
    for module in figures:
        for name in {module, *reached(module)}:
            assert not {part.partition(".")[0] for part in imported(modules()[name])} & HEAVY, name


def test_only_figures_import_plotly_in_the_library() -> None:
    for path in sources():
        if part_of(path) == "bert_core" and path.parent.name != "figures":
            assert not [name for name in imported(path) if name.startswith("plotly")]


def test_analysis_rests_on_inference_and_inference_on_the_model() -> None:
    analyses = {f"bert_core.{name}" for name in ANALYSES}
    assert analyses <= modules().keys()
    engine = {f"bert_core.serving.{name}" for name in ("engine", "waiting", "registry")}
    assert engine <= modules().keys()
    assert not reached("bert_core.model.inference") & (analyses | engine)
    assert not reached("bert_core.model.bert") & (analyses | engine | {"bert_core.model.inference"})
    for analysis in analyses:
        assert not reached(analysis) & engine


def test_no_name_of_the_library_is_also_that_of_a_module() -> None:
    """The module would take the name's place in the package when it is imported."""
    names = {name.removeprefix("bert_core.") for name in modules()}
    assert not names & set(bert_core.__all__)
    for name in bert_core.__all__:
        found = getattr(bert_core, name)
        assert getattr(bert_core, name) is found
        assert not isinstance(found, ModuleType)


@pytest.mark.parametrize("module", modules())
def test_no_module_imports_itself_in_a_circle(module: str) -> None:
    assert module not in reached(module)


@every_file
def test_importing_does_nothing(path: Path) -> None:
    """No calls at import but those that make a value; pages and programs are there to run."""
    if part_of(path) not in ("ui", "bert_core"):
        return
    for node in tree_of(path).body:
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"line {node.lineno}"
        assert not isinstance(node, ast.For | ast.While | ast.With), f"line {node.lineno}"


# Who may do what


@every_file
def test_streamlits_caches_are_used_in_one_place(path: Path) -> None:
    used = [name for name in attributes(path) if re.match(r"st(reamlit)?\.cache_", name)]
    taken = [name for name in imported(path) if "cache_" in name and "streamlit" in name]
    if name_of(path) == "ui/cached.py":
        assert {"st.cache_data", "st.cache_resource"} <= set(used)
    else:
        assert used == taken == []


def test_one_module_asks_the_tokenizer_for_pieces() -> None:
    asking = re.compile(r"\b(backend|backend_tokenizer|tokenizer)\.(encode\w*|tokenize|__call__)$")
    callers = [
        name_of(path)
        for path in sources()
        for name in attributes(path)
        if part_of(path) != "benchmarks" and asking.search(name)
    ]
    assert set(callers) == {"bert_core/model/wordpiece.py"}


def test_few_modules_know_the_tokenizers_library() -> None:
    users = [name_of(path) for path in sources() if "tokenizers" in imported(path)]
    pieces, text, training = "model/wordpiece", "model/tokenization", "pretraining/vocabulary"
    assert set(users) <= {f"bert_core/{name}.py" for name in (pieces, text, training)}


@every_file
def test_nothing_is_evaluated_or_unpickled(path: Path) -> None:
    called = {dotted(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
    assert not called & {"eval", "exec", "compile", "pickle.load", "pickle.loads", "torch.load"}


@every_file
def test_arguments_are_not_checked_by_assert(path: Path) -> None:
    assert not [node.lineno for node in ast.walk(tree_of(path)) if isinstance(node, ast.Assert)]


def test_pages_begin_by_opening_and_draw_all_they_have_in_main() -> None:
    for path in (ROOT / "app.py", *(ROOT / "pages").glob("*.py")):
        tree = tree_of(path)
        (main,) = (
            node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"
        )
        first = ast.unparse(main.body[0])
        assert first.startswith(("page = open_page(", "frame = open_frame(")), name_of(path)
        assert ast.unparse(tree.body[-1]) == "main()"


def shown_texts(path: Path) -> Iterator[tuple[int, str]]:
    """String literals handed to `st.` and `markup.` calls, without the markup in them."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call) or not re.match(r"(st|markup)\.", dotted(node.func)):
            continue
        arguments = [*node.args, *(word.value for word in node.keywords)]
        for part in (inner for argument in arguments for inner in ast.walk(argument)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, re.sub(r"<[^>]*>?", "", part.value).strip()


@every_page
def test_every_text_on_screen_is_in_ui_words(path: Path) -> None:
    assert [(line, text) for line, text in shown_texts(path) if " " in text] == []


def test_every_text_in_ui_words_is_used() -> None:
    for words in (ROOT / "ui" / "words").glob("*.py"):
        names = {
            target.id
            for node in tree_of(words).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        module = f"ui.words.{words.stem}"
        users = [path for path in sources() if module in imported(path)]
        used = {
            name.rpartition(".")[2]
            for path in users
            for name in attributes(path)
            if name.partition(".")[0].endswith("words")
        }
        assert names <= used, f"{module}: {sorted(names - used)}"


# Sizes


def code_files() -> list[Path]:
    scripts = [
        path
        for folder in ("ui", "bert_core", "benchmarks")
        for kind in ("*.js", "*.css")
        for path in (ROOT / folder).rglob(kind)
    ]
    return sources() + sorted(scripts)


@pytest.mark.parametrize("path", code_files(), ids=name_of)
def test_no_file_is_longer_than_it_may_be(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@every_file
def test_no_function_is_longer_than_it_may_be(path: Path) -> None:
    long = {}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                lines -= (first.end_lineno or 0) - first.lineno + 1
            if lines > LONGEST_FUNCTION:
                long[node.name] = lines
    assert long == {}


@every_file
def test_every_file_says_what_it_is(path: Path) -> None:
    empty = path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip()
    assert empty or ast.get_docstring(tree_of(path))


# README


def tree_lines() -> list[str]:
    """The paths in README's tree; folders end with a stroke."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("## The tree\n")[2].split("```")[1]
    paths: list[str] = []
    folders: list[str] = []
    for line in filter(str.strip, block.splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        assert re.fullmatch(r"[\w.]+/?", name), line
        folders[depth:] = [name] if name.endswith("/") else []
        paths.append("".join([*folders[:depth], name]))
    return paths


def test_readme_names_every_folder() -> None:
    """Of the project and of each of its floors; what is in a room is said in its docstring."""
    named = set(tree_lines())
    folders = {path.relative_to(ROOT).parts[:-1][:2] for path in sources()} - {()}
    assert {"/".join(folder) + "/" for folder in folders} <= named


def test_each_room_of_the_library_names_its_modules() -> None:
    for room in (ROOT / "bert_core").glob("*/__init__.py"):
        said = (ast.get_docstring(tree_of(room)) or "").splitlines()
        named = [line.partition(": ")[0] for line in said if re.match(r"\w+: ", line)]
        modules = sorted(path.stem for path in room.parent.glob("*.py") if path != room)
        assert named == modules, name_of(room)


def test_readme_names_nothing_that_is_not_there() -> None:
    listed = tree_lines()
    assert len(listed) == len(set(listed)) > 25
    assert [name for name in listed if not (ROOT / name).exists()] == []


def test_readme_names_every_page_in_its_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "pages").glob("*.py"):
        title = path.stem.replace("_", " ").capitalize()
        assert f"| **{title}** |" in readme
