"""What is expected behind the chosen mask, and what can be done with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.masked_words.writing import put_in, word_with
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from ui import charts, markup, state
from ui.choices.masked_words import MaskedWordsChoices
from ui.link import bounds
from ui.masked_words.masks import masks_of
from ui.page import Page
from ui.revisions import revised
from ui.words import masked_words as words

CHART = "masked_words.bars"


def predict(page: Page, run: BertRun, place: int | None) -> Sequence[MaskedPrediction]:
    asked = set(run.encoding.masked) | ({place} if place is not None else set())
    guesses = page.view.chosen(MaskedWordsChoices).guesses
    return predict_masked(page.bert, run, k=guesses, positions=sorted(asked))


def draw_predictions(
    page: Page,
    encoding: Encoding,
    predictions: Sequence[MaskedPrediction],
    place: int | None,
) -> None:
    shown = next((guess for guess in predictions if guess.position == place), None)
    if shown is None:
        return
    word = markup.short(encoding.surface(shown.position))
    if not shown.masked:
        markup.heading(words.AT.format(word=word), words.AT_QUIET)
    elif shown.original is None:
        markup.heading(words.BEHIND)
    else:
        markup.heading(words.BEHIND, words.BEHIND_WORD.format(word=word))
    masks = [guess for guess in predictions if guess.masked]
    if len(masks) > 1:
        draw_mask_picker(page, encoding, masks, shown.position)
    draw_bars(page, encoding, shown)
    draw_written(shown)
    draw_chooser(page, encoding, shown)


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
    colours = page.colours
    written = None
    if shown.original is not None and shown.original_probability is not None:
        written = (shown.original, shown.original_probability)
    charts.draw_clickable(
        share_bars(
            [label(encoding, shown.position, piece) for piece in shown.pieces],
            shown.probabilities.tolist(),
            colours,
            colour=colours.mask,
            outlined=written,
        ),
        CHART,
        words.BARS.format(count=len(shown.pieces)),
        [words.PUT_BAR.format(piece=piece, position=shown.position) for piece in shown.pieces],
        lambda row: put_row_in(page, shown, row),
    )


def draw_written(shown: MaskedPrediction) -> None:
    if shown.original is None or shown.original_probability is None:
        markup.note(words.TYPED)
        return
    markup.note(
        words.WRITTEN.format(
            word=shown.original,
            share=percent(shown.original_probability),
            rank=shown.original_rank,
            vocabulary=shown.vocabulary,
        )
    )


def draw_chooser(page: Page, encoding: Encoding, shown: MaskedPrediction) -> None:
    """What a click on a bar does, for the keyboard."""
    labels = [label(encoding, shown.position, piece) for piece in shown.pieces]
    chooser = revised(
        "masked_words.put",
        None,
        lambda row: state.guarded(put_row_in, page, shown, row),
        argument="index",
        options=labels,
    )
    st.selectbox(
        words.PUT,
        range(len(labels)),
        format_func=labels.__getitem__,
        placeholder=words.PUT_CHOOSE,
        **chooser,
    )


def draw_switches(page: Page) -> None:
    st.slider(
        words.GUESSES,
        *bounds(MaskedWordsChoices, "guesses"),
        **state.bound(MaskedWordsChoices, "guesses", page.name),
    )
    st.toggle(words.WHOLE, **state.bound(MaskedWordsChoices, "whole_words", page.name))
    st.toggle(words.ASK, **state.bound(MaskedWordsChoices, "ask", page.name))
    with st.container(horizontal=True):
        if page.masked:
            st.button(words.CLEAR, type="tertiary", on_click=clear)
        if state.can_undo():
            st.button(words.UNDO, type="tertiary", on_click=state.undo)


def clear() -> None:
    if state.view().masked:
        state.remember()
        state.change(masked=())
        state.choose(MaskedWordsChoices, place=None)


def put_row_in(page: Page, shown: MaskedPrediction, row: int) -> None:
    """Write the guess of a bar into the sentence; the dashed bar is there already.

    Into the sentence that the guess is for only: a second press on the same bar finds another.
    """
    if row >= len(shown.pieces) or not page.is_present:
        return
    encoding = page.masked_encoding(masks_of(page, state.view()))
    changed = put_in(page.bert, encoding, shown.position, shown.pieces[row])
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
