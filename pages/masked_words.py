"""Masked words: hide words, see what BERT expects there, put a guess in."""

import streamlit as st

from bert_core.model.inference import HIDDEN_STATES, Asked
from bert_core.model.tokenization import Encoding
from ui.choices.masked_words import MaskedWordsChoices
from ui.default_tokens import default_mask
from ui.masked_words.hints import draw_hints
from ui.masked_words.masks import draw_presses, masks_of, press
from ui.masked_words.studies import draw_open_tab
from ui.page import Page, open_page
from ui.tabs import draw_tabs
from ui.words import masked_words as words
from ui.words import masked_words_studies as study_words


def main() -> None:
    page = open_page("masked_words", words.TITLE, words.LEAD)
    chosen = page.view.chosen(MaskedWordsChoices)
    encoding = page.masked_encoding(masks_of(page, page.view))
    place = chosen_place(page, encoding)
    # What a question will need comes with the first pass; the engine keeps it.
    page.run(Asked(encoding, {HIDDEN_STATES} if chosen.mlm == "layers" else ()))
    page.strip(
        encoding,
        words.STRIP_ASK if chosen.ask else words.STRIP,
        lambda at: press(page, at),
        action="look" if chosen.ask else "mask",
        whole_words=chosen.whole_words,
        picked=[] if place is None else [place],
        bars=words.BITS if page.bert.has_mlm else "",
    )
    with st.container(key="readout"):
        left, right = st.columns([5, 1], vertical_alignment="center")
        with left:
            draw_hints(page, encoding)
        with right:
            if chosen.mlm != "none":
                draw_presses(page)
            else:  # they stand beside the guesses: those of another tab go at once
                st.empty()
    with draw_tabs(page, MaskedWordsChoices, "mlm", study_words.TABS):
        page.part(lambda: draw_open_tab(page, encoding, place))
    page.finish()


def chosen_place(page: Page, encoding: Encoding) -> int | None:
    """The token whose guesses are listed."""
    chosen = page.view.chosen(MaskedWordsChoices)
    place = chosen.place
    known = encoding.masked if not chosen.ask else range(len(encoding))
    if place is not None and place in known and encoding.sequences[place] is not None:
        return place
    return next(iter(encoding.masked or default_mask(page.encoding)), None)


main()
