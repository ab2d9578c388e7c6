"""PNG and SVG of a plotly figure, made in the browser by the script that drew it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ui.components.assets import read_css, read_js

_pictures = st.components.v2.component(
    "bert_lens_pictures",
    css=read_css("pictures/pictures.css"),
    js=read_js("pictures/pictures.js"),
)

FORMATS = ("png", "svg")


def picture_buttons(
    chart: str, *, key: str, name: str, labels: Mapping[str, str], formats: Sequence[str] = FORMATS
) -> None:
    """Buttons that save the figure drawn with the key `chart`, a PNG at twice its size.

    name: of the files, without ending. labels: format to what stands on its button.
    """
    _pictures(
        key=key,
        data={
            "chart": f"st-key-{chart.replace('.', '-')}",
            "name": name,
            "buttons": [[kind, labels[kind]] for kind in formats],
        },
        width="content",
    )
