"""Lines from the embeddings up: probabilities, ranks, or any one number for each layer."""

from collections.abc import Sequence
from math import ceil, log10
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bert_core.arrays import Doubles
from bert_core.figures.axes import (
    LETTERS,
    LINE,
    SYMBOLS,
    axis_title,
    layer_ticks,
    share_ticks,
    spread,
)
from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.figures.lens import LensReading
from bert_core.palette import Palette

LONGEST = 14
DASHES = ("dot", "dashdot", "longdash")
SMALLEST = float(np.finfo(np.float64).tiny)  # a logarithmic axis has no 0
MOST_LAYERS = 13  # ticks in the large picture, and in a small one
FEW_LAYERS = 3


def probability_lines(
    reading: LensReading, colours: Palette, titles: tuple[str, str], *, height: int = 300
) -> go.Figure:
    """The probability of each piece that is followed, layer by layer, on a logarithmic axis.

    The final answer is a full line, what the text has a dashed one; each is named at its end. A
    dashed line stands where the answer begins to be first for good.
    titles: of the axis of layers and of the other one, "" for none.
    """
    shares = np.maximum(reading.followed_probabilities, SMALLEST)  # (followed, layer)
    count, layers = shares.shape
    height = max(height, LINE * count + 60)
    styles = _styles(count, reading.original, colours)
    lines = [
        _line(row, plain(piece), *style) | {"hovertemplate": "%{text}<br>%{y:.3%}<extra></extra>"}
        for row, piece, style in zip(shares, reading.followed, styles, strict=True)
    ]
    short = [plain(piece, LONGEST) for piece in reading.followed]
    right = max(width_in_pixels(piece[:LONGEST], LETTERS) for piece in reading.followed) + 14
    axis = _share_axis(float(shares.min()), float(shares.max()))
    ticks = _counted(layers, MOST_LAYERS)
    layout = _layer_layout(ticks, layers, axis, colours, titles, height, right)
    margins = layout["margin"]["t"] + layout["margin"]["b"]
    pixel = (axis["range"][1] - axis["range"][0]) / (height - margins)
    places = spread(np.log10(shares[:, -1]) / pixel, LINE) * pixel
    layout["annotations"] = [
        _end_label(name, layers - 1, float(place), style[0])
        for name, place, style in zip(short, places, styles, strict=True)
    ]
    upright = {"x0": reading.settled, "x1": reading.settled, "y0": 0, "y1": 1, "yref": "paper"}
    layout["shapes"] = [_dashed(colours) | upright]
    return go.Figure(lines, layout)


def layer_line(
    values: Doubles,
    colours: Palette,
    span: tuple[float, float],
    *,
    number: str,
    height: int = 150,
) -> go.Figure:
    """One number for each layer, small: entropy, or the cosine with the last layer.

    span: the two ends of the axis, which are all it names. number: d3's format in the hover.
    """
    margin = 0.06 * (span[1] - span[0]) or 0.5
    axis = {"range": [span[0] - margin, span[1] + margin], "tickvals": list(span)}
    ticks = _counted(len(values), FEW_LAYERS)
    layout = _layer_layout(ticks, len(values), axis, colours, ("", ""), height, right=12)
    return go.Figure([_number_line(values, colours, number)], layout)


def next_sentence_line(
    is_next: Doubles, colours: Palette, titles: tuple[str, str], *, names: Sequence[str]
) -> go.Figure:
    """(layer,) probabilities that B follows A, from 0 to 1, with a dashed line at one half.

    names: of the layers, from the embeddings up.
    """
    axis = {"range": [-0.06, 1.06], "tickformat": ".0%", "nticks": 5}
    ticks = layer_ticks([plain(name) for name in names])
    layout = _layer_layout(ticks, len(is_next), axis, colours, titles, 220, right=12)
    half = {"x0": 0, "x1": 1, "xref": "paper", "y0": 0.5, "y1": 0.5}
    layout["shapes"] = [_dashed(colours) | half]
    return go.Figure([_number_line(is_next, colours, ".1%")], layout)


def _share_axis(low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis from the power of ten below `low` to the one above `high`."""
    values, labels = share_ticks(low, high)
    return {
        "type": "log",
        "range": [log10(min(values[-1], low)) - 0.15, log10(values[0]) + 0.15],
        "tickvals": values,
        "ticktext": labels,
    }


def _styles(count: int, original: int | None, colours: Palette) -> list[tuple[str, str, str]]:
    """Colour, dash and symbol: the answer's, that of what the text has, and the others' in turn."""
    paints = (colours.high, colours.more, colours.less, colours.sentence_b)
    styles = [(colours.mask, "solid", SYMBOLS[0])]
    for at in range(1, count):
        if at == original:
            styles.append((colours.quiet, "dash", ""))
        else:
            turn = len(styles)
            symbol = SYMBOLS[turn % len(SYMBOLS)]
            styles.append((paints[turn % len(paints)], DASHES[turn % len(DASHES)], symbol))
    return styles


def _line(values: NDArray[Any], text: str, colour: str, dash: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if symbol else "lines",
        "x": list(range(len(values))),
        "y": values,
        "text": [text] * len(values),  # one text for all of them plotly does not find on hovering
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "symbol": symbol or None, "size": 7},
        "cliponaxis": False,
    }


def _number_line(values: Doubles, colours: Palette, number: str) -> dict[str, Any]:
    hover = {"hovertemplate": f"%{{y:{number}}}<extra></extra>"}
    return _line(values, "", colours.high, "solid", SYMBOLS[0]) | hover


def _counted(layers: int, most: int) -> dict[str, Any]:
    """Ticks from 0, the embeddings, evenly, at most so many."""
    step = max(1, ceil((layers - 1) / (most - 1)))
    shown = list(range(0, layers, step))
    return layer_ticks([str(layer) for layer in shown]) | {"tickvals": shown}


def _layer_layout(
    ticks: dict[str, Any],
    layers: int,
    axis: dict[str, Any],
    colours: Palette,
    titles: tuple[str, str],
    height: int,
    right: int,
) -> dict[str, Any]:
    """Layers from left to right, and `axis` upwards; less room where an axis has no title."""
    left, below = 72 if titles[1] else 52, 48 if titles[0] else 28
    layout = blank_layout(colours, height=height, l=left, r=right, t=12, b=below)
    grid = {"showgrid": True, "gridcolor": colours.line}
    layout["xaxis"] |= {"range": [-0.3, layers - 0.7], **axis_title(titles[0], colours), **ticks}
    layout["yaxis"] |= axis | grid | axis_title(titles[1], colours, 48)
    for name in ("xaxis", "yaxis"):
        layout[name]["tickfont"] = {"size": LETTERS, "color": colours.quiet}
    return layout


def _dashed(colours: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "layer": "below",
        "line": {"color": colours.text, "width": 1.5, "dash": "3px,3px"},
    }


def _end_label(text: str, layer: int, place: float, colour: str) -> dict[str, Any]:
    """place: on the axis, as its logarithm."""
    return {
        "text": text,
        "x": layer,
        "y": place,
        "xanchor": "left",
        "xshift": 9,
        "showarrow": False,
        "font": {"family": MONO, "size": LETTERS, "color": colour},
    }
