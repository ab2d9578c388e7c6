"""Parts of a chart that can be pressed: buttons that nobody sees, each over a bar or a cell.

Plotly hears no click within 50 ms after the pointer came, and tells of one again with the next
message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from ui.components.assets import read_js, read_rules
from ui.components.events import is_count, mount

_rows = st.components.v2.component(
    "bert_lens_rows",
    css=read_rules("rows/rows.css"),
    js=read_js("rows/rows.js"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Box:
    """Where a button lies: pixels down the chart, and CSS lengths across, which may be fluid."""

    top: float
    height: float
    left: str = "0"
    width: str = "100%"


def pressable_rows(
    key: str,
    label: str,
    labels: Sequence[str],
    boxes: Sequence[Box],
    on_press: Callable[[int], None],
) -> None:
    """Lay buttons over the chart that is drawn before it in a container of their own.

    label: what the rows are, for screen readers. labels: of each row what a press on it does.
    boxes: where each row is; several side by side are cells.
    on_press: called with the row that was pressed. A press that did something else in the chart
        that was shown then does nothing.

    Raises:
        ValueError: not as many boxes as labels.
    """
    shown = [{"label": one, **asdict(box)} for one, box in zip(labels, boxes, strict=True)]

    def read(sent: Mapping[str, Any]) -> int | None:
        row = sent.get("row")
        return row if is_count(row, len(labels)) and sent.get("label") == labels[row] else None

    mount(_rows, key, lambda heard: {"label": label, "rows": shown, "heard": heard}, read, on_press)
