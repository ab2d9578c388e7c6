"""The foot of a page: its numbers as a table, to take away, and how to read them."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from bert_core.texts.cells import cell
from ui import address, markup, state
from ui.components.pictures import picture_buttons
from ui.page import Frame
from ui.view import read_query
from ui.words import common as words

Rows = Callable[[], Iterable[Sequence[Any]]]
# What stands on a button, the end of the file's name, its type, and what makes it on a click.
Download = tuple[str, str, str, Callable[[], bytes]]

# The one key of a saved view's file.
SAVED = "bert-lens"

COUNTING = (
    "layers and heads count from 1; tokens (as positions in BERT), words and characters from 0"
)


def draw_foot(
    page: Frame,
    columns: Sequence[str],
    rows: Rows,
    how: str,
    more: Sequence[Download] = (),
    chart: str | None = None,
    *,
    study: str = "",
) -> None:
    """What is open on the page to take away, and how to read it; made only when somebody asks.

    columns: none where there is no answer yet, and so no numbers. how: Markdown of our own.
    chart: the key of the plotly figure that is saved as a picture.
    study: the tab that is open, unless it is the page's own picture.
    """
    name = f"{page.name}.{study}" if study else page.name
    with st.container(horizontal=True, key="takeaway", vertical_alignment="center"):
        st.html(f"<p class='bl-away'>{words.TAKE_AWAY}</p>", width="content")
        if columns:
            _draw_downloads(page, name, columns, rows, more, chart)
        _draw_link(page)
        st.space("stretch")
        with st.popover(words.HOW, type="tertiary"):
            st.markdown(how)
            if columns:
                _draw_table(name, columns, rows)


def _draw_downloads(
    page: Frame,
    name: str,
    columns: Sequence[str],
    rows: Rows,
    more: Sequence[Download],
    chart: str | None,
) -> None:
    """PNG and SVG of the figure with the key `chart`, CSV, JSON, and `more`."""
    file = f"bert-lens-{name.replace('_', '-').replace('.', '-')}"
    if chart is not None:
        picture_buttons(chart, key=f"{name}.pictures", name=file, labels=words.PICTURES)
    downloads: tuple[Download, ...] = (
        (words.CSV, "csv", "text/csv", lambda: to_csv(columns, rows())),
        (words.JSON, "json", "application/json", lambda: to_json(page, columns, rows())),
        *more,
    )
    for label, ending, mime, make in downloads:
        st.download_button(
            label,
            make,
            f"{file}.{ending}",
            mime,
            key=f"{name}.{label}",
            on_click="ignore",
            type="tertiary",
        )


def _draw_table(name: str, columns: Sequence[str], rows: Rows) -> None:
    table = st.expander(words.TABLE, key=f"{name}.table", on_change="rerun")
    if table.open:
        with table:
            st.dataframe(to_table(columns, rows()), hide_index=True)


def to_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Rows as named columns."""
    filled = list(rows)
    return {name: [row[at] for row in filled] for at, name in enumerate(columns)}


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV in UTF-8 with a mark at its start, which spreadsheets need to read it right."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(map(cell, row) for row in rows)
    return out.getvalue().encode("utf-8-sig")


def to_json(page: Frame, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows with the model, the input and the view that they belong to."""
    document = page.about() | {
        "counting": COUNTING,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")


def _draw_link(page: Frame) -> None:
    with st.popover(words.LINK, type="tertiary"):
        if address.link_is_too_long():
            markup.note(words.LINK_TOO_LONG)
        else:
            st.code(
                f"{st.context.url}?{urlencode(page.view.to_query())}",
                language=None,
                wrap_lines=True,
            )
            markup.note(words.LINK_HELP)
        st.download_button(
            words.SAVE,
            json.dumps({SAVED: page.view.to_query()}, ensure_ascii=False),
            "bert-lens-view.json",
            "application/json",
            key=f"{page.name}.save",
            on_click="ignore",
        )
        key = f"{page.name}.open"
        st.file_uploader(words.OPEN, type="json", key=key, on_change=lambda: _open_saved(key))


def _open_saved(key: str) -> None:
    upload = st.session_state[key]
    if upload is None:
        return
    try:
        query = json.loads(upload.getvalue())[SAVED]
        state.replace_view(read_query({str(name): str(value) for name, value in query.items()}))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        state.notice(words.NOT_A_VIEW)
