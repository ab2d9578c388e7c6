"""Every token with its numbers, as a table."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.model.tokenization import Encoding
from ui import markup
from ui.page import Page
from ui.takeaway import draw_foot, to_table
from ui.words import tokenization as words

ROW = 35  # pixels of a row of the table, and of its head
MOST_ROWS = 13  # that stand on the first screen; the table scrolls


def draw_tokens(page: Page) -> None:
    encoding = page.encoding
    markup.heading(*headline(page))
    st.dataframe(
        to_table(words.COLUMNS, table_rows(encoding)),
        hide_index=True,
        height=ROW * (min(len(encoding), MOST_ROWS) + 1) + 2,
        key="tokenization.tokens",
    )
    draw_foot(page, words.COLUMNS, lambda: table_rows(encoding), words.HOW_TABLE, study="tokens")


def headline(page: Page) -> tuple[str, str]:
    """How many tokens the model reads, strong and quiet, and how many it left out."""
    encoding = page.encoding
    pieces = sum(sequence is not None for sequence in encoding.sequences)
    quiet = words.COUNT_QUIET.format(
        words=counted(words.WORDS, len(encoding.words)),
        pieces=counted(words.PIECES, pieces),
        special=len(encoding) - pieces,
    )
    return words.COUNT.format(count=len(encoding), limit=page.bert.max_tokens), quiet


def counted(forms: tuple[str, str], count: int) -> str:
    """A number with its noun in the singular or the plural."""
    return forms[count != 1].format(count=count)


def table_rows(encoding: Encoding) -> Iterator[tuple[Any, ...]]:
    """One row for each token; everything counts from 0."""
    for at, piece in enumerate(encoding.tokens):
        sequence, word = encoding.sequences[at], encoding.word_ids[at]
        start, end = encoding.offsets[at]
        yield (
            at,
            encoding.ids[at],
            piece,
            None if sequence is None else encoding.surface(at),
            None if sequence is None else "AB"[sequence],
            encoding.segments[at],
            word,
            None if sequence is None else start,
            None if sequence is None else end,
        )
