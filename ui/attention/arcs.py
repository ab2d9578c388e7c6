"""Arcs: the open head as lines between two columns of tokens."""

import streamlit as st

from bert_core.attention.arcs import ArcView, read_arcs
from bert_core.attention.maps import AttentionMap, head_name
from bert_core.model.tokenization import Encoding
from ui import markup, state
from ui.choices.attention import AttentionChoices
from ui.components.arcs import ArcPick, arc_view
from ui.components.strip.data import fingerprint
from ui.link import bounds
from ui.page import Page, sentence_on_failure
from ui.switches import draw_choice
from ui.words import attention as words


def draw_arcs(page: Page, encoding: Encoding, shown: AttentionMap) -> None:
    draw_arc_switches(page, encoding)
    with sentence_on_failure():
        name = head_name(shown.layer, shown.head)
        arc_view(
            arcs_of(page, encoding, shown),
            key="attention.arcs",
            label=words.ARCS.format(name=name),
            text=fingerprint(encoding.original_ids),
            picked=page.look,
            on_pick=page.while_present(take_pick),
        )
    if page.view.chosen(AttentionChoices).merge:
        markup.note(words.MERGED)


def take_pick(pick: ArcPick) -> None:
    """A token of the left column that is held is looked from."""
    if pick.side == "query":
        state.change(look=pick.position if pick.pinned else None)


def arcs_of(page: Page, encoding: Encoding, shown: AttentionMap) -> ArcView:
    """The lines that the switches ask for."""
    chosen = page.view.chosen(AttentionChoices)
    return read_arcs(
        shown,
        encoding,
        words=chosen.merge,
        which=chosen.block if encoding.pair is not None else "all",  # type: ignore[arg-type]
        share=chosen.hold / 100,
    )


def draw_arc_switches(page: Page, encoding: Encoding) -> None:
    if encoding.pair is not None:
        draw_choice(page, AttentionChoices, "block", words.BLOCK, words.BLOCKS)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.slider(
            words.HOLD,
            *bounds(AttentionChoices, "hold"),
            step=5,
            width=220,
            **state.bound(AttentionChoices, "hold", page.name),
        )
        st.toggle(words.MERGE, **state.bound(AttentionChoices, "merge", page.name))
