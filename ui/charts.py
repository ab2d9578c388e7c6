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


def draw_square(figure: go.Figure, key: str, alt: str, *, saveable: bool = False) -> None:
    """A figure as high as its column is wide; at most as high as it says, by style.css."""
    config = SAVEABLE if saveable else CONFIG
    with st.container(key=f"square-{figure.layout.height}-{key}"):
        st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt, height="stretch")


def draw_clickable(figure: go.Figure, key: str, alt: str, on_click: Callable[[int], None]) -> None:
    """A bar chart; `on_click` is called with the row that was clicked, before the script runs.

    The chart remembers what was clicked, and a second click there says nothing new; so after each
    click it is a new one.
    """
    element = clickable_key(key)

    def clicked() -> None:
        points = st.session_state[element].selection.point_indices
        if points:
            st.session_state[f"{key}:clicks"] = st.session_state.get(f"{key}:clicks", 0) + 1
            on_click(int(points[0]))

    st.plotly_chart(
        figure,
        key=element,
        theme=None,
        config=SAVEABLE,
        alt=alt,
        on_select=clicked,
        selection_mode="points",
    )


def clickable_key(key: str) -> str:
    """The key that a clickable chart has until it is clicked again."""
    return f"{key}.{st.session_state.get(f'{key}:clicks', 0)}"


def draw_brushable(figure: go.Figure, key: str, alt: str) -> list[int]:
    """A scatter; returns the points of its first trace that a frame was drawn round."""
    state = st.plotly_chart(
        figure,
        key=key,
        theme=None,
        config=SAVEABLE,
        alt=alt,
        on_select="rerun",
        selection_mode=("box", "lasso"),
    )
    points = state.selection.points
    return [int(point["point_index"]) for point in points if point.get("curve_number") == 0]
