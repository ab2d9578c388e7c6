"""Plotly figures in a page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui.components.rows import Box, pressable_rows

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
    """A chart of horizontal bars, or of cells; `on_click` is called with the number of the one that
    was pressed, before the script runs.

    labels: what a press on each does, from the top, or as the points of the figure's last trace
        stand; unlike for those that do something else: a press on a chart that was replaced
        meanwhile does what it said or nothing. There may be more bars than labels; those below do
        nothing.
    """
    with st.container():
        draw(figure, key, alt, saveable=True)
        pressable_rows(f"{key}.rows", alt, labels, boxes(figure)[: len(labels)], on_click)


def boxes(figure: go.Figure) -> list[Box]:
    """Where the bars of the first trace are, as rows; without bars, the cells that the points of
    the last trace stand in. Rows and cells are one apart.
    """
    bars, points = figure.data[0], figure.data[-1]
    layout = figure.layout.to_plotly_json()  # asking the figure for each row takes longer
    if bars.type == "bar":
        return [_row(layout, float(place)) for place in bars.y]
    return [
        _cell(layout, float(column), float(row))
        for column, row in zip(points.x, points.y, strict=True)
    ]


def _row(layout: dict[str, Any], place: float) -> Box:
    margin, (bottom, top) = layout["margin"], layout["yaxis"]["range"]
    height = (layout["height"] - margin["t"] - margin["b"]) / abs(bottom - top)
    return Box(margin["t"] + (abs(place - top) - 0.5) * height, height)


def _cell(layout: dict[str, Any], column: float, row: float) -> Box:
    """As wide as a column: the chart is as wide as the page lets it be."""
    margin, (left, right) = layout["margin"], layout["xaxis"]["range"]
    across = f"(100% - {margin['l'] + margin['r']}px) / {right - left}"
    place = f"calc({margin['l']}px + {column - 0.5 - left} * {across})"
    return replace(_row(layout, row), left=place, width=f"calc({across})")


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
