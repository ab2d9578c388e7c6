"""All heads as small maps, sorted as asked."""

import numpy as np
import streamlit as st

from bert_core.attention.measures import HeadMeasure, HeadMeasures
from bert_core.figures.thumbnails import pool_maps
from bert_core.model.inference import BertRun
from ui import markup, state
from ui.attention.measured import measures_of, role_note, roles_of
from ui.attention.picks import open_head
from ui.choices.attention import AttentionChoices
from ui.components.heads import head_grid
from ui.page import Page
from ui.words import attention as words
from ui.words import attention_heads as head_words

SORTER = 190  # pixels


def draw_all_heads(page: Page, run: BertRun) -> None:
    if run.attentions is None:
        return
    measures = measures_of(page, run)
    with st.container(horizontal=True, vertical_alignment="center", key="menus-sort"):
        markup.heading(
            words.ALL, words.ALL_QUIET.format(layers=page.bert.layers, heads=page.bert.heads)
        )
        draw_sorter(page, measures)
    order = sorted_heads(measures, page.view.chosen(AttentionChoices).sort)
    notes = [[role_note(role) for role in row] for row in roles_of(page, run)]
    head_grid(
        pool_maps(run.attentions),
        key="attention.heads",
        layer=page.layer,
        head=page.head,
        tokens=run.attentions.shape[-1],
        label=words.GRID,
        notes=notes,
        order=order,
        on_pick=lambda picked: open_head(*picked),
    )


def draw_sorter(page: Page, measures: HeadMeasures) -> None:
    known = ["layer", *(name for name, one in measures.measures.items() if defined(one))]
    asked = page.view.chosen(AttentionChoices).sort
    shown = asked if asked in known else "layer"
    st.selectbox(
        words.SORT,
        known,
        format_func=lambda name: head_words.SORTED.format(name=head_words.MEASURES[name]),
        label_visibility="collapsed",
        filter_mode=None,
        width=SORTER,
        **state.bound(AttentionChoices, "sort", page.name, shown, argument="index", options=known),
    )


def defined(measure: HeadMeasure) -> bool:
    return not bool(np.isnan(measure.values).all())


def sorted_heads(measures: HeadMeasures, sort: str) -> list[int] | None:
    """The heads (layer * heads + head), the largest value of the measure first; None by layer."""
    if sort not in measures.measures or not defined(measures.measures[sort]):
        return None
    values = np.nan_to_num(measures.measures[sort].values, nan=-np.inf).ravel()
    return [int(at) for at in np.argsort(-values, kind="stable")]
