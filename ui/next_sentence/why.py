"""Which parts of A and B the answer rests on: each left out, or masked, in turn."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.figures.next_sentence import change_bars
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from bert_core.next_sentence.reasons import PartChange, Unit, Way, parts_of, weigh_parts
from bert_core.next_sentence.score import NextSentenceScore, score_next_sentence
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from ui import charts, markup, state
from ui.components.strip import token_strip
from ui.default_tokens import toggle_mask
from ui.jobs import draw_progress, drop_job, say_partly, session_job
from ui.next_sentence.parts import signed
from ui.page import Page
from ui.switches import draw_switch
from ui.takeaway import draw_foot
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

SLOT = "next_sentence.why"
CHART = f"{SLOT}.bars"
LARGEST = 8


def hide(page: Page, position: int) -> None:
    """Mask the word at a token, or take it out from behind its mask."""
    view = state.view()
    masked = page.masks_of(view) if view.with_masks else ()
    hidden = toggle_mask(page.encoding, masked, position, whole_words=True)
    state.change(masked=hidden, with_masks=bool(hidden))


def draw_why(page: Page, run: BertRun) -> None:
    with st.container(horizontal=True):
        unit: Unit = draw_switch("next_sentence.why.unit", words.UNIT, words.UNITS)
        way: Way = draw_switch("next_sentence.why.way", words.WAY, words.WAYS)
    encoding = run.encoding
    parts = parts_of(encoding, unit)
    job: Job[PartChange] = session_job(
        SLOT,
        (page.bert.fingerprint, encoding, way, unit),
        len(parts),
        lambda wanted: weigh_parts(
            page.bert, encoding, way, unit, engine_runner(page.engine, wanted)
        ),
    )
    if not draw_progress(job, SLOT, words.WEIGHING):
        return
    say_partly(job, SLOT, lambda: drop_job(SLOT))
    if not job.results:
        markup.note(words.NO_PARTS)
        return
    draw_changes(page, run, job.results, way)
    draw_foot(
        page,
        words.WHY_COLUMNS,
        lambda: table_rows(job.results),
        how_words.HOW["why"],
        chart=CHART,
        study="why",
    )


def draw_changes(page: Page, run: BertRun, changes: Sequence[PartChange], way: Way) -> None:
    score = score_next_sentence(page.bert, run)
    told = telling(changes, score)
    markup.heading(*answer(told, score, way))
    draw_strip(page, run.encoding, changes, told)
    largest = sorted(changes, key=lambda one: -abs(one.difference_change))[:LARGEST]
    difference = score.is_next_logit - score.not_next_logit
    markup.heading(words.LARGEST, words.LARGEST_QUIET.format(difference=signed(difference)))
    charts.draw(
        change_bars(
            [one.label for one in largest],
            [one.difference_change for one in largest],
            page.colours,
            sequences=[one.sequence for one in largest],
        ),
        CHART,
        words.WHY_ALT,
        saveable=True,
    )
    markup.note(words.WHY_NOTE)


def telling(changes: Sequence[PartChange], score: NextSentenceScore) -> PartChange | None:
    """The part that speaks most for what the head says; None where none does."""
    sign = 1 if score.is_next >= 0.5 else -1
    most = min(changes, key=lambda one: sign * one.difference_change)
    return most if sign * most.difference_change < 0 else None


def answer(told: PartChange | None, score: NextSentenceScore, way: Way) -> tuple[str, str]:
    """The heading, strong and quiet."""
    follows = score.is_next >= 0.5
    if told is None:
        return words.NO_PART if follows else words.NO_PART_AGAINST, ""
    quiet = words.WITHOUT[way].format(now=percent(told.is_next), before=percent(score.is_next))
    strong = words.FOR if follows else words.AGAINST
    return strong.format(part=markup.short(told.label)), quiet


def draw_strip(
    page: Page, encoding: Encoding, changes: Sequence[PartChange], told: PartChange | None
) -> None:
    """The tokens again, under each what the answer changes by without it."""
    notes = [""] * len(encoding)
    for one in changes:
        notes[one.positions[0]] = signed(one.difference_change)
    token_strip(
        encoding,
        key=f"{SLOT}.strip",
        label=words.WHY_STRIP,
        picked=() if told is None else told.positions,
        action="mask",
        whole_words=True,
        notes=notes,
        channel=SLOT,
        on_click=page.while_present(lambda at: hide(page, at)),
    )


def table_rows(changes: Sequence[PartChange]) -> Iterator[tuple[Any, ...]]:
    """Tokens count from 0."""
    for one in changes:
        yield (
            one.label,
            " ".join(map(str, one.positions)),
            words.SIDES[one.sequence],
            one.is_next,
            one.difference,
            one.is_next_change,
            one.difference_change,
        )
