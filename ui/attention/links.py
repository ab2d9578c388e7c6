"""Which head links these two, and how often some head does so anyway."""

from collections.abc import Sequence

import streamlit as st

from bert_core.attention.links import (
    LinkChance,
    RankedLink,
    how_often,
    link_distance,
    merge,
    rank_links,
)
from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from bert_core.texts.hundred import bundled_hundred
from ui import charts, markup
from ui.attention.measured import role_note, roles_of
from ui.attention.picks import open_head
from ui.attention.scans import read_texts
from ui.choices.attention import AttentionChoices
from ui.page import Page, sentence_on_failure
from ui.takeaway import draw_study_foot
from ui.words import attention_studies as words

MOST_LISTED = 8


def draw_links(page: Page, run: BertRun) -> None:
    encoding = run.encoding
    query, key = page.look, page.view.chosen(AttentionChoices).key
    if query is None or encoding.sequences[query] is None:
        markup.note(words.LINK_FIRST)
        return
    if key is None or key >= len(encoding) or encoding.sequences[key] is None:
        markup.note(words.LINK_SECOND.format(word=name_of(encoding, query)))
        return
    if word_of(encoding, query) == word_of(encoding, key):
        markup.note(words.LINK_SAME.format(word=name_of(encoding, query)))
        return
    with sentence_on_failure():
        draw_ranking(page, run, word_of(encoding, query), word_of(encoding, key))


def draw_ranking(page: Page, run: BertRun, queries: Sequence[int], keys: Sequence[int]) -> None:
    if run.attentions is None:
        return
    ranked = rank_links(run.attentions, queries, keys)
    best, names = ranked[0], (name_of(run.encoding, queries[0]), name_of(run.encoding, keys[0]))
    markup.heading(
        words.LINK.format(head=head(best), query=names[0], key=names[1]),
        words.LINK_SHARE.format(share=percent(best.weight)),
    )
    left, right = st.columns(2, gap="large")
    with left:
        draw_bars(page, run, ranked[:MOST_LISTED])
    with right:
        draw_chance(page, run, queries, keys, best.weight)
    draw_study_foot(
        page,
        "links",
        words.LINK_COLUMNS,
        lambda: [(one.rank, one.layer + 1, one.head + 1, one.weight) for one in ranked],
        chart="attention.links",
    )


def draw_bars(page: Page, run: BertRun, ranked: Sequence[RankedLink]) -> None:
    charts.draw_clickable(
        share_bars(
            [head(link) for link in ranked],
            [link.weight for link in ranked],
            page.colours,
            colour=page.colours.high,
        ),
        "attention.links",
        words.LINK_BARS,
        [words.OPEN_HEAD.format(head=head(link)) for link in ranked],
        lambda row: open_head(ranked[row].layer, ranked[row].head),
    )
    best = ranked[0]
    note = role_note(roles_of(page, run)[best.layer][best.head])
    markup.note(words.LINK_ROLE.format(head=head(best), role=note) if note else words.LINK_OPEN)


def draw_chance(
    page: Page, run: BertRun, queries: Sequence[int], keys: Sequence[int], weight: float
) -> None:
    """How often any head reaches as much: in this text, and in the bundled hundred."""
    if run.attentions is None:
        return
    distance = link_distance(run.encoding, queries, keys, "word")
    here = how_often(
        run.attentions, run.encoding, distance, weight, exclude=(queries, keys), unit="word"
    )
    side = words.SIDES["before" if distance < 0 else "after"]
    markup.heading(words.ANYWAY, words.ANYWAY_QUIET.format(count=abs(distance), side=side))
    rows = [chance_row(words.HERE, here)]
    readings = read_texts(page, bundled_hundred(), "attention.links")
    if readings:
        there = merge(one.links for one in readings).reaching(distance, weight)
        rows.append(chance_row(words.HUNDRED, there))
    markup.figures(rows)
    markup.note(words.ANYWAY_NOTE.format(heads=page.bert.layers * page.bert.heads))


def chance_row(where: str, chance: LinkChance) -> tuple[str, ...]:
    if chance.share is None:
        return where, words.NO_PAIRS, ""
    counts = words.PAIRS.format(reaching=chance.reaching, pairs=chance.pairs)
    return where, percent(chance.share), counts


def head(link: RankedLink) -> str:
    return f"{link.layer + 1}.{link.head + 1}"


def word_of(encoding: Encoding, position: int) -> tuple[int, ...]:
    """All pieces of the word that the token is part of."""
    word = encoding.word_at(position)
    return (position,) if word is None else word.positions


def name_of(encoding: Encoding, position: int) -> str:
    word = encoding.word_at(position)
    return encoding.tokens[position] if word is None else markup.short(word.surface)
