"""Rows of buttons, of which one is pressed, and menus, of which one line is chosen."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui import markup, state
from ui.link import form_of
from ui.page import Page


def draw_choice(
    page: Page, choices: type, field: str, label: str, names: Mapping[str, str]
) -> None:
    """A row of buttons that shows and changes one of the choices of the page."""
    st.segmented_control(
        label,
        form_of(choices, field).allowed,
        format_func=lambda choice: markup.escape_markdown(names[choice]),
        label_visibility="collapsed",
        required=True,
        **state.bound(choices, field, page.name, argument="default"),
    )


def draw_menu(
    page: Page, choices: type, field: str, label: str, names: Mapping[str, str], width: int
) -> None:
    """A menu that shows and changes one of the choices of the page, `width` pixels wide."""
    allowed = form_of(choices, field).allowed
    st.selectbox(
        label,
        allowed,
        format_func=names.__getitem__,
        label_visibility="collapsed",
        filter_mode=None,
        width=width,
        **state.bound(choices, field, page.name, argument="index", options=allowed),
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
