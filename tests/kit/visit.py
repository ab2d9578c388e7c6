"""A visit to the app without a browser: pages opened by link, and what stands on them."""

import base64
import json
import re
from collections.abc import Sequence
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from ui.components.heads.packing import unpack_maps
from ui.components.weights import unpack_weights
from ui.contents import CONTENTS, entry
from ui.markup import escape_markdown
from ui.view import View

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(one.name for one in CONTENTS if one.reads_text)
PATIENCE = 60
NUMBERS = count(1_000)  # of presses, each later than those before

# How many plotly figures and which components each page has for a pair, with a token that is
# looked from.
PICTURES = {
    "home": (2, ("strip", "heads")),
    "tokenization": (1, ("strip",)),
    "attention": (3, ("strip", "heads", "pictures")),
    "masked_words": (1, ("strip", "hints", "rows", "pictures")),
    "next_sentence": (1, ("strip", "pictures")),
}


def visit(page: str, **query: str) -> AppTest:
    """A new session that opens `page` by a link."""
    at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
    for name, value in query.items():
        at.query_params[name] = value
    return go_to(at, page)


def go_to(at: AppTest, page: str) -> AppTest:
    """The same session on another page."""
    return at.switch_page(entry(page).path).run()


def type_text(at: AppTest, page: str, text: str | None = None, pair: str | None = None) -> AppTest:
    """Type into the sentence fields of the page the session is on."""
    if text is not None:
        widget(at.text_input, f"{page}.text").set_value(text)
    if pair is not None:
        widget(at.text_input, f"{page}.pair").set_value(pair)
    return at.run()


def widget(drawn: Sequence[Any], name: str) -> Any:
    """The one widget of this name among those of its kind, whichever revision of it is drawn."""
    revision = re.compile(re.escape(name) + r"(\.\d+)?")
    (found,) = (one for one in drawn if one.key is not None and revision.fullmatch(one.key))
    return found


def view_of(at: AppTest) -> View:
    found: View = at.session_state["view"]
    return found


def chosen(at: AppTest, name: str) -> Any:
    """What is chosen under this name, on whichever page."""
    return view_of(at).flat()[name]


def said(at: AppTest) -> str:
    """All text that the page has as HTML, as it is read: entities resolved, our markup kept."""
    return "\n".join(unescape(body) for body in markup(at))


def markup(at: AppTest) -> list[str]:
    """The HTML of the page, without its style sheet."""
    bodies = [element.proto.body for element in at.get("html")]
    return [body for body in bodies if not body.startswith("<style>")]


def as_read(markdown: str) -> str:
    """Escaped Markdown as it stands on the page."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


def errors(at: AppTest) -> list[str]:
    return [as_read(element.value) for element in at.error]


def warnings(at: AppTest) -> list[str]:
    return [as_read(element.value) for element in at.warning]


def figures(at: AppTest) -> list[dict[str, Any]]:
    """The plotly figures as the browser gets them."""
    return [json.loads(element.proto.spec) for element in at.get("plotly_chart")]


def numbers(value: Any) -> NDArray[Any]:
    """An array out of plotly's JSON, where it travels as bytes or as a list."""
    if not isinstance(value, dict):
        return np.array(value)
    flat = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    shape = value.get("shape")
    return flat.reshape([int(part) for part in shape.split(",")]) if shape else flat


def components(at: AppTest) -> list[Any]:
    return [element.proto for element in at.get("bidi_component")]


def component(at: AppTest, name: str) -> Any:
    """The one component of this kind."""
    (found,) = (one for one in components(at) if one.component_name == f"bert_lens_{name}")
    return found


def strip(at: AppTest) -> dict[str, Any]:
    """What the token strip was given."""
    data: dict[str, Any] = json.loads(component(at, "strip").json)
    return data


def strip_tokens(at: AppTest) -> list[str]:
    groups = strip(at)["groups"]
    return [piece["text"] for group in groups for piece in group.get("pieces", [])]


def masked_in_strip(at: AppTest) -> list[int]:
    groups = strip(at)["groups"]
    pieces = (piece for group in groups for piece in group.get("pieces", []))
    return [piece["at"] for piece in pieces if piece.get("masked")]


