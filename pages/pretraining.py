"""Pretraining: small BERTs that learn while one watches."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from bert_core.lab import folder as files
from ui import markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame, open_frame
from ui.pretraining.compare import draw_compare
from ui.pretraining.models import draw_bring
from ui.pretraining.scale import draw_scale
from ui.pretraining.shown import ShownRun, read_runs
from ui.pretraining.start import draw_start
from ui.pretraining.watching import CURVES, draw_runs
from ui.settings import settings
from ui.takeaway import draw_foot
from ui.words import pretraining as words


def main() -> None:
    frame = open_frame("pretraining", words.TITLE, words.LEAD)
    runs: list[ShownRun] = []
    if settings().lab_runs:
        draw_start(frame)
        asked = frame.view.chosen(PretrainingChoices).runs
        runs = read_runs(asked)
        if not asked:
            markup.note(words.OPENING)
        draw_runs(frame, runs)
        draw_compare(frame)
    else:
        markup.note(words.OFF)
        draw_scale(frame, runs)
    draw_foot(
        frame,
        words.LOSSES,
        lambda: loss_rows(frame),
        words.HOW,
        chart=CURVES if runs else None,
    )
    if settings().lab_runs:
        with st.expander(words.BRING):
            draw_bring()
    frame.finish()


def loss_rows(frame: Frame) -> Iterator[tuple[Any, ...]]:
    """The losses of all steps so far."""
    for run in read_runs(frame.view.chosen(PretrainingChoices).runs):
        for step, (said, pairs) in enumerate(files.read_losses(run.run.folder).tolist(), start=1):
            yield run.name, step, said, pairs if pairs == pairs else None


main()
