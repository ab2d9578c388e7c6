"""What it took to train each of a few models, side by side on one logarithmic axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import groupby
from math import ceil, floor, log10
from typing import Any

import plotly.graph_objects as go

from bert_core.figures.axes import LETTERS, LINE, SANS_WIDTH
from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import blank_layout
from bert_core.palette import Palette, run_colours

LONGEST, LONGEST_LABEL = 16, 40
LANE = 18  # pixels between the points of a quantity and its name or a number above or below
BESIDE = 13  # pixels from a point to its number
NARROW = 200  # pixels that the points share in a figure of 360, the narrowest that is thought of
# Hollow ones outside the others: where values are equal, both can be seen.
PAPER_SIGNS = (("circle-open", "○", 9), ("diamond-open", "◇", 17))
RUN_SIGNS = (("circle", "●", 11), ("square-open", "□", 17))


@dataclass(frozen=True)
class ScaleRow:
    """A quantity of `training_scale`: for each model its value, None if unknown, and its text."""

    label: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


def training_scale(
    rows: Sequence[ScaleRow], names: Sequence[str], colours: Palette, *, runs: int = 1
) -> go.Figure:
    """A line for each quantity with a point for each model, all on one logarithmic axis.

    names: of at most two models from papers, then of `runs` (0 to 2) runs, which have the colours
    they have in `loss_curves`. Values that are not above 0 have no point. Numbers stand outside
    the lowest and the highest point, and below and above those between: at no width does one lie
    on another.
    """
    styles = _model_styles(len(names), runs, colours)
    groups = [_groups(row) for row in rows]
    places = [place for group in groups for place, _ in group]
    low, high = floor(min(places, default=0)), ceil(max(places, default=1))
    high = max(high, low + 1)
    lanes = 2 if max(map(len, groups), default=0) > 3 else 1
    numbers = [
        text
        for at, (row, group) in enumerate(zip(rows, groups, strict=True))
        for text in _numbers(row, group, at, styles, colours)
    ]
    margins = _room(numbers, low, high)
    key = _key(names, styles)
    above = LINE * (key.count("<br>") + 1) + 6
    row_height, ends = LANE * (2 + lanes), (LANE * lanes + 10, LANE + 10)
    height = row_height * (len(rows) - 1) + sum(ends) + above + 28
    layout = blank_layout(colours, height, t=above, b=28, **margins)
    first, last = -ends[0] / row_height, len(rows) - 1 + ends[1] / row_height
    layout["yaxis"] |= {"range": [last, first], "showticklabels": False}
    layout["xaxis"] |= {"range": [low, high], "showgrid": True, "gridcolor": colours.line}
    layout["xaxis"] |= power_ticks(low, high) | {
        "tickfont": {"color": colours.quiet, "size": LETTERS}
    }
    left = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -margins["l"]}
    heads = [
        left
        | {"y": at, "yshift": LANE * lanes}
        | _text(plain(row.label, LONGEST_LABEL), colours.text)
        for at, row in enumerate(rows)
    ]
    top = left | {"yref": "paper", "y": 1, "yanchor": "bottom", "align": "left"}
    layout["annotations"] = [*numbers, *heads, top | _text(key, colours.text)]
    layout["shapes"] = [_between(group, at, colours) for at, group in enumerate(groups) if group]
    return go.Figure(_models(rows, names, styles), layout)


def power_ticks(low: int, high: int) -> dict[str, Any]:
    """Labels on an axis of powers of ten, at every third where there are many."""
    every = 1 if high - low <= 5 else 3
    powers = [power for power in range(low, high + 1) if power % every == 0]
    texts = [f"{10.0**at:g}" if abs(at) < 2 else f"10<sup>{at}</sup>" for at in powers]
    return {
        "tickmode": "array",
        "tickvals": powers,
        "ticktext": [text.replace("-", "\N{MINUS SIGN}") for text in texts],
    }


Group = tuple[float, tuple[int, ...]]  # the logarithm of a value, and the models that have it


def _groups(row: ScaleRow) -> list[Group]:
    """The models with a value, those with equal ones together, ascending."""
    there = [(value, at) for at, value in enumerate(row.values) if value is not None and value > 0]
    parts = groupby(sorted(there), key=lambda one: one[0])
    return [(log10(value), tuple(at for _, at in part)) for value, part in parts]


Style = tuple[str, str, str, int]  # colour, plotly's symbol, the symbol in texts, size in pixels


def _model_styles(count: int, runs: int, colours: Palette) -> list[Style]:
    paints = (colours.high, colours.quiet)
    known = [(colour, *sign) for colour, sign in zip(paints, PAPER_SIGNS, strict=True)]
    own = [(colour, *sign) for colour, sign in zip(run_colours(colours), RUN_SIGNS, strict=True)]
    return known[: count - runs] + own[:runs]


def _numbers(
    row: ScaleRow, groups: Sequence[Group], at: int, styles: Sequence[Style], colours: Palette
) -> list[dict[str, Any]]:
    """The numbers of a quantity: left of the lowest point, right of the highest, and so on."""
    made = []
    last = len(groups) - 1
    for turn, (place, models) in enumerate(groups):
        text = " / ".join(dict.fromkeys(plain(row.texts[model], LONGEST) for model in models))
        colour = styles[models[0]][0] if len(models) == 1 else colours.text
        if turn == last:
            where = {"xanchor": "left", "xshift": BESIDE}
        elif turn == 0:
            where = {"xanchor": "right", "xshift": -BESIDE}
        else:
            where = {"xanchor": "center", "yshift": LANE if turn == 2 else -LANE}
        made.append({"x": place, "y": at} | where | _text(text, colour))
    return made


def _room(numbers: Sequence[dict[str, Any]], low: int, high: int) -> dict[str, int]:
    """Margins in which the numbers fit beside points that share `NARROW` pixels."""
    left = right = 8.0
    for text in numbers:
        width = SANS_WIDTH * width_in_pixels(unescape(text["text"]), LETTERS)
        shares = {"left": (0, 1), "right": (1, 0), "center": (0.5, 0.5)}[text["xanchor"]]
        shift = text.get("xshift", 0)
        left = max(left, width * shares[0] - shift - (text["x"] - low) / (high - low) * NARROW)
        right = max(right, width * shares[1] + shift - (high - text["x"]) / (high - low) * NARROW)
    return {"l": ceil(left), "r": ceil(right)}


def _key(names: Sequence[str], styles: Sequence[Style]) -> str:
    """What each symbol is, in as many lines as the narrowest figure needs."""
    lines: list[list[int]] = [[]]
    for at, name in enumerate(names):
        taken = sum(len(names[other]) + 4 for other in lines[-1])
        if lines[-1] and (taken + len(name)) * LETTERS * 0.5 > NARROW + 100:
            lines.append([])
        lines[-1].append(at)
    shown = [
        f'<span style="color:{style[0]}">{style[2]} {plain(name)}</span>'
        for name, style in zip(names, styles, strict=True)
    ]
    return "<br>".join("\N{EM SPACE}".join(shown[at] for at in line) for line in lines)


def _between(groups: Sequence[Group], at: int, colours: Palette) -> dict[str, Any]:
    """A line from the lowest point of a quantity to the highest: how many powers lie between."""
    line = {"color": colours.line, "width": 3}
    ends = {"x0": groups[0][0], "x1": groups[-1][0], "y0": at, "y1": at}
    return {"type": "line", "layer": "below", "line": line} | ends


def _models(
    rows: Sequence[ScaleRow], names: Sequence[str], styles: Sequence[Style]
) -> list[dict[str, Any]]:
    """The points of each model."""
    made = []
    for model, (colour, symbol, _, size) in enumerate(styles):
        there = [
            (log10(value), at, row)
            for at, row in enumerate(rows)
            if (value := row.values[model]) is not None and value > 0
        ]
        marker = {
            "color": colour,
            "symbol": symbol,
            "size": size,
            "line": {"color": colour, "width": 2},
        }
        made.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [place for place, _, _ in there],
                "y": [at for _, at, _ in there],
                "text": [
                    f"{plain(names[model])}<br>{plain(row.label, LONGEST_LABEL)}: "
                    f"<b>{plain(row.texts[model])}</b>"
                    for _, _, row in there
                ],
                "marker": marker,
                "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
    return made


def _text(text: str, colour: str) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "font": {"color": colour, "size": LETTERS}}
