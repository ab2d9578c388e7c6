"""Which heads do alike: distances between all of them."""

from collections.abc import Iterator
from concurrent.futures import CancelledError

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.similarity import head_distances, sorted_order
from bert_core.figures.layout import blank_layout
from bert_core.model.inference import BertRun
from bert_core.palette import Palette
from bert_core.serving.job import Job
from bert_core.serving.waiting import StillWanted
from ui import charts, markup
from ui.jobs import draw_progress, drop_job, session_job
from ui.page import Page
from ui.takeaway import draw_foot
from ui.words import attention_how as how_words
from ui.words import attention_studies as words

SLOT = "attention.alike"
CHART = "attention.alike.map"
SIZE = 490
NEAREST = 10  # pairs that are listed
FAR = 0.5  # heads that are further apart than this are not called alike


def draw_alike(page: Page, run: BertRun) -> None:
    key = (page.bert.fingerprint, run.encoding.ids, run.encoding.segments)
    job: Job[Floats] = session_job(SLOT, key, 1, lambda wanted: compute(run, wanted))
    if not draw_progress(job, SLOT, words.ALIKE_RUNNING):
        return
    if job.results:
        draw_distances(page, job.results[0])
    else:
        st.button(words.ALIKE_AGAIN, key=f"{SLOT}.again", on_click=lambda: drop_job(SLOT))


def draw_distances(page: Page, distances: Floats) -> None:
    order = sorted_order(distances)
    names = [head(int(at), page.bert.heads) for at in order]
    first, second = closest_pair(distances)
    nearest = float(distances[first, second])
    markup.heading(
        (words.ALIKE if nearest < FAR else words.ALIKE_NONE).format(
            first=head(first, page.bert.heads), second=head(second, page.bert.heads)
        ),
        words.ALIKE_QUIET.format(distance=nearest),
    )
    left, right = st.columns([2, 1], gap="medium")
    with left:
        figure = distance_figure(distances[order][:, order], names, page.colours)
        charts.draw(figure, CHART, words.ALT, saveable=True)
    with right:
        markup.heading(words.ALIKE_NEAREST)
        pairs = sorted(table_rows(distances, page.bert.heads), key=lambda row: row[2])
        markup.figures(
            [
                (words.ALIKE_PAIR.format(first=one, second=other), f"{distance:.2f}")
                for one, other, distance in pairs[:NEAREST]
            ]
        )
    draw_foot(
        page,
        words.ALIKE_COLUMNS,
        lambda: table_rows(distances, page.bert.heads),
        how_words.ALIKE,
        chart=CHART,
        study="alike",
    )


def table_rows(distances: Floats, heads: int) -> Iterator[tuple[str, str, float]]:
    """Each two heads once, by layer and head from 1."""
    for first, second in zip(*np.triu_indices(len(distances), k=1), strict=True):
        yield head(int(first), heads), head(int(second), heads), float(distances[first, second])


def compute(run: BertRun, wanted: StillWanted) -> Iterator[Floats]:
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")

    def go_on(done: int, total: int) -> None:
        if not wanted():
            raise CancelledError

    yield head_distances(run.attentions, progress=go_on)


def closest_pair(distances: Floats) -> tuple[int, int]:
    """The two different heads that are most alike."""
    rows, columns = np.triu_indices(len(distances), k=1)
    best = int(distances[rows, columns].argmin())
    return int(rows[best]), int(columns[best])


def head(number: int, heads: int) -> str:
    return f"{number // heads + 1}.{number % heads + 1}"


def distance_figure(distances: Floats, names: list[str], colours: Palette) -> go.Figure:
    """Near is dark: one hue, as for attention."""
    heatmap = {
        "type": "heatmap",
        "z": distances,
        "x": names,
        "y": names,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [(0, colours.high), (1, colours.low)],
        "showscale": False,
        "hovertemplate": words.ALIKE_HOVER + "<extra></extra>",
    }
    layout = blank_layout(colours, height=SIZE, l=36, t=36)
    step = -(-len(names) // 36)
    axis = {
        "type": "category",
        "tickmode": "array",
        "tickvals": list(range(0, len(names), step)),
        "ticktext": names[::step],
        "tickfont": {"size": 10},
    }
    layout["xaxis"] |= axis | {"side": "top", "tickangle": -90}
    layout["xaxis"] |= {"constrain": "domain", "constraintoward": "left"}
    layout["yaxis"] |= axis | {"autorange": "reversed", "scaleanchor": "x"}
    return go.Figure([heatmap], layout)
