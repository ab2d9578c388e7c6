"""Pretraining: small BERTs that learn while one watches."""

import streamlit as st

from ui import markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import open_frame
from ui.pretraining.compare import draw_compare
from ui.pretraining.learning import draw_learning
from ui.pretraining.looks import draw_looks
from ui.pretraining.models import draw_bring
from ui.pretraining.scale import draw_scale
from ui.pretraining.start import draw_start
from ui.pretraining.watching import draw_states
from ui.settings import settings
from ui.tabs import draw_tabs
from ui.words import pretraining as words

TAB = {
    "learning": draw_learning,
    "looks": draw_looks,
    "scale": draw_scale,
    "compare": draw_compare,
}


def main() -> None:
    frame = open_frame("pretraining", words.TITLE, words.LEAD)
    if not settings().lab_runs:
        markup.note(words.OFF)
        draw_scale(frame)
    else:
        draw_start(frame)
        draw_states(frame)
        with draw_tabs(frame, PretrainingChoices, "lab", words.TABS):
            TAB[frame.view.chosen(PretrainingChoices).lab](frame)
        with st.expander(words.BRING):
            draw_bring()
    frame.finish()


main()
