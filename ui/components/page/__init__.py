"""What happens to the page as a whole: Back and Forward in the browser, another theme."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import streamlit as st

from ui.components.assets import read_js, read_rules
from ui.components.events import mount

_page = st.components.v2.component(
    "bert_lens_page",
    html='<i class="bl-page"></i>',
    css=read_rules("page/page.css"),
    js=read_js("page/page.js"),
    isolate_styles=False,
)

THEMES = ("light", "dark")
LONGEST_ADDRESS = 2**16  # letters; servers take a request of a quarter of that


def page_events(
    key: str,
    theme: Literal["light", "dark"],
    on_address: Callable[[str], None],
    on_theme: Callable[[str], None],
) -> None:
    """Listen to the browser; takes no room on the page.

    theme: what the page's figures are painted for.
    on_address: called with path and query, such as "/attention?a=one", after Back or Forward to
        another address of the same page.
    on_theme: called with "light" or "dark", once, where the browser shows another than `theme`.
    """

    def act(event: tuple[str, str]) -> None:
        name, value = event
        (on_address if name == "address" else on_theme)(value)

    mount(_page, key, lambda heard: {"theme": theme, "heard": heard}, _read, act)


def _read(sent: Mapping[str, Any]) -> tuple[str, str] | None:
    address, theme = sent.get("address"), sent.get("theme")
    if isinstance(address, str) and address.startswith("/") and len(address) <= LONGEST_ADDRESS:
        return "address", address
    return ("theme", theme) if theme in THEMES else None
