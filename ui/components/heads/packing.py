"""Maps and what belongs to them as one bytes object, which the browser reads without copying.

Layout: 4 bytes, the header's length, little-endian; the header, JSON in UTF-8; then the cells,
one byte each, in C order (layer, head, row, column).
"""

import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.figures.thumbnails import block_starts


def pack_maps(maps: NDArray[np.uint8], header: dict[str, Any]) -> bytes:
    """`maps` (layer, head, row, column) and `header`, to which `shape` and `cells` are added.

    `cells` is a checksum: the browser redraws only when it changes.

    Raises:
        ValueError: `maps` are not bytes in four dimensions.
    """
    if maps.dtype != np.uint8 or maps.ndim != 4:
        raise ValueError(f"maps: uint8 (layer, head, row, column), not {maps.dtype} {maps.shape}")
    cells = np.ascontiguousarray(maps).tobytes()
    whole = {**header, "shape": list(maps.shape), "cells": zlib.crc32(cells)}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "little") + text + cells


def unpack_maps(data: bytes) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """What `pack_maps` was given: what the browser does, in Python."""
    end = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:end])
    return header, np.frombuffer(data, np.uint8, offset=end).reshape(header["shape"])


def token_blocks(tokens: int, blocks: int, positions: Sequence[int] | None = None) -> list[int]:
    """For each token position the row (and column) it lies in, -1 where the maps leave it out.

    tokens: how many a map had before it was pooled to `blocks`. positions: which token each of
    them was, ascending, where some are hidden; by default all from 0.
    """
    starts = block_starts(tokens, blocks)
    inside = np.searchsorted(starts, np.arange(tokens), side="right") - 1
    if positions is None:
        return [int(block) for block in inside]
    found = [-1] * (max(positions, default=-1) + 1)
    for position, block in zip(positions, inside, strict=True):
        found[position] = int(block)
    return found
