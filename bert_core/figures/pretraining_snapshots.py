"""What a BERT says at one blank as it learns, and what it has made of positions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bert_core.arrays import Doubles, Flags
from bert_core.figures.axes import LETTERS, LINE, SYMBOLS, axis_title, spread, upright
from bert_core.figures.labels import percent_tick, plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.palette import Palette

LONGEST = 16
DASHES = ("solid", "6px,3px", "2px,2px", "9px,3px,2px,3px", "longdash", "4px,2px")
LOWEST, SIZE = 200, 420  # pixels: a figure of lines at least, and one of all positions

# Where the axis of probabilities may end, so that it seldom moves, and its parts.
TOPS = ((0.02, 4), (0.05, 5), (0.1, 5), (0.2, 4), (0.5, 5), (1.0, 4))


def guess_lines(
    steps: Sequence[int],
    probabilities: NDArray[Any],
    names: Sequence[str],
    colours: Palette,
    *,
    shown: int | None = None,
    title: str = "",
) -> go.Figure:
    """How probable a few pieces became behind one blank, each named at its line's end.

    steps: ascending, all that will be looked at; they are as far apart as they come, so early ones
    have more room. probabilities: (step, piece) in [0, 1], of the first of these steps, NaN where
    a probability is not known. shown: the step of the upright line, on which points stand. title:
    of the axis of steps.
    """
    come, count = probabilities.shape
    height = max(LOWEST, LINE * count + 60)
    top, parts = next(pair for pair in TOPS if pair[0] >= _highest(probabilities) or pair[0] == 1)
    styles = _guess_styles(count, colours)
    lines = [
        _guess_line(steps[:come], probabilities[:, piece], plain(names[piece]), *styles[piece])
        for piece in range(count)
    ]
    right = max(width_in_pixels(name[:LONGEST], LETTERS) for name in names) + 16
    layout = blank_layout(colours, height=height, l=52, r=right, t=10, b=48)
    small = {"tickfont": {"color": colours.quiet, "size": LETTERS}}
    layout["xaxis"] |= small | {"range": [0, max(len(steps) - 1, 1)]} | step_ticks(steps)
    layout["xaxis"] |= axis_title(title, colours)
    layout["yaxis"] |= small | {"range": [0, top * 1.04]} | _share_ticks(top, parts)
    layout["yaxis"] |= {"showgrid": True, "gridcolor": colours.line}
    layout["annotations"] = _guess_names(probabilities, names, styles, top, height - 58)
    if shown is not None:
        at = float(np.interp(shown, steps, range(len(steps))))
        layout["shapes"] = [upright(at, colours)]
        if shown in steps[:come]:
            lines.append(_points(steps.index(shown), probabilities, styles))
    return go.Figure(lines, layout)


def _highest(probabilities: NDArray[Any]) -> float:
    return float(probabilities.max(initial=0, where=~np.isnan(probabilities)))


def _share_ticks(top: float, parts: int) -> dict[str, Any]:
    values = [top * part / parts for part in range(parts + 1)]
    return {
        "tickmode": "array",
        "tickvals": values,
        "ticktext": [percent_tick(value) for value in values],
    }


def step_ticks(steps: Sequence[int]) -> dict[str, Any]:
    """Labels at 0, at powers of ten and at the end, where they lie between the steps' numbers."""
    last = steps[-1]
    powers = [10**power for power in range(1, 12) if 1.5 * 10**power < last]
    wanted = sorted({steps[0], *(power for power in powers if power > steps[0]), last})
    return {
        "tickmode": "array",
        "tickvals": np.interp(wanted, steps, range(len(steps))).tolist(),
        "ticktext": [f"{step:,}" for step in wanted],
    }


