"""The questions under the picture, one open at a time."""

import streamlit as st

from bert_core.model.inference import BertRun
from ui import markup
from ui.attention.alike import draw_alike
from ui.attention.compare import draw_compare
from ui.attention.flow import draw_flow
from ui.attention.links import draw_links
from ui.attention.many import draw_many
from ui.choices.attention import AttentionChoices
from ui.page import Page
from ui.switches import draw_choice
from ui.words import attention_studies as words

STUDY = {
    "links": draw_links,
    "many": draw_many,
    "flow": draw_flow,
    "alike": draw_alike,
    "compare": draw_compare,
}


def draw_studies(page: Page, run: BertRun) -> None:
    with st.container(key="studies"):
        markup.heading(words.TITLE)
        draw_choice(page, AttentionChoices, "study", words.TITLE, words.STUDIES)
        asked = page.view.chosen(AttentionChoices).study
        if asked in STUDY:
            page.part(lambda: STUDY[asked](page, run))
