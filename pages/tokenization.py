"""Tokenization: the pieces of a text, where they come from, and how each word was cut."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.model.tokenization import Encoding
from ui import state
from ui.page import open_page
from ui.takeaway import draw_foot
from ui.tokenization.cuts import (
    chosen_word,
    draw_changed,
    draw_count,
    draw_special,
    draw_trace,
    draw_unknown,
)
from ui.words import tokenization as words


def main() -> None:
    page = open_page("tokenization", words.TITLE, words.LEAD)
    encoding = page.encoding
    word = chosen_word(page)
    page.strip(
        encoding,
        words.STRIP,
        lambda at: state.change(look=at),
        detail=True,
        picked=word.positions if word is not None else [],
    )
    page.report(None)
    left, right = st.columns(2, gap="large")
    with left:
        draw_trace(page, word)
        draw_count(page)
    with right:
        draw_changed(page)
        draw_unknown(page)
        draw_special()
    draw_foot(page, words.COLUMNS, lambda: table_rows(encoding), words.HOW)
    page.finish()


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


main()
