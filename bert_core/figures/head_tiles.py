"""One number of every head, as a tile for each: layers down, heads across."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bert_core.figures.labels import percent
from bert_core.figures.layout import blank_layout
from bert_core.palette import Palette, attention_ramp, ink, mixed

HEIGHT = 300  # pixels for all layers, where that leaves each as much as
LOWEST, HIGHEST = 16, 40
NUMBERED = 1 / 3  # of the largest share; a tile with less says nothing


def head_tiles(
    shares: NDArray[np.floating[Any]], colours: Palette, *, opened: tuple[int, int] | None = None
) -> go.Figure:
    """(layer, head) shares in [0, 1]: the darker the larger, up to the largest, by `COLOUR_POWER`.

    The larger ones carry their number, in percent. opened: (layer, head) that is framed. The last
    trace has a point for each head, layer by layer: what is pressed and pointed at, since a
    heatmap reports no presses.
    """
    layers, heads = shares.shape
    row = max(LOWEST, min(HIGHEST, HEIGHT // layers))
    top = max(float(shares.max()), 1e-9)
    tiles = {
        "type": "heatmap",
        "z": shares.astype(np.float32),
        "zmin": 0,
        "zmax": top,
        "colorscale": attention_ramp(colours),
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverinfo": "skip",
    }
    layout = blank_layout(colours, height=row * layers + 26, l=26, t=24, r=2, b=2)
    ticks = {"tickmode": "array", "tickfont": {"size": min(13, row), "color": colours.quiet}}
    layout["xaxis"] |= ticks | {"side": "top", "range": [-0.5, heads - 0.5]} | _counted(heads)
    layout["yaxis"] |= ticks | {"range": [layers - 0.5, -0.5]} | _counted(layers)
    if opened is not None:
        # a wide line of the page's colour sets the frame apart from a tile as dark as it is
        lines = (
            {"color": colours.background, "width": 7},
            {"color": colours.sentence_a, "width": 3},
        )
        layout["shapes"] = [_frame(*opened, line) for line in lines]
    return go.Figure([tiles, _numbers(shares, top, row, colours), _points(shares, row)], layout)


def _numbers(
    shares: NDArray[np.floating[Any]], top: float, row: int, colours: Palette
) -> dict[str, Any]:
    """The larger shares, in percent."""
    layers, heads = np.nonzero(shares >= max(NUMBERED * top, 0.005))
    said = [float(share) for share in shares[layers, heads]]
    return {
        "type": "scatter",
        "mode": "text",
        "x": heads,
        "y": layers,
        "text": [f"{100 * share:.0f}" for share in said],
        "textfont": {
            "size": min(14, row - 4),
            "color": [ink(mixed(colours.low, colours.high, share / top)) for share in said],
        },
        "hoverinfo": "skip",
    }


def _points(shares: NDArray[np.floating[Any]], row: int) -> dict[str, Any]:
    layers, heads = np.indices(shares.shape).reshape(2, -1)
    unseen = {"marker": {"opacity": 0}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": heads,
        "y": layers,
        "marker": {"symbol": "square", "size": row - 4, "opacity": 0},
        "selected": unseen,
        "unselected": unseen,
        "customdata": [
            f"{layer + 1}.{head + 1} <b>{percent(float(share))}</b>"
            for layer, head, share in zip(layers, heads, shares.flat, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _counted(count: int) -> dict[str, Any]:
    """Ticks that count from 1."""
    return {
        "tickvals": list(range(count)),
        "ticktext": [str(number) for number in range(1, count + 1)],
    }


def _frame(layer: int, head: int, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": head - 0.5,
        "x1": head + 0.5,
        "y0": layer - 0.5,
        "y1": layer + 0.5,
        "line": line,
    }
