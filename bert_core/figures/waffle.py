"""A base rate without a formula: so many little squares, of which so many are dark."""

from math import ceil, sqrt

import numpy as np
import plotly.graph_objects as go

from bert_core.figures.layout import blank_layout
from bert_core.palette import Palette

SHAPE = 5.5  # times as wide as high
SIDE = 14  # pixels of a square, at most
HEIGHT = 96  # pixels
FINE = 13  # rows from which the gaps are narrow


def waffle(dark: int, count: int, colours: Palette) -> go.Figure:
    """`count` squares, filled column by column, the first `dark` of them dark.

    0 <= dark <= count, count at least 1; some thousands stay squares that can be told apart.
    """
    rows = max(1, round(sqrt(count / SHAPE)))
    columns = ceil(count / rows)
    number = np.arange(columns * rows)
    filled = np.where(number < count, number < dark, np.nan).astype(np.float32)
    gap = 2 if rows < FINE else 1
    squares = {
        "type": "heatmap",
        "z": filled.reshape(columns, rows).T,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, colours.line], [1, colours.high]],
        "showscale": False,
        "xgap": gap,
        "ygap": gap,
        "hoverinfo": "skip",
    }
    layout = blank_layout(colours, height=min(HEIGHT, SIDE * rows))
    layout["xaxis"] |= {
        "range": [-0.5, columns - 0.5],
        "showticklabels": False,
        "constrain": "domain",
        "constraintoward": "left",
    }
    layout["yaxis"] |= {
        "range": [rows - 0.5, -0.5],
        "showticklabels": False,
        "scaleanchor": "x",
        "constrain": "domain",
        "constraintoward": "top",
    }
    return go.Figure([squares], layout)
