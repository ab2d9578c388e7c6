"""How a BERT learns: its losses step by step, and what it says at one blank as it learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from bert_core.figures.axes import LETTERS, LINE, SANS_WIDTH, axis_title, spread, upright
from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import blank_layout
from bert_core.figures.losses import LossCurve, smoothed, smoothing_window, thinned
from bert_core.palette import Palette, run_colours

# Pixels: the panels of masked words and of pairs, and the room above each for what it is.
WORDS, PAIRS, HEADING = 236, 120, 34
LEFT, RIGHT, BOTTOM = 36, 20, 46
ABOVE = 16  # pixels from a dashed line up to the middle of what is written at it
LONGEST, LONGEST_TEXT = 18, 60
APART = 0.012  # of the axis: held-out points that are closer are a line only
COIN = log(2)
DASHES = ("dash", "dot")  # of two levels that differ
SIGNS = (("circle", "●", "solid"), ("square", "■", "6px,3px"))  # of the first and second run


@dataclass(frozen=True)
class LossWords:
    """What is written in `loss_curves`.

    words, pairs: what the panels show. step: of the axis. unigram, coin: of the dashed lines.
    training, held_out: of the thin lines and of the bold ones.
    """

    words: str
    pairs: str
    step: str
    unigram: str
    coin: str
    training: str
    held_out: str


@dataclass(frozen=True)
class _Panel:
    """One of the two panels. top: where its axis ends. height: in pixels."""

    task: int
    top: float
    height: int
    axis: str

    @property
    def pixel(self) -> float:
        """What one pixel is worth, in nats."""
        return self.top / self.height


@dataclass(frozen=True)
class _Scene:
    """What all parts of the figure are drawn from."""

    curves: Sequence[LossCurve]
    steps: int
    words: LossWords
    colours: Palette
    panels: Sequence[_Panel]


def loss_curves(
    curves: Sequence[LossCurve],
    unigrams: Sequence[float | None],
    steps: int,
    words: LossWords,
    colours: Palette,
    *,
    shown: int | None = None,
    pairs: bool | None = None,
) -> go.Figure:
    """Training losses as thin lines, held-out losses as bold ones with points; one run or two.

    Each training loss is the mean with those before it, see `smoothed`. Both axes are the same
    from the first loss on, so that nothing moves as the lines grow.
    unigrams: for each run the nats of knowing only how often each piece occurs: a dashed line.
    shown: the step of the upright line. pairs: whether there is a panel for them; by default
    where a run has them.
    """
    with_pairs = any(curve.has(1) for curve in curves) if pairs is None else pairs
    known = [value for value in unigrams if value is not None]
    panels = [_Panel(0, _top(curves, 0, known), WORDS, "y")]
    if with_pairs:
        panels.append(_Panel(1, max(1.0, _top(curves, 1, [COIN])), PAIRS, "y2"))
    scene = _Scene(curves, steps, words, colours, panels)
    layout = _loss_layout(scene)
    layout["shapes"], texts = _levels(scene, unigrams)
    layout["annotations"] = _headings(scene) + texts
    if len(curves) > 1:
        layout["annotations"] += _names(scene)
    if shown is not None:
        layout["shapes"] += [upright(shown, colours, panel.axis) for panel in panels]
    lines = [
        line
        for panel in panels
        for number in range(len(curves))
        for line in _run_lines(scene, number, panel)
    ]
    return go.Figure(lines, layout)


def _top(curves: Sequence[LossCurve], task: int, levels: Sequence[float]) -> float:
    """Where an axis ends: a little above the first losses and the dashed lines.

    Before there are any losses, about where they begin: at the logarithm of all pieces.
    """
    first = [loss for curve in curves for loss in curve.column(task)[1][:1]]
    first += [float(curve.losses[0, task]) for curve in curves if len(curve.losses)]
    known = [loss for loss in first if np.isfinite(loss)] or [1.35 * max(levels, default=7.0)]
    return 1.08 * max([*known, *levels])


def _run_lines(scene: _Scene, number: int, panel: _Panel) -> list[dict[str, Any]]:
    """The thin and the bold line of a run in one panel, none where it has not that task."""
    curve, words = scene.curves[number], scene.words
    if not curve.has(panel.task):
        return []
    colour = run_colours(scene.colours)[number]
    symbol, _, dash = SIGNS[number]
    told = f"{curve.name[:LONGEST]}, " if len(scene.curves) > 1 else ""
    kept = thinned(len(curve.losses), scene.steps)
    means = smoothed(curve.losses[:, panel.task], smoothing_window(scene.steps))
    at, losses = curve.column(panel.task)
    marker = {"color": colour, "symbol": symbol, "opacity": 1, "line": {"width": 0}}
    thin = _line(kept, means[kept - 1], f"{told}{words.training}", words.step, panel) | {
        "mode": "lines",
        "line": {"color": colour, "width": 1.25},
        "opacity": 0.6,
    }
    bold = _line(at, losses, f"{told}{words.held_out}", words.step, panel) | {
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2.5, "dash": dash},
        "marker": marker | {"size": _sizes(at, scene.steps)},
    }
    return [thin, bold]


def _line(at: ArrayLike, losses: ArrayLike, told: str, step: str, panel: _Panel) -> dict[str, Any]:
    """told: what the line is; in no template, where "%{" would be read."""
    return {
        "type": "scatter",
        "x": np.asarray(at, dtype=np.int32),
        "y": np.asarray(losses, dtype=np.float32),
        "yaxis": panel.axis,
        "meta": f"{plain(told, LONGEST_TEXT)}<br>{plain(step)}",
        "hovertemplate": "%{meta} %{x:,}<br><b>%{y:.3f}</b><extra></extra>",
        "cliponaxis": False,
    }


def _sizes(at: Sequence[int], steps: int) -> list[int]:
    """Of the points: 0 where one would lie on the point before it."""
    sizes, last = [], -float("inf")
    for step in at:
        apart = step - last >= APART * steps
        sizes.append(7 if apart else 0)
        last = step if apart else last
    return sizes


def _loss_layout(scene: _Scene) -> dict[str, Any]:
    """The panels below each other, the first with a second line above it."""
    colours, panels = scene.colours, scene.panels
    right = RIGHT
    if len(scene.curves) > 1:
        widest = max(width_in_pixels(curve.name[:LONGEST], LETTERS) for curve in scene.curves)
        right = round(SANS_WIDTH * widest) + 28
    inner = sum(panel.height for panel in panels) + HEADING * (len(panels) - 1)
    height = inner + HEADING + LINE + BOTTOM
    layout = blank_layout(colours, height=height, l=LEFT, r=right, t=HEADING + LINE, b=BOTTOM)
    quiet = {"tickfont": {"color": colours.quiet, "size": LETTERS}}
    grid = quiet | {"showgrid": True, "gridcolor": colours.line}
    grid |= {"zeroline": True, "zerolinecolor": colours.line, "zerolinewidth": 1}
    layout["xaxis"] |= quiet | {"range": [0, scene.steps], "tickformat": ",d", "nticks": 7}
    layout["xaxis"] |= {**axis_title(scene.words.step, colours), "anchor": panels[-1].axis}
    axis = layout["yaxis"] | grid | {"nticks": 5, "tickformat": "~g"}
    top = 1.0
    for panel in panels:
        low = max(top - panel.height / inner, 0.0)
        name = panel.axis.replace("y", "yaxis")
        layout[name] = axis | {"range": [0, panel.top], "domain": [low, top]}
        top = low - HEADING / inner
    layout["hovermode"] = "closest"
    return layout


def _headings(scene: _Scene) -> list[dict[str, Any]]:
    """What each panel shows; below the first one's what thin and bold lines are."""
    words, colours = scene.words, scene.colours
    made = []
    key = f"<b>●━</b> {plain(words.held_out, LONGEST_TEXT)}"
    key += f"\N{EM SPACE}─ {plain(words.training, LONGEST_TEXT)}"
    for panel, text in zip(scene.panels, (words.words, words.pairs), strict=False):
        first = panel.task == 0
        place = {"yref": f"{panel.axis} domain", "y": 1, "yanchor": "bottom"}
        place |= {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -LEFT}
        heading = place | {"yshift": LINE + 6 if first else 6}
        made.append(heading | _text(plain(text, LONGEST_TEXT), colours.text, 14))
        if first:
            made.append(place | {"yshift": 4} | _text(key, colours.quiet, LETTERS))
    return made


