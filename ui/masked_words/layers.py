"""Through the layers: what the masked-word head says of every layer's state."""

from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bert_core.figures.layer_lines import layer_line, probability_lines
from bert_core.figures.lens import lens_table
from bert_core.inside.lens import LayerReading, read_layers
from bert_core.model.inference import HIDDEN_STATES, Asked
from bert_core.model.tokenization import Encoding
from ui import charts, markup
from ui.page import Page
from ui.takeaway import draw_study_foot
from ui.words import masked_words_studies as words

GUESSES = 5
CHART = "masked_words.lens"
HEIGHT = 200  # pixels


def draw_layers(page: Page, encoding: Encoding, place: int | None) -> None:
    if place is None:
        markup.note(words.TARGETS_NEEDS)
        return
    (run,) = page.ask([Asked(encoding, {HIDDEN_STATES})])
    reading = read_layers(page.bert, run, place, GUESSES)
    markup.heading(answer(reading), words.LENS_QUIET)
    left, right = st.columns([5, 4], gap="large")
    with left:
        charts.draw(
            lens_table(reading, page.colours, words.LENS_AXES),
            CHART,
            answer(reading),
            saveable=True,
        )
        markup.note(words.LENS_NOTE.format(layer=last_layer(reading)))
    with right:
        draw_lines(page, reading)
    draw_study_foot(page, "layers", words.LENS_COLUMNS, lambda: table_rows(reading), chart=CHART)


def answer(reading: LayerReading) -> str:
    """From which layer on the final answer is the first guess."""
    if reading.settled == last_layer(reading):
        template = words.LENS_LAST
    else:
        template = words.LENS if reading.settled else words.LENS_EMBEDDINGS
    return template.format(answer=markup.short(reading.pieces[-1][0]), layer=reading.settled)


def last_layer(reading: LayerReading) -> int:
    return len(reading.pieces) - 1


def draw_lines(page: Page, reading: LayerReading) -> None:
    """How the answer rises; below it how far each state is from the last, how undecided it is."""
    colours, most = page.colours, reading.entropies
    figure = probability_lines(reading, colours, words.LENS_SHARE, height=HEIGHT)
    draw_line("share", words.LENS_FOLLOW, figure)
    left, right = st.columns(2, gap="medium")
    with left:
        span = (min(floor(float(reading.cosines.min())), 0), 1)
        figure = layer_line(reading.cosines, colours, span, number=".2f")
        draw_line("cosine", words.LENS_DRIFT.format(layer=last_layer(reading)), figure)
    with right:
        figure = layer_line(most, colours, (floor(most.min()), ceil(most.max())), number=".1f")
        draw_line("entropy", words.LENS_UNSURE, figure)


def draw_line(key: str, title: str, figure: go.Figure) -> None:
    markup.heading(title)
    charts.draw(figure, f"{CHART}.{key}", title)


def table_rows(reading: LayerReading) -> Iterator[tuple[Any, ...]]:
    """Every layer's guesses, then the pieces that are followed; layer 0 is the embeddings."""
    for layer, pieces in enumerate(reading.pieces):
        for piece, share in zip(pieces, reading.probabilities[layer], strict=True):
            yield layer, piece, float(share), None, None, None
        for at, followed in enumerate(reading.followed):
            share, rank = reading.followed_probabilities[at, layer], reading.ranks[at, layer]
            yield layer, None, None, followed, float(share), int(rank)
