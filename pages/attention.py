"""Attention: all heads at once, one of them as a heatmap, and one token's row and column."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.attention import AttentionMap, head_name, read_attention
from bert_core.figures.attention_map import attention_heatmap
from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_maps
from bert_core.inference import ATTENTIONS, Floats
from bert_core.tokenization import Encoding
from ui import charts, html, state
from ui.components.heads import head_grid
from ui.page import Page, open_page
from ui.takeaway import draw_foot
from ui.view import AVERAGES, SPECIALS
from ui.words import attention as words

STRONGEST = 6


def main() -> None:
    page = open_page("attention", words.TITLE, words.LEAD)
    encoding = page.masked_encoding(page.masked) if page.view.with_masks else page.encoding
    (run,) = page.run((encoding, (ATTENTIONS,)))
    if run.attentions is None:
        return
    page.strip(
        encoding, words.STRIP, look_from, picked=[page.look] if page.look is not None else []
    )
    shown = chosen_map(page, encoding, run.attentions)
    left, right = st.columns([5, 6], gap="large")
    with left:
        draw_all_heads(page, run.attentions)
        draw_neighbours(page, encoding, shown)
    with right:
        draw_head(page, encoding, shown)
    draw_foot(page, words.COLUMNS, lambda: table_rows(encoding, shown), words.HOW)


def look_from(position: int) -> None:
    """Look from a token; a second press on it looks away."""
    looked = st.session_state[state.VIEW].look
    state.change(look=None if looked == position else position)


def chosen_map(page: Page, encoding: Encoding, attentions: Floats) -> AttentionMap:
    """What the switches above the map ask for."""
    view = page.view
    special = [at for at, sequence in enumerate(encoding.sequences) if sequence is None]
    only_special = len(special) == len(encoding)
    return read_attention(
        attentions,
        encoding.tokens,
        layer=None if view.average == "all" else page.layer,
        head=page.head if view.average == "head" else None,
        hidden=() if view.special == "show" or only_special else special,
        renormalise=view.special == "rest",
    )


def draw_all_heads(page: Page, attentions: Floats) -> None:
    html.heading(words.ALL, words.ALL_QUIET.format(layers=page.bert.layers, heads=page.bert.heads))
    head_grid(
        pool_maps(attentions),
        key="attention.heads",
        layer=page.layer,
        head=page.head,
        tokens=attentions.shape[-1],
        label=words.GRID,
        on_pick=lambda picked: state.change(layer=picked[0], head=picked[1], average="head"),
    )


def draw_head(page: Page, encoding: Encoding, shown: AttentionMap) -> None:
    name = head_name(shown.layer, shown.head)
    html.heading(name[0].upper() + name[1:])
    draw_switches(page)
    figure = attention_heatmap(
        shown, encoding.sequences, page.colours, picked=page.look, hover=words.HOVER
    )
    charts.draw(figure, "attention.map", words.MAP.format(name=name))
    html.note(words.COLOUR_NOTE.format(most=percent(float(shown.weights.max()))))
    if len(shown.tokens) < len(encoding):
        html.note(words.REST_NOTE if shown.renormalised else words.HIDDEN_NOTE)


def draw_switches(page: Page) -> None:
    with st.container(horizontal=True, gap="small"):
        st.segmented_control(
            words.AVERAGE,
            AVERAGES,
            format_func=words.AVERAGES.__getitem__,
            label_visibility="collapsed",
            required=True,
            **state.bound("average", page.name),
        )
        st.segmented_control(
            words.SPECIAL,
            SPECIALS,
            format_func=lambda choice: html.escape_markdown(words.SPECIALS[choice]),
            label_visibility="collapsed",
            required=True,
            **state.bound("special", page.name),
        )
    if page.masked:
        st.toggle(words.WITH_MASKS, **state.bound("with_masks", page.name))


def draw_neighbours(page: Page, encoding: Encoding, shown: AttentionMap) -> None:
    """What the token that is looked from attends to, and what attends to it."""
    look = page.look
    if look is None or look not in shown.positions:
        html.note(words.LOOK_NOTE)
        return
    token = encoding.tokens[look]
    readings = (
        ("from", words.FROM, shown.attends_to(look, STRONGEST)),
        ("to", words.TO, shown.attended_by(look, STRONGEST)),
    )
    for column, (key, title, strongest) in zip(st.columns(2), readings, strict=True):
        with column:
            html.heading(title.format(token=token))
            charts.draw(
                share_bars(
                    [encoding.tokens[at] for at, _ in strongest],
                    [weight for _, weight in strongest],
                    page.colours,
                    colour=page.colours.high,
                ),
                f"attention.{key}",
                title.format(token=token),
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
