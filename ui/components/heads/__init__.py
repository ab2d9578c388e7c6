"""All heads at once as small maps, each one click away; and one such map for the first page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bert_core.attention.maps import head_name
from ui.components.assets import read_css, read_js
from ui.components.events import is_count, mount
from ui.components.heads.packing import pack_maps, token_blocks

_heads = st.components.v2.component(
    "bert_lens_heads", css=read_css("heads/heads.css"), js=read_js("heads/heads.js")
)


def head_grid(
    maps: NDArray[np.uint8],
    *,
    key: str,
    layer: int,
    head: int,
    tokens: int,
    label: str,
    positions: Sequence[int] | None = None,
    name: Callable[[int, int], str] = head_name,
    notes: Sequence[Sequence[str]] | None = None,
    order: Sequence[int] | None = None,
    signed: bool = False,
    channel: str = "",
    on_pick: Callable[[tuple[int, int]], None],
) -> None:
    """Draw every head's map, layers down, heads across.

    maps: `pool_maps` of the attentions: (layer, head, rows, columns); or, with `signed`,
        `pool_differences` of two.
    layer, head: the chosen one, outlined. tokens: how many the maps had before they were pooled.
    positions: which token each row was, where some are hidden (`token_blocks`).
    name: what a head is called on screen. notes: [layer][head], shown after the name on hover.
    order: the heads (layer * heads + head) in the order to draw them, row by row; by default each
        layer is a row.
    channel: as in `token_strip`. on_pick: called with the (layer, head) pressed, from 0, before
        the script runs (`events.mount`).
    """
    layers, heads = maps.shape[:2]
    places = list(range(layers * heads)) if order is None else list(order)
    shown = {
        "label": label,
        "layer": _within(layer, layers),
        "head": _within(head, heads),
        "places": places,
        **_numbers(layers, heads, ranked=order is not None),
        "names": _by_row(name, places, heads),
        "notes": _by_row(lambda row, at: notes[row][at], places, heads) if notes else None,
        "blocks": token_blocks(tokens, maps.shape[2], positions),
        "signed": signed,
        "channel": channel,
    }
    drawn = maps.reshape(-1, *maps.shape[2:])[places].reshape(maps.shape)
    mount(
        _heads,
        key,
        lambda heard: pack_maps(drawn, {**shown, "heard": heard}),
        _reader(layers, heads),
        on_pick,
    )


def _by_row(of: Callable[[int, int], str], places: Sequence[int], heads: int) -> list[list[str]]:
    """What `of` says of each (layer, head), in the order of `places`, in rows of `heads`."""
    said = [of(*divmod(place, heads)) for place in places]
    return [said[start : start + heads] for start in range(0, len(said), heads)]


def _reader(layers: int, heads: int) -> Callable[[Mapping[str, Any]], tuple[int, int] | None]:
    def read(sent: Mapping[str, Any]) -> tuple[int, int] | None:
        layer, head = sent.get("layer"), sent.get("head")
        return (layer, head) if is_count(layer, layers) and is_count(head, heads) else None

    return read


def _numbers(layers: int, heads: int, *, ranked: bool) -> dict[str, list[str]]:
    """What stands at the rows and columns: layers and heads, or the ranks that rows begin with."""
    return {
        "rowLabels": [str(row * (heads if ranked else 1) + 1) for row in range(layers)],
        "columnLabels": ["" if ranked else str(head + 1) for head in range(heads)],
    }


def single_map(
    cells: NDArray[np.uint8],
    *,
    key: str,
    tokens: int,
    label: str,
    size: int = 190,
    positions: Sequence[int] | None = None,
    channel: str = "",
) -> None:
    """Draw one map to look at, `size` pixels wide.

    cells: `pool_maps` of one head: (rows, columns). The rest is as in `head_grid`.
    """
    shown = {
        "label": label,
        "size": size,
        "blocks": token_blocks(tokens, cells.shape[0], positions),
        "channel": channel,
    }
    _heads(key=key, data=pack_maps(cells[None, None], shown), width=size)


def _within(number: int, count: int) -> int:
    return min(max(number, 0), count - 1)
