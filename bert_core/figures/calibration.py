"""What probabilities are worth, and counts beside what is expected of them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from bert_core.arrays import Doubles, Integers
from bert_core.figures.labels import LONGEST_LABEL, percent, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

HEIGHT = 420
# Shares of the height: counts below, the diagram above.
COUNTS, DIAGRAM = (0.0, 0.17), (0.26, 1.0)
# Bins with fewer guesses are drawn hollow: their intervals say little.
FEW = 20

ROW = 26
LETTERS = 14
NUMBER = 66


class Reliability(Protocol):
    """What is drawn of a `bert_core.evaluation.reliability.Calibration`."""

    @property
    def edges(self) -> Doubles: ...
    @property
    def counts(self) -> Integers: ...
    @property
    def confidence(self) -> Doubles: ...
    @property
    def accuracy(self) -> Doubles: ...
    @property
    def low(self) -> Doubles: ...
    @property
    def high(self) -> Doubles: ...


def reliability_diagram(
    found: Reliability, colours: Palette, *, confidence: str, accuracy: str, count: str
) -> go.Figure:
    """How often guesses are right by how sure they are, with the count in each bin below.

    confidence, accuracy, count: names of the axes. The dashed diagonal is where a model that can
    be believed has its points; bars are 95 % intervals. Empty bins have no point, and those with
    fewer than `FEW` guesses are hollow.
    """
    layout = blank_layout(colours, height=HEIGHT, l=64, r=28, t=8, b=48)
    shares = {
        "range": [0, 1],
        "tickmode": "array",
        "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1],
        "ticktext": [f"{tenth * 20}\N{NO-BREAK SPACE}%" for tenth in range(6)],
        "tickfont": {"color": colours.quiet},
    }
    layout["yaxis2"] = layout["yaxis"] | {
        "domain": COUNTS,
        "range": [0, max(1, int(found.counts.max())) * 1.35],  # room for the number
        "showticklabels": False,
        "title": _title(count, colours),
    }
    layout["xaxis"] |= shares | {"title": _title(confidence, colours), "anchor": "y2"}
    layout["yaxis"] |= shares | {
        "domain": DIAGRAM,
        "title": _title(accuracy, colours),
        "showgrid": True,
        "gridcolor": colours.line,
        # Points at 0 and 1 would be cut in half.
        "range": [-0.02, 1.02],
    }
    layout["shapes"] = [_diagonal(colours)]
    return go.Figure([_points(found, colours), _histogram(found, colours)], layout)


def frequency_bars(
    labels: Sequence[str],
    shares: Sequence[float],
    expected: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    colours: Palette,
    *,
    colour: str | Sequence[str],
) -> go.Figure:
    """One horizontal bar for each label, with what was expected and its interval across it.

    shares, expected, lows, highs: in [0, 1], in the order of `labels`, the first on top; shares
    are printed beside the bars. Bars are numbered from the top, since equal labels would fall into
    one.
    """
    rows = list(range(len(labels)))
    widths, wanted = np.array(shares, dtype=float), np.array(expected, dtype=float)
    ends = np.array([lows, highs], dtype=float)
    room = max((width_in_pixels(label[:LONGEST_LABEL], LETTERS) for label in labels), default=0)
    layout = blank_layout(colours, height=ROW * len(rows) + 4, l=room + 8, r=NUMBER)
    top = max([*widths, *ends[1], 1e-9])
    layout["xaxis"] |= {"range": [0, top * 1.02], "showticklabels": False}
    layout["yaxis"] |= {
        "tickmode": "array",
        "tickvals": rows,
        "ticktext": [plain(label) for label in labels],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [len(rows) - 0.5, -0.5],
    }
    layout["annotations"] = [
        _number(share, row, colours) for row, share in enumerate(widths.tolist())
    ]
    traces = [_bars(widths, rows, colour), _expectation(wanted, ends, rows, colours)]
    return go.Figure(traces, layout)


def _bars(widths: Doubles, rows: list[int], colour: str | Sequence[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": widths,
        "y": rows,
        "width": 0.72,
        "marker": {
            "color": colour if isinstance(colour, str) else list(colour),
            "cornerradius": 3,
            "opacity": 0.5,  # so that the interval on it can be seen
        },
        "hovertemplate": "%{x:.2%}<extra></extra>",
    }


def _points(found: Reliability, colours: Palette) -> dict[str, Any]:
    there = found.counts > 0
    accuracy, counts = found.accuracy[there], found.counts[there]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": found.confidence[there],
        "y": accuracy,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": found.high[there] - accuracy,
            "arrayminus": accuracy - found.low[there],
            "color": colours.high,
            "thickness": 1.5,
            "width": 4,
        },
        "marker": {
            "size": 11,
            "color": [colours.background if few else colours.high for few in counts < FEW],
            "line": {"color": colours.high, "width": 2},
        },
        "customdata": np.stack([found.low[there], found.high[there], counts], axis=1),
        "hovertemplate": "%{x:.1%} → <b>%{y:.1%}</b> [%{customdata[0]:.1%}, %{customdata[1]:.1%}]"
        "<br>n = %{customdata[2]}<extra></extra>",
        "cliponaxis": False,
    }


def _histogram(found: Reliability, colours: Palette) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": (found.edges[:-1] + found.edges[1:]) / 2,
        "y": found.counts,
        "width": np.diff(found.edges) * 0.92,
        "yaxis": "y2",
        "marker": {"color": colours.quiet, "cornerradius": 2},
        "text": [f"{count:,}" for count in found.counts.tolist()],
        "textposition": "outside",
        "textfont": {"color": colours.quiet, "size": 12},
        "cliponaxis": False,
        "hovertemplate": "n = %{y}<extra></extra>",
    }


def _diagonal(colours: Palette) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": 0,
        "y0": 0,
        "x1": 1,
        "y1": 1,
        "layer": "below",
        "line": {"color": colours.quiet, "width": 1.5, "dash": "dash"},
    }


def _expectation(
    wanted: Doubles, ends: Doubles, rows: list[int], colours: Palette
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": wanted,
        "y": rows,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": ends[1] - wanted,
            "arrayminus": wanted - ends[0],
            "color": colours.text,
            "thickness": 1.5,
            "width": 5,
        },
        "marker": {"symbol": "line-ns", "size": 13, "line": {"color": colours.text, "width": 2}},
        "customdata": ends.T,
        "hovertemplate": "%{x:.2%} [%{customdata[0]:.2%}, %{customdata[1]:.2%}]<extra></extra>",
    }


def _number(share: float, row: int, colours: Palette) -> dict[str, Any]:
    """A share to the right of all bars: beside its own it would lie on the interval."""
    return {
        "text": percent(share),
        "x": 1,
        "y": row,
        "xref": "paper",
        "xanchor": "left",
        "showarrow": False,
        "font": {"color": colours.quiet, "size": LETTERS},
    }


def _title(text: str, colours: Palette) -> dict[str, Any]:
    return {"text": text, "font": {"color": colours.quiet, "size": 13}}
