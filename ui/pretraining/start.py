"""Choosing what is trained, and starting it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from bert_core.errors import BertLensError
from bert_core.lab.settings import (
    HEADS,
    LAYERS,
    LONGEST_SENTENCE,
    MOST_SENTENCES,
    RATES,
    STEPS,
    VOCABULARIES,
    WIDTHS,
    LabSettings,
    read_sentences,
)
from ui import cached, markup, state
from ui.choices.pretraining import MOST_RUNS, PretrainingChoices
from ui.page import Frame
from ui.revisions import revised
from ui.words import pretraining as words

KEPT = "pretraining.settings"
USUAL = LabSettings()


def chosen_settings() -> dict[str, Any]:
    """What this visitor chose; it outlives the widgets, which go with their page."""
    found: dict[str, Any] = st.session_state.setdefault(
        KEPT, {"sentences": "\n".join(USUAL.sentences)}
    )
    return found


def asked_settings() -> LabSettings:
    """What is chosen, as the lab takes it.

    Raises:
        BertLensError: it cannot be trained.
    """
    chosen = chosen_settings()
    return LabSettings(**{**chosen, "sentences": read_sentences(chosen["sentences"])})


def draw_start(frame: Frame) -> None:
    """Buttons that start a run, or clear those that are shown, and what is trained."""
    runs = frame.view.chosen(PretrainingChoices).runs
    with st.container(horizontal=True, vertical_alignment="center", key="lab-start"):
        if len(runs) < MOST_RUNS:
            # Two buttons: a second delivery of the same press finds the first one gone.
            st.button(
                words.BESIDE if runs else words.START,
                type="secondary" if runs else "primary",
                on_click=state.guarded,
                args=(start, runs),
            )
        if runs:
            st.button(words.ANEW, type="tertiary", on_click=clear, args=(runs,))
        if len(runs) < MOST_RUNS:
            with st.popover(words.SETTINGS, type="tertiary", width="content"):
                _draw_settings()


def start(runs: tuple[str, ...]) -> None:
    """Start what is chosen beside these runs; a second press finds others, and starts nothing.

    Raises:
        BertLensError: it cannot be, or too many wait.
    """
    if state.view().chosen(PretrainingChoices).runs != runs:
        return
    state.choose(PretrainingChoices, runs=(*runs, cached.lab().start(asked_settings())))


def clear(runs: tuple[str, ...]) -> None:
    """Look at these runs no longer; what still trains is stopped."""
    for run_id in runs:
        cached.lab().stop(run_id)
    others = (one for one in state.view().chosen(PretrainingChoices).runs if one not in runs)
    state.choose(PretrainingChoices, runs=tuple(others))


def _draw_settings() -> None:
    left, right = st.columns(2)
    with left:
        _choose("rate", words.RATE, RATES)
        _choose("steps", words.STEPS, STEPS)
        _choose("layers", words.LAYERS, LAYERS)
        st.toggle(words.PAIRS, **_bound("pairs"))
    with right:
        _choose("width", words.WIDTH, WIDTHS)
        _choose("heads", words.HEADS, HEADS)
        _choose("vocabulary", words.VOCABULARY, VOCABULARIES)
        st.number_input(words.SEED, 0, 9_999, **_bound("seed"))
    st.text_area(
        words.SENTENCES,
        max_chars=MOST_SENTENCES * (LONGEST_SENTENCE + 1),
        help=words.SENTENCES_HELP,
        **_bound("sentences"),
    )
    try:
        asked_settings()
    except BertLensError as error:
        markup.note(str(error))


def _choose(name: str, label: str, options: Sequence[int]) -> None:
    st.select_slider(label, options, format_func=lambda one: f"{one:,}", **_bound(name))


def _bound(name: str) -> dict[str, Any]:
    """For a widget whose choice counts from its callback on, so that Start finds it."""
    chosen = chosen_settings()
    value = chosen.get(name, getattr(USUAL, name))
    return revised(f"pretraining.{name}", value, lambda now: chosen.update({name: now}))
