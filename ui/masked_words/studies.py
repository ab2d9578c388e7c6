"""The questions under the guesses, one open at a time."""

import streamlit as st

from bert_core.model.tokenization import Encoding
from ui import markup
from ui.choices.masked_words import MaskedWordsChoices
from ui.masked_words.blank import draw_blank
from ui.masked_words.calibration import draw_calibration
from ui.masked_words.joint import draw_joint
from ui.masked_words.layers import draw_layers
from ui.masked_words.rank import draw_rank
from ui.masked_words.targets import draw_targets
from ui.masked_words.training import draw_training
from ui.page import Page
from ui.switches import draw_choice
from ui.words import masked_words_studies as words

STUDY = {
    "joint": draw_joint,
    "layers": draw_layers,
    "blank": draw_blank,
    "rank": draw_rank,
    "targets": draw_targets,
    "training": draw_training,
    "calibration": draw_calibration,
}


def draw_studies(page: Page, encoding: Encoding, place: int | None) -> None:
    """`encoding` has the masks of the page; `place` is the token whose guesses are listed."""
    with st.container(key="studies"):
        markup.heading(words.TITLE)
        draw_choice(page, MaskedWordsChoices, "mlm", words.TITLE, words.STUDIES)
        asked = page.view.chosen(MaskedWordsChoices).mlm
        if asked in STUDY:
            page.part(lambda: STUDY[asked](page, encoding, place))
