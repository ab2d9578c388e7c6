"""Only these words: predictions shared out among a few."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.masked_words.first import NEARLY
from bert_core.masked_words.targets import TargetPrediction, parse_targets, predict_targets
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding
from ui import charts, markup, state
from ui.choices.masked_words import LONGEST_LIST, MaskedWordsChoices
from ui.masked_words.answer import Answer
from ui.page import Page
from ui.words import masked_words_studies as words

CHART = "masked_words.contrast"


def draw_targets(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    asked = page.view.chosen(MaskedWordsChoices).targets or words.TARGETS_DEFAULT
    st.text_input(
        words.TARGETS,
        max_chars=LONGEST_LIST,
        **state.bound(MaskedWordsChoices, "targets", page.name, asked),
    )
    if place is None:
        markup.note(words.TARGETS_NEEDS)
        return None
    targets = parse_targets(page.bert, asked)
    for problem in targets.problems:
        markup.note(problem)
    if not targets.ids:
        return None
    (run,) = page.ask([Asked(encoding)])
    found = predict_targets(page.bert, run, place, targets.ids)
    draw_found(page, found)
    return Answer(words.TARGETS_COLUMNS, lambda: table_rows(found), CHART)


def draw_found(page: Page, found: TargetPrediction) -> None:
    order = sorted(range(len(found.pieces)), key=lambda at: -found.shares[at])
    markup.heading(
        headline(found, order), words.TARGETS_QUIET.format(together=percent(found.together))
    )
    left, right = st.columns([1, 1], gap="large")
    with left:
        charts.draw(
            share_bars(
                [found.pieces[at] for at in order],
                [float(found.shares[at]) for at in order],
                page.colours,
                colour=page.colours.mask,
            ),
            CHART,
            words.TARGETS,
            saveable=True,
        )
        markup.note(words.TARGETS_NOTE.format(against=found.pieces[found.against]))
    with right:
        markup.figures([words.TARGETS_HEADS, *(figure_row(found, at) for at in order)])


def headline(found: TargetPrediction, order: Sequence[int]) -> str:
    """Which of the words is expected most, if one clearly is. order: of their shares, falling."""
    best = order[0]
    said = {"word": found.pieces[best], "share": percent(found.shares[best])}
    if len(order) == 1:
        return words.TARGETS_ONE.format(**said)
    if found.shares[best] <= NEARLY * found.shares[order[1]]:
        return words.TARGETS_ALIKE.format(**said, other=found.pieces[order[1]])
    return words.TARGETS_FOUND.format(**said)


def figure_row(found: TargetPrediction, at: int) -> tuple[str, ...]:
    times = float(2 ** found.log_odds_in_bits[at])
    against = found.pieces[found.against]
    said = f"{times:.3g}" if times < 1000 else f"{times:,.0f}"
    return (
        found.pieces[at],
        percent(float(found.shares[at])),
        percent(float(found.probabilities[at])),
        f"{found.ranks[at]:,}",
        words.TARGETS_ODDS.format(odds=found.log_odds[at]),
        "" if at == found.against else words.TARGETS_TIMES.format(times=said, word=against),
    )


def table_rows(found: TargetPrediction) -> Iterator[tuple[Any, ...]]:
    columns = (found.shares, found.probabilities, found.ranks, found.logits, found.log_odds)
    for at, piece in enumerate(found.pieces):
        yield piece, *(column[at].item() for column in columns)
