"""One head's map, large: every weight is read by pointing at it, and the map zooms and is saved."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bert_core.palette import COLOUR_POWER
from ui.components.assets import read_css, read_js
from ui.components.events import mount
from ui.components.weights import pack_weights, token_labels

_map = st.components.v2.component(
    "bert_lens_one_map", css=read_css("one_map/one_map.css"), js=read_js("one_map/one_map.js")
)

FILE = "attention"  # what saved pictures are called, without their ending

# What is written on and about the map.
NAMES = {
    "hint": "Point at a cell to read its weight.",
    "percent": "{number}\N{NO-BREAK SPACE}%",
    "points": "{number}\N{NO-BREAK SPACE}points",
    "tools": "The map’s tools",
    "zoomIn": "Zoom in: Ctrl and the wheel, two fingers, or the key +",
    "zoomOut": "Zoom out: the key -",
    "whole": "whole",
    "wholeTitle": "Show the whole map: the key 0",
    "png": "PNG",
    "pngTitle": "Save what is shown as a picture",
    "svg": "SVG",
    "svgTitle": "Save what is shown as a drawing",
    "svgTooMany": "A drawing holds up to {most} tokens each way: zoom in first",
}


def weight_map(
    weights: NDArray[np.floating],
    tokens: Sequence[str],
    sequences: Sequence[int | None],
    positions: Sequence[int],
    *,
    key: str,
    label: str,
    text: str = "",
    picked: int | None = None,
    masked: Collection[int] = (),
    signed: bool = False,
    name: str = "",
    channel: str = "",
    height: int = 560,
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Draw one map, query rows and key columns.

    weights: (query, key) in [0, 1]; `signed`: differences in [-1, 1], coloured by their sign.
    tokens, sequences: of the whole text, as in `Encoding`. positions: which token each row and
        column is. masked: positions whose labels are coloured as masks.
    label: what the map is, for screen readers. text: the `fingerprint` of what was typed; a press
        on another text does nothing. picked: a position whose row is outlined.
    name: the title of saved pictures.
    height: pixels at most, with labels; the map is narrower where there is no room.
    channel: as in `token_strip`.
    on_pick: called with the position of the query pressed before the script runs (`events.mount`).

    Raises:
        ValueError: `weights` are not one row and one column for each position, or out of range.
    """
    if weights.shape != (len(positions), len(positions)):
        raise ValueError(f"weights: {weights.shape} for {len(positions)} positions")
    header = {
        "label": label,
        "text": text,
        "tokens": token_labels(tokens, sequences, positions, masked),
        "picked": picked,
        "signed": signed,
        "name": name,
        "file": FILE,
        "channel": channel,
        "height": height,
        "power": COLOUR_POWER,
        "names": NAMES,
    }
    mount(
        _map,
        key,
        lambda heard: pack_weights(weights, {**header, "heard": heard}),
        lambda sent: read_query(sent, text, positions),
        on_pick,
    )


def read_query(sent: Mapping[str, Any], text: str, positions: Collection[int]) -> int | None:
    """The position of the query pressed, None where the map of this text has none such."""
    query = sent.get("query")
    is_ours = sent.get("text") == text and type(query) is int and query in positions
    return query if is_ours else None
