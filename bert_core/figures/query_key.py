"""How one row of attention is made: the query, every key, their products, and what follows."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from bert_core.arrays import Floats
from bert_core.figures.labels import percent, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

ROW = 20
LETTERS = 12
LONGEST = 14
MOST_KEYS = 40
# Shares of the width: keys, products, weights.
KEYS, PRODUCTS, WEIGHTS = (0.0, 0.34), (0.37, 0.71), (0.74, 1.0)
# Place of the query's row above the keys.
QUERY_ROW = -1.6


class RowReading(Protocol):
    """What is drawn of a `bert_core.attention.query_key.QueryKey`, whose module needs torch."""

    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def query_vector(self) -> Floats: ...
    @property
    def keys(self) -> Floats: ...
    @property
    def products(self) -> Floats: ...
    @property
    def scaled(self) -> Floats: ...
    @property
    def weights(self) -> Floats: ...
    @property
    def attention(self) -> Floats: ...


def shown_keys(reading: RowReading, most: int = MOST_KEYS) -> list[int]:
    """The keys that are drawn, in order: all, or those that get the `most` attention."""
    return sorted(int(at) for at in np.argsort(-reading.attention, kind="stable")[:most])


def query_key_figure(
    reading: RowReading, colours: Palette, titles: Sequence[str], *, most: int = MOST_KEYS
) -> go.Figure:
    """Three columns: q above k of each key; q * k by dimension; their sum / sqrt(d) and softmax.

    titles: of the three columns. Colour is about zero, its own scale in each column.
    """
    keys = shown_keys(reading, most)
    names = [plain(reading.tokens[at], LONGEST) for at in keys]
    top = float(max(np.abs(reading.keys[keys]).max(), np.abs(reading.query_vector).max()))
    vectors = _heat(reading.keys[keys], names, top, colours)
    query = _heat(reading.query_vector[None], ["q"], top, colours) | {"y": [QUERY_ROW]}
    products = reading.products[keys]
    traces = [
        vectors,
        query,
        _heat(products, names, float(np.abs(products).max()), colours) | {"xaxis": "x2"},
        _bars(reading, keys, colours) | {"xaxis": "x3"},
    ]
    room = max(width_in_pixels(name, LETTERS) for name in names) + 10
    height = round(ROW * (len(keys) + 1.6)) + 26
    layout = blank_layout(colours, height=height, l=room, t=26, r=4)
    blank = layout["xaxis"] | {"showticklabels": False}
    layout |= {
        "xaxis": blank | {"domain": KEYS},
        "xaxis2": blank | {"domain": PRODUCTS},
        "xaxis3": blank | {"domain": WEIGHTS, "range": [0, _longest(reading, keys)]},
        "annotations": [
            _title(text, at, colours)
            for text, (at, _) in zip(titles, (KEYS, PRODUCTS, WEIGHTS), strict=True)
        ],
    }
    layout["yaxis"] |= {
        "tickmode": "array",
        "tickvals": [QUERY_ROW, *range(len(keys))],
        "ticktext": ["<b>q</b>", *names],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [len(keys) - 0.5, QUERY_ROW - 0.5],
    }
    return go.Figure(traces, layout)


def _heat(numbers: Any, names: list[str], top: float, colours: Palette) -> dict[str, Any]:
    rows, dimensions = numbers.shape
    return {
        "type": "heatmap",
        "z": numbers,
        "x": list(range(dimensions)),
        "y": list(range(rows)),
        "zmin": -max(top, 1e-9),
        "zmax": max(top, 1e-9),
        "colorscale": [(0, colours.less), (0.5, colours.background), (1, colours.more)],
        "showscale": False,
        "customdata": [[name] * dimensions for name in names],
        "hovertemplate": "%{customdata}, dimension %{x}: <b>%{z:.3f}</b><extra></extra>",
    }


def _bars(reading: RowReading, keys: list[int], colours: Palette) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": reading.weights[keys],
        "y": list(range(len(keys))),
        "width": 0.7,
        "marker": {"color": colours.high},
        "text": [
            f"{reading.scaled[at]:+.2f} → {percent(float(reading.weights[at]))}" for at in keys
        ],
        "textposition": "outside",
        "textfont": {"color": colours.quiet, "size": LETTERS},
        "cliponaxis": False,
        "hovertemplate": "%{x:.4%}<extra></extra>",
    }


def _longest(reading: RowReading, keys: list[int]) -> float:
    """The axis ends where the longest bar leaves room for its numbers."""
    return max(float(reading.weights[keys].max()), 1e-9) * 3


def _title(text: str, at: float, colours: Palette) -> dict[str, Any]:
    return {
        "text": text,
        "x": at,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": colours.quiet, "size": 13},
    }
