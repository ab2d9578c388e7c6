"""Two sentences, one blank: every word of the vocabulary in the one and in the other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from bert_core.figures.labels import percent
from bert_core.figures.vocabulary import vocabulary_scatter
from bert_core.masked_words.blanks import BlankComparison, WordContrast, compare_blanks, locate
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, encode
from ui import charts, markup, state
from ui.choices.masked_words import LONGEST_LIST, MaskedWordsChoices
from ui.components.webgl import lacks_webgl
from ui.masked_words.answer import Answer
from ui.page import Page
from ui.words import masked_words_studies as words

CHART = "masked_words.scatter"
NAMED = 12  # words named on each side
TELLING = 2_000
MOST_BRUSHED = 200
IN_TABLE = 2_000


def draw_blank(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    """The answer first, in the place above the field for the second text."""
    answer = st.container()
    other = page.view.chosen(MaskedWordsChoices).other
    left, right = st.columns(2, vertical_alignment="bottom")
    left.text_input(
        words.OTHER,
        max_chars=LONGEST_LIST,
        **state.bound(MaskedWordsChoices, "other", page.name),
    )
    with right:
        draw_examples()
    if not encoding.masked or place not in encoding.masked:
        markup.note(words.BLANK_FIRST)
        return None
    second = encode(page.bert, other)
    if not second.masked:
        markup.note(words.BLANK_NEEDS)
        return None
    run, other_run = page.ask([Asked(encoding), Asked(second)])
    found = compare_blanks(page.bert, run, other_run, (place, second.masked[0]))
    with answer:
        return draw_found(page, found)


def draw_examples() -> None:
    with st.container(horizontal=True, key="away-examples", vertical_alignment="center"):
        st.html(f"<p class='bl-away'>{words.BLANK_TRY}</p>", width="content")
        for at, (first, second) in enumerate(words.BLANK_EXAMPLES):
            st.button(
                markup.escape_markdown(first),
                key=f"{CHART}.example.{at}",
                type="tertiary",
                on_click=show_example,
                args=(first, second),
            )


def show_example(first: str, second: str) -> None:
    shown = state.view().with_text(first, "").choosing(MaskedWordsChoices, other=second)
    if shown != state.view():
        state.remember()
        state.replace_view(shown)


Sides = tuple[Sequence[WordContrast], Sequence[WordContrast]]


def draw_found(page: Page, found: BlankComparison) -> Answer:
    sides = found.favoured(NAMED)
    rows = Answer(words.BLANK_COLUMNS, lambda: table_rows(found))
    if not (sides[0] and sides[1]):
        markup.heading(words.BLANK_SAME)
        return rows
    markup.heading(
        words.BLANK.format(first=sides[0][0].piece, second=sides[1][0].piece),
        words.BLANK_QUIET.format(divergence=found.divergence),
    )
    left, right = st.columns(2, gap="large")
    with right:
        for column, title, side in zip(
            st.columns(2), (words.BLANK_LEFT, words.BLANK_RIGHT), sides, strict=True
        ):
            with column:
                markup.heading(title)
                markup.figures([words.BLANK_HEADS, *map(contrast_row, side[: NAMED // 2])])
        own = draw_own(page, found)
    with left:
        draw_scatter(page, found, sides, own)
        markup.note(words.BLANK_NOTE)
    return replace(rows, chart=CHART)


def draw_own(page: Page, found: BlankComparison) -> list[int]:
    """Words that the visitor looks for; ids of those that the vocabulary has."""
    targets = page.view.chosen(MaskedWordsChoices).targets
    st.text_input(
        words.BLANK_OWN,
        max_chars=LONGEST_LIST,
        **state.bound(MaskedWordsChoices, "targets", page.name),
    )
    if not targets.strip():
        return []
    contrasts, problems = locate(page.bert, found, targets)
    for problem in problems:
        markup.note(problem)
    if contrasts:
        markup.figures([words.BLANK_HEADS, *map(contrast_row, contrasts)])
    return [one.id for one in contrasts]


def draw_scatter(page: Page, found: BlankComparison, sides: Sides, own: list[int]) -> None:
    plain = lacks_webgl(f"{CHART}.webgl")
    ids = found.to_draw(TELLING) if plain else found.ids
    figure = vocabulary_scatter(
        found,
        page.colours,
        words.BLANK_AXES,
        ids=ids,
        named=[one.id for one in (*sides[0], *sides[1])],
        own=own,
        webgl=not plain,
    )
    chosen = charts.draw_brushable(figure, CHART, words.BLANK_ALT)
    if plain:
        markup.note(words.BLANK_NO_GL.format(count=TELLING))
    if not chosen:
        markup.note(words.BLANK_BRUSH)
        return
    listed = [int(ids[at]) for at in chosen if at < len(ids)]
    listed.sort(key=lambda number: -found.scores[number])
    markup.heading(words.BLANK_BRUSHED.format(count=len(listed)))
    markup.figures([words.BLANK_HEADS, *map(contrast_row, found.words(listed[:MOST_BRUSHED]))])


def contrast_row(one: WordContrast) -> tuple[str, ...]:
    return one.piece, percent(one.first), percent(one.second)


def table_rows(found: BlankComparison) -> Iterator[tuple[Any, ...]]:
    """The most telling words, with what each blank gives them."""
    ids = found.telling(IN_TABLE)
    firsts, seconds = ranks(found.first), ranks(found.second)
    for number in ids.tolist():
        yield (
            found.pieces[number],
            float(np.exp(found.first[number])),
            float(np.exp(found.second[number])),
            float(found.difference[number]),
            int(firsts[number]),
            int(seconds[number]),
        )


def ranks(values: np.ndarray) -> np.ndarray:
    """Place of each among all, 1 the largest."""
    found = np.empty(len(values), dtype=np.int64)
    found[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return found
