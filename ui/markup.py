"""Small pieces of page that Streamlit has no element for. Everything that is put in is escaped."""

import re
from html import escape
from pathlib import Path

import streamlit as st

from bert_core.palette import DARK, LIGHT

MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
STYLE = Path(__file__).with_name("style.css")


def apply_style() -> None:
    """The page's own rules, once a run."""
    st.html(f"<style>{_variables()}{STYLE.read_text(encoding='utf-8')}</style>")


def title(words: str, explained: str) -> None:
    """The page's title and the one sentence under it."""
    st.html(f"<h1 class='bl-title'>{escape(words)}</h1><p class='bl-lead'>{escape(explained)}</p>")


def heading(strong: str, quiet: str = "") -> None:
    """What a picture shows: the answer, then what it is an answer to."""
    st.html(f"<h2 class='bl-heading'>{escape(strong)} <span>{escape(quiet)}</span></h2>")


def note(words: str) -> None:
    """A quiet line."""
    st.html(f"<p class='bl-note'>{escape(words)}</p>")


def error(words: str) -> None:
    """Why something cannot be had, as it is: it may name what came from outside."""
    st.error(escape_markdown(words))


def warning(words: str) -> None:
    """Why a part of the page is missing, as it is."""
    st.warning(escape_markdown(words))


def big(number: str, quiet: str = "") -> None:
    """A number to be read from the last row."""
    st.html(f"<p class='bl-big'>{escape(number)} <span>{escape(quiet)}</span></p>")


def short(text: str, limit: int = 40) -> str:
    """A word that somebody typed, cut where it would fill the page."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def safe(text: str) -> str:
    """Text as markup for `lines`."""
    return f"<bdi>{escape(text)}</bdi>"


def escape_markdown(text: str) -> str:
    """Text that Streamlit's labels, which read Markdown, show as it is."""
    return MARKDOWN.sub(r"\\\1", text)


def quiet(text: str) -> str:
    """Quiet text as markup for `lines`."""
    return f"<span class='bl-quiet'>{escape(text)}</span>"


def chips(pieces: list[str], kind: str = "a") -> str:
    """Tokens as chips, as markup for `lines`. kind: a, b, mask or special."""
    return " ".join(
        f"<code class='bl-chip bl-{kind}' dir='auto'>{escape(p)}</code>" for p in pieces
    )


def lines(rows: list[str]) -> None:
    """Rows of markup that was made here or escaped."""
    st.html("".join(f"<p class='bl-line'>{row}</p>" for row in rows))


def figures(rows: list[tuple[str, ...]]) -> None:
    """Short figures in columns, the first column their name."""
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    st.html(f"<table class='bl-figures'>{body}</table>")


def _variables() -> str:
    """The palette; `light-dark()` follows the theme without a rerun."""
    pairs = {name: (value, getattr(DARK, name)) for name, value in vars(LIGHT).items()}
    rules = "".join(
        f"--bl-{name.replace('_', '-')}:light-dark({light},{dark});"
        for name, (light, dark) in pairs.items()
    )
    return f".stApp{{{rules}}}"
