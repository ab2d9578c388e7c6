"""How far the runs are, what they are told, and what becomes of their models."""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from bert_core.lab import folder as files
from ui import cached, markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame
from ui.pretraining.models import draw_model
from ui.pretraining.shown import ShownRun, read_runs
from ui.tail import again_in
from ui.words import pretraining as words

POLL_SECONDS = 1.0

# How long a click waits for what it asked for, so that the page that follows shows it.
SOON_SECONDS = 0.4


def living_part(frame: Frame, draw: Callable[[list[ShownRun]], None]) -> None:
    """A part of the page about the runs of the view: while one still changes, again every second.

    draw: given the runs as they are at that moment.
    """

    def draw_now() -> None:
        runs = read_runs(frame.view.chosen(PretrainingChoices).runs)
        if not all(run.status.ended for run in runs):
            again_in(POLL_SECONDS)
        draw(runs)

    frame.part(draw_now)


def draw_states(frame: Frame) -> None:
    """The runs of the view that are there, beside each other."""
    asked = frame.view.chosen(PretrainingChoices).runs
    found = len(read_runs(asked))
    if found < len(asked):
        markup.note(words.GONE)
    if found:
        living_part(frame, _draw_states)


def _draw_states(runs: list[ShownRun]) -> None:
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        with column:
            _draw_state(run)


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
    with st.container(horizontal=True, vertical_alignment="center", key=f"lab-buttons-{run.id}"):
        if not status.ended:
            _draw_buttons(run)
        if status.models:
            draw_model(run)
        markup.note(" · ".join(parts))
    if status.said:
        markup.warning(status.said)


def _draw_buttons(run: ShownRun) -> None:
    lab, paused = cached.lab(), run.status.state == files.PAUSED
    actions = [(words.GO, lab.go_on), (words.STEP, lab.step)] if paused else []
    if run.status.state == files.RUNNING:
        actions = [(words.PAUSE, lab.pause)]
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
