"""BertViz's own views of the same run."""

import streamlit as st

from bert_core.exports.bertviz import head_view_html, model_view_html, neuron_view_html
from bert_core.model.inference import BertRun
from ui import markup
from ui.choices.attention import AttentionChoices
from ui.page import Page, sentence_on_failure
from ui.switches import draw_choice
from ui.words import attention as words


def draw_bertviz(page: Page, run: BertRun) -> None:
    draw_choice(page, AttentionChoices, "bertviz", words.BERTVIZ_VIEW, words.BERTVIZ_VIEWS)
    markup.note(words.BERTVIZ_NOTE)
    with sentence_on_failure():
        st.iframe(make_view(page, run), height="content")


def make_view(page: Page, run: BertRun) -> str:
    """The document of the chosen view; equal runs give equal ones, so that no frame reloads."""
    dark, asked = page.is_dark, page.view.chosen(AttentionChoices).bertviz
    if asked == "model":
        return model_view_html(run, dark=dark)
    if asked == "neuron":
        return neuron_view_html(page.bert, run, layer=page.layer, head=page.head, dark=dark)
    return head_view_html(run, layer=page.layer, head=page.head, dark=dark)
