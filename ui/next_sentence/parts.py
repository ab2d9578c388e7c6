"""What the questions share: fields that keep their text, and what a stopped job says."""

from typing import Any

import streamlit as st

from bert_core.job import Job
from ui import jobs
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


def say_partly(job: Job[Any], slot: str) -> None:
    """That the job was stopped, how far it came, and a way to do it after all."""
    if job.done < job.total and not job.error:
        jobs.say_partly(job)
        st.button(
            words.AGAIN, key=f"{slot}.again", type="tertiary", on_click=jobs.drop_job, args=(slot,)
        )


def signed(number: float, places: int = 2) -> str:
    """A number with its sign."""
    return f"{number:+.{places}f}".replace("-", "\N{MINUS SIGN}")
