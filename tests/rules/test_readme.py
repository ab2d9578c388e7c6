"""README's tree is the project's, and each room of the library names its modules."""

import ast
import re
from pathlib import Path

from tests.rules.source import PAGES, ROOT, check, sources, tree_of

README = (ROOT / "README.md").read_text(encoding="utf-8")


def tree_lines() -> list[str]:
    """The paths in README's tree; folders end with a stroke."""
    block = README.partition("## The tree\n")[2].split("```")[1]
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
    folders = {path.relative_to(ROOT).parts[:-1][:2] for path in sources()} - {()}
    assert {"/".join(folder) + "/" for folder in folders} <= set(tree_lines())


def test_readme_names_nothing_that_is_not_there() -> None:
    listed = tree_lines()
    assert len(listed) == len(set(listed)) > 25
    assert [name for name in listed if not (ROOT / name).exists()] == []


def test_readme_names_every_page_in_its_table() -> None:
    def wrong(path: Path) -> bool:
        return f"| **{path.stem.replace('_', ' ').capitalize()}** |" not in README

    check(PAGES[1:], wrong)


def wrongly_named(room: Path) -> set[str]:
    """Modules of a package that its docstring does not name, in order, and names of none."""
    said = (ast.get_docstring(tree_of(room)) or "").splitlines()
    named = [line.partition(": ")[0] for line in said if re.match(r"\w+: ", line)]
    there = sorted(path.stem for path in room.parent.glob("*.py") if path != room)
    return {*named, *there} if named != there else set()


def test_each_room_of_the_library_names_its_modules() -> None:
    check((ROOT / "bert_core").glob("*/__init__.py"), wrongly_named)
