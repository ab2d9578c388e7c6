"""Two or three models asked the same, on chapters that none of the lab's has read."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import streamlit as st

from bert_core.evaluation.evaluate import Evaluation, evaluate
from bert_core.evaluation.questions import Questions, draw_questions
from bert_core.figures.labels import percent
from bert_core.intervals import Estimate
from bert_core.lab.server import model_source
from bert_core.lab.settings import TEXT
from bert_core.model.checkpoints import EMBEDDED
from bert_core.pretraining.documents import is_held_out, read_documents, read_held_out
from bert_core.serving.runner import engine_runner
from bert_core.serving.waiting import StillWanted
from ui import cached, markup
from ui.choices.pretraining import PretrainingChoices
from ui.jobs import ask_button, asked_for, draw_progress, held_job, session_job
from ui.page import Frame
from ui.pretraining.shown import ShownRun, read_runs
from ui.tail import again_in
from ui.takeaway import draw_foot
from ui.words import pretraining as words

SLOT = "pretraining.compare"
MASKS, PAIRS = 800, 120
AGAIN_SECONDS = 2.0


def draw_compare(frame: Frame) -> None:
    """The table of `python -m bert_core evaluate`, for what was trained and the model in use."""
    frame.part(lambda: _draw(frame))
    draw_foot(
        frame,
        words.COMPARE_COLUMNS,
        lambda: _rows(measured()),
        words.HOW_COMPARE,
        study="compare",
    )


def _draw(frame: Frame) -> None:
    runs = read_runs(frame.view.chosen(PretrainingChoices).runs)
    if not all(run.status.ended for run in runs):
        again_in(AGAIN_SECONDS)  # more of it may be trained by then
    asked = models_of(frame, runs)
    place = st.container()
    markup.note(words.COMPARE_NOTE)
    ask_button(words.COMPARE_START, SLOT, lambda: asked)
    chosen = asked_for(SLOT)
    found: list[tuple[str, Evaluation]] = []
    if chosen is not None:
        job = session_job(SLOT, chosen, len(chosen), partial(measure, chosen))
        if draw_progress(job, SLOT, words.COMPARE_DOING):
            found = measured()
    with place:
        markup.heading(*headline(found))
        if found:
            _draw_table(found)


def measured() -> list[tuple[str, Evaluation]]:
    """The models that were measured last, by name."""
    chosen = asked_for(SLOT)
    job = None if chosen is None else held_job(SLOT, chosen)
    if job is None:
        return []
    return list(zip([name for name, _ in chosen], job.results, strict=False))


def headline(found: list[tuple[str, Evaluation]]) -> tuple[str, str]:
    """Strong and quiet: which guesses hidden words best, where the intervals lie apart."""
    tried = [(name, one.top_1) for name, one in found if one.top_1 is not None]
    if len(tried) < 2:
        return words.COMPARE, "" if tried else words.COMPARE_NOT_YET
    (name, best), (second, other), *_ = sorted(tried, key=lambda one: -one[1].value)
    quiet = words.BEST_QUIET.format(
        name=name, best=percent(best.value), second=second, other=percent(other.value)
    )
    clear = best.low > other.high
    return words.BEST.format(name=name) if clear else words.NONE_BEST, quiet


def models_of(frame: Frame, runs: list[ShownRun]) -> tuple[tuple[str, str], ...]:
    """Names and sources: the newest model of each run, the embedded one, the one in use."""
    models = {
        words.COMPARE_NAME.format(name=run.name, step=run.status.models[-1]): model_source(
            run.id, run.status.models[-1]
        )
        for run in runs
        if run.status.models
    }
    models[EMBEDDED] = EMBEDDED
    if frame.view.model not in models.values():
        models[frame.view.model] = frame.view.model
    return tuple(models.items())


def measure(models: tuple[tuple[str, str], ...], wanted: StillWanted) -> Iterator[Evaluation]:
    """Ask each model the same questions, one after another."""
    questions = held_out_questions()
    for _, source in models:
        engine = cached.get_engine(source)
        yield evaluate(engine.bert, questions, engine_runner(engine, wanted))


def held_out_questions() -> Questions:
    """Questions from the chapters that the lab holds out."""
    named = read_held_out(TEXT / "held_out.json")
    kept = [one for one in read_documents(TEXT) if is_held_out(one, named)]
    return draw_questions(kept, masks=MASKS, pairs=PAIRS)


def _draw_table(found: list[tuple[str, Evaluation]]) -> None:
    rows = [
        (label, *(_cell(measure, getattr(one, measure)) for _, one in found))
        for measure, label in words.COMPARE_ROWS.items()
    ]
    markup.figures([("", *(name for name, _ in found)), *rows])


def _rows(found: list[tuple[str, Evaluation]]) -> Iterator[tuple[Any, ...]]:
    for name, one in found:
        for measure in words.COMPARE_ROWS:
            value: Estimate | float | None = getattr(one, measure)
            if isinstance(value, Estimate):
                yield name, measure, value.value, value.low, value.high
            elif value is not None:
                yield name, measure, value, None, None


def _cell(measure: str, found: Estimate | float | None) -> str:
    if found is None:
        return words.UNKNOWN
    if not isinstance(found, Estimate):
        return f"{found:,}" if isinstance(found, int) else percent(found)
    write = (lambda one: f"{one:,.1f}") if measure == "perplexity" else percent
    return words.INTERVAL.format(
        value=write(found.value), low=write(found.low), high=write(found.high)
    )
