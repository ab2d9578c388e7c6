"""Beside raw attention: weights times values, and rollout through the layers."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.maps import AttentionMap, head_name, read_attention
from bert_core.attention.norms import value_weighted
from bert_core.attention.rollout import attention_rollout
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from ui import markup
from ui.attention.maps import PLOTLY_TOKENS, draw_weights
from ui.attention.measured import remembered
from ui.components.pictures import picture_buttons
from ui.page import Page, sentence_on_failure
from ui.takeaway import draw_foot
from ui.words import attention_how as how_words
from ui.words import attention_studies as words
from ui.words import common

SIZE = 380
UNLIKE = 1.5  # times: what is less apart is called alike

Reading = tuple[str, str, str, AttentionMap]


def draw_flow(page: Page, run: BertRun) -> None:
    with sentence_on_failure():
        found = readings(page, run)
        markup.heading(*headline(run, *(shown for *_, shown in found[:2])))
        for column, reading in zip(st.columns(3, gap="medium"), found, strict=True):
            with column:
                draw_reading(page, run, *reading)
        draw_foot(
            page, words.FLOW_COLUMNS, lambda: table_rows(run, found), how_words.FLOW, study="flow"
        )


def headline(run: BertRun, raw: AttentionMap, weighted: AttentionMap) -> tuple[str, str]:
    """How much of the attention rests on [CLS] and [SEP], and how much of what comes from there."""
    special = [at for at, sequence in enumerate(run.encoding.sequences) if sequence is None]
    looked, given = (
        float(shown.weights[:, special].sum(axis=1).mean()) for shown in (raw, weighted)
    )
    if given * UNLIKE <= looked:
        form = words.FLOW_LESS
    else:
        form = words.FLOW_MORE if looked * UNLIKE <= given else words.FLOW_ALIKE
    name = head_name(raw.layer, raw.head)
    return form.format(looked=percent(looked), given=percent(given)), words.FLOW_QUIET.format(
        name=name
    )


def draw_reading(
    page: Page, run: BertRun, key: str, title: str, quiet: str, shown: AttentionMap
) -> None:
    markup.heading(title, quiet)
    chart = f"attention.flow.{key}"
    name = f"{title}, {quiet}"
    draw_weights(page, run.encoding, shown, chart, title, name=name, size=SIZE, saveable=True)
    if len(shown.tokens) <= PLOTLY_TOKENS:
        picture_buttons(
            chart, key=f"{chart}.pictures", name=f"bert-lens-{key}", labels=common.PICTURES
        )


def table_rows(run: BertRun, found: Sequence[Reading]) -> Iterator[tuple[Any, ...]]:
    """The three weights of each two tokens; tokens count from 0."""
    tokens = run.encoding.tokens
    for query, row in enumerate(tokens):
        for key, column in enumerate(tokens):
            weights = (float(shown.weights[query, key]) for *_, shown in found)
            yield query, row, key, column, *weights


def readings(page: Page, run: BertRun) -> list[Reading]:
    """Key, title, what it is, and the map of each of the three."""
    tokens, at = run.encoding.tokens, (page.layer, page.head)
    if run.attentions is None:
        return []
    weighted = remembered(page, run, "norms", lambda: value_weighted(page.bert, run))
    rolled = remembered(page, run, "rollout", lambda: rollout_of(run))
    name = head_name(*at)
    return [
        ("raw", words.RAW, name, read_attention(run.attentions, tokens, *at)),
        ("norms", words.NORMS, name, read_attention(weighted, tokens, *at, renormalise=True)),
        (
            "rollout",
            words.ROLLOUT,
            words.ROLLOUT_QUIET.format(layer=page.layer + 1),
            read_attention(rolled[:, None], tokens, page.layer, 0),
        ),
    ]


def rollout_of(run: BertRun) -> Floats:
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    return attention_rollout(run.attentions)
