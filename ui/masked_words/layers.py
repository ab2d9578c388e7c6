"""Through the layers: what the masked-word head says of every layer's state."""

from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bert_core.figures.layer_lines import layer_line, probability_lines
from bert_core.figures.lens import lens_table
from bert_core.inside.lens import LayerReading, read_layers
from bert_core.masked_words.targets import Targets, parse_targets
from bert_core.model.inference import HIDDEN_STATES, Asked
from bert_core.model.tokenization import Encoding
from ui import charts, markup, state
from ui.choices.masked_words import LONGEST_LIST, MaskedWordsChoices
from ui.masked_words.answer import Answer
from ui.masked_words.predictions import put_piece_in
from ui.page import Page
from ui.words import masked_words as page_words
from ui.words import masked_words_studies as words

GUESSES = 5
CHART = "masked_words.lens"
# Pixels: of the large picture beside the table, and of the two below it.
LARGE, SMALL = 166, 118
MOST_FOLLOWED = 6


def draw_layers(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    if place is None:
        markup.note(words.TARGETS_NEEDS)
        return None
    (run,) = page.ask([Asked(encoding, {HIDDEN_STATES})])
    followed = followed_words(page)
    reading = read_layers(page.bert, run, place, GUESSES, followed.ids[:MOST_FOLLOWED])
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        markup.heading(answer(reading), words.LENS_QUIET)
    with right:
        draw_follow(page, reading, followed)
    left, right = st.columns([5, 4], gap="large")
    with left:
        draw_table(page, encoding, reading)
    with right, st.container(gap="xxsmall"):
        draw_lines(page, reading)
    return Answer(words.LENS_COLUMNS, lambda: table_rows(reading), CHART)


def followed_words(page: Page) -> Targets:
    """The words that are followed besides the answer and what the text has."""
    asked = page.view.chosen(MaskedWordsChoices).targets
    return parse_targets(page.bert, asked) if asked.strip() else Targets((), (), ())


def draw_follow(page: Page, reading: LayerReading, followed: Targets) -> None:
    names = ", ".join(markup.short(piece, 16) for piece in reading.followed)
    label = markup.escape_markdown(words.LENS_FOLLOWED.format(names=markup.short(names)))
    with st.popover(label, width="stretch"):
        st.text_input(
            words.LENS_MORE,
            max_chars=LONGEST_LIST,
            **state.bound(MaskedWordsChoices, "targets", page.name),
        )
        for problem in followed.problems:
            markup.note(problem)


def draw_table(page: Page, encoding: Encoding, reading: LayerReading) -> None:
    """The guesses of every layer; a press on a cell puts its guess in."""
    pieces = [piece for row in reading.pieces for piece in row]
    charts.draw_clickable(
        lens_table(reading, page.colours, words.LENS_AXES),
        CHART,
        answer(reading),
        [page_words.PUT_BAR.format(piece=piece, position=reading.position) for piece in pieces],
        lambda cell: put_piece_in(page, reading.position, pieces[cell]),
    )
    markup.note(words.LENS_NOTE.format(layer=last_layer(reading)))


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
    figure = probability_lines(reading, colours, words.LENS_SHARE, height=LARGE)
    draw_line("share", words.LENS_FOLLOW, figure)
    left, right = st.columns(2, gap="medium")
    with left:
        span = (min(floor(float(reading.cosines.min())), 0), 1)
        figure = layer_line(reading.cosines, colours, span, number=".2f", height=SMALL)
        draw_line("cosine", words.LENS_DRIFT.format(layer=last_layer(reading)), figure)
    with right:
        figure = layer_line(
            most, colours, (floor(most.min()), ceil(most.max())), number=".1f", height=SMALL
        )
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
