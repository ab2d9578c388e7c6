"""What the masked-word head says after every layer, as a table of words."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from bert_core.arrays import Doubles, Integers
from bert_core.figures.axes import LETTERS, axis_title, layer_names, layer_ticks
from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import COLOUR_POWER, Palette, attention_ramp

ROW = 26
ROW_LETTERS = 72  # characters that fit into a row of the table, on a narrow page


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


def lens_table(
    reading: LensReading,
    colours: Palette,
    titles: tuple[str, str],
    *,
    names: Sequence[str] | None = None,
    hover: str = "%{text}<br><b>%{z:.3%}</b>",
) -> go.Figure:
    """One row for each layer, the last on top; its guesses from left to right.

    Colour is the probability to the power `COLOUR_POWER`, on one scale from 0 to 1. The final
    answer is outlined wherever it is among the guesses.
    titles: of the columns and of the rows. names: of the rows from the embeddings up, numbers
    from 0 if not given.
    """
    rows, columns = reading.probabilities.shape
    heatmap = {
        "type": "heatmap",
        "x": list(range(columns)),
        "y": list(range(rows)),
        "z": reading.probabilities.astype(np.float32),
        "zmin": 0,
        "zmax": 1,
        "colorscale": attention_ramp(colours),
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [[plain(piece) for piece in row] for row in reading.pieces],
        "hovertemplate": hover + "<extra></extra>",
    }
    labels = layer_names(names, rows)
    room = _room(labels)
    layout = blank_layout(colours, height=ROW * rows + 44, l=room + 20, t=44)
    layout["xaxis"] |= {
        "side": "top",
        "range": [-0.5, columns - 0.5],
        **axis_title(titles[0], colours),
    }
    layout["xaxis"] |= layer_ticks([str(at + 1) for at in range(columns)])
    layout["yaxis"] |= {"range": [-0.5, rows - 0.5], **axis_title(titles[1], colours, room)}
    layout["yaxis"] |= layer_ticks(labels)
    cells = np.argwhere(reading.ids == reading.followed_ids[0])
    layout["shapes"] = [_outline(int(row), int(column), colours) for row, column in cells]
    return go.Figure([heatmap, _words(reading, colours)], layout)


def ink(share: float, colours: Palette) -> str:
    """Of the text's and the page's colour the one that is easier to read on a cell of `share`."""
    low, high, text, page = (
        np.array(list(bytes.fromhex(colour[1:])), dtype=np.float64)
        for colour in (colours.low, colours.high, colours.text, colours.background)
    )
    cell = _luminance(low + (high - low) * min(max(share, 0.0), 1.0) ** COLOUR_POWER)
    contrasts = []
    for colour in (text, page):
        darker, lighter = sorted((_luminance(colour), cell))
        contrasts.append((lighter + 0.05) / (darker + 0.05))
    return colours.text if contrasts[0] >= contrasts[1] else colours.background


def _luminance(channels: Doubles) -> float:
    """WCAG 2.1, relative luminance of channels from 0 to 255."""
    shares = channels / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _words(reading: LensReading, colours: Palette) -> dict[str, Any]:
    """The guesses as text in their cells: a trace of its own, as each has its own colour."""
    rows, columns = reading.probabilities.shape
    longest = max(5, ROW_LETTERS // columns)
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(range(columns)) * rows,
        "y": [row for row in range(rows) for _ in range(columns)],
        "text": [plain(piece, longest) for row in reading.pieces for piece in row],
        "textfont": {
            "family": MONO,
            "size": LETTERS,
            "color": [ink(float(share), colours) for share in reading.probabilities.flat],
        },
        "hoverinfo": "skip",
    }


def _outline(row: int, column: int, colours: Palette) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": column - 0.48,
        "x1": column + 0.48,
        "y0": row - 0.46,
        "y1": row + 0.46,
        "line": {"color": colours.mask, "width": 2},
    }


def _room(labels: Sequence[str]) -> int:
    return max(width_in_pixels(label, LETTERS) for label in labels) + 8
