"""Axes that figures share: their titles and ticks, and labels beside lines that do not overlap."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

import numpy as np

from bert_core.arrays import Doubles
from bert_core.figures.labels import percent_tick, plain
from bert_core.palette import Palette

LETTERS = 13  # pixels high
LINE = 16  # pixels from one label to the next
MOST_TICKS = 7
SANS_WIDTH = 0.85  # of what a text takes in monospace, at most
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")


def share_ticks(low: float, high: float = 1.0) -> tuple[list[float], list[str]]:
    """Powers of ten from `high` or just above down to `low` or just above, as they are written."""
    first = max(0, floor(-log10(high)))
    deepest = max(first + 1, floor(-log10(low)))
    step = ceil((deepest - first) / (MOST_TICKS - 1))
    powers = range(first, deepest + 1, step)
    texts = [
        percent_tick(10.0**-power) if power <= 4 else f"10<sup>−{power}</sup>" for power in powers
    ]
    return [10.0**-power for power in powers], texts


def spread(places: Doubles, gap: float) -> Doubles:
    """`places` moved apart so that any two are `gap` or more from each other, in their order.

    Those that are too close become a row about their middle, as in isotonic regression by pooling
    adjacent violators (Ayer et al. 1955, https://doi.org/10.1214/aoms/1177728423).
    """
    order = np.argsort(places, kind="stable")
    blocks: list[list[float]] = []  # of each its middle, less the gaps before it, and its size
    for turn, at in enumerate(order):
        blocks.append([float(places[at]) - turn * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            middle, size = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + middle * size) / (before[1] + size)
            before[1] += size
    moved = np.empty(len(places), dtype=np.float64)
    levels = [level for level, size in blocks for _ in range(int(size))]
    moved[order] = np.array(levels) + gap * np.arange(len(places))
    return moved


def layer_ticks(labels: Sequence[str]) -> dict[str, Any]:
    """An axis with a label at each whole number from 0."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": list(labels),
        "tickfont": {"size": LETTERS},
    }


def axis_title(text: str, colours: Palette, standoff: int = 4) -> dict[str, Any]:
    """A short title of an axis, `standoff` pixels from its labels."""
    font = {"color": colours.quiet, "size": LETTERS}
    return {"title": {"text": plain(text, 60), "font": font, "standoff": standoff}}


def upright(at: float, colours: Palette, axis: str = "y") -> dict[str, Any]:
    """A thin line from the top to the bottom of a panel, below all else."""
    line = {"color": colours.text, "width": 1}
    place = {"yref": f"{axis} domain", "x0": at, "x1": at, "y0": 0, "y1": 1}
    return {"type": "line", "layer": "below", "line": line} | place
