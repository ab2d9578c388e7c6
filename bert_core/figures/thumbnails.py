"""Attention maps small enough to send all of them at once."""

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Floats, Integers
from bert_core.palette import COLOUR_POWER

MAX_CELLS = 64


def pool_maps(maps: Floats) -> NDArray[np.uint8]:
    """(…, query, key) weights in [0, 1] to (…, rows, columns) bytes, at most `MAX_CELLS` each way.

    The maximum of each block is kept, so that a sharp head stays sharp. The power comes before
    the 8 bits: the other way round uniform attention over 512 tokens would become 0.
    """
    pooled = _pool_axis(_pool_axis(maps, maps.ndim - 2), maps.ndim - 1)
    return np.rint(np.clip(pooled, 0.0, 1.0) ** COLOUR_POWER * 255).astype(np.uint8)


def pool_differences(differences: Floats) -> NDArray[np.uint8]:
    """(…, query, key) differences in [-1, 1] to bytes: 128 is none, below it less, above it more.

    Pooled and raised as in `pool_maps`; each block keeps its largest difference of either sign.
    """
    above, below = np.maximum(differences, 0.0), np.maximum(-differences, 0.0)
    rows, columns = differences.ndim - 2, differences.ndim - 1
    more, less = (_pool_axis(_pool_axis(part, rows), columns) for part in (above, below))
    signed = np.where(more >= less, more, -less)
    raised = np.sign(signed) * np.minimum(np.abs(signed), 1.0) ** COLOUR_POWER
    return np.rint(128 + 127 * raised).astype(np.uint8)


def block_starts(tokens: int, cells: int = MAX_CELLS) -> Integers:
    """The first token of each block that `pool_maps` makes of `tokens`; all but the last are equal.

    The same comes out for the number of blocks it made as for the `cells` it was allowed.
    """
    return np.arange(0, tokens, -(-tokens // cells))


def _pool_axis(maps: Floats, axis: int) -> Floats:
    """The maximum of each block: of all first tokens, all second tokens, ... in turn.

    Half the time of `np.maximum.reduceat`, which goes through the blocks one by one.
    """
    block = -(-maps.shape[axis] // MAX_CELLS)
    if block == 1:
        return maps
    every = [slice(None)] * maps.ndim
    every[axis] = slice(None, None, block)
    pooled = maps[tuple(every)].copy()
    for offset in range(1, block):
        every[axis] = slice(offset, None, block)
        part = maps[tuple(every)]
        every[axis] = slice(part.shape[axis])  # the last block may have no such token
        np.maximum(pooled[tuple(every)], part, out=pooled[tuple(every)])
    return pooled
