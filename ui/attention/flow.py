"""Beside raw attention: weights times values, and rollout through the layers."""

import streamlit as st

from bert_core.attention import AttentionMap, head_name, read_attention
from bert_core.attention_norms import value_weighted
from bert_core.inference import BertRun, Floats
from bert_core.rollout import attention_rollout
from ui import html
from ui.attention.maps import draw_weights
from ui.attention.measured import remembered
from ui.page import Page, sentence_on_failure
from ui.words import studies as words

SIZE = 380


def draw_flow(page: Page, run: BertRun) -> None:
    with sentence_on_failure():
        for column, (key, title, quiet, shown) in zip(
            st.columns(3, gap="medium"), readings(page, run), strict=True
        ):
            with column:
                html.heading(title, quiet)
                draw_weights(
                    page,
                    run.encoding,
                    shown,
                    f"attention.flow.{key}",
                    title,
                    name=f"{title}, {quiet}",
                    size=SIZE,
                )
    html.note(words.FLOW_NOTE)


def readings(page: Page, run: BertRun) -> list[tuple[str, str, str, AttentionMap]]:
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
