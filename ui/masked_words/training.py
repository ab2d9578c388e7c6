"""How BERT was trained, on the visitor's own text: which tokens were chosen, and what it says."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st

from bert_core.figures.calibration import frequency_bars
from bert_core.figures.labels import percent
from bert_core.masked_words.training import ChosenAnswer, ChosenAnswers, answer_chosen
from bert_core.model.tokenization import Encoding
from bert_core.pretraining.mask_counts import MaskingCounts, masking_counts
from bert_core.pretraining.masks import FATES, roll_masks
from ui import charts, markup, state
from ui.choices.masked_words import MaskedWordsChoices
from ui.link import bounds
from ui.masked_words.answer import Answer
from ui.page import Page
from ui.words import masked_words_studies as words

CHART = "masked_words.counts"
DRAWS = 1_000


def draw_training(page: Page, encoding: Encoding, place: int | None) -> Answer:
    """The draw is made from the text as typed; masks put in by hand do not matter."""
    chosen = page.view.chosen(MaskedWordsChoices)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        st.slider(
            words.RATE,
            *bounds(MaskedWordsChoices, "rate"),
            step=5,
            width=260,
            **state.bound(MaskedWordsChoices, "rate", page.name),
        )
        st.toggle(words.WORDS_MASKED, **state.bound(MaskedWordsChoices, "words_masked", page.name))
        st.button(words.TRAINING_ROLL, key="masked_words.roll", on_click=roll_again)
    options: dict[str, Any] = {"rate": chosen.rate / 100, "whole_words": chosen.words_masked}
    draw = roll_masks(page.bert, page.encoding, chosen.seed, **options)
    found = answer_chosen(page.bert, page.encoding, draw, page.ask)
    left, right = st.columns([7, 5], gap="large")
    with left:
        draw_answers(found, chosen.seed)
    with right:
        draw_counts(page, masking_counts(page.bert, page.encoding, DRAWS, **options))
    return Answer(words.TRAINING_COLUMNS, lambda: table_rows(found), CHART)


def roll_again() -> None:
    _, most = bounds(MaskedWordsChoices, "seed")
    seed = state.view().chosen(MaskedWordsChoices).seed
    state.choose(MaskedWordsChoices, seed=(seed + 1) % (most + 1))


def draw_answers(found: ChosenAnswers, seed: int) -> None:
    markup.heading(
        words.TRAINING.format(right=found.right, chosen=len(found.answers)),
        words.TRAINING_QUIET.format(loss=found.loss, seed=seed),
    )
    markup.lines([seen_line(found)])
    markup.figures([words.TRAINING_HEADS, *map(answer_row, found.answers)])


def seen_line(found: ChosenAnswers) -> str:
    """The text as the model saw it, chosen tokens as chips."""
    chosen = {answer.position for answer in found.answers}
    encoding = found.encoding
    parts = []
    for at, token in enumerate(encoding.tokens):
        sequence = encoding.sequences[at]
        kind = "special" if sequence is None else "mask" if at in chosen else "ab"[sequence]
        parts.append(markup.chips([token], kind))
    return " ".join(parts)


def answer_row(answer: ChosenAnswer) -> tuple[str, ...]:
    mark = words.RIGHT if answer.right else words.WRONG
    guess = words.TRAINING_GUESS.format(piece=answer.guess, share=percent(answer.guess_probability))
    written = words.TRAINING_WRITTEN.format(
        piece=answer.original,
        share=percent(answer.original_probability),
        rank=answer.original_rank,
    )
    fate = words.FATES[answer.fate]
    seen = fate if answer.fate != "random" else f"{fate}: {answer.seen}"
    return str(answer.position), seen, f"{mark} {guess}", written, f"{answer.loss:.2f}"


def draw_counts(page: Page, counts: MaskingCounts) -> None:
    markup.heading(words.COUNTS, words.COUNTS_QUIET)
    total = max(int(counts.fates.sum()), 1)
    lows, highs = np.asarray(counts.fates_interval) / total
    charts.draw(
        frequency_bars(
            [words.FATES[fate] for fate in FATES],
            (counts.fates / total).tolist(),
            (counts.expected_fates / total).tolist(),
            lows.tolist(),
            highs.tolist(),
            page.colours,
            colour=page.colours.mask,
        ),
        CHART,
        words.COUNTS,
        saveable=True,
    )
    mean = float(counts.chosen.sum()) / counts.draws
    markup.note(
        words.COUNTS_EXACT.format(mean=mean, tokens=counts.tokens, share=percent(counts.share))
    )


def table_rows(found: ChosenAnswers) -> Iterator[tuple[Any, ...]]:
    for one in found.answers:
        yield (
            one.position,
            one.fate,
            one.original,
            one.seen,
            one.guess,
            one.guess_probability,
            one.original_probability,
            one.original_rank,
            one.loss,
        )
