"""Next-sentence answers: all pairs as a matrix, shares of sets, and what each token adds."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from bert_core.arrays import Doubles
from bert_core.figures.labels import LONGEST_LABEL, coloured, percent, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

LETTERS = 14
ROW = 28
CELL = 46  # pixels of the matrix for each sentence
NUMBER = 66  # pixels beside the longest bar for its number
DARK_CELL = 0.61  # from this share on the page's background is easier to read on than its text
HOVERED = 80  # characters of a sentence


def pair_heatmap(
    is_next: ArrayLike,
    sentences: Sequence[str],
    colours: Palette,
    *,
    order: Sequence[int] | None = None,
) -> go.Figure:
    """P(IsNext) of the column's sentence after the row's, in [0, 1], in percent in each cell.

    is_next: (sentence, sentence); NaN is left blank. Sentences are numbered from 1, and hovering
    names them. The cells of true neighbours are outlined; those of `order` have a dotted frame.
    """
    shares = np.asarray(is_next, dtype=np.float64)
    count = len(shares)
    axis = {
        "tickmode": "array",
        "tickvals": list(range(count)),
        "ticktext": [str(number) for number in range(1, count + 1)],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [-0.5, count - 0.5],
        "constrain": "domain",
    }
    room = width_in_pixels(str(count), LETTERS) + 10
    layout = blank_layout(colours, height=CELL * count + 26, l=room, t=24)
    layout["xaxis"] |= axis | {"side": "top"}
    layout["yaxis"] |= axis | {"range": [count - 0.5, -0.5], "scaleanchor": "x"}
    layout["shapes"] = _frames(range(count), {"color": colours.sentence_b, "width": 2.5}, 0.48)
    if order is not None:
        dotted = {"color": colours.text, "width": 2, "dash": "dot"}
        layout["shapes"] += _frames(order, dotted, 0.4)
    return go.Figure([_cells(shares, sentences, colours), _numbers(shares, colours)], layout)


def interval_bars(
    labels: Sequence[str],
    shares: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    colours: Palette,
    *,
    colour: str | Sequence[str],
) -> go.Figure:
    """A bar for each share in [0, 1], with the interval that it lies in; the first on top."""
    rows = list(range(len(labels)))
    middle, low, high = (np.asarray(part, dtype=np.float64) for part in (shares, lows, highs))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": middle,
        "y": rows,
        "width": 0.7,
        "marker": {
            "color": [colour] * len(rows) if isinstance(colour, str) else list(colour),
            "cornerradius": 3,
        },
        "error_x": _interval(low, middle, high, colours),
        "customdata": np.stack([low, high], axis=-1),
        "hovertemplate": "%{x:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})<extra></extra>",
    }
    room = max((width_in_pixels(label[:LONGEST_LABEL], LETTERS) for label in labels), default=0)
    layout = blank_layout(colours, height=ROW * max(len(rows), 1) + 4, l=room + 8, r=NUMBER)
    layout["xaxis"] |= {"range": [0, 1.005], "showticklabels": False}
    layout["yaxis"] |= _rows([plain(label) for label in labels])
    # Beside the axis, not the bar: there the interval's end would stand in the number.
    layout["annotations"] = [
        _beside(row, percent(float(share)), colours) for row, share in enumerate(middle)
    ]
    return go.Figure([bars], layout)


def change_bars(
    labels: Sequence[str],
    changes: Sequence[float],
    colours: Palette,
    *,
    sequences: Sequence[int] | None = None,
    colour: str | None = None,
) -> go.Figure:
    """A bar to the left or right of zero for each change; more and less have their own hues,
    unless `colour` is given.

    sequences: 0 or 1 for each label, which colours it as a word of A or B.
    """
    sizes = np.asarray(changes, dtype=np.float64)
    far = max(float(np.abs(sizes).max(initial=0)), 1e-9) * 1.25
    by_sentence = {None: colours.text, 0: colours.sentence_a, 1: colours.sentence_b}
    painted = [None] * len(labels) if sequences is None else sequences
    names = [coloured(label, by_sentence[at]) for label, at in zip(labels, painted, strict=True)]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": sizes,
        "y": list(range(len(labels))),
        "width": 0.76,
        "text": [f"{size:+.2f}".replace("-", "\N{MINUS SIGN}") for size in sizes],
        "textposition": "outside",
        "textfont": {"color": colours.quiet},
        "cliponaxis": False,
        "marker": {
            "color": [colour or (colours.less if size < 0 else colours.more) for size in sizes]
        },
        "customdata": [plain(label) for label in labels],
        "hovertemplate": "%{customdata}: <b>%{x:+.3f}</b><extra></extra>",
    }
    room = max((width_in_pixels(label[:LONGEST_LABEL], LETTERS) for label in labels), default=0)
    layout = blank_layout(colours, height=ROW * max(len(labels), 1) + 4, l=room + 8, r=8)
    layout["xaxis"] |= {"range": [-far, far], "showticklabels": False}
    layout["xaxis"] |= {"zeroline": True, "zerolinecolor": colours.quiet, "zerolinewidth": 1}
    layout["yaxis"] |= _rows(names)
    return go.Figure([bars], layout)


def _cells(shares: Doubles, sentences: Sequence[str], colours: Palette) -> dict[str, Any]:
    said = [plain(sentence, HOVERED) for sentence in sentences]
    return {
        "type": "heatmap",
        "x": list(range(len(shares))),
        "y": list(range(len(shares))),
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [(0, colours.low), (1, colours.high)],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": [[[first, second] for second in said] for first in said],
        "hoverongaps": False,
        "hovertemplate": "%{customdata[0]}<br>→ %{customdata[1]}<br><b>%{z:.2%}</b><extra></extra>",
    }


def _numbers(shares: Doubles, colours: Palette) -> dict[str, Any]:
    """Percent in each cell; a heatmap's own texts all have one colour."""
    cells = [(row, column) for row, column in np.ndindex(shares.shape) if row != column]
    some = [(cell, float(shares[cell])) for cell in cells if not np.isnan(shares[cell])]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [column for (_, column), _ in some],
        "y": [row for (row, _), _ in some],
        "text": [f"{share * 100:.0f}" for _, share in some],
        "textfont": {
            "size": LETTERS,
            "color": [
                colours.background if share > DARK_CELL else colours.text for _, share in some
            ],
        },
        "hoverinfo": "skip",
    }


def _interval(
    low: Doubles,
    middle: Doubles,
    high: Doubles,
    colours: Palette,
) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": np.maximum(high - middle, 0),
        "arrayminus": np.maximum(middle - low, 0),
        "color": colours.text,
        "thickness": 1.5,
        "width": 5,
    }


def _rows(names: Sequence[str]) -> dict[str, Any]:
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [len(names) - 0.5, -0.5],
    }


def _beside(row: int, text: str, colours: Palette) -> dict[str, Any]:
    return {
        "text": text,
        "x": 1,
        "xref": "paper",
        "xanchor": "left",
        "xshift": 8,
        "y": row,
        "showarrow": False,
        "font": {"color": colours.quiet, "size": LETTERS},
    }


def _frames(order: Sequence[int], line: dict[str, Any], half: float) -> list[dict[str, Any]]:
    """A frame round the cell of each two neighbours of an order: row, then column."""
    return [
        {
            "type": "rect",
            "x0": column - half,
            "x1": column + half,
            "y0": row - half,
            "y1": row + half,
            "line": line,
        }
        for row, column in pairwise(order)
    ]
