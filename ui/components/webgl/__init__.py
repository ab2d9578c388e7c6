"""Whether the visitor's browser can draw with WebGL; it says so only where it cannot."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.components.assets import read_js
from ui.components.events import mount

_webgl = st.components.v2.component("bert_lens_webgl", js=read_js("webgl/webgl.js"))

LACKS = "lacks_webgl"


def lacks_webgl(key: str) -> bool:
    """Ask the browser, and remember the answer for the session; False until it has answered."""

    def read(sent: Mapping[str, Any]) -> bool | None:
        return True if sent.get("lacks") is True else None

    def remember(answer: bool) -> None:
        st.session_state[LACKS] = answer

    if not st.session_state.get(LACKS):
        mount(_webgl, key, lambda heard: {"heard": heard}, read, remember)
    return bool(st.session_state.get(LACKS))
