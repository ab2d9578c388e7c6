"""Every word of the vocabulary at its probability in one sentence and in the other."""

from collections.abc import Sequence
from math import log10
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from bert_core.arrays import Floats, Integers
from bert_core.figures.axes import LETTERS, axis_title, share_ticks
from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

Box = tuple[float, float, float, float]

HEIGHT = 390  # pixels
LONGEST = 18
HOVER = "%{text}<br>%{x:.2e}<br><b>%{y:.2e}</b><extra></extra>"
NEAR = 10  # pixels from a point to its label
# Differences are coloured up to a factor of e ** 3, about 20, in steps that fit a signed byte.
FULL_COLOUR = 3.0
LEFT, BELOW, ABOVE, RIGHT = 72, 52, 12, 12
SIDES = ("middle left", "middle right")
OTHER_SIDES = ("top center", "bottom center")
SPACE = "\N{NO-BREAK SPACE}"
LN_10 = float(np.log(10))
SMALLEST = float(np.finfo(np.float32).tiny)  # a logarithmic axis has no 0


class Blanks(Protocol):
    """What is drawn of a `masked_words.blanks.BlankComparison`, whose module needs torch."""

    @property
    def pieces(self) -> tuple[str, ...]: ...
    @property
    def first(self) -> Floats: ...
    @property
    def second(self) -> Floats: ...
    @property
    def difference(self) -> Floats: ...
    @property
    def ids(self) -> Integers: ...


def vocabulary_scatter(
    blanks: Blanks,
    colours: Palette,
    titles: tuple[str, str],
    *,
    ids: Integers | None = None,
    named: Sequence[int] = (),
    own: Sequence[int] = (),
    webgl: bool = True,
) -> go.Figure:
    """A point for each word, across its probability in the first, up that in the second.

    Both axes are logarithmic and have the same ends, so that words which the second sentence
    expects more lie above the diagonal. Points stand in the order of `ids` in the first trace.

    ids: the words drawn, all of them if not given. named: ids labelled where there is room, the
    most telling first. own: ids with a symbol and a label of their own, always.
    webgl: without it points are drawn as SVG, which takes a browser about 1 s for 10,000.
    titles: of the two axes.
    """
    drawn = blanks.ids if ids is None else ids
    marked = np.concatenate([drawn, np.array([*named, *own], dtype=np.int64)])
    low = float(min(blanks.first[marked].min(), blanks.second[marked].min())) / LN_10
    span = (max(low, log10(SMALLEST)) * 1.03 - 0.05, 0.15)
    named_at, own_at = _place_labels(blanks, named, own, span)
    traces = [
        _points(blanks, drawn, colours) | {"type": "scattergl" if webgl else "scatter"},
        _diagonal(span, colours),
        _labels(blanks, named_at, colours),
        _own(blanks, own_at, colours),
    ]
    layout = blank_layout(colours, height=HEIGHT, l=LEFT, r=RIGHT, t=ABOVE, b=BELOW)
    values, texts = share_ticks(10 ** span[0])
    axis = {
        "type": "log",
        "range": list(span),
        "tickmode": "array",
        "tickvals": values,
        "ticktext": texts,
        "tickfont": {"size": LETTERS},
        "showgrid": True,
        "gridcolor": colours.line,
    }
    layout["xaxis"] |= axis | axis_title(titles[0], colours)
    layout["yaxis"] |= axis | axis_title(titles[1], colours, 48)
    layout["hovermode"] = "closest"
    return go.Figure(traces, layout)


def _points(blanks: Blanks, ids: Integers, colours: Palette) -> dict[str, Any]:
    """Typed arrays and one list of words: 0.7 MB of JSON for 30,522 points."""
    steps = np.clip(blanks.difference[ids] / FULL_COLOUR, -1, 1) * 127
    return {
        "mode": "markers",
        "x": _shares(blanks.first, ids),
        "y": _shares(blanks.second, ids),
        "text": [plain(blanks.pieces[number]) for number in ids.tolist()],
        "marker": {
            "size": 4,
            "opacity": 0.55,
            "color": np.rint(steps).astype(np.int8),
            "cmin": -127,
            "cmax": 127,
            "colorscale": [(0, colours.less), (0.5, colours.special), (1, colours.more)],
            "showscale": False,
        },
        "hovertemplate": HOVER,
    }


