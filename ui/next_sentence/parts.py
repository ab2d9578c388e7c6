"""What the questions share: what a stopped job says, and numbers with their sign."""

from typing import Any

import streamlit as st

from bert_core.serving.job import Job
from ui import jobs
from ui.words import next_sentence_studies as words


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
