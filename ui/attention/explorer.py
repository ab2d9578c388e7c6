"""The page's own picture: all heads, the open one as a map, and what it does."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from ui.attention.all_heads import draw_all_heads
from ui.attention.does import draw_does
from ui.attention.exports import downloads, picture_of
from ui.attention.neighbours import draw_neighbours
from ui.attention.one_head import draw_head
from ui.choices.attention import AttentionChoices
from ui.page import Page
from ui.takeaway import draw_foot
from ui.words import attention as words

# Readings that need more of the page than a map does: all heads, and the open one.
WIDTHS = {"qk": [4, 7], "bertviz": [4, 7]}


def draw_explorer(page: Page, run: BertRun) -> None:
    if run.attentions is None:
        return
    encoding, shown = run.encoding, chosen_map(page, run)
    # On a phone style.css puts the open head between the two parts of the left column.
    with st.container(key="explorer"):
        reading = page.view.chosen(AttentionChoices).reading
        left, right = st.columns(WIDTHS.get(reading, [10, 12]), gap="medium")
    with left, st.container():
        draw_all_heads(page, run)
    with left, st.container(key="explorer-numbers"):
        draw_does(page, run, shown)
        draw_neighbours(page, encoding, shown)
    with right:
        draw_head(page, encoding, run, shown)
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(encoding, shown),
        words.HOW,
        more=downloads(page, run),
        chart=picture_of(page, shown),
    )


def chosen_map(page: Page, run: BertRun) -> AttentionMap:
    """What the switches above the map ask for; q and k, and BertViz, are of one head always."""
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    chosen, encoding = page.view.chosen(AttentionChoices), run.encoding
    average = "head" if chosen.reading in WIDTHS else chosen.average
    special = [at for at, sequence in enumerate(encoding.sequences) if sequence is None]
    only_special = len(special) == len(encoding)
    return read_attention(
        run.attentions,
        encoding.tokens,
        layer=None if average == "all" else page.layer,
        head=page.head if average == "head" else None,
        hidden=() if chosen.special == "show" or only_special else special,
        renormalise=chosen.special == "rest",
    )


def table_rows(encoding: Encoding, shown: AttentionMap) -> Iterator[tuple[Any, ...]]:
    """Every weight that is shown; layers and heads count from 1, tokens from 0."""
    layer = "mean" if shown.layer is None else shown.layer + 1
    head = "mean" if shown.head is None else shown.head + 1
    for row, query in enumerate(shown.positions):
        for column, key in enumerate(shown.positions):
            weight = float(shown.weights[row, column])
            names = encoding.tokens[query], encoding.tokens[key]
            yield layer, head, query, names[0], key, names[1], weight
