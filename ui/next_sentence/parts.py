"""What the questions share: fields that keep their text, switches, and what a stopped job says."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bert_core.job import Job
from ui import html
from ui.jobs import drop_job
from ui.words import next_studies as words

MOST_CHARACTERS = 200_000


def text_field(
    name: str, label: str, default: str, *, height: int, most: int = MOST_CHARACTERS
) -> str:
    """A text area with `default` in it until somebody types; what was typed stays when it closes.

    `default` may change with the page's sentences.
    """
    key, typed = f"next_sentence.{name}", f"next_sentence.{name}:typed"
    shown = st.session_state.get(typed, default)
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown

    def keep() -> None:
        st.session_state[typed] = st.session_state[key]

    st.text_area(label, key=key, on_change=keep, height=height, max_chars=most)
    return str(shown)


def switch(name: str, label: str, choices: Mapping[str, str]) -> Any:
    """A row of buttons, the first one pressed at first; returns which one is pressed."""
    return st.segmented_control(
        label,
        list(choices),
        format_func=lambda one: html.escape_markdown(choices[one]),
        label_visibility="collapsed",
        default=next(iter(choices)),
        required=True,
        key=f"next_sentence.{name}",
    )


def say_partly(job: Job[Any], slot: str) -> None:
    """That the job was stopped, how far it came, and a way to do it after all."""
    if job.done < job.total and not job.error:
        html.note(words.PARTLY.format(done=job.done, total=job.total))
        st.button(
            words.AGAIN, key=f"{slot}.again", type="tertiary", on_click=drop_job, args=(slot,)
        )


def signed(number: float, places: int = 2) -> str:
    """A number with its sign."""
    return f"{number:+.{places}f}".replace("-", "\N{MINUS SIGN}")
