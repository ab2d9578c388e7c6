"""Parts of a page that run again by themselves."""

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import state
from ui.view import View

Given = ParamSpec("Given")


def fragment(
    run_every: float | None = None,
) -> Callable[[Callable[Given, None]], Callable[Given, None]]:
    """`st.fragment`, whose function stands in a container of its own, which the page draws.

    run_every: seconds between two runs; None where only what is in it asks for one.

    Where a fragment runs again before a slow browser was sent the page, Streamlit drops what the
    page's run said of the fragment. The browser then takes the fragment out, all that follows
    moves up by one place, and the next thing the fragment says is written over its neighbour. In
    here it has no neighbour.

    What somebody clicks on the page in the moment in which a fragment asks to run again, the
    browser sends along with that: the click changes the view, and only the fragment would run.
    One that finds another view, or another theme, than its page was drawn for has the page run.
    """

    def decorate(draw: Callable[Given, None]) -> Callable[Given, None]:
        def draw_if_current(
            drawn: tuple[View | None, str | None], *args: Given.args, **options: Given.kwargs
        ) -> None:
            if _wanted() != drawn:
                st.rerun()
            draw(*args, **options)

        alone = st.fragment(draw_if_current, run_every=run_every)

        @functools.wraps(draw)
        def draw_alone(*args: Given.args, **options: Given.kwargs) -> None:
            with st.container():
                alone(_wanted(), *args, **options)

        return draw_alone

    return decorate


def _wanted() -> tuple[View | None, str | None]:
    """What the page has to be drawn for: the view as callbacks left it, and the theme."""
    return state.held_view(), st.context.theme.type


def stop_page() -> NoReturn:
    """`st.stop`, after which no fragment runs again; pages draw theirs after all that may stop
    them.

    Streamlit forgets those only where a run comes to its end; one that ran later would have the
    browser look for a container that this run did not draw.
    """
    context = get_script_run_ctx()
    if context is not None:
        context.fragment_storage.clear()
    st.stop()
