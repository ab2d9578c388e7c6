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

# What is written on and about the map; `names` of `weight_map` replaces any of it.
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
    picked: int | None = None,
    masked: Collection[int] = (),
    signed: bool = False,
    name: str = "",
    file: str = "attention",
    channel: str = "",
    height: int = 560,
    names: Mapping[str, str] | None = None,
    on_pick: Callable[[int], None] | None = None,
) -> int | None:
    """Draw one map, query rows and key columns; return the query position clicked since last run.

    weights: (query, key) in [0, 1]; `signed`: differences in [-1, 1], coloured by their sign.
    tokens, sequences: of the whole text, as in `Encoding`. positions: which token each row and
        column is. masked: positions whose labels are coloured as masks.
    label: what the map is, for screen readers. picked: a position whose row is outlined.
    name: the title of saved pictures. file: what they are called, without ".png" or ".svg".
    height: pixels at most, with labels; the map is narrower where there is no room.
    names: words on screen in place of those in `NAMES`. channel, on_pick: as in `token_strip`.

    Raises:
        ValueError: `weights` are not one row and one column for each position, or out of range.
    """
    if weights.shape != (len(positions), len(positions)):
        raise ValueError(f"weights: {weights.shape} for {len(positions)} positions")
    header = {
        "label": label,
        "tokens": token_labels(tokens, sequences, positions, masked),
        "picked": picked,
        "signed": signed,
        "name": name,
        "file": file,
        "channel": channel,
        "height": height,
        "power": COLOUR_POWER,
        "names": {**NAMES, **(names or {})},
    }
    return mount(
        _map,
        key,
        lambda seen: pack_weights(weights, {**header, "seen": seen}),
        lambda sent: read_query(sent, positions),
        on_pick,
    )


def read_query(sent: Mapping[str, Any], positions: Collection[int]) -> int | None:
    """The position of the query clicked, None where the map has none such."""
    query = sent.get("query")
    return query if type(query) is int and query in positions else None
