"""Which head links these two: all heads by the share that goes from the one word to the other."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.links import RankedLink, rank_links
from bert_core.figures.bars import share_bars
from bert_core.figures.head_tiles import head_tiles
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from ui import charts, markup, state
from ui.attention.anyway import draw_anyway
from ui.attention.measured import role_note, roles_of
from ui.attention.picks import show_head
from ui.choices.attention import AttentionChoices
from ui.page import Page
from ui.revisions import revised
from ui.takeaway import draw_foot
from ui.words import attention_how as how_words
from ui.words import attention_links as words

MOST_LISTED = 9
MENU = 150  # pixels
LITTLE = 2  # times what even attention gives: a head below that links nothing


def draw_links(page: Page, run: BertRun) -> None:
    encoding = run.encoding
    key = page.view.chosen(AttentionChoices).key
    query, key = in_text(encoding, page.look), in_text(encoding, key)
    with st.container(key="links"):
        with st.container(horizontal=True, vertical_alignment="center", key="menus-links"):
            ranked = draw_headline(run, query, key)
            draw_word_menu(page, encoding, "look", query, words.FROM_WORD, look_from)
            draw_word_menu(page, encoding, "key", key, words.TO_WORD, link_to)
        if query is not None and key is not None and ranked:
            draw_heads(page, run, encoding.words[query].surface, ranked)
            draw_anyway(page, run, encoding.words[query], encoding.words[key], ranked[0].weight)
    draw_foot(
        page,
        words.COLUMNS if ranked else (),
        lambda: [(one.rank, one.layer + 1, one.head + 1, one.weight) for one in ranked],
        how_words.LINKS,
        chart="attention.links" if ranked else None,
        study="links",
    )


def in_text(encoding: Encoding, position: int | None) -> int | None:
    """The number of the word that the token is part of; None for special tokens."""
    if position is None:
        return None
    return next((at for at, word in enumerate(encoding.words) if position in word.positions), None)


def draw_headline(run: BertRun, query: int | None, key: int | None) -> tuple[RankedLink, ...]:
    """Which head it is, or what is still to be chosen; all heads, the strongest first."""
    names = [markup.short(word.surface) for word in run.encoding.words]
    if query is None:
        markup.heading(words.ASK, words.FIRST)
    elif key is None:
        markup.heading(words.ASK, words.SECOND.format(word=names[query]))
    elif query == key:
        markup.heading(words.ASK, words.SAME.format(word=names[query]))
    elif run.attentions is not None:
        first, second = run.encoding.words[query], run.encoding.words[key]
        ranked = rank_links(run.attentions, first.positions, second.positions)
        even = len(second.positions) / len(run.encoding)
        way = words.WAYS["before" if key < query else "after"]
        markup.heading(*headline(ranked[0], (names[query], names[key]), way, even))
        return ranked
    return ()


def headline(best: RankedLink, names: tuple[str, str], way: str, even: float) -> tuple[str, str]:
    """even: what even attention gives to the second word."""
    said = {"head": head(best), "query": names[0], "key": names[1], "way": way}
    share = percent(best.weight)
    if best.weight < LITTLE * even:
        return words.NO_LINK.format(**said), words.NO_LINK_QUIET.format(
            share=share, even=percent(even)
        )
    return words.LINK.format(**said), words.LINK_QUIET.format(share=share)


def draw_word_menu(
    page: Page,
    encoding: Encoding,
    field: str,
    word: int | None,
    label: str,
    take: Callable[[int], None],
) -> None:
    """The words of the text; equal ones carry the number of their first token."""
    surfaces = [one.surface for one in encoding.words]
    options = [one.positions[0] for one in encoding.words]
    names = {
        at: f"{one} · {at}" if surfaces.count(one) > 1 else one
        for at, one in zip(options, (markup.short(one, 20) for one in surfaces), strict=True)
    }
    st.selectbox(
        label,
        options,
        format_func=lambda at: label.format(word=names[at]),
        placeholder=label.format(word="…"),
        label_visibility="collapsed",
        filter_mode=None,
        width=MENU,
        **revised(
            f"{page.name}.{field}",
            None if word is None else options[word],
            take,
            argument="index",
            options=options,
        ),
    )


def look_from(position: int) -> None:
    state.change(look=position)


def link_to(position: int) -> None:
    state.choose(AttentionChoices, key=position)


def draw_heads(page: Page, run: BertRun, query: str, ranked: Sequence[RankedLink]) -> None:
    """The strongest heads as bars, and all of them as tiles."""
    listed, by_place = ranked[:MOST_LISTED], sorted(ranked, key=place)
    left, right = st.columns(2, gap="large")
    with left:
        markup.heading(words.STRONGEST, words.STRONGEST_QUIET.format(word=markup.short(query)))
        charts.draw_clickable(
            share_bars(
                [head(link) for link in listed],
                [link.weight for link in listed],
                page.colours,
                colour=page.colours.high,
            ),
            "attention.links",
            words.BARS,
            [words.OPEN.format(head=head(link)) for link in listed],
            lambda row: show_head(*place(listed[row])),
        )
        best = ranked[0]
        note = role_note(roles_of(page, run)[best.layer][best.head])
        markup.note(words.ROLE.format(head=head(best), role=note) if note else words.PRESS)
    with right:
        markup.heading(words.ALL.format(count=len(ranked)), words.ALL_QUIET)
        charts.draw_clickable(
            head_tiles(shares(page, ranked), page.colours, opened=(page.layer, page.head)),
            "attention.all_links",
            words.TILES,
            [words.TILE.format(head=head(link), share=percent(link.weight)) for link in by_place],
            lambda number: show_head(*place(by_place[number])),
        )


def shares(page: Page, ranked: Sequence[RankedLink]) -> Floats:
    """(layer, head) weights of the link."""
    weights = np.zeros((page.bert.layers, page.bert.heads), np.float32)
    for link in ranked:
        weights[place(link)] = link.weight
    return weights


def place(link: RankedLink) -> tuple[int, int]:
    return link.layer, link.head


def head(link: RankedLink) -> str:
    return f"{link.layer + 1}.{link.head + 1}"
