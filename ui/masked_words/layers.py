"""Through the layers: what the masked-word head says of every layer's state."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bert_core.figures.layer_lines import layer_line, probability_lines, rank_lines
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
HEIGHT = 280  # pixels
LOW = 220


def draw_layers(page: Page, encoding: Encoding, place: int | None) -> None:
    if place is None:
        markup.note(words.TARGETS_NEEDS)
        return
    (run,) = page.ask([Asked(encoding, {HIDDEN_STATES})])
    reading = read_layers(page.bert, run, place, GUESSES)
    markup.heading(answer(reading), words.LENS_QUIET)
    left, right = st.columns([6, 5], gap="large")
    with left:
        charts.draw(
            lens_table(reading, page.colours, words.LENS_AXES),
            CHART,
            answer(reading),
            saveable=True,
        )
        markup.note(words.LENS_NOTE)
    with right:
        figure = probability_lines(reading, page.colours, words.LENS_SHARE, height=HEIGHT)
        draw_line("share", words.LENS_FOLLOW, figure)
    draw_lines(page, reading)
    draw_study_foot(page, "layers", words.LENS_COLUMNS, lambda: table_rows(reading), chart=CHART)


def answer(reading: LayerReading) -> str:
    final = markup.short(reading.pieces[-1][0])
    template = words.LENS if reading.settled else words.LENS_EMBEDDINGS
    return template.format(answer=final, layer=reading.settled)


def draw_lines(page: Page, reading: LayerReading) -> None:
    """The rank of what is followed, how far each state is from the last, how undecided it is."""
    colours, low = page.colours, min(float(reading.cosines.min()), 0.0)
    pictures = (
        ("rank", words.LENS_PLACE, rank_lines(reading, colours, words.LENS_RANK, height=LOW)),
        (
            "cosine",
            words.LENS_DRIFT,
            layer_line(
                reading.cosines,
                colours,
                words.LENS_COSINE,
                span=(low, 1.0),
                number=".2f",
                height=LOW,
            ),
        ),
        (
            "entropy",
            words.LENS_UNSURE,
            layer_line(reading.entropies, colours, words.LENS_ENTROPY, number=".1f", height=LOW),
        ),
    )
    for column, picture in zip(st.columns(3, gap="medium"), pictures, strict=True):
        with column:
            draw_line(*picture)


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
