"""Masked words: hide words, see what BERT expects there, put a guess in."""

from collections.abc import Sequence

import streamlit as st

from bert_core.exports.prediction_snippets import masked_words_snippet
from bert_core.masked_words.predict import MaskedPrediction
from bert_core.model.inference import HIDDEN_STATES, Asked
from bert_core.model.tokenization import Encoding
from ui.choices.masked_words import MaskedWordsChoices
from ui.default_tokens import default_mask
from ui.masked_words.hints import draw_hints
from ui.masked_words.masks import masks_of, press
from ui.masked_words.predictions import (
    CHART,
    draw_predictions,
    draw_switches,
    predict,
    table_rows,
)
from ui.masked_words.studies import draw_studies
from ui.page import Page, open_page, sentence_on_failure
from ui.takeaway import draw_foot
from ui.words import masked_words as words


def main() -> None:
    page = open_page("masked_words", words.TITLE, words.LEAD)
    chosen = page.view.chosen(MaskedWordsChoices)
    encoding = page.masked_encoding(masks_of(page, page.view))
    place = chosen_place(page, encoding)
    # What a question will need comes with the first pass; the engine keeps it.
    (run,) = page.run(Asked(encoding, {HIDDEN_STATES} if chosen.mlm == "layers" else ()))
    page.strip(
        encoding,
        words.STRIP_ASK if chosen.ask else words.STRIP,
        lambda at: press(page, at),
        action="look" if chosen.ask else "mask",
        whole_words=chosen.whole_words,
        picked=[] if place is None else [place],
        bars=page.bert.has_mlm,
    )
    draw_hints(page, encoding)
    left, right = st.columns([3, 2], gap="large")
    with right:
        draw_switches(page)
    predictions: Sequence[MaskedPrediction] = ()
    with left, sentence_on_failure():
        predictions = predict(page, run, place)
        draw_predictions(page, encoding, predictions, place)
    draw_studies(page, encoding, place)
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(encoding, predictions),
        words.HOW,
        more=[(words.PYTHON, "py", "text/x-python", lambda: program(page, encoding))],
        chart=CHART if predictions else None,
    )
    page.finish()


def program(page: Page, encoding: Encoding) -> bytes:
    """Code that gets the guesses behind the masks again."""
    guesses = page.view.chosen(MaskedWordsChoices).guesses
    return masked_words_snippet(page.bert.name, encoding, guesses).encode()


def chosen_place(page: Page, encoding: Encoding) -> int | None:
    """The token whose guesses are listed."""
    chosen = page.view.chosen(MaskedWordsChoices)
    place = chosen.place
    known = encoding.masked if not chosen.ask else range(len(encoding))
    if place is not None and place in known and encoding.sequences[place] is not None:
        return place
    return next(iter(encoding.masked or default_mask(page.encoding)), None)


main()
