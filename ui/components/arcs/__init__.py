"""Attention as lines: tokens that look on the left, tokens looked at on the right."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from bert_core.attention.arcs import ArcView
from bert_core.palette import COLOUR_POWER
from ui.components.assets import read_css, read_js
from ui.components.events import is_count, mount
from ui.components.weights import FULL, pack_weights, token_labels

Side = Literal["query", "key"]

# The component's own words; pages may hand in others under the same names.
NAMES = {
    "query": "looks (query)",
    "key": "is looked at (key)",
    "lines": "{count} lines",
    "some": "{drawn} of {count} lines",
    "near": "The strongest lines of the tokens in sight. Point at a token to see all of its own.",
    "hint": "Point at a token to see its lines alone, press it to keep them.",
    "none": "no lines",
    "png": "PNG",
    "svg": "SVG",
}

_arcs = st.components.v2.component(
    "bert_lens_arcs", css=read_css("arcs/arcs.css"), js=read_js("arcs/arcs.js")
)


@dataclass(frozen=True)
class ArcPick:
    """A token that was pressed: its position in the input (a word's first), and in which column.

    pinned: whether its lines are held now; False where the press let go of them.
    """

    position: int
    side: Side
    pinned: bool


def arc_view(
    view: ArcView,
    *,
    key: str,
    label: str,
    text: str,
    picked: int | None = None,
    pinned: Collection[tuple[int, Side]] = (),
    channel: str = "",
    names: Mapping[str, str] = NAMES,
    file: str = "attention-lines",
    on_pick: Callable[[ArcPick], None],
) -> None:
    """Draw the lines of `view`.

    label: what is shown, for screen readers and as the title of the pictures taken away.
    text: the `fingerprint` of what was typed; a press on another text does nothing.
    picked: position of the token that is looked from on the page; its lines stay strong.
    pinned: (position, side) of tokens whose lines stay strong from the start. The browser keeps
        what is pinned afterwards by pressing, until these or the tokens change.
    channel: as in `token_strip`. names: its words, as `NAMES`. file: name of the pictures, without
        ending. on_pick: called with the token pressed before the script runs (`events.mount`).
    """
    header = {
        "label": label,
        "text": text,
        "tokens": _tokens(view),
        "picked": None if picked is None else view.row_of(picked),
        "pinned": _rows(view, pinned),
        "power": COLOUR_POWER,
        "channel": channel,
        "names": {**NAMES, **names},
        "file": file,
    }
    # A line is where the weight sent is not 0, so that none may be rounded away.
    weights = np.where(view.mask, np.maximum(view.weights, 1 / FULL), 0)

    def data(heard: Mapping[str, Any] | None) -> bytes:
        return pack_weights(weights, {**header, "heard": heard})

    mount(_arcs, key, data, _reader(view, text), on_pick)


def _tokens(view: ArcView) -> list[dict[str, Any]]:
    """For each row its text, sentence, and the positions of the tokens in it."""
    labels = token_labels(view.labels, view.sentences, range(len(view.labels)), view.masked)
    return [{**label, "at": list(view.positions[label["at"]])} for label in labels]


def _rows(view: ArcView, pinned: Collection[tuple[int, Side]]) -> list[str]:
    """Names of the pinned rows as the browser has them, those that are hidden left out."""
    rows = {(side, view.row_of(position)) for position, side in pinned}
    return sorted(f"{side}:{row}" for side, row in rows if row is not None)


def _reader(view: ArcView, text: str) -> Callable[[Mapping[str, Any]], ArcPick | None]:
    firsts = {group[0] for group in view.positions}

    def read(sent: Mapping[str, Any]) -> ArcPick | None:
        position, side, pinned = sent.get("position"), sent.get("side"), sent.get("pinned")
        if sent.get("text") != text or not is_count(position) or position not in firsts:
            return None
        if side not in ("query", "key") or not isinstance(pinned, bool):
            return None
        return ArcPick(position, side, pinned)

    return read
