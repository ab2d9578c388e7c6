"""What the heads do over many texts, and whether it is the same in most of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st

from bert_core.attention.maps import head_name
from bert_core.attention.measures import KINDS
from bert_core.attention.summary import SetRole, SetSummary, set_roles, summarise_heads
from bert_core.errors import InputError
from bert_core.figures.head_tiles import head_tiles
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.texts.hundred import bundled_hundred, parse_list
from ui import charts, markup
from ui.attention.measured import amount, beside
from ui.attention.picks import open_head
from ui.attention.scans import Texts, read_measures, read_texts
from ui.jobs import ask_button, asked_for
from ui.page import Page, sentence_on_failure
from ui.switches import draw_switch
from ui.takeaway import draw_foot
from ui.words import attention_heads as head_words
from ui.words import attention_how as how_words
from ui.words import attention_studies as words

Roles = tuple[tuple[SetRole | None, ...], ...]

CHOICE = "attention.many.set"
OWN = "attention.many.own"
CHART = "attention.many.all"
SHOWN = ("entropy", "distance", "previous", "next", "first", "sep", "same_word", "between")


def draw_many(page: Page, run: BertRun) -> None:
    summary = None
    with st.container(horizontal=True, vertical_alignment="center", key="menus-many"):
        title = st.container()
        chosen = draw_switch(CHOICE, words.SET, words.SETS)
    with sentence_on_failure():
        texts = bundled_hundred() if chosen == "hundred" else own_list()
        readings = read_texts(page, texts, "attention.many", read_measures) if texts else ()
        if readings:
            summary = summarise_heads(readings)
            roles = set_roles(summary)
            with title:
                draw_title(page, summary, roles[page.layer][page.head])
            draw_summary(page, summary, roles)
    draw_foot(
        page,
        words.MANY_COLUMNS if summary else (),
        lambda: table_rows(summary) if summary else (),
        how_words.MANY,
        chart=CHART if summary else None,
        study="many",
    )


def own_list() -> Texts | None:
    """The list that was pasted or uploaded, once somebody asked to read it.

    Raises:
        InputError: it was refused, and no other has been asked for since.
    """
    st.text_area(words.PASTE, key=f"{OWN}.text", max_chars=200_000)
    st.file_uploader(words.UPLOAD, type=["txt", "tsv", "csv"], key=f"{OWN}.file")
    ask_button(words.START, OWN, lambda: parsed(typed()))
    texts, refused = asked_for(OWN, (None, ""))
    if refused:
        raise InputError(refused)
    return texts


def typed() -> str:
    """What is in the fields now."""
    upload = st.session_state[f"{OWN}.file"]
    if upload is None:
        return str(st.session_state[f"{OWN}.text"])
    return str(upload.getvalue().decode("utf-8", "replace"))


def parsed(raw: str) -> tuple[Texts | None, str]:
    """The texts of a list, or else why it is refused."""
    try:
        return parse_list(raw), ""
    except InputError as error:
        return None, str(error)


def draw_title(page: Page, summary: SetSummary, role: SetRole | None) -> None:
    name = head_name(page.layer, page.head)
    quiet = words.MANY_QUIET.format(texts=summary.sentences)
    markup.heading(role_line(name, role), quiet)


def draw_summary(page: Page, summary: SetSummary, roles: Roles) -> None:
    """What the open head does, and how much all others do of the same."""
    heads = page.bert.layers * page.bert.heads
    stable = sum(role is not None and role.stable for row in roles for role in row)
    left, right = st.columns(2, gap="large")
    with left:
        markup.figures(list(figure_rows(summary, page.layer, page.head)))
        markup.note(f"{words.MANY_NOTE} {words.MANY_ROLES.format(count=stable, heads=heads)}.")
    with right:
        draw_tiles(page, summary, roles[page.layer][page.head])


def draw_tiles(page: Page, summary: SetSummary, role: SetRole | None) -> None:
    """All heads by what the open one does, or by what it does most where it has no role."""
    shares = [one for name, one in summary.measures.items() if KINDS[name].unit == "share"]
    measure = (
        role.measure
        if role
        else max(
            (one.mean for one in shares if one.count),
            key=lambda one: float(one.values[page.layer, page.head]),
        ).name
    )
    values = summary.measures[measure].mean.values
    quiet = words.MANY_ALL_QUIET.format(name=head_words.MEASURES[measure])
    markup.heading(words.MANY_ALL.format(count=values.size), quiet)
    charts.draw_clickable(
        head_tiles(values, page.colours, opened=(page.layer, page.head)),
        CHART,
        words.MANY_TILES,
        [
            words.MANY_TILE.format(head=f"{layer + 1}.{head + 1}", share=percent(float(share)))
            for (layer, head), share in np.ndenumerate(values)
        ],
        lambda number: open_head(*divmod(number, page.bert.heads)),
    )


def role_line(name: str, role: SetRole | None) -> str:
    """What the open head does in these texts, and whether that holds."""
    shown = name[0].upper() + name[1:]
    if role is None:
        return words.MANY.format(name=shown, role=words.MANY_NONE)
    holds = words.MANY_STABLE if role.stable else words.MANY_UNSTABLE
    does = head_words.ROLES[role.measure]
    return words.MANY.format(name=shown, role=f"{does}: {holds.format(share=percent(role.share))}")


def figure_rows(summary: SetSummary, layer: int, head: int) -> Iterator[tuple[str, str, str]]:
    for name in SHOWN:
        found = summary.measures[name]
        if found.count == 0:
            continue
        mean, half = float(found.mean.values[layer, head]), float(found.half_width[layer, head])
        interval = words.MANY_ROW.format(
            mean=amount(found.mean, mean), half=amount(found.mean, half).lstrip("+")
        )
        base = float(found.mean.baseline[layer, head])
        yield (
            head_words.MEASURES[name],
            interval,
            beside(found.mean, base),
        )


def table_rows(summary: SetSummary) -> Iterator[tuple[Any, ...]]:
    """Every measure of every head; layers and heads count from 1."""
    for name, found in summary.measures.items():
        if found.count == 0:
            continue
        layers, heads = found.mean.values.shape
        for layer in range(layers):
            for head in range(heads):
                yield (
                    layer + 1,
                    head + 1,
                    head_words.MEASURES[name],
                    float(found.mean.values[layer, head]),
                    float(found.half_width[layer, head]),
                    float(found.mean.baseline[layer, head]),
                    found.count,
                )
