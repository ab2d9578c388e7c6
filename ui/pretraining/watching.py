"""The runs as they learn: how far they are, what they are told, their losses, what they know."""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from bert_core.figures.losses import smoothing_window
from bert_core.figures.pretraining import LossWords, loss_curves
from bert_core.lab import folder as files
from ui import cached, charts, markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame
from ui.pretraining.looks import draw_looks
from ui.pretraining.models import draw_models
from ui.pretraining.scale import draw_scale
from ui.pretraining.shown import ShownRun, read_runs
from ui.tail import again_in
from ui.words import pretraining as words

POLL_SECONDS = 1.0
CURVES = "pretraining.curves"

# How long a click waits for what it asked for, so that the page that follows shows it.
SOON_SECONDS = 0.4


def draw_runs(frame: Frame, runs: list[ShownRun]) -> None:
    """The runs of the view that are there; while one still changes, again every second."""
    if len(runs) < len(frame.view.chosen(PretrainingChoices).runs):
        markup.note(words.GONE)
    if runs:
        frame.part(lambda: _draw(frame, read_runs(frame.view.chosen(PretrainingChoices).runs)))
    else:
        draw_scale(frame, runs)


def _draw(frame: Frame, runs: list[ShownRun]) -> None:
    if not all(run.status.ended for run in runs):
        again_in(POLL_SECONDS)
    _draw_learning(frame, runs)
    draw_scale(frame, runs)


def _draw_learning(frame: Frame, runs: list[ShownRun]) -> None:
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        with column:
            _draw_state(run)
    if not any(run.snapshots for run in runs):
        return
    if len(runs) == 1:
        left, right = st.columns([6, 5], gap="large")
    else:
        left = right = st.container()
    with left:
        _draw_curves(frame, runs)
    with right:
        draw_looks(frame, runs)
    draw_models(runs)


def _draw_state(run: ShownRun) -> None:
    markup.heading(run.said, run.right)
    facts, status = run.facts, run.status
    parts = [run.name]
    if facts is not None:
        settings = run.settings
        parts.append(
            words.SIZE.format(
                layers=settings.layers,
                width=settings.width,
                heads=settings.heads,
                parameters=facts.parameters,
            )
        )
    if status.tokens_per_second:
        parts.append(words.SPEED.format(tokens=status.tokens_per_second))
    markup.note(" · ".join(parts))
    if status.said:
        st.warning(status.said)
    if not status.ended:
        _draw_buttons(run)


def _draw_buttons(run: ShownRun) -> None:
    lab, paused = cached.lab(), run.status.state == files.PAUSED
    actions = [(words.GO, lab.go_on), (words.STEP, lab.step)] if paused else []
    if run.status.state == files.RUNNING:
        actions = [(words.PAUSE, lab.pause)]
    with st.container(horizontal=True, key=f"lab-buttons-{run.id}"):
        for label, tell in [*actions, (words.STOP, lab.stop)]:
            st.button(
                label,
                key=f"pretraining.{label}.{run.id}",
                type="tertiary",
                on_click=partial(_tell, tell, run),
            )


def _tell(tell: Callable[[str], None], run: ShownRun) -> None:
    """Tell a run something, and wait a moment for it to be done."""
    before = files.read_status(run.run.folder)
    tell(run.id)
    until = time.monotonic() + SOON_SECONDS
    while time.monotonic() < until:
        now = files.read_status(run.run.folder)
        if (now.state, now.step) != (before.state, before.step) and now.state != files.RUNNING:
            return
        time.sleep(0.02)


def _draw_curves(frame: Frame, runs: list[ShownRun]) -> None:
    steps = max(run.settings.steps for run in runs)
    training = words.TRAINING.format(window=smoothing_window(steps))
    figure = loss_curves(
        [run.curve for run in runs],
        [None if run.facts is None else run.facts.unigram for run in runs],
        steps,
        LossWords(**words.CURVES, training=training),
        frame.colours,
        pairs=any(run.settings.pairs for run in runs),
    )
    charts.draw(figure, CURVES, words.CURVES_ALT, saveable=True)
    markup.note(words.FIRST_LOSS)
