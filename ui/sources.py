"""Texts and lists of the visitor's own: typed into a field that keeps them, or uploaded."""

import streamlit as st

from ui.revisions import revised

MOST_CHARACTERS = 200_000
KINDS = ("txt", "csv", "tsv")


def text_field(
    key: str, label: str, default: str, *, height: int, most: int = MOST_CHARACTERS
) -> str:
    """A text area with `default` in it until somebody types; what was typed stays when it closes.

    `default` may change with the page's sentences.
    """
    typed = f"{key}:typed"
    shown = str(st.session_state.get(typed, default))

    def keep(now: str) -> None:
        st.session_state[typed] = now

    st.text_area(label, height=height, max_chars=most, **revised(key, shown, keep))
    return shown


def read_source(
    key: str, label: str, default: str, upload: str, *, height: int = 200
) -> str | bytes:
    """What is in the uploaded file, or else in the field."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        text_field(key, label, default, height=height)
    right.file_uploader(upload, type=KINDS, key=f"{key}.file")
    return source_now(key, default)


def source_now(key: str, default: str) -> str | bytes:
    """What is in the file or the field of `read_source` at this moment; for callbacks too."""
    file = st.session_state.get(f"{key}.file")
    if file is not None:
        return bytes(file.getvalue())
    return str(st.session_state.get(f"{key}:typed", default))
