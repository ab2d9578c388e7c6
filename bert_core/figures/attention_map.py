"""One head as a heatmap: query rows, key columns."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from bert_core.attention.maps import AttentionMap
from bert_core.figures.labels import coloured, unique, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette, attention_ramp

# More labels than this cannot be read, and take Plotly longer than all else: then every second,
# third, ... token has one. Hovering names them all.
MOST_LABELS = 32
LONGEST = 14
LABEL_ROOM = 17  # pixels of the figure's height for each label
EDGE = 5  # pixels: the last label is wider than its row or column may be


def attention_heatmap(
    shown: AttentionMap,
    sequences: Sequence[int | None],
    colours: Palette,
    *,
    picked: int | None = None,
    hover: str = "%{y} → %{x}<br><b>%{z:.4f}</b>",
    size: int = 560,
) -> go.Figure:
    """`shown.weights` as they are, coloured by weight to the power `COLOUR_POWER`.

    sequences: for each token of the input 0, 1 or None (special), which colours its label.
    picked: a position whose row and column are outlined. size: height in pixels.
    """
    count = len(shown.tokens)
    names = [unique(token, at) for at, token in enumerate(shown.tokens)]
    heatmap = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": shown.weights,
        "zmin": 0,
        "zmax": max(float(shown.weights.max()), 1e-9),
        "colorscale": attention_ramp(colours),
        "showscale": False,
        "xgap": 1 if count <= MOST_LABELS else 0,
        "ygap": 1 if count <= MOST_LABELS else 0,
        "hovertemplate": hover + "<extra></extra>",
    }
    axis, room = _token_axis(shown, sequences, colours, min(MOST_LABELS, size // LABEL_ROOM))
    layout = blank_layout(colours, height=size, l=room, t=room, r=EDGE, b=EDGE)
    layout["xaxis"] |= axis | {"side": "top", "tickangle": -90}
    layout["yaxis"] |= axis | {"range": [count - 0.5, -0.5], "scaleanchor": "x"}
    if picked in shown.positions:
        layout["shapes"] = _outlines(shown.positions.index(picked), count, colours)
    return go.Figure([heatmap], layout)


def _token_axis(
    shown: AttentionMap, sequences: Sequence[int | None], colours: Palette, most: int
) -> tuple[dict[str, Any], int]:
    """An axis with one place for each token, and the pixels that its labels need."""
    by_sentence = {0: colours.sentence_a, 1: colours.sentence_b, None: colours.special}
    count = len(shown.tokens)
    labelled = range(0, count, -(-count // most))
    size = 13 if len(labelled) <= 0.8 * most else 11
    axis = {
        "type": "category",
        "tickmode": "array",
        "tickvals": list(labelled),
        "ticktext": [
            coloured(shown.tokens[at], by_sentence[sequences[shown.positions[at]]], LONGEST)
            for at in labelled
        ],
        "tickfont": {"family": MONO, "size": size},
        "range": [-0.5, count - 0.5],
        "constrain": "domain",
    }
    widths = [width_in_pixels(shown.tokens[at][:LONGEST], size) for at in labelled]
    return axis, max(widths) + 8


def _outlines(at: int, count: int, colours: Palette) -> list[dict[str, Any]]:
    edge = {"type": "rect", "line": {"color": colours.sentence_a, "width": 2}}
    row = {"x0": -0.5, "x1": count - 0.5, "y0": at - 0.5, "y1": at + 0.5}
    column = {"x0": at - 0.5, "x1": at + 0.5, "y0": -0.5, "y1": count - 0.5}
    dotted = {**edge, "line": {"color": colours.sentence_a, "width": 1, "dash": "dot"}}
    return [{**edge, **row}, {**dotted, **column}]
