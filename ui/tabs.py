"""The questions of a page as a row of tabs under its strip; only the open one is worked out."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui import markup, state
from ui.page import Frame


def draw_tabs(page: Frame, choices: type, field: str, names: Mapping[str, str]) -> Any:
    """The tab bar for a field of the page's choices; enter it with `with` to draw the open tab.

    names: what each tab is called, in their order; the first one is open where nothing is chosen.
    """
    labels = {choice: markup.escape_markdown(names[choice]) for choice in names}
    chosen = getattr(page.view.chosen(choices), field)
    bound = state.bound(
        choices,
        field,
        page.name,
        shown=labels[chosen],
        read={label: choice for choice, label in labels.items()}.__getitem__,
        argument="default",
        options=tuple(labels.values()),
    )
    tabs = st.tabs(list(labels.values()), **bound)
    return tabs[list(labels).index(chosen)]
