"""Rows of buttons, of which one is pressed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import markup, state
from ui.page import Page


def draw_choice(
    page: Page, field: str, choices: Sequence[str], label: str, names: Mapping[str, str]
) -> None:
    """A row of buttons that shows and changes one field of the view."""
    st.segmented_control(
        label,
        choices,
        format_func=lambda choice: markup.escape_markdown(names[choice]),
        label_visibility="collapsed",
        required=True,
        **state.bound(field, page.name),
    )


def draw_switch(key: str, label: str, names: Mapping[str, str]) -> Any:
    """A row of buttons of this page only, the first one pressed at first; which one is pressed."""
    return st.segmented_control(
        label,
        list(names),
        format_func=lambda choice: markup.escape_markdown(names[choice]),
        label_visibility="collapsed",
        default=next(iter(names)),
        required=True,
        key=key,
    )
