"""Attention: all heads at once, one of them read in four ways, and what they do."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.model.inference import ATTENTIONS, HIDDEN_STATES, Asked
from bert_core.model.tokenization import Encoding
from ui.attention.all_heads import draw_all_heads, draw_head_figures
from ui.attention.exports import downloads, picture_of
from ui.attention.neighbours import draw_neighbours
from ui.attention.one_head import draw_head
from ui.attention.picks import look_at
from ui.attention.studies import draw_studies
from ui.choices.attention import AttentionChoices
from ui.page import Page, open_page
from ui.takeaway import draw_foot
from ui.words import attention as words

# Readings that need more of the page than a map does: all heads, and the open one.
WIDTHS = {"qk": [4, 7], "bertviz": [4, 7]}


def main() -> None:
    page = open_page("attention", words.TITLE, words.LEAD)
    encoding = page.masked_encoding(page.masked) if page.view.with_masks else page.encoding
    (run,) = page.run(Asked(encoding, kept(page)))
    if run.attentions is None:
        page.finish()
        return
    page.strip(encoding, words.STRIP, look_at, picked=picked(page, len(encoding)))
    shown = chosen_map(page, encoding, run.attentions)
    # On a phone style.css puts the open head between the two parts of the left column.
    with st.container(key="explorer"):
        reading = page.view.chosen(AttentionChoices).reading
        left, right = st.columns(WIDTHS.get(reading, [5, 6]), gap="large")
    with left, st.container():
        draw_all_heads(page, run)
    with left, st.container(key="explorer-numbers"):
        draw_head_figures(page, run)
        draw_neighbours(page, encoding, shown)
    with right:
        draw_head(page, encoding, run, shown)
    draw_studies(page, run)
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(encoding, shown),
        words.HOW,
        more=downloads(page, run),
        chart=picture_of(page, shown),
    )
    page.finish()


def kept(page: Page) -> tuple[str, ...]:
    """What the readings that are open need of the run."""
    chosen = page.view.chosen(AttentionChoices)
    neurons = chosen.reading == "bertviz" and chosen.bertviz == "neuron"
    needs_states = neurons or chosen.reading == "qk" or chosen.study == "flow"
    return (ATTENTIONS, HIDDEN_STATES) if needs_states else (ATTENTIONS,)


def picked(page: Page, tokens: int) -> list[int]:
    """The token that is looked from, and the one it may be linked to while that is asked."""
    chosen = page.view.chosen(AttentionChoices)
    pressed = (page.look, chosen.key if chosen.study == "links" else None)
    return [at for at in pressed if at is not None and at < tokens]


def chosen_map(page: Page, encoding: Encoding, attentions: Floats) -> AttentionMap:
    """What the switches above the map ask for."""
    chosen = page.view.chosen(AttentionChoices)
    special = [at for at, sequence in enumerate(encoding.sequences) if sequence is None]
    only_special = len(special) == len(encoding)
    return read_attention(
        attentions,
        encoding.tokens,
        layer=None if chosen.average == "all" else page.layer,
        head=page.head if chosen.average == "head" else None,
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


main()
