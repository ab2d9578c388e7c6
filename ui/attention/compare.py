"""Two texts side by side: what changed in which head."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from bert_core.arrays import Floats
from bert_core.attention.comparison import Alignment, ChangedHead, align, difference, most_changed
from bert_core.attention.maps import head_name
from bert_core.errors import InputError
from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_differences
from bert_core.model.inference import ATTENTIONS, Asked, BertRun
from bert_core.model.tokenization import Encoding, encode
from ui import charts, markup, state
from ui.attention.picks import open_head
from ui.choices.attention import AttentionChoices
from ui.components.heads import head_grid
from ui.components.one_map import weight_map
from ui.page import Page, sentence_on_failure
from ui.takeaway import draw_foot
from ui.words import attention_how as how_words
from ui.words import attention_studies as words

MOST_LISTED = 4
SIZE = 420  # pixels of the map
LITTLE = 0.02  # of a row: a head that changed less has not changed


def draw_compare(page: Page, run: BertRun) -> None:
    pinned = page.view.chosen(AttentionChoices).pinned
    changed: Sequence[ChangedHead] = ()
    with st.container(key="compare"), sentence_on_failure():
        if pinned is None:
            draw_title(words.PIN_TITLE, words.PIN_ASK)
        elif pinned == (page.view.text, page.view.pair):
            draw_title(words.PIN_TITLE, words.PIN_TYPE)
            draw_pinned(pinned)
        else:
            changed = draw_changes(page, pinned, run)
    draw_foot(
        page,
        words.COMPARE_COLUMNS if changed else (),
        lambda: [(one.layer + 1, one.head + 1, one.change) for one in changed],
        how_words.COMPARE,
        chart="attention.changed" if changed else None,
        study="compare",
    )


def draw_title(strong: str, quiet: str) -> None:
    """The headline, and beside it the way to pin the present text."""
    with st.container(horizontal=True, vertical_alignment="center", key="menus-compare"):
        markup.heading(strong, quiet)
        st.button(words.PIN, key="attention.pin", on_click=pin, type="tertiary")


def pin() -> None:
    """Keep the present sentences, to compare others with them."""
    view = state.view()
    state.choose(AttentionChoices, pinned=(view.text, view.pair))


def draw_pinned(pinned: tuple[str, str]) -> None:
    text = markup.short(" / ".join(filter(None, pinned)), 200)
    markup.note(words.PINNED.format(text=text))


def draw_changes(page: Page, pinned: tuple[str, str], run: BertRun) -> Sequence[ChangedHead]:
    """All heads by how much they changed, drawn; none where the runs kept no attentions."""
    before, after = encode(page.bert, pinned[0], pinned[1] or None), run.encoding
    try:
        alignment = align(before, after)
    except InputError:
        draw_title(words.PIN_TITLE, words.PIN_TYPE)
        draw_pinned(pinned)
        raise
    (other,) = page.run(Asked(before, {ATTENTIONS}))
    page.report(run)
    if other.attentions is None or run.attentions is None:
        return ()
    changes = difference(other.attentions, run.attentions, alignment)
    changed = most_changed(changes)
    draw_title(*headline(changed[0]))
    markup.lines([aligned_line(before, after, alignment)])
    left, right = st.columns([10, 12], gap="medium")
    with left:
        draw_all_changes(page, changes, changed)
        draw_changed_heads(page, changed)
    with right:
        draw_map(page, before, after, alignment, changes)
    return changed


def draw_map(
    page: Page, before: Encoding, after: Encoding, alignment: Alignment, changes: Floats
) -> None:
    """What changed in the open head."""
    name = head_name(page.layer, page.head)
    tokens = [paired(before, after, pair) for pair in alignment.pairs]
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
        height=SIZE,
    )


def headline(most: ChangedHead) -> tuple[str, str]:
    """Which head changed most, or that none did."""
    form = words.CHANGED_MOST if most.change >= LITTLE else words.CHANGED_NONE
    head = f"{most.layer + 1}.{most.head + 1}"
    return form.format(head=head), words.CHANGED_MOST_QUIET.format(change=percent(most.change))


def aligned_line(before: Encoding, after: Encoding, alignment: Alignment) -> str:
    """The tokens side by side; those that differ as "old → new"."""
    parts = [markup.safe(paired(before, after, pair)) for pair in alignment.pairs]
    left_out = len(alignment.unaligned_first) + len(alignment.unaligned_second)
    tail = [markup.quiet(words.UNALIGNED.format(count=left_out))] if left_out else []
    return " ".join([*parts, *tail])


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
        lambda row: open_head(most[row].layer, most[row].head),
    )


def draw_all_changes(page: Page, changes: Floats, changed: Sequence[ChangedHead]) -> None:
    most = f"{100 * float(np.abs(changes).max()):.1f}"
    markup.heading(words.ALL_CHANGES, words.SCALE.format(most=most))
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
        on_pick=lambda picked: open_head(*picked),
    )
