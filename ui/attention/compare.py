"""Two texts side by side: what changed in which head."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.comparison import Alignment, ChangedHead, align, difference, most_changed
from bert_core.attention.maps import head_name
from bert_core.figures.bars import share_bars
from bert_core.figures.thumbnails import pool_differences
from bert_core.model.inference import ATTENTIONS, Asked, BertRun
from bert_core.model.tokenization import Encoding, encode
from ui import charts, markup, state
from ui.choices.attention import AttentionChoices
from ui.components.heads import head_grid
from ui.components.one_map import weight_map
from ui.page import Page, sentence_on_failure
from ui.takeaway import draw_study_foot
from ui.words import attention_studies as words

MOST_LISTED = 8


def draw_compare(page: Page, run: BertRun) -> None:
    pinned = page.view.chosen(AttentionChoices).pinned
    st.button(words.PIN, key="attention.pin", on_click=pin, type="tertiary")
    if pinned is None:
        markup.note(words.PIN_ASK)
        return
    markup.note(words.PINNED.format(text=markup.short(" / ".join(filter(None, pinned)), 200)))
    if pinned == (page.view.text, page.view.pair):
        markup.note(words.PIN_TYPE)
        return
    with sentence_on_failure():
        encoding = encode(page.bert, pinned[0], pinned[1] or None)
        alignment = align(encoding, run.encoding)
        (other,) = page.run(Asked(encoding, {ATTENTIONS}))
        page.report(run)
        if other.attentions is not None and run.attentions is not None:
            changes = difference(other.attentions, run.attentions, alignment)
            draw_differences(page, encoding, run.encoding, alignment, changes)


def pin() -> None:
    """Keep the present sentences, to compare others with them."""
    view = state.view()
    state.choose(AttentionChoices, pinned=(view.text, view.pair))


def draw_differences(
    page: Page, before: Encoding, after: Encoding, alignment: Alignment, changes: Floats
) -> None:
    markup.lines([aligned_line(before, after, alignment)])
    changed = most_changed(changes)
    tokens = [paired(before, after, pair) for pair in alignment.pairs]
    left, right = st.columns([5, 6], gap="large")
    with left:
        draw_changed_heads(page, changed)
        draw_all_changes(page, changes, changed)
    with right:
        name = head_name(page.layer, page.head)
        markup.heading(words.CHANGE_OF.format(name=name), words.CHANGE_QUIET)
        weight_map(
            np.asarray(changes[page.layer, page.head]),
            tokens,
            [after.sequences[at] for _, at in alignment.pairs],
            range(len(tokens)),
            key="attention.change",
            label=words.CHANGE_OF.format(name=name),
            name=name,
            signed=True,
            channel="change",
        )
    draw_study_foot(
        page,
        "compare",
        words.COMPARE_COLUMNS,
        lambda: [(one.layer + 1, one.head + 1, one.change) for one in changed],
        chart="attention.changed",
    )


def aligned_line(before: Encoding, after: Encoding, alignment: Alignment) -> str:
    """The tokens side by side; those that differ as "old → new"."""
    parts = [markup.safe(paired(before, after, pair)) for pair in alignment.pairs]
    left_out = len(alignment.unaligned_first) + len(alignment.unaligned_second)
    tail = [markup.quiet(words.UNALIGNED.format(count=left_out))] if left_out else []
    return " ".join([markup.quiet(words.ALIGNED), *parts, *tail])


def paired(before: Encoding, after: Encoding, pair: tuple[int, int]) -> str:
    old, new = before.tokens[pair[0]], after.tokens[pair[1]]
    return new if old == new else f"{old} → {new}"


def draw_changed_heads(page: Page, changed: Sequence[ChangedHead]) -> None:
    most = changed[:MOST_LISTED]
    markup.heading(words.CHANGED, words.CHANGED_QUIET)
    charts.draw_clickable(
        share_bars(
            [f"{one.layer + 1}.{one.head + 1}" for one in most],
            [one.change for one in most],
            page.colours,
            colour=page.colours.high,
        ),
        "attention.changed",
        words.CHANGED,
        [words.OPEN_HEAD.format(head=f"{one.layer + 1}.{one.head + 1}") for one in most],
        lambda row: state.change(layer=most[row].layer, head=most[row].head),
    )


def draw_all_changes(page: Page, changes: Floats, changed: Sequence[ChangedHead]) -> None:
    markup.heading(words.ALL_CHANGES, words.ALL_CHANGES_QUIET)
    markup.note(words.SCALE.format(most=f"{100 * float(np.abs(changes).max()):.1f}"))
    heads = page.bert.heads
    head_grid(
        pool_differences(changes / max(float(np.abs(changes).max()), 1e-9)),
        key="attention.changes",
        layer=page.layer,
        head=page.head,
        tokens=changes.shape[-1],
        label=words.ALL_CHANGES,
        order=[one.layer * heads + one.head for one in changed],
        signed=True,
        channel="change",
        on_pick=lambda picked: state.change(layer=picked[0], head=picked[1]),
    )
