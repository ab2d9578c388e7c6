"""Shares as horizontal bars, the largest on top."""

from collections.abc import Sequence

import plotly.graph_objects as go

from bert_core.figures.labels import percent, plain
from bert_core.figures.layout import MONO, blank_layout
from bert_core.figures.palette import Palette

ROW = 28
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
    figure = go.Figure(
        go.Bar(
            x=widths,
            y=list(range(len(rows))),
            orientation="h",
            text=[percent(width) for width in widths],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": colours.quiet},
            marker={"color": [*paint, *(["rgba(0,0,0,0)"] if outlined else [])], "cornerradius": 3},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate="%{y}: %{x:.4%}<extra></extra>",
            width=0.76,
        ),
        layout=blank_layout(colours, height=ROW * len(rows) + 4, r=NUMBER),
    )
    figure.update_xaxes(range=[0, max([*widths, 1e-9])], showticklabels=False, automargin=False)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=[plain(label) for label, _ in rows],
        tickfont={"family": MONO, "size": 14},
        range=[len(rows) - 0.5, -0.5],
    )
    if outlined:
        figure.add_shape(_dashed(len(rows) - 1, widths[-1], colours))
    return figure


def split_bar(share: float, colours: Palette, *, colour: str, height: int = 34) -> go.Figure:
    """`share` of one bar filled, the rest as its track."""
    parts = ((share, colour), (1 - share, colours.line))
    figure = go.Figure(
        [
            go.Bar(
                x=[width],
                y=[0],
                orientation="h",
                marker={"color": paint, "line": {"width": 0}},
                hovertemplate="%{x:.2%}<extra></extra>",
                width=1,
            )
            for width, paint in parts
        ],
        layout=blank_layout(colours, height=height) | {"barmode": "stack"},
    )
    figure.update_xaxes(range=[0, 1], showticklabels=False)
    figure.update_yaxes(range=[-0.5, 0.5], showticklabels=False)
    return figure


def _dashed(row: int, width: float, colours: Palette) -> dict[str, object]:
    return {
        "type": "rect",
        "x0": 0,
        "x1": width,
        "y0": row - 0.38,
        "y1": row + 0.38,
        "line": {"color": colours.quiet, "width": 1.5, "dash": "dash"},
    }
