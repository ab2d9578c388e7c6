"""Plotly figures in a page."""

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

CONFIG = {"displayModeBar": False, "displaylogo": False}
# With plotly's own button for saving, which `picture_buttons` presses; style.css hides it.
SAVEABLE = {"displayModeBar": True, "displaylogo": False, "modeBarButtons": [["toImage"]]}


def draw(figure: go.Figure, key: str, alt: str, *, saveable: bool = False) -> None:
    """A figure without Streamlit's own theme, which would repaint it."""
    config = SAVEABLE if saveable else CONFIG
    st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt)


def draw_clickable(figure: go.Figure, key: str, alt: str, on_click: Callable[[int], None]) -> None:
    """A bar chart; `on_click` is called with the row that was clicked, before the script runs.

    The chart remembers what was clicked, and a second click there says nothing new; so after each
    click it is a new one.
    """
    counter = f"{key}:clicks"
    turn = st.session_state.get(counter, 0)
    element = f"{key}.{turn}"

    def clicked() -> None:
        points = st.session_state[element].selection.point_indices
        if points:
            st.session_state[counter] = turn + 1
            on_click(int(points[0]))

    st.plotly_chart(
        figure,
        key=element,
        theme=None,
        config=CONFIG,
        alt=alt,
        on_select=clicked,
        selection_mode="points",
    )
