"""What the token that is looked from attends to, and what attends to it."""

import streamlit as st

from bert_core.attention.maps import AttentionMap
from bert_core.figures.bars import share_bars
from bert_core.model.tokenization import Encoding
from ui import charts, markup
from ui.page import Page
from ui.words import attention as words

STRONGEST = 6


def draw_neighbours(page: Page, encoding: Encoding, shown: AttentionMap) -> None:
    """What the token that is looked from attends to, and what attends to it."""
    look = page.look
    if look is None or look not in shown.positions:
        markup.note(words.LOOK_NOTE)
        return
    token = encoding.tokens[look]
    readings = (
        ("from", words.FROM, shown.attends_to(look, STRONGEST)),
        ("to", words.TO, shown.attended_by(look, STRONGEST)),
    )
    for column, (key, title, strongest) in zip(st.columns(2), readings, strict=True):
        with column:
            markup.heading(title.format(token=token))
            charts.draw(
                share_bars(
                    [encoding.tokens[at] for at, _ in strongest],
                    [weight for _, weight in strongest],
                    page.colours,
                    colour=page.colours.high,
                ),
                f"attention.{key}",
                title.format(token=token),
            )