def _levels(
    scene: _Scene, unigrams: Sequence[float | None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The dashed lines, and what is written at them."""
    words, colours = scene.words, scene.colours
    known = {value: number for number, value in enumerate(unigrams) if value is not None}
    lines = [_across(value, "y", colours.quiet) for value in known]
    if len(known) > 1:  # each run has its own
        paints = run_colours(colours)
        lines = [
            _across(value, "y", paints[number], DASHES[number]) for value, number in known.items()
        ]
    texts = []
    if known:
        texts.append(_at_right(words.unigram, max(known), scene.panels[0], colours))
    if len(scene.panels) > 1:
        lines.append(_across(COIN, "y2", colours.quiet))
        texts.append(_at_right(words.coin, COIN, scene.panels[1], colours))
    return lines, texts


def _names(scene: _Scene) -> list[dict[str, Any]]:
    """The names of the runs beside the panel, as high as their bold lines end, or the thin ones."""
    panel = scene.panels[0]
    there = [number for number, curve in enumerate(scene.curves) if curve.has(0)]
    ends = []
    for number in there:
        losses = scene.curves[number].column(0)[1]
        means = smoothed(scene.curves[number].losses[:, 0], smoothing_window(scene.steps))
        end = losses[-1] if losses else float(means[-1])
        ends.append(min(end, panel.top - LINE * panel.pixel))
    places = spread(np.array(ends) / panel.pixel, LINE) * panel.pixel
    where = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8}
    made = []
    for number, place in zip(there, places, strict=True):
        text = f"{SIGNS[number][1]} {plain(scene.curves[number].name, LONGEST)}"
        label = _text(text, run_colours(scene.colours)[number], LETTERS)
        made.append(where | {"y": float(place)} | label)
    return made


def _across(value: float, axis: str, colour: str, dash: str = "dash") -> dict[str, Any]:
    line = {"color": colour, "width": 1.5, "dash": dash}
    place = {"xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": value, "y1": value}
    return {"type": "line", "layer": "below", "line": line} | place


def _at_right(text: str, value: float, panel: _Panel, colours: Palette) -> dict[str, Any]:
    """What is written above the end of a dashed line."""
    place = {"xref": "paper", "x": 1, "xanchor": "right", "yref": panel.axis}
    place |= {"y": value, "yshift": ABOVE}
    return place | _text(plain(text, LONGEST_TEXT), colours.quiet, LETTERS)


def _text(text: str, colour: str, size: int) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "font": {"color": colour, "size": size}}
