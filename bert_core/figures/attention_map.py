"""One head as a heatmap: query rows, key columns."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from bert_core.attention import AttentionMap
from bert_core.figures.labels import coloured
from bert_core.figures.layout import MONO, blank_layout
from bert_core.figures.palette import Palette, attention_ramp

# Above this many tokens the labels would overlap; then every second, third, ... is shown.
MOST_LABELS = 64


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
    figure = go.Figure(
        go.Heatmap(
            z=shown.weights,
            zmin=0,
            zmax=max(float(shown.weights.max()), 1e-9),
            colorscale=attention_ramp(colours),
            showscale=False,
            xgap=1 if count <= MOST_LABELS else 0,
            ygap=1 if count <= MOST_LABELS else 0,
            hovertemplate=hover + "<extra></extra>",
        ),
        layout=blank_layout(colours, height=size),
    )
    axis = _token_axis(shown, sequences, colours)
    figure.update_xaxes(**axis, side="top", tickangle=-90)
    figure.update_yaxes(**axis | {"range": axis["range"][::-1]}, scaleanchor="x")
    if picked in shown.positions:
        figure.update_layout(shapes=_outlines(shown.positions.index(picked), count, colours))
    return figure


def _token_axis(
    shown: AttentionMap, sequences: Sequence[int | None], colours: Palette
) -> dict[str, Any]:
    """An axis of whole numbers with token text, since equal tokens as labels would merge."""
    by_sentence = {0: colours.sentence_a, 1: colours.sentence_b, None: colours.special}
    step = -(-len(shown.tokens) // MOST_LABELS)
    at = list(range(0, len(shown.tokens), step))
    return {
        "tickmode": "array",
        "tickvals": at,
        "ticktext": [
            coloured(shown.tokens[i], by_sentence[sequences[shown.positions[i]]]) for i in at
        ],
        "tickfont": {"family": MONO, "size": 13 if len(at) <= 26 else 11 if len(at) <= 40 else 8},
        "range": [-0.5, len(shown.tokens) - 0.5],
        "constrain": "domain",
    }


def _outlines(at: int, count: int, colours: Palette) -> list[dict[str, object]]:
    edge = {"type": "rect", "line": {"color": colours.sentence_a, "width": 2}}
    row = {"x0": -0.5, "x1": count - 0.5, "y0": at - 0.5, "y1": at + 0.5}
    column = {"x0": at - 0.5, "x1": at + 0.5, "y0": -0.5, "y1": count - 0.5}
    dotted = {**edge, "line": {"color": colours.sentence_a, "width": 1, "dash": "dot"}}
    return [{**edge, **row}, {**dotted, **column}]
