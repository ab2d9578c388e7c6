"""How a pair is laid out for the model, and how the pooled vector becomes two logits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from bert_core.figures.labels import plain, width_in_pixels
from bert_core.figures.layout import MONO, blank_layout
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from bert_core.next_sentence.score import LogitParts, explain_logits
from bert_core.palette import Palette
from ui import charts, markup
from ui.components.strip import token_strip
from ui.next_sentence.parts import signed
from ui.page import Page
from ui.takeaway import draw_foot
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

SLOT = "next_sentence.layout"
CHART = f"{SLOT}.pooled"
ROW = 34
LETTERS = 14


def draw_layout(page: Page, run: BertRun) -> None:
    encoding = run.encoding
    markup.heading(*answer(encoding))
    token_strip(
        encoding,
        key=f"{SLOT}.strip",
        label=words.LAYOUT_STRIP,
        detail=True,
        channel=SLOT,
    )
    parts = explain_logits(page.bert, run)
    draw_pooled(page, parts)
    markup.note(words.LAYOUT_NOTE)
    draw_foot(
        page,
        words.LAYOUT_COLUMNS,
        lambda: table_rows(parts),
        how_words.HOW["layout"],
        chart=CHART,
        study="layout",
    )


def answer(encoding: Encoding) -> tuple[str, str]:
    first, second = (encoding.sequences.count(sentence) for sentence in (0, 1))
    return (
        words.LAYOUT.format(tokens=len(encoding)),
        words.LAYOUT_QUIET.format(first=first, second=second),
    )


def draw_pooled(page: Page, parts: LogitParts) -> None:
    is_next, not_next = parts.logits
    markup.heading(
        words.POOLED.format(is_next=signed(is_next), not_next=signed(not_next)),
        words.POOLED_QUIET.format(numbers=len(parts.pooled)),
    )
    charts.draw(pooled_figure(parts, page.colours), CHART, words.POOLED_ALT, saveable=True)
    most = float(np.abs(parts.contributions).max())
    markup.note(words.POOLED_NOTE.format(most=most))
    markup.figures([("", *words.POOLED_ROWS[1:]), *sum_rows(parts)])
    markup.note(words.GAP.format(gap=parts.gap))


def sum_rows(parts: LogitParts) -> Iterator[tuple[str, ...]]:
    numbers = (parts.sums, parts.biases, parts.sums + parts.biases, parts.logits)
    for name, row in zip(words.SUM_ROWS, numbers, strict=True):
        yield name, *(signed(float(number), 5) for number in row)


def pooled_figure(parts: LogitParts, colours: Palette) -> go.Figure:
    """Rows of cells, two hues about zero: the pooled vector, and below it the contributions."""
    most = max(float(np.abs(parts.contributions).max()), 1e-9)
    traces = [
        heat(parts.pooled[None], [0.0], words.POOLED_ROWS[:1], 1.0, colours),
        heat(parts.contributions, [1.5, 2.5], words.POOLED_ROWS[1:], most, colours),
    ]
    room = max(width_in_pixels(name, LETTERS) for name in words.POOLED_ROWS) + 10
    layout = blank_layout(colours, height=round(3.5 * ROW) + 4, l=room)
    layout["xaxis"] |= {"showticklabels": False}
    layout["yaxis"] |= {
        "tickmode": "array",
        "tickvals": [0.0, 1.5, 2.5],
        "ticktext": [plain(name) for name in words.POOLED_ROWS],
        "tickfont": {"family": MONO, "size": LETTERS},
        "range": [3.0, -0.5],
    }
    return go.Figure(traces, layout)


def heat(
    numbers: np.ndarray, rows: list[float], names: tuple[str, ...], most: float, colours: Palette
) -> dict[str, Any]:
    count = numbers.shape[1]
    return {
        "type": "heatmap",
        "z": numbers.astype(np.float32),
        "x": list(range(count)),
        "y": rows,
        "dy": 1,
        "zmin": -most,
        "zmax": most,
        "colorscale": [(0, colours.less), (0.5, colours.background), (1, colours.more)],
        "showscale": False,
        "customdata": [[name] * count for name in names],
        "hovertemplate": words.POOLED_HOVER + "<extra></extra>",
    }


def table_rows(parts: LogitParts) -> Iterator[tuple[Any, ...]]:
    """Numbers of the vector count from 0."""
    added = parts.contributions
    for at, number in enumerate(parts.pooled):
        weights = (float(row[at]) for row in parts.weights)
        yield at, float(number), *weights, *(float(row[at]) for row in added)
