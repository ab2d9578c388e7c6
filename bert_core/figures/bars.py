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
CAPTION = 0.6  # rows


def share_bars(
    labels: Sequence[str],
    shares: Sequence[float],
    colours: Palette,
    *,
    colour: str | Sequence[str],
    outlined: tuple[str, float] | int | None = None,
    note: str = "",
) -> go.Figure:
    """One bar for each label; `shares` are in [0, 1] and printed beside the bars.

    outlined: what stands in the text gets a dashed frame: the number of its bar, or its (label,
    share), which is drawn below the others, where it is none of them. note: said below its bar.
    Bars are placed by number from the top, since equal labels would fall into one.
    """
    more = [outlined] if isinstance(outlined, tuple) else []
    framed = len(labels) if isinstance(outlined, tuple) else outlined
    rows = [*zip(labels, shares, strict=True), *more]
    widths = [float(share) for _, share in rows]
    above = framed if note and framed is not None else len(rows)  # bars that the note moves not
    places = [at + (CAPTION if at > above else 0) for at in range(len(rows))]
    paint = [colour] * len(labels) if isinstance(colour, str) else list(colour)
    bars = _bars(widths, places, [*paint, *["rgba(0,0,0,0)"] * len(more)], colours)
    last = places[-1] + 0.5 + (CAPTION if above == len(rows) - 1 else 0)
    room = max(width_in_pixels(label[:LONGEST_LABEL], LETTERS) for label, _ in rows) + 8
    layout = blank_layout(colours, height=round(ROW * (last + 0.5)) + 4, l=room, r=NUMBER)
    layout["xaxis"] |= {"range": [0, max([*widths, 1e-9])], "showticklabels": False}
    layout["yaxis"] |= {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [plain(label) for label, _ in rows],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [last, -0.5],
    }
    if framed is not None:
        half = 0.38 if more else 0.45  # as high as a bar, or about one
        layout["shapes"] = [_dashed(places[framed], widths[framed], half, colours)]
        layout["annotations"] = [_caption(note, places[framed], colours)] if note else []
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


def _bars(
    widths: Sequence[float], places: Sequence[float], paint: Sequence[str], colours: Palette
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": widths,
        "y": places,
        "width": 0.76,
        "text": [percent(width) for width in widths],
        "textposition": "outside",
        "textfont": {"color": colours.quiet},
        "cliponaxis": False,
        "marker": {"color": paint, "cornerradius": 3},
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hovertemplate": "%{y}: %{x:.4%}<extra></extra>",
    }


def _dashed(place: float, width: float, half: float, colours: Palette) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": 0,
        "x1": width,
        "y0": place - half,
        "y1": place + half,
        "line": {"color": colours.quiet, "width": 1.5, "dash": "4px,3px"},
    }


def _caption(note: str, place: float, colours: Palette) -> dict[str, Any]:
    return {
        "text": plain(note, 60),
        "x": 0,
        "y": place + 0.45,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13, "color": colours.quiet},
    }
