"""Shares as horizontal bars, the largest on top."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from bert_core.figures.labels import LONGEST_LABEL, percent, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

ROW = 28
LETTERS = 14
# Pixels to the right of the longest bar for its number.
NUMBER = 66


def share_bars(
    labels: Sequence[str],
    shares: Sequence[float],
    colours: Palette,
    *,
    colour: str | Sequence[str],
    outlined: tuple[str, float] | None = None,
) -> go.Figure:
    """One bar for each label; `shares` are in [0, 1] and printed beside the bars.

    outlined: one more (label, share) below, in a dashed frame: what stands in the text.
    Bars are numbered from the top, since equal labels would fall into one.
    """
    rows = [*zip(labels, shares, strict=True), *([outlined] if outlined else [])]
    widths = [float(share) for _, share in rows]
    paint = [colour] * len(labels) if isinstance(colour, str) else list(colour)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": widths,
        "y": list(range(len(rows))),
        "width": 0.76,
        "text": [percent(width) for width in widths],
        "textposition": "outside",
        "textfont": {"color": colours.quiet},
        "cliponaxis": False,
        "marker": {"color": [*paint, *(["rgba(0,0,0,0)"] if outlined else [])], "cornerradius": 3},
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hovertemplate": "%{y}: %{x:.4%}<extra></extra>",
    }
    room = max(width_in_pixels(label[:LONGEST_LABEL], LETTERS) for label, _ in rows) + 8
    layout = blank_layout(colours, height=ROW * len(rows) + 4, l=room, r=NUMBER)
    layout["xaxis"] |= {"range": [0, max([*widths, 1e-9])], "showticklabels": False}
    layout["yaxis"] |= {
        "tickmode": "array",
        "tickvals": list(range(len(rows))),
        "ticktext": [plain(label) for label, _ in rows],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [len(rows) - 0.5, -0.5],
    }
    if outlined:
        layout["shapes"] = [_dashed(len(rows) - 1, widths[-1], colours)]
    return go.Figure([bars], layout)


def split_bar(share: float, colours: Palette, *, colour: str, height: int = 34) -> go.Figure:
    """`share` of one bar filled, the rest as its track."""
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [width],
            "y": [0],
            "width": 1,
            "marker": {"color": paint, "line": {"width": 0}},
            "hovertemplate": "%{x:.2%}<extra></extra>",
        }
        for width, paint in ((share, colour), (1 - share, colours.line))
    ]
    layout = blank_layout(colours, height=height) | {"barmode": "stack"}
    layout["xaxis"] |= {"range": [0, 1], "showticklabels": False}
    layout["yaxis"] |= {"range": [-0.5, 0.5], "showticklabels": False}
    return go.Figure(bars, layout)


def _dashed(row: int, width: float, colours: Palette) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": 0,
        "x1": width,
        "y0": row - 0.38,
        "y1": row + 0.38,
        "line": {"color": colours.quiet, "width": 1.5, "dash": "dash"},
    }
