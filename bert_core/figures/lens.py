"""What the masked-word head says after every layer, as a table of words."""

from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from bert_core.arrays import Doubles, Integers
from bert_core.figures.axes import LETTERS, axis_title, layer_ticks
from bert_core.figures.labels import percent, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette, guess_ramp, ink, mixed

HEIGHT = 308  # pixels for all layers, where that leaves each as much as
LOWEST, HIGHEST = 18, 44
TWO_LINES = 36  # from this height on the share stands below its word, else beside it
# Characters of words that fit into a row of the table: above their shares, or beside them.
ABOVE, BESIDE = 60, 40


class LensReading(Protocol):
    """What is drawn of a `bert_core.inside.lens.LayerReading`, whose module needs torch."""

    @property
    def pieces(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def ids(self) -> Integers: ...
    @property
    def probabilities(self) -> Doubles: ...
    @property
    def followed(self) -> tuple[str, ...]: ...
    @property
    def followed_ids(self) -> Integers: ...
    @property
    def followed_probabilities(self) -> Doubles: ...
    @property
    def original(self) -> int | None: ...
    @property
    def ranks(self) -> Integers: ...
    @property
    def settled(self) -> int: ...


def lens_table(reading: LensReading, colours: Palette, titles: tuple[str, str]) -> go.Figure:
    """One row for each layer, the last on top; its guesses from left to right, each with its share.

    Colour is the share to the power `COLOUR_POWER`, up to the table's largest. The final answer
    is bold where it is among the guesses, and framed from the layer on where it is first for good.
    titles: of a guess, and of the rows. A second trace has a point for each cell, row by row from
    the embeddings up: what is pressed, since a heatmap reports no presses.
    """
    rows, columns = reading.probabilities.shape
    row = max(LOWEST, min(HIGHEST, HEIGHT // rows))
    top = float(reading.probabilities.max())
    heatmap = {
        "type": "heatmap",
        "x": list(range(columns)),
        "y": list(range(rows)),
        "z": reading.probabilities.astype(np.float32),
        "zmin": 0,
        "zmax": top,
        "colorscale": guess_ramp(colours),
        "showscale": False,
        "xgap": 3,
        "ygap": 3 if row >= TWO_LINES else 2,
        "hoverinfo": "skip",
    }
    labels = [str(layer) for layer in range(rows)]
    room = max(width_in_pixels(label, LETTERS) for label in labels) + 8
    layout = blank_layout(colours, height=row * rows + 28, l=room + 20, t=26, r=2, b=2)
    counted = [str(at + 1) for at in range(columns)]
    layout["xaxis"] |= {"side": "top", "range": [-0.5, columns - 0.5]}
    layout["xaxis"] |= layer_ticks([f"{plain(titles[0])} {counted[0]}", *counted[1:]])
    layout["yaxis"] |= {"range": [-0.5, rows - 0.5], **axis_title(titles[1], colours, room)}
    layout["yaxis"] |= layer_ticks(labels)
    for axis in ("xaxis", "yaxis"):
        layout[axis]["tickfont"] = {"size": LETTERS, "color": colours.quiet}
    half = 0.5 - 1.5 / row  # of a cell without its gap
    layout["shapes"] = [_frame(layer, half, colours) for layer in range(reading.settled, rows)]
    return go.Figure([heatmap, _cells(reading, colours, row, top)], layout)


def _cells(reading: LensReading, colours: Palette, row: int, top: float) -> dict[str, Any]:
    """Word and share as text: a trace of its own, as each has its own colour."""
    rows, columns = reading.probabilities.shape
    shares = [float(share) for share in reading.probabilities.flat]
    answers = (reading.ids == reading.followed_ids[0]).flat
    pieces = [piece for pieces in reading.pieces for piece in pieces]
    below = row >= TWO_LINES
    longest = max(5, (ABOVE if below else BESIDE) // columns)
    letters = LETTERS if below else min(LETTERS - 1, row - 6)
    between = "<br>" if below else "\N{NO-BREAK SPACE} "
    small = f'<span style="font-family:sans-serif;font-size:{letters - 1}px">'
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": list(range(columns)) * rows,
        "y": [layer for layer in range(rows) for _ in range(columns)],
        "text": [
            f"{_said(piece, longest, bold)}{between}{small}{percent(share)}</span>"
            for piece, share, bold in zip(pieces, shares, answers, strict=True)
        ],
        "textfont": {
            "family": MONO,
            "size": letters,
            "color": [ink(mixed(colours.low, colours.mask, share / top)) for share in shares],
        },
        "marker": {"symbol": "square", "size": row - 4, "opacity": 0},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
        "customdata": [
            f"{plain(piece)}<br><b>{share:.3%}</b>"
            for piece, share in zip(pieces, shares, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _said(piece: str, longest: int, bold: bool) -> str:
    word = plain(piece, longest)
    return f"<b>{word}</b>" if bold else word


def _frame(layer: int, half: float, colours: Palette) -> dict[str, Any]:
    """About a layer's first guess, so high to both sides of its middle."""
    return {
        "type": "rect",
        "x0": -0.485,
        "x1": 0.485,
        "y0": layer - half,
        "y1": layer + half,
        "line": {"color": colours.mask, "width": 2},
    }