def _diagonal(span: tuple[float, float], colours: Palette) -> dict[str, Any]:
    """Where a word is as probable in both; a trace, as a shape would lie over or under all."""
    ends = [10 ** span[0], 10 ** span[1]]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": ends,
        "line": {"color": colours.quiet, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _labels(blanks: Blanks, places: dict[int, str], colours: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        **_named(blanks, places),
        "textfont": {"family": MONO, "size": LETTERS, "color": colours.text},
        "hoverinfo": "skip",
    }


def _own(blanks: Blanks, places: dict[int, str], colours: Palette) -> dict[str, Any]:
    """The user's words: an open diamond each, and their name."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        **_named(blanks, places),
        "marker": {
            "symbol": "diamond-open",
            "size": 12,
            "color": colours.mask,
            "line": {"width": 2, "color": colours.mask},
        },
        "textfont": {"family": MONO, "size": LETTERS, "color": colours.mask},
        "hovertemplate": HOVER,
    }


def _named(blanks: Blanks, places: dict[int, str]) -> dict[str, Any]:
    """Where some words are, and on which side of it each has its label."""
    ids = np.array(list(places), dtype=np.int64)
    names = [plain(blanks.pieces[number], LONGEST) for number in places]
    return {
        "x": _shares(blanks.first, ids),
        "y": _shares(blanks.second, ids),
        "text": [f"{SPACE}{name}{SPACE}" for name in names],
        "textposition": list(places.values()),
        "cliponaxis": False,
    }


def _shares(logs: Floats, ids: Integers) -> Floats:
    """(id,) natural logarithms to probabilities, in float32 as they travel."""
    shares: Floats = np.maximum(np.exp(logs[ids], dtype=np.float32), np.float32(SMALLEST))
    return shares


def _place_labels(
    blanks: Blanks,
    named: Sequence[int],
    own: Sequence[int],
    span: tuple[float, float],
) -> tuple[dict[int, str], dict[int, str]]:
    """The side of its point on which each of `named` has its label, and each of `own`.

    Labels point away from the diagonal and lie over none before them, as if the plot were square;
    where that cannot be, a word of `named` goes without, and one of `own` has it all the same.
    """
    pixel = (span[1] - span[0]) / (HEIGHT - ABOVE - BELOW)
    taken: list[Box] = []
    sides: tuple[dict[int, str], dict[int, str]] = ({}, {})
    for number in dict.fromkeys([*own, *named]):
        mine = number in own
        away, back = SIDES if blanks.difference[number] > 0 else SIDES[::-1]
        choices = (away, back, *OTHER_SIDES) if mine else (away,)
        boxes = {side: _box(blanks, number, side, pixel) for side in choices}
        free = [side for side, box in boxes.items() if not any(_overlap(box, one) for one in taken)]
        if free or mine:
            side = free[0] if free else away
            taken.append(boxes[side])
            sides[mine][number] = side
    return sides


def _box(blanks: Blanks, number: int, side: str, pixel: float) -> Box:
    """Left, right, bottom and top of a word's label, in pixels."""
    x = float(blanks.first[number]) / LN_10 / pixel
    y = float(blanks.second[number]) / LN_10 / pixel
    width = width_in_pixels(blanks.pieces[number][:LONGEST], LETTERS) + NEAR
    left = {"middle left": x - width, "middle right": x}.get(side, x - width / 2)
    middle = y + {"top center": LETTERS, "bottom center": -LETTERS}.get(side, 0)
    return left, left + width, middle - LETTERS / 2, middle + LETTERS / 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
