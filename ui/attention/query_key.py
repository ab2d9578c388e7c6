"""q and k: how one row of the open head is made."""

import streamlit as st

from bert_core.attention.query_key import QueryKey, read_query_key
from bert_core.figures.query_key import MOST_KEYS, query_key_figure, shown_keys
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from ui import charts, markup
from ui.default_tokens import text_positions, word_positions
from ui.page import Page, sentence_on_failure
from ui.words import attention_query_key as words

STRONGEST = 5


def draw_query_key(page: Page, run: BertRun) -> None:
    with sentence_on_failure():
        query = page.look if page.look is not None else first_token(run.encoding)
        reading = read_query_key(page.bert, run, page.layer, page.head, query)
        draw_reading(page, reading)


def first_token(encoding: Encoding) -> int:
    """The first token with a letter or digit in it; without one, the first of the text."""
    return next(iter(word_positions(encoding) or text_positions(encoding)), 0)


def draw_reading(page: Page, reading: QueryKey) -> None:
    token = reading.tokens[reading.query]
    strongest = int(reading.attention.argmax())
    markup.heading(
        words.TITLE.format(query=token, key=reading.tokens[strongest]),
        words.TITLE_QUIET.format(
            score=float(reading.scores[strongest]), root=reading.keys.shape[1]
        ),
    )
    charts.draw(
        query_key_figure(reading, page.colours, words.COLUMNS),
        "attention.qk",
        words.ALT.format(query=token),
        saveable=True,
    )
    made_of = ", ".join(
        words.DIMENSION.format(number=number, product=product)
        for number, product in reading.dominant(strongest, STRONGEST)
    )
    markup.note(words.MADE_OF.format(key=reading.tokens[strongest], made_of=made_of))
    markup.note(words.NOTE)
    markup.note(words.GAP.format(gap=reading.gap))
    hidden = len(reading.tokens) - len(shown_keys(reading))
    if hidden > 0:
        markup.note(words.HIDDEN.format(shown=MOST_KEYS, hidden=hidden))
    draw_numbers(reading)


def draw_numbers(reading: QueryKey) -> None:
    table = st.expander(words.NUMBERS, key="attention.qk.numbers", on_change="rerun")
    if table.open:
        columns = (
            reading.tokens,
            reading.scores,
            reading.scaled,
            reading.weights,
            reading.attention,
        )
        with table:
            st.dataframe(dict(zip(words.NUMBER_COLUMNS, columns, strict=True)), hide_index=True)
