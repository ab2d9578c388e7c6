"""What the rules look at: the project's files, what they import, what they name."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("pages", "ui", "bert_core", "benchmarks", "launcher")
PAGES = (ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")))


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file of the project, tests left out."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted([ROOT / "app.py", ROOT / "run.py", *inside]))


def part(*names: str) -> list[Path]:
    """The files of these parts of the house: pages, ui, bert_core, ..."""
    return [path for path in sources() if part_of(path) in names]


def name_of(path: Path) -> str:
    """A file's place in the project."""
    return path.relative_to(ROOT).as_posix()


def part_of(path: Path) -> str:
    """Which part of the house a file is in; app.py is a page."""
    name = name_of(path)
    return "pages" if name == "app.py" else name.partition("/")[0]


def check(paths: Iterable[Path], wrong: Callable[[Path], object]) -> None:
    """Fail with every file of which `wrong` says something; a rule that finds no file fails too."""
    looked_at = list(paths)
    assert looked_at, "there is nothing that this rule is about"
    found = [f"{name_of(path)}: {said}" for path in looked_at if (said := wrong(path))]
    assert not found, "\n".join(found)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(path)))


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its name."""
    named = {}
    for path in sources():
        parts = path.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, inside functions too; of ours by their full names."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: a relative import"
            module = node.module or ""
            ours = {f"{module}.{alias.name}" for alias in node.names} & modules().keys()
            found |= ours or {module}
    return frozenset(found)


def imported_tops(path: Path) -> set[str]:
    """The packages, ours and others', that a file imports something of."""
    return {name.partition(".")[0] for name in imported(path)}


@cache
def reached(module: str) -> frozenset[str]:
    """The modules of ours that are imported by a module, by what it imports, and so on."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported(modules()[waiting.pop()]) & modules().keys():
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for the expression a.b.c, "" for what is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def attributes(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute):
            yield dotted(node)