def position_similarity(
    matrix: NDArray[Any],
    colours: Palette,
    titles: tuple[str, str],
) -> go.Figure:
    """(position, position) cosines in [-1, 1], coloured about 0, with the scale below.

    titles: of the columns and of the rows.
    """
    count = len(matrix)
    heatmap = {
        "type": "heatmap",
        "z": np.asarray(matrix, dtype=np.float32),
        "zmin": -1,
        "zmax": 1,
        "colorscale": [(0, colours.less), (0.5, colours.background), (1, colours.more)],
        "colorbar": _scale_below(colours),
        "hovertemplate": "%{y}, %{x}<br><b>%{z:.2f}</b><extra></extra>",
    }
    axis = {"constrain": "domain", "nticks": 8, "tickfont": {"size": LETTERS}}
    layout = blank_layout(colours, height=SIZE, l=44, t=44, r=4, b=44)
    layout["xaxis"] |= axis | {"side": "top", "range": [-0.5, count - 0.5]}
    layout["yaxis"] |= axis | {"range": [count - 0.5, -0.5], "scaleanchor": "x"}
    layout["xaxis"] |= axis_title(titles[0], colours)
    layout["yaxis"] |= axis_title(titles[1], colours)
    return go.Figure([heatmap], layout)


def _guess_styles(count: int, colours: Palette) -> list[tuple[str, str, str]]:
    """Colour, dash and symbol of each piece, all different."""
    paints = (colours.mask, colours.high, colours.more, colours.less, colours.quiet)
    return [
        (paints[at % len(paints)], DASHES[at % len(DASHES)], SYMBOLS[at % len(SYMBOLS)])
        for at in range(count)
    ]


def _guess_line(
    steps: Sequence[int], shares: NDArray[Any], name: str, colour: str, dash: str, symbol: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": np.arange(len(steps), dtype=np.int32),
        "y": np.asarray(shares, dtype=np.float32),
        "text": [f"{step:,}" for step in steps],
        "meta": name,
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "opacity": 1, "line": {"width": 0}}
        | {"size": np.where(_alone(shares), 5, 0).astype(np.uint8)},
        "hovertemplate": "%{meta}, %{text}<br><b>%{y:.2%}</b><extra></extra>",
        "cliponaxis": False,
    }


def _alone(shares: NDArray[Any]) -> Flags:
    """Where a value has none before it and none after it: no line shows it."""
    known = np.pad(~np.isnan(shares), 1)
    return known[1:-1] & ~known[:-2] & ~known[2:]


def _guess_names(
    shares: NDArray[Any], names: Sequence[str], styles: Sequence[Any], top: float, pixels: int
) -> list[dict[str, Any]]:
    """Each piece at the end of its line, moved up or down where two would lie on one another.

    What is not known is low: it is not among the first guesses.
    """
    if not len(shares):
        return []
    pixel = top / pixels
    last = np.nan_to_num(shares[-1].astype(np.float64), nan=0)
    places = _within(spread(last / pixel, LINE), 4, pixels) * pixel
    where = {"x": len(shares) - 1, "xanchor": "left", "xshift": 8}
    return [
        where | {"y": float(place)} | _label(plain(name, LONGEST), style[0])
        for name, place, style in zip(names, places, styles, strict=True)
    ]


def _within(places: Doubles, low: float, high: float) -> Doubles:
    """Places that are `LINE` apart, moved between the two ends: outside nothing is drawn."""
    rank = np.argsort(np.argsort(places, kind="stable"), kind="stable")
    raised = np.maximum(places, low + LINE * rank)
    return np.minimum(raised, high - LINE * (len(places) - 1 - rank))


def _points(
    at: int, shares: NDArray[Any], styles: Sequence[tuple[str, str, str]]
) -> dict[str, Any]:
    """One point on each line."""
    marker = {"size": 9, "opacity": 1, "color": [style[0] for style in styles]}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [at] * len(styles),
        "y": np.asarray(shares[at], dtype=np.float32),
        "marker": marker | {"symbol": [style[2] for style in styles]},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _scale_below(colours: Palette) -> dict[str, Any]:
    """The colours from -1 to 1 below a figure."""
    return {
        "orientation": "h",
        "thickness": 8,
        "lenmode": "pixels",
        "len": 150,
        "y": 0,
        "yanchor": "top",
        "ypad": 12,
        "outlinewidth": 0,
        "tickvals": [-1, 0, 1],
        "ticktext": ["\N{MINUS SIGN}1", "0", "1"],
        "tickfont": {"color": colours.quiet, "size": LETTERS},
    }


def _label(text: str, colour: str) -> dict[str, Any]:
    font = {"family": MONO, "size": LETTERS, "color": colour}
    return {"text": text, "showarrow": False, "font": font}
