"""How the runs learn: their losses, what those say, and what the runs guess by now."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.figures.losses import smoothing_window
from bert_core.figures.pretraining import LossWords, loss_curves
from bert_core.lab import folder as files
from bert_core.lab.learned import Learned, what_it_learned
from ui import charts, markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame
from ui.pretraining.looks import draw_guesses
from ui.pretraining.scale import draw_picture
from ui.pretraining.shown import ShownRun, read_runs
from ui.pretraining.watching import living_part
from ui.takeaway import draw_foot
from ui.words import pretraining as words

CURVES = "pretraining.curves"


def draw_learning(frame: Frame) -> None:
    """The first tab; as long as nothing is trained, what the real one took."""
    runs = read_runs(frame.view.chosen(PretrainingChoices).runs)
    if runs:
        living_part(frame, lambda now: _draw(frame, now))
    else:
        markup.note(words.OPENING)
        draw_picture(frame, [])
    draw_foot(
        frame,
        words.LOSSES,
        lambda: loss_rows(frame),
        words.HOW,
        chart=CURVES if any(run.snapshots for run in runs) else None,
    )


def _draw(frame: Frame, runs: list[ShownRun]) -> None:
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        with column:
            markup.heading(*headline(learned(run)))
    if not any(run.snapshots for run in runs):
        return
    if len(runs) == 1:
        left, right = st.columns([6, 5], gap="large")
    else:
        left = right = st.container()
    with left:
        _draw_curves(frame, runs)
    with right:
        draw_guesses(frame, runs)


def learned(run: ShownRun) -> Learned | None:
    """What a run has learned by its newest figures; None before there are any."""
    if run.facts is None:
        return None
    tried = [(step, words_loss) for step, words_loss, _ in run.curve.held_out]
    return what_it_learned(tried, run.facts.unigram)


def headline(found: Learned | None) -> tuple[str, str]:
    """Strong and quiet: whether it uses more than how often pieces occur."""
    if found is None:
        return words.NOT_TRIED, words.NOT_TRIED_QUIET
    quiet = words.UNSURE.format(choices=found.choices, others=found.choices_by_frequency)
    if found.since is None:
        return words.NOT_YET, quiet
    return words.LEARNED.format(step=found.since), quiet


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


def loss_rows(frame: Frame) -> Iterator[tuple[Any, ...]]:
    """The losses of all steps so far."""
    for run in read_runs(frame.view.chosen(PretrainingChoices).runs):
        for step, (said, pairs) in enumerate(files.read_losses(run.run.folder).tolist(), start=1):
            yield run.name, step, said, pairs if pairs == pairs else None
