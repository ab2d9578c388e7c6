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
    layer_names,
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


def probability_lines(
    reading: LensReading,
    colours: Palette,
    titles: tuple[str, str],
    *,
    names: Sequence[str] | None = None,
    height: int = 300,
    hover: str = "%{text}<br>%{y:.3%}",
) -> go.Figure:
    """The probability of each piece that is followed, layer by layer, on a logarithmic axis.

    A dotted line stands where the final answer begins to be first for good.
    titles: of the axis of layers and of the other one.
    """
    shares = np.maximum(reading.followed_probabilities, SMALLEST)
    values, labels = share_ticks(float(shares.min()))
    axis = {
        "type": "log",
        "range": [log10(min(values[-1], float(shares.min()))) - 0.15, 0.15],
        "tickvals": values,
        "ticktext": labels,
    }
    return _lines(reading, shares, axis, colours, titles, names, height, hover)


def rank_lines(
    reading: LensReading,
    colours: Palette,
    titles: tuple[str, str],
    *,
    names: Sequence[str] | None = None,
    height: int = 300,
    hover: str = "%{text}<br>%{y:,}",
) -> go.Figure:
    """As `probability_lines`, of ranks: the first guess on top, on a logarithmic axis."""
    values = [10**power for power in range(ceil(log10(max(2, int(reading.ranks.max())))) + 1)]
    axis = {
        "type": "log",
        "range": [log10(values[-1]) + 0.1, -0.2],
        "tickvals": values,
        "ticktext": [f"{value:,}" for value in values],
    }
    return _lines(reading, reading.ranks, axis, colours, titles, names, height, hover)


def layer_line(
    values: Doubles,
    colours: Palette,
    titles: tuple[str, str],
    *,
    names: Sequence[str] | None = None,
    span: tuple[float, float] | None = None,
    level: float | None = None,
    number: str = ".3f",
    ticks: str = "",
    height: int = 220,
) -> go.Figure:
    """One number for each layer: entropy, cosine, length, or the probability that B follows A.

    span: the two ends of the axis, the values' own if not given. level: where a dotted line
    stands. number: d3's format of the values in the hover, and on the axis unless `ticks` is given.
    """
    low, high = (float(values.min()), float(values.max())) if span is None else span
    margin = 0.06 * (high - low) or 0.5
    axis = {"range": [low - margin, high + margin], "tickformat": ticks or number, "nticks": 5}
    line = _line(values, "", colours.high, "solid", SYMBOLS[0]) | {
        "hovertemplate": f"%{{y:{number}}}<extra></extra>"
    }
    layout = _layer_layout(layer_names(names, len(values)), axis, colours, titles, height, right=12)
    if level is not None:
        across = {"x0": 0, "x1": 1, "xref": "paper", "y0": level, "y1": level}
        layout["shapes"] = [_dotted(colours) | across]
    return go.Figure([line], layout)


def next_sentence_line(
    is_next: Doubles,
    colours: Palette,
    titles: tuple[str, str],
    *,
    names: Sequence[str] | None = None,
    height: int = 220,
) -> go.Figure:
    """(layer,) probabilities that B follows A, from 0 to 1, with a dotted line at one half."""
    return layer_line(
        is_next,
        colours,
        titles,
        names=names,
        span=(0, 1),
        level=0.5,
        number=".1%",
        ticks=".0%",
        height=height,
    )


def _lines(
    reading: LensReading,
    values: NDArray[Any],
    axis: dict[str, Any],
    colours: Palette,
    titles: tuple[str, str],
    names: Sequence[str] | None,
    height: int,
    hover: str,
) -> go.Figure:
    """One line for each piece that is followed, named at its right end."""
    count, layers = values.shape
    height = max(height, LINE * count + 60)
    styles = _styles(count, reading.original, colours)
    traces = [
        _line(row, plain(piece), *style) | {"hovertemplate": hover + "<extra></extra>"}
        for row, piece, style in zip(values, reading.followed, styles, strict=True)
    ]
    short = [plain(piece, LONGEST) for piece in reading.followed]
    right = max(width_in_pixels(piece[:LONGEST], LETTERS) for piece in reading.followed) + 14
    layout = _layer_layout(layer_names(names, layers), axis, colours, titles, height, right)
    pixel = (axis["range"][1] - axis["range"][0]) / (height - 60)
    places = spread(np.log10(values[:, -1].astype(np.float64)) / pixel, LINE) * pixel
    layout["annotations"] = [
        _end_label(name, layers - 1, float(place), style[0])
        for name, place, style in zip(short, places, styles, strict=True)
    ]
    upright = {"x0": reading.settled, "x1": reading.settled, "y0": 0, "y1": 1, "yref": "paper"}
    layout["shapes"] = [_dotted(colours) | upright]
    return go.Figure(traces, layout)


def _styles(count: int, original: int | None, colours: Palette) -> list[tuple[str, str, str]]:
    """Colour, dash and symbol: the answer's, that of what the text has, and the others' in turn."""
    paints = (colours.high, colours.more, colours.less, colours.quiet)
    styles = [(colours.mask, "solid", SYMBOLS[0])]
    for at in range(1, count):
        if at == original:
            styles.append((colours.text, "dash", SYMBOLS[1]))
        else:
            turn = len(styles)
            symbol = SYMBOLS[turn % len(SYMBOLS)]
            styles.append((paints[turn % len(paints)], DASHES[turn % len(DASHES)], symbol))
    return styles


def _line(values: NDArray[Any], text: str, colour: str, dash: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(range(len(values))),
        "y": values,
        "text": [text] * len(values),  # one text for all of them plotly does not find on hovering
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "size": 7},
        "cliponaxis": False,
    }


def _layer_layout(
    labels: Sequence[str],
    axis: dict[str, Any],
    colours: Palette,
    titles: tuple[str, str],
    height: int,
    right: int,
) -> dict[str, Any]:
    """Layers from left to right, and `axis` upwards."""
    layout = blank_layout(colours, height=height, l=72, r=right, t=12, b=48)
    grid = {"showgrid": True, "gridcolor": colours.line}
    layout["xaxis"] |= {"range": [-0.3, len(labels) - 0.7], **axis_title(titles[0], colours)}
    layout["xaxis"] |= layer_ticks(labels)
    layout["yaxis"] |= axis | grid | axis_title(titles[1], colours, 48)
    return layout


def _dotted(colours: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "layer": "below",
        "line": {"color": colours.quiet, "width": 1.5, "dash": "dot"},
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
