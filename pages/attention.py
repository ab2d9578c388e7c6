"""Attention: all heads at once, one of them read in four ways, and what they do."""

import streamlit as st

from bert_core.model.inference import ATTENTIONS, HIDDEN_STATES, Asked
from ui import state
from ui.attention.alike import draw_alike
from ui.attention.compare import draw_compare
from ui.attention.explorer import draw_explorer
from ui.attention.flow import draw_flow
from ui.attention.links import draw_links
from ui.attention.many import draw_many
from ui.attention.picks import link_to, look_at
from ui.choices.attention import AttentionChoices
from ui.page import Page, open_page
from ui.tabs import draw_tabs
from ui.view import View
from ui.words import attention as words

TABS = {
    "none": draw_explorer,
    "links": draw_links,
    "many": draw_many,
    "flow": draw_flow,
    "alike": draw_alike,
    "compare": draw_compare,
}


def main() -> None:
    page = open_page("attention", words.TITLE, words.LEAD)
    encoding = page.masked_encoding(page.masked) if page.view.with_masks else page.encoding
    (run,) = page.run(Asked(encoding, kept(page)))
    page.strip(
        encoding, words.STRIP, look_at, picked=picked(page, len(encoding)), on_shift_click=link_to
    )
    if page.masked:
        with st.container(key="above-tabs"):
            st.toggle(words.WITH_MASKS, **state.bound(View, "with_masks", page.name))
    with draw_tabs(page, AttentionChoices, "study", words.TABS):
        page.part(lambda: TABS[page.view.chosen(AttentionChoices).study](page, run))
    page.finish()


def kept(page: Page) -> tuple[str, ...]:
    """What the open tab needs of the run."""
    chosen = page.view.chosen(AttentionChoices)
    neurons = chosen.reading == "bertviz" and chosen.bertviz == "neuron"
    states = chosen.study == "none" and (neurons or chosen.reading == "qk")
    return (ATTENTIONS, HIDDEN_STATES) if states or chosen.study == "flow" else (ATTENTIONS,)


def picked(page: Page, tokens: int) -> list[int]:
    """The token that is looked from, and the one it may be linked to while that is asked."""
    chosen = page.view.chosen(AttentionChoices)
    pressed = (page.look, chosen.key if chosen.study == "links" else None)
    return [at for at in pressed if at is not None and at < tokens]


main()
