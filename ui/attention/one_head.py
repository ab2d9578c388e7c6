"""The open head, in one of four readings of the same numbers."""

import streamlit as st

from bert_core.attention.maps import AttentionMap, head_name
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from ui import markup
from ui.attention.arcs import draw_arcs
from ui.attention.bertviz import draw_bertviz
from ui.attention.maps import draw_weights
from ui.attention.query_key import draw_query_key
from ui.choices.attention import AttentionChoices
from ui.page import Page
from ui.switches import draw_choice, draw_menu
from ui.words import attention as words

AVERAGE_MENU, SPECIAL_MENU = 122, 148  # pixels


def draw_head(page: Page, encoding: Encoding, run: BertRun, shown: AttentionMap) -> None:
    """What was chosen of the heads, read as the switch above it says."""
    reading = page.view.chosen(AttentionChoices).reading
    draw_switches(page, reading)
    if reading == "qk":
        draw_query_key(page, run)
    elif reading == "bertviz":
        draw_bertviz(page, run)
    else:
        if reading == "arcs":
            draw_arcs(page, encoding, shown)
        else:
            draw_map(page, encoding, shown)
        if len(shown.tokens) < len(encoding):
            markup.note(words.REST_NOTE if shown.renormalised else words.HIDDEN_NOTE)


def draw_switches(page: Page, reading: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="menus-map"):
        draw_choice(page, AttentionChoices, "reading", words.READING, words.READINGS)
        if reading in ("map", "arcs"):
            st.space("stretch")
            draw_menu(
                page, AttentionChoices, "average", words.AVERAGE, words.AVERAGES, AVERAGE_MENU
            )
            draw_menu(
                page, AttentionChoices, "special", words.SPECIAL, words.SPECIALS, SPECIAL_MENU
            )


def draw_map(page: Page, encoding: Encoding, shown: AttentionMap) -> None:
    name = head_name(shown.layer, shown.head)
    label = words.MAP.format(name=name)
    draw_weights(page, encoding, shown, "attention.map", label, name=name, saveable=True)
    markup.note(words.COLOUR_NOTE.format(most=percent(float(shown.weights.max()))))
