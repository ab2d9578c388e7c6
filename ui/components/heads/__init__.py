"""All heads at once as small maps, each one click away; and one such map for the first page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bert_core.attention import head_name
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
    channel: str = "",
    on_pick: Callable[[tuple[int, int]], None] | None = None,
) -> tuple[int, int] | None:
    """Draw every head's map, layers down, heads across; return the (layer, head) picked, from 0.

    maps: `pool_maps` of the attentions: (layer, head, rows, columns).
    layer, head: the chosen one, outlined. tokens: how many the maps had before they were pooled.
    positions: which token each row was, where some are hidden (`token_blocks`).
    name: what a head is called on screen. notes: [layer][head], shown after the name on hover.
    channel: as in `token_strip`. on_pick: called before the script runs (`events.mount`).
    """
    layers, heads = maps.shape[:2]
    shown = {
        "label": label,
        "layer": min(max(layer, 0), layers - 1),
        "head": min(max(head, 0), heads - 1),
        "rowLabels": [str(number + 1) for number in range(layers)],
        "columnLabels": [str(number + 1) for number in range(heads)],
        "names": [[name(row, column) for column in range(heads)] for row in range(layers)],
        "notes": [list(row) for row in notes] if notes is not None else None,
        "blocks": token_blocks(tokens, maps.shape[2], positions),
        "channel": channel,
    }

    def read(sent: Mapping[str, Any]) -> tuple[int, int] | None:
        at_layer, at_head = sent.get("layer"), sent.get("head")
        if not is_count(at_layer, layers) or not is_count(at_head, heads):
            return None
        return at_layer, at_head

    return mount(_heads, key, lambda seen: pack_maps(maps, {**shown, "seen": seen}), read, on_pick)


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
        "seen": 0,
    }
    _heads(key=key, data=pack_maps(cells[None, None], shown), width=size)
