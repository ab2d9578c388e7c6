"""How sure the model in use is, and how often it is right."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.evaluation.calibration import MASKS, calibrate, sample_masks
from bert_core.evaluation.reliability import Calibration, summarise_calibration
from bert_core.figures.calibration import reliability_diagram
from bert_core.figures.labels import percent
from bert_core.intervals import Estimate
from bert_core.model.tokenization import Encoding
from bert_core.serving.runner import engine_runner
from bert_core.texts.hundred import bundled_hundred
from ui import charts, markup
from ui.jobs import ask_button, asked_for, draw_progress, drop_job, say_partly, session_job
from ui.masked_words.answer import Answer
from ui.page import Page
from ui.words import masked_words_studies as words

SLOT = "masked_words.calibration"
CHART = "masked_words.reliability"


def draw_calibration(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    texts = bundled_hundred()
    markup.note(words.CALIBRATION_ASK.format(masks=MASKS, texts=len(texts)))
    asked = page.bert.fingerprint
    ask_button(words.CALIBRATION_START, SLOT, lambda: asked)
    if asked_for(SLOT) != asked:
        return None
    places = sample_masks(page.bert, texts)
    job = session_job(
        SLOT,
        asked,
        len(places),
        lambda wanted: calibrate(page.bert, texts, engine_runner(page.engine, wanted)),
    )
    if not draw_progress(job, SLOT, words.CALIBRATION_RUNNING):
        return None
    say_partly(job, SLOT, lambda: drop_job(SLOT))
    if not job.results:
        return None
    found = summarise_calibration(job.results)
    draw_result(page, found)
    return Answer(words.CALIBRATION_COLUMNS, lambda: table_rows(found), CHART)


def draw_result(page: Page, found: Calibration) -> None:
    markup.heading(
        headline(found), words.CALIBRATED_QUIET.format(masks=found.masks, texts=found.texts)
    )
    left, right = st.columns([6, 5], gap="large")
    confidence, accuracy, count = words.CALIBRATION_AXES
    with left:
        charts.draw(
            reliability_diagram(
                found, page.colours, confidence=confidence, accuracy=accuracy, count=count
            ),
            CHART,
            words.CALIBRATION_ALT,
            saveable=True,
        )
    with right:
        markup.figures([estimate_row(name, found) for name in words.CALIBRATION_ROWS])
        chance = percent(found.error_by_chance.value)
        markup.note(words.CALIBRATION_NOTE.format(chance=chance))


def headline(found: Calibration) -> str:
    """Whether it is surer than it is right, by the interval of how often it is right."""
    right, sure = found.top_1, found.sure.value
    verdict = "more" if sure > right.high else "less" if sure < right.low else "even"
    return words.CALIBRATED[verdict].format(sure=percent(sure), right=percent(right.value))


def estimate_row(name: str, found: Calibration) -> tuple[str, ...]:
    one: Estimate = getattr(found, name)
    interval = words.INTERVAL.format(low=percent(one.low), high=percent(one.high))
    return words.CALIBRATION_ROWS[name], percent(one.value), interval


def table_rows(found: Calibration) -> Iterator[tuple[Any, ...]]:
    """One row for each bin of confidence; empty ones have no shares."""
    for at, count in enumerate(found.counts.tolist()):
        shares = (found.confidence, found.accuracy, found.low, found.high)
        cells = [float(one[at]) if count else None for one in shares]
        yield float(found.edges[at]), float(found.edges[at + 1]), count, *cells
