"""What is expected behind the chosen mask, and what can be done with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.masked_words.first import MOST, count_leaders, find_written
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.masked_words.writing import put_in, word_with
from bert_core.model.inference import Asked, BertRun
from bert_core.model.tokenization import Encoding
from ui import charts, markup, state
from ui.choices.masked_words import MaskedWordsChoices
from ui.link import bounds
from ui.masked_words.answer import Answer
from ui.masked_words.masks import draw_presses, masks_of
from ui.page import Page
from ui.words import masked_words as words

CHART = "masked_words.bars"


def draw_predictions(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    head = st.container()
    left, right = st.columns([3, 1], gap="large")
    with right:
        draw_switches(page)
    (run,) = page.ask([Asked(encoding)])
    predictions = predict(page, run, place)
    shown = next((guess for guess in predictions if guess.position == place), None)
    if shown is None:
        return None
    with head:
        markup.heading(*headline(shown, markup.short(encoding.surface(shown.position))))
        masks = [guess for guess in predictions if guess.masked]
        if len(masks) > 1:
            draw_mask_picker(page, encoding, masks, shown.position)
    count = page.view.chosen(MaskedWordsChoices).guesses
    with left:
        draw_bars(page, encoding, first_of(shown, count))
    listed = [first_of(guess, count) for guess in predictions]
    return Answer(words.COLUMNS, lambda: table_rows(encoding, listed), CHART)


def predict(page: Page, run: BertRun, place: int | None) -> Sequence[MaskedPrediction]:
    """As many guesses as are listed, and as many as the headline needs."""
    asked = set(run.encoding.masked) | ({place} if place is not None else set())
    guesses = max(page.view.chosen(MaskedWordsChoices).guesses, MOST + 1)
    return predict_masked(page.bert, run, k=guesses, positions=sorted(asked))


def first_of(guess: MaskedPrediction, count: int) -> MaskedPrediction:
    """Its first `count` guesses."""
    return replace(
        guess,
        pieces=guess.pieces[:count],
        ids=guess.ids[:count],
        probabilities=guess.probabilities[:count],
    )


def headline(shown: MaskedPrediction, word: str) -> tuple[str, str]:
    """Which guesses come first, if any does, and where. word: what the text has there."""
    if not shown.masked:
        where = words.AT.format(word=word)
    elif shown.original is None:
        where = words.BEHIND_TYPED
    else:
        where = words.BEHIND_WORD.format(word=word)
    leaders = count_leaders(shown)
    if leaders:
        return words.FIRST[leaders].format(*shown.pieces), where
    share = percent(float(shown.probabilities[0]))
    return words.NOTHING, words.NOTHING_QUIET.format(where=where, share=share)


def draw_mask_picker(
    page: Page, encoding: Encoding, masks: Sequence[MaskedPrediction], shown: int
) -> None:
    """The masks with each one's first guess; the pressed one's guesses are listed."""
    labels = mask_labels(encoding, masks)
    st.pills(
        words.WHICH,
        list(labels),
        format_func=lambda at: markup.escape_markdown(labels[at]),
        label_visibility="collapsed",
        required=True,
        **state.bound(
            MaskedWordsChoices,
            "place",
            page.name,
            shown,
            argument="default",
            options=list(labels.values()),
        ),
    )


def mask_labels(encoding: Encoding, masks: Sequence[MaskedPrediction]) -> dict[int, str]:
    """Each mask's word and first guess, by its position, which is said where two are alike.

    The browser names a mask by its label.
    """
    first = {
        guess.position: words.GUESS.format(
            word=markup.short(encoding.surface(guess.position)),
            guess=guess.pieces[0],
            share=percent(float(guess.probabilities[0])),
        )
        for guess in masks
    }
    alike = Counter(first.values())
    return {
        at: label if alike[label] == 1 else words.GUESS_AT.format(guess=label, position=at)
        for at, label in first.items()
    }


def draw_bars(page: Page, encoding: Encoding, shown: MaskedPrediction) -> None:
    colours, note = page.colours, ""
    if shown.original is not None:
        note = words.WRITTEN.format(rank=shown.original_rank, vocabulary=shown.vocabulary)
    charts.draw_clickable(
        share_bars(
            [label(encoding, shown.position, piece) for piece in shown.pieces],
            shown.probabilities.tolist(),
            colours,
            colour=colours.mask,
            outlined=find_written(shown),
            note=note,
        ),
        CHART,
        words.BARS.format(count=len(shown.pieces)),
        [words.PUT_BAR.format(piece=piece, position=shown.position) for piece in shown.pieces],
        lambda row: put_piece_in(page, shown.position, shown.pieces[row]),
    )


def draw_switches(page: Page) -> None:
    st.slider(
        words.GUESSES,
        *bounds(MaskedWordsChoices, "guesses"),
        **state.bound(MaskedWordsChoices, "guesses", page.name),
    )
    st.toggle(words.WHOLE, **state.bound(MaskedWordsChoices, "whole_words", page.name))
    st.toggle(words.ASK, **state.bound(MaskedWordsChoices, "ask", page.name))
    draw_presses(page)


def put_piece_in(page: Page, position: int, piece: str) -> None:
    """Write a guess into the sentence.

    Into the sentence that the guess is for only: a second press on the same bar finds another.
    """
    if not page.is_present:
        return
    encoding = page.masked_encoding(masks_of(page, state.view()))
    changed = put_in(page.bert, encoding, position, piece)
    state.remember()
    written = state.view().with_text(changed.text, changed.pair or "")
    state.replace_view(replace(written, masked=changed.masked))


def label(encoding: Encoding, position: int, piece: str) -> str:
    """A guess, with the word it would make where it is only a part of one."""
    word = word_with(encoding, position, piece)
    return piece if word == piece else words.MAKES.format(piece=piece, word=word)


def table_rows(
    encoding: Encoding, predictions: Sequence[MaskedPrediction]
) -> Iterator[tuple[Any, ...]]:
    for guess in predictions:
        for piece, probability in zip(guess.pieces, guess.probabilities, strict=True):
            yield (
                guess.position,
                guess.masked,
                guess.original,
                guess.original_rank,
                piece,
                word_with(encoding, guess.position, piece),
                float(probability),
            )
