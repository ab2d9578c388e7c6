"""Plotly figures in a page."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from ui.components.rows import pressable_rows

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


def draw_clickable(
    figure: go.Figure,
    key: str,
    alt: str,
    labels: Sequence[str],
    on_click: Callable[[int], None],
) -> None:
    """A chart of horizontal bars; `on_click` is called with the row that was pressed, before the
    script runs.

    labels: what a press on a row does, from the top, unlike for rows that do something else: a
        press on a chart that was replaced meanwhile does what it said or nothing. There may be
        more bars than labels; those below do nothing.
    """
    with st.container():
        draw(figure, key, alt, saveable=True)
        pressable_rows(f"{key}.rows", alt, labels, row_boxes(figure, len(labels)), on_click)


def row_boxes(figure: go.Figure, count: int) -> list[tuple[float, float]]:
    """Top and height, in pixels, of the rows of the first `count` bars, which stand one apart."""
    layout = figure.layout
    bottom, top = layout.yaxis.range
    height = (layout.height - layout.margin.t - layout.margin.b) / (bottom - top)
    places = [float(place) for place in figure.data[0].y[:count]]
    return [(layout.margin.t + (place - 0.5 - top) * height, height) for place in places]


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
