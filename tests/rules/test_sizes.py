"""How long a file and a function may be; each file says what it is."""

import ast
from pathlib import Path

from tests.rules.source import ROOT, check, nodes_of, sources, tree_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 40


def code_files() -> list[Path]:
    scripts = [
        path
        for folder in ("ui", "bert_core", "benchmarks")
        for kind in ("*.js", "*.css")
        for path in (ROOT / folder).rglob(kind)
    ]
    assert scripts
    return [*sources(), *scripts]


def lines_over(path: Path) -> int:
    """By how many lines a file is too long, 0 for none."""
    return max(0, len(path.read_text(encoding="utf-8").splitlines()) - LONGEST_FILE)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, those of its own docstring left out."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        said = function.body[0]
        lines -= (said.end_lineno or 0) - said.lineno + 1
    return lines


def long_functions(path: Path) -> dict[str, int]:
    return {
        node.name: length(node)
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > LONGEST_FUNCTION
    }


def says_nothing(path: Path) -> bool:
    empty = path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip()
    return not empty and not ast.get_docstring(tree_of(path))


def test_no_file_is_longer_than_it_may_be() -> None:
    check(code_files(), lines_over)


def test_no_function_is_longer_than_it_may_be() -> None:
    check(sources(), long_functions)


def test_every_file_says_what_it_is() -> None:
    check(sources(), says_nothing)
