"""Home: one sentence in, four readings out, each the door to its page."""

import streamlit as st

from bert_core.model.inference import ATTENTIONS, Asked
from ui.default_tokens import default_mask
from ui.home.examples import ask_about, draw_examples
from ui.home.readings import (
    draw_guesses,
    draw_link,
    draw_next_sentence,
    draw_pieces,
    find_chance,
    find_link,
    table_rows,
)
from ui.page import open_page, sentence_on_failure
from ui.takeaway import draw_foot
from ui.words import home as words


def main() -> None:
    page = open_page("home", words.TITLE, words.LEAD, after_text=draw_examples)
    asked = page.masked or default_mask(page.encoding)
    focus = asked[0] if asked else None
    typed, masked = page.run(Asked(page.encoding, {ATTENTIONS}), Asked(page.masked_encoding(asked)))
    page.strip(page.encoding, words.STRIP, ask_about, picked=asked, whole_words=True)
    link = None if focus is None else find_link(page, typed, focus)
    chance = find_chance(page, typed, link)
    left, right = st.columns(2, gap="large")
    with left:
        draw_pieces(page)
        if focus is not None:
            draw_link(page, typed, focus, link, chance)
    with right:
        if focus is not None:
            with sentence_on_failure():
                draw_guesses(page, masked, focus)
        with sentence_on_failure():
            draw_next_sentence(page, typed)
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(page, typed, masked, focus, link, chance),
        words.HOW,
    )
    page.finish()


main()
