"""The browser half of a component, read from the files beside its Python half.

Streamlit takes a component's JavaScript as one string and loads it as one module. Ours is written
as several ES modules; `read_js` joins them in the order in which they need one another.
"""

import re
from pathlib import Path

from ui.components.palette_css import palette_css

FOLDER = Path(__file__).parent

IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def read_css(name: str) -> str:
    """The palette, then the file `name` of this folder: for a component that stands alone."""
    return palette_css() + read_rules(name)


def read_rules(name: str) -> str:
    """The file `name` of this folder: for a component that is a part of the page, as its elements
    are, and has the page's palette."""
    return (FOLDER / name).read_text(encoding="utf-8")


def read_js(name: str) -> str:
    """The module `name` of this folder, with every module it imports put before it, once."""
    return "\n".join(_collect(FOLDER / name, seen=set()))


def _collect(path: Path, seen: set[Path]) -> list[str]:
    path = path.resolve()
    if path in seen:
        return []
    seen.add(path)
    source = path.read_text(encoding="utf-8")
    needed = [path.parent / found for found in IMPORT.findall(source)]
    before = [text for module in needed for text in _collect(module, seen)]
    return [*before, EXPORT.sub("", IMPORT.sub("", source))]
