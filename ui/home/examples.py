"""Examples to begin with, and a press on a token."""

from dataclasses import replace

import streamlit as st

from ui import state
from ui.examples import EXAMPLES


def draw_examples() -> None:
    with st.container(horizontal=True, key="examples", gap="medium"):
        for number, example in enumerate(EXAMPLES):
            st.button(
                example.label,
                key=f"example.{number}",
                type="tertiary",
                on_click=take_example,
                args=(number,),
            )


def take_example(number: int) -> None:
    state.replace_view(replace(EXAMPLES[number].view(), model=state.view().model))


def ask_about(position: int) -> None:
    state.change(masked=(position,), look=None)