def maps(at: AppTest) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """What the maps of the heads were given."""
    return unpack_maps(component(at, "heads").bytes)


def figure(at: AppTest, key: str) -> dict[str, Any]:
    """The plotly figure that was drawn with this key."""
    found: dict[str, Any] = json.loads(at.get_by_key(key).proto.spec)
    return found


def frame(at: AppTest) -> str:
    """The document in the page's one frame."""
    (found,) = at.get("iframe")
    html: str = found.proto.srcdoc
    return html


def weights_in(at: AppTest, key: str) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """What the component drawn with this key was given by `pack_weights`."""
    return unpack_weights(at.get_by_key(key).proto.bytes)


def tables(at: AppTest) -> list[list[list[str]]]:
    """The short tables of figures: table, row, cell."""
    bodies = (body for body in markup(at) if body.startswith("<table class='bl-figures'>"))
    return [
        [
            [unescape(cell) for cell in re.findall("<td>(.*?)</td>", row)]
            for row in re.findall("<tr>(.*?)</tr>", body)
        ]
        for body in bodies
    ]


def press(at: AppTest, key: str, **sent: Any) -> AppTest:
    """A press in the component drawn with this key, as the browser sends it.

    `number` counts up; `text` is the one that the component shows.
    """
    element = at.get_by_key(key).proto
    sent = {"number": next(NUMBERS), "text": _text_of(element), **sent}
    return _send(at, element.id, json_value=json.dumps({"events": [sent]}))


def _text_of(element: Any) -> str | None:
    """The fingerprint that a component was given."""
    if element.WhichOneof("data") != "bytes":
        data = json.loads(element.json)
        return data.get("given") or data.get("text")  # of the readout, of the strip
    end = 4 + int.from_bytes(element.bytes[:4], "little")
    return json.loads(element.bytes[4:end]).get("text")


def press_bar(at: AppTest, key: str, row: int) -> AppTest:
    """A press on a bar of the chart drawn with this key."""
    rows = json.loads(at.get_by_key(f"{key}.rows").proto.json)["rows"]
    return press(at, f"{key}.rows", row=row, label=rows[row]["label"])


def open_expander(at: AppTest, label: str) -> AppTest:
    (found,) = (one for one in at.expander if one.label == label)
    return _send(at, found.proto.id, bool_value=True)


def open_table(at: AppTest, key: str) -> AppTest:
    """The expander with this key; several of them have one label."""
    (found,) = (one for one in at.expander if one.proto.id.endswith(key))
    return _send(at, found.proto.id, bool_value=True)


def open_tab(at: AppTest, label: str) -> AppTest:
    """Press the tab of the page's row of questions that has this label."""
    (row,) = at.get("tab_container")
    label = escape_markdown(label)
    assert label in [tab.label for tab in at.tabs]
    return _send(at, row.proto.id, string_value=label)


def _send(at: AppTest, element: str, **value: Any) -> AppTest:
    """A run of the script in which this element has a new value; AppTest has no name for it."""
    states = at._tree.get_widget_states()
    states.widgets.add(id=element, **value)
    return at._run(states)


def assert_whole(at: AppTest, page: str) -> None:
    """The page is there, without an exception, and says so with its title."""
    assert not at.exception, at.exception[0].value
    assert "<h1 class='bl-title'>" in markup(at)[0]
    assert widget(at.text_input, f"{page}.text") is not None


def assert_pictures(
    at: AppTest, page: str, *, looking: bool = True, pair: bool = True, long: bool = False
) -> None:
    """Every picture that the page shows for a sentence is there, where its pictures are counted.

    long: whether it has more tokens than plotly draws a map of.
    """
    if page not in PICTURES:
        return
    charts, parts = PICTURES[page]
    if page == "attention" and long:
        charts, parts = charts - 1, ("strip", "heads", "one_map")
    if page == "attention" and not looking:
        charts -= 2
    if page in ("home", "next_sentence") and not pair:
        charts -= 1
    if page == "next_sentence" and not pair:
        parts = ("strip",)
    drawn = [one.component_name.removeprefix("bert_lens_") for one in components(at)]
    names = tuple(name for name in drawn if name != "presses")  # where there is what to take back
    assert (len(at.get("plotly_chart")), names) == (charts, (*parts, "page"))
