"""Who imports whom: pages the app's parts, those the library, the library nothing of either."""

import ast
from pathlib import Path
from types import ModuleType

import bert_core
from tests.rules.source import (
    FOLDERS,
    ROOT,
    check,
    imported,
    imported_tops,
    modules,
    name_of,
    nodes_of,
    part,
    part_of,
    reached,
    sources,
    tree_of,
)

# What each may import of ours; app.py is a page.
MAY_IMPORT = {
    "pages": {"ui", "bert_core"},
    "ui": {"ui", "bert_core"},
    "bert_core": {"bert_core"},
}
TOOLS = {*FOLDERS, "run"} - {"pages"}  # what starts and measures the app uses its parts
OURS = {*FOLDERS, "app", "run", "tests"}
HEAVY = {"torch", "transformers", "streamlit", "tokenizers", "safetensors", "huggingface_hub"}

# The rooms of the library, and the files that all share: each may use those on the lines above its
# own, and no other on its line; so there is no circle. A room that is not named is a capability.
CAPABILITIES = {"masked_words", "next_sentence"}
FLOORS = (
    {"errors", "arrays", "palette"},
    {"intervals"},
    {"model", "texts"},
    {"serving", "attention"},
    {"figures", "exports"},
    {"pretraining"},
    CAPABILITIES,
    {"inside", "evaluation", "lab"},
    {"command_line"},
    {"__main__"},
)


def test_imports_go_from_pages_to_ui_to_bert_core() -> None:
    assert {part_of(path) for path in sources()} >= MAY_IMPORT.keys()
    check(sources(), lambda path: imported_tops(path) & OURS - MAY_IMPORT.get(part_of(path), TOOLS))


def test_the_library_knows_no_streamlit_and_nothing_of_the_app() -> None:
    check(part("bert_core"), lambda path: imported_tops(path) & {"streamlit", "ui"})


def test_only_ui_and_pages_import_streamlit() -> None:
    users = {part_of(path) for path in sources() if "streamlit" in imported_tops(path)}
    assert {"pages", "ui"} <= users <= {"pages", "ui", "launcher", "benchmarks"}


def test_figures_reach_no_torch_and_no_streamlit() -> None:
    figures = [name for name in modules() if name.startswith("bert_core.figures")]
    assert len(figures) > 3
    behind = {name for figure in figures for name in {figure, *reached(figure)}}
    check((modules()[name] for name in behind), lambda path: imported_tops(path) & HEAVY)


def test_only_figures_import_plotly_in_the_library() -> None:
    others = [path for path in part("bert_core") if path.parent.name != "figures"]
    check(others, lambda path: "plotly" in imported_tops(path))


def rooms_used(path: Path) -> set[str]:
    """The rooms and shared files of the library that a file of it imports, without its own."""
    used = {name.split(".")[1] for name in imported(path) if name.startswith("bert_core.")}
    return used - {room_of(path)}


def room_of(path: Path) -> str:
    """The room of a file of the library; a file that all share is its own."""
    return path.relative_to(ROOT / "bert_core").with_suffix("").parts[0]


def test_each_room_of_the_library_uses_only_what_is_below_it() -> None:
    rooms = {room_of(path) for path in part("bert_core")} - {"__init__"}
    named = set().union(*FLOORS)
    assert named <= rooms
    floors = [floor | (rooms - named) if floor is CAPABILITIES else floor for floor in FLOORS]
    below = {room: set().union(*floors[:at]) for at, floor in enumerate(floors) for room in floor}
    files = [path for path in part("bert_core") if room_of(path) in rooms]
    check(files, lambda path: rooms_used(path) - below[room_of(path)])


def test_analyses_get_their_runs_from_a_runner_and_never_see_the_engine() -> None:
    engine = {f"bert_core.serving.{name}" for name in ("engine", "waiting", "registry", "job")}
    assert engine <= modules().keys()
    analyses = [path for path in part("bert_core") if room_of(path) != "serving"]
    check(analyses, lambda path: imported(path) & engine)
    assert not reached("bert_core.serving.runner") & engine


def test_inference_rests_on_the_model_and_not_the_other_way_round() -> None:
    assert "bert_core.model.bert" in reached("bert_core.model.inference")
    assert "bert_core.model.inference" not in reached("bert_core.model.bert")


def test_no_name_of_the_library_is_also_that_of_a_module() -> None:
    """The module would take the name's place in the package when it is imported."""
    names = {name.removeprefix("bert_core.") for name in modules()}
    assert not names & set(bert_core.__all__)
    for name in bert_core.__all__:
        found = getattr(bert_core, name)
        assert getattr(bert_core, name) is found
        assert not isinstance(found, ModuleType)


def test_no_module_imports_itself_in_a_circle() -> None:
    assert [module for module in modules() if module in reached(module)] == []


def names_made_in(path: Path) -> set[str]:
    """What a module defines itself."""
    made = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        inside = (part for target in targets if target for part in ast.walk(target))
        made |= {part.id for part in inside if isinstance(part, ast.Name)}
    return made


def taken_elsewhere(path: Path) -> list[str]:
    """Names of ours that a file takes from a module which took them from another."""
    taken = (
        (node.module, alias.name)
        for node in nodes_of(path)
        if isinstance(node, ast.ImportFrom) and node.module in modules().keys() - {"bert_core"}
        for alias in node.names
    )
    return [
        f"{module}.{name}"
        for module, name in taken
        if f"{module}.{name}" not in modules() and name not in names_made_in(modules()[module])
    ]


def test_a_name_is_taken_from_the_module_that_makes_it() -> None:
    check([*sources(), *(ROOT / "tests").rglob("*.py")], taken_elsewhere)


def test_the_librarys_own_files_do_not_go_through_its_front_door() -> None:
    """It leads to every room, so that no rule could say what a file uses."""
    check(part("bert_core"), lambda path: "bert_core" in imported(path))


def test_few_modules_know_the_tokenizers_library() -> None:
    users = {name_of(path) for path in sources() if "tokenizers" in imported(path)}
    pieces, text, training = "model/wordpiece", "model/tokenization", "pretraining/vocabulary"
    assert users
    assert users <= {f"bert_core/{name}.py" for name in (pieces, text, training)}
