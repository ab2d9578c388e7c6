"""Texts and lists of the visitor's own: typed into a field that keeps them, or uploaded."""

import streamlit as st

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
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown

    def keep() -> None:
        st.session_state[typed] = st.session_state[key]

    # The value is for a browser that was too late for what an earlier run said of the field.
    st.text_area(label, shown, key=key, on_change=keep, height=height, max_chars=most)
    return shown


def read_source(
    key: str, label: str, default: str, upload: str, *, height: int = 200
) -> str | bytes:
    """What is in the uploaded file, or else in the field."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        pasted = text_field(key, label, default, height=height)
    file = right.file_uploader(upload, type=KINDS, key=f"{key}.file")
    return pasted if file is None else bytes(file.getvalue())
