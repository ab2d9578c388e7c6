"""Buttons for what may be pressed in quick succession, such as Undo: each press counts.

Of Streamlit's own buttons two presses that wait together count once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from ui.components.assets import read_js, read_rules
from ui.components.events import mount

_presses = st.components.v2.component(
    "bert_lens_presses",
    css=read_rules("presses/presses.css"),
    js=read_js("presses/presses.js"),
    isolate_styles=False,
)


def presses(key: str, buttons: Sequence[tuple[str, str]], on_press: Callable[[str], None]) -> None:
    """Draw a row of text buttons.

    buttons: of each its name and its label, in plain text.
    on_press: called with the name of each button pressed, in order, before the script runs. A
        button that is gone when its press arrives does nothing.
    """
    names = {name for name, _ in buttons}

    def read(sent: Mapping[str, Any]) -> str | None:
        name = sent.get("press")
        return name if isinstance(name, str) and name in names else None

    shown = {"buttons": [[name, label] for name, label in buttons]}
    mount(_presses, key, lambda heard: {**shown, "heard": heard}, read, on_press)
