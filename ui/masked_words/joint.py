"""Several masks: filled alone, one after another, and by beam search; words of several pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.masked_words.beam import beam_search
from bert_core.masked_words.filling import Filling, FillingStep
from bert_core.masked_words.joint import (
    CERTAIN_FIRST,
    Order,
    fill_in_turn,
    fill_independently,
    pseudo_log_likelihoods,
)
from bert_core.masked_words.several_pieces import WordCandidate, word_candidates
from bert_core.model.tokenization import Encoding
from bert_core.serving.runner import engine_runner
from bert_core.serving.waiting import StillWanted
from ui import markup, state
from ui.choices.masked_words import MaskedWordsChoices
from ui.jobs import draw_progress, session_job
from ui.link import bounds
from ui.masked_words.answer import Answer
from ui.page import Page, sentence_on_failure
from ui.switches import draw_choice
from ui.words import masked_words_studies as words

SLOT = "masked_words.joint"
OTHERS = 3  # alternatives named beside each step
WORDS_EACH = 6  # candidates of each length


@dataclass(frozen=True)
class Way:
    """One way of filling, its best result, and the pseudo-log-likelihood of that."""

    name: str
    filling: Filling
    likelihood: float = 0.0


def draw_joint(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    found = None
    if len(encoding.masked) < 2:
        markup.note(words.JOINT_NEEDS)
    else:
        left, right = st.columns([3, 2], gap="large")
        with right:
            draw_choice(page, MaskedWordsChoices, "order", words.ORDER, words.ORDERS)
            order = chosen_order(page, encoding)
            st.slider(
                words.WIDTH,
                *bounds(MaskedWordsChoices, "width"),
                **state.bound(MaskedWordsChoices, "width", page.name),
            )
        with left:
            found = draw_ways(page, encoding, order)
    with sentence_on_failure():
        draw_pieces(page, encoding, place)
    return found


def chosen_order(page: Page, encoding: Encoding) -> tuple[int, ...]:
    """The masks in the order that the visitor says; otherwise from left to right."""
    if page.view.chosen(MaskedWordsChoices).order != "chosen":
        return encoding.masked
    said = st.multiselect(
        words.CHOOSE,
        encoding.masked,
        format_func=lambda at: markup.escape_markdown(
            words.CHOICE.format(position=at, word=markup.short(encoding.surface(at), 20))
        ),
        key=f"{SLOT}.chosen",
    )
    return (*said, *(at for at in encoding.masked if at not in said))


def draw_ways(page: Page, encoding: Encoding, order: tuple[int, ...]) -> Answer | None:
    chosen = page.view.chosen(MaskedWordsChoices)
    asked = (page.bert.fingerprint, encoding, chosen.order, order, chosen.width)
    job = session_job(SLOT, asked, 4, lambda wanted: fill(page, encoding, chosen, order, wanted))
    if not draw_progress(job, SLOT, words.JOINT_RUNNING) or job.done < job.total:
        return None
    ways: tuple[Way, ...] = job.results[-1]
    best = max(ways, key=lambda way: way.likelihood)
    same = len({way.filling.text for way in ways} | {way.filling.pair for way in ways}) <= 2
    text = " / ".join(filter(None, (best.filling.text, best.filling.pair)))
    template = words.JOINT_SAME if same else words.JOINT
    quiet = "" if same else words.JOINT_QUIET.format(way=words.WAYS[best.name])
    markup.heading(template.format(text=markup.short(text, 200)), quiet)
    markup.figures(
        [
            words.JOINT_HEADS,
            *(
                (
                    words.WAYS[way.name],
                    " · ".join(way.filling.pieces),
                    f"{way.filling.log_probability:.2f}",
                    f"{way.likelihood:.2f}",
                )
                for way in ways
            ),
        ]
    )
    draw_buttons(page, ways)
    markup.note(words.JOINT_NOTE)
    with st.expander(words.STEPS):
        for way in ways:
            markup.heading(words.WAYS[way.name])
            markup.lines([step_line(turn, step) for turn, step in enumerate(way.filling.steps, 1)])
    return Answer(words.JOINT_COLUMNS, lambda: table_rows(ways))


def fill(
    page: Page,
    encoding: Encoding,
    chosen: MaskedWordsChoices,
    order: tuple[int, ...],
    wanted: StillWanted,
) -> Iterator[Any]:
    """The three ways one after another, then all of them with their likelihoods.

    order: of the beam, and of the second way unless that takes the most certain first.
    """
    run = engine_runner(page.engine, wanted)
    ways = [Way("independent", fill_independently(page.bert, encoding, run=run))]
    yield ways[-1]
    turns: Order = CERTAIN_FIRST if chosen.order == CERTAIN_FIRST else order
    ways.append(Way(chosen.order, fill_in_turn(page.bert, encoding, turns, run=run)))
    yield ways[-1]
    ways.append(Way("beam", beam_search(page.bert, encoding, chosen.width, order, run=run)[0]))
    yield ways[-1]
    likelihoods = pseudo_log_likelihoods(page.bert, [way.filling for way in ways], run)
    yield tuple(replace(way, likelihood=one) for way, one in zip(ways, likelihoods, strict=True))


def draw_buttons(page: Page, ways: tuple[Way, ...]) -> None:
    """Each filling that differs can be put into the sentence."""
    seen: set[tuple[int, ...]] = set()
    with st.container(horizontal=True):
        for way in ways:
            if way.filling.ids in seen:
                continue
            seen.add(way.filling.ids)
            st.button(
                words.USE.format(way=words.WAYS[way.name]),
                key=f"{SLOT}.{way.name}",
                type="tertiary",
                on_click=use,
                args=(page, way.filling),
            )


def use(page: Page, filling: Filling) -> None:
    """Write it into the sentence, unless that is another one by now."""
    if page.is_present:
        state.remember()
        written = state.view().with_text(filling.text, filling.pair or "")
        state.replace_view(replace(written, masked=()))


def step_line(turn: int, step: FillingStep) -> str:
    said = words.STEP.format(
        turn=turn, position=step.position, piece=step.piece, share=percent(step.probability)
    )
    others = [one for one in step.alternatives if one.id != step.id][:OTHERS]
    named = ", ".join(f"{one.piece} {percent(one.probability)}" for one in others)
    return f"{markup.safe(said)} {markup.quiet(words.STEP_OTHERS.format(others=named))}"


def table_rows(ways: tuple[Way, ...]) -> Iterator[tuple[Any, ...]]:
    for way in ways:
        text = " / ".join(filter(None, (way.filling.text, way.filling.pair)))
        yield words.WAYS[way.name], text, way.filling.log_probability, way.likelihood


def draw_pieces(page: Page, encoding: Encoding, place: int | None) -> None:
    """Words of one to three pieces for the mask whose guesses are listed."""
    word = encoding.word_at(place) if place is not None else None
    if place is None or place not in encoding.masked:
        return
    markup.heading(words.PIECES, words.PIECES_QUIET.format(position=place))
    if word is None or not set(word.positions) <= set(encoding.masked):
        markup.note(words.PIECES_NONE)
        return
    found = word_candidates(page.bert, encoding, place, width=WORDS_EACH, run=page.ask)
    markup.figures([words.PIECES_HEADS, *map(candidate_row, found)])
    markup.note(words.PIECES_NOTE)


def candidate_row(one: WordCandidate) -> tuple[str, ...]:
    mark = "" if one.regular else " *"
    return (
        f"{one.word}{mark}",
        " ".join(one.pieces),
        f"{one.log_probability:.2f}",
        f"{one.mean_log_probability:.2f}",
    )
