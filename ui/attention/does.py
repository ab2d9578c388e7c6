"""What the shown head does, in one line, and all its measures behind a link."""

import streamlit as st

from bert_core.attention.maps import AttentionMap, head_name
from bert_core.attention.measures import HeadMeasures, measure_heads
from bert_core.attention.roles import name_roles, strongest_share
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from ui import markup
from ui.attention.measured import amount, chance, measures_of, role_note
from ui.page import Page
from ui.words import attention as words
from ui.words import attention_heads as head_words


def draw_does(page: Page, run: BertRun, shown: AttentionMap) -> None:
    """The headline of the shown head or mean, made from its numbers."""
    measures, layer, head = measures_shown(page, run, shown)
    with st.container(horizontal=True, vertical_alignment="center", key="does"):
        name = head_name(shown.layer, shown.head)
        markup.heading(name[0].upper() + name[1:], what_it_does(measures, layer, head))
        with st.popover(words.ALL_MEASURES, type="tertiary"):
            markup.figures(
                [
                    (
                        head_words.MEASURES[measure.name],
                        amount(measure, float(measure.values[layer, head])),
                        chance(measure, layer, head),
                    )
                    for measure in measures.measures.values()
                ]
            )


def measures_shown(page: Page, run: BertRun, shown: AttentionMap) -> tuple[HeadMeasures, int, int]:
    """The measures of what is shown, with all tokens, and under which layer and head they stand."""
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    if shown.layer is not None and shown.head is not None:
        return measures_of(page, run), shown.layer, shown.head
    chosen = (
        run.attentions if shown.layer is None else run.attentions[shown.layer : shown.layer + 1]
    )
    mean = chosen.mean(axis=(0, 1), keepdims=True)
    return measure_heads(mean, run.encoding), 0, 0


def what_it_does(measures: HeadMeasures, layer: int, head: int) -> str:
    """Its role; without one the share that is furthest above chance; or that there is none."""
    role = name_roles(measures)[layer][head]
    if role is not None:
        return role_note(role)
    most = strongest_share(measures, layer, head)
    if most is None:
        return head_words.NO_ROLE
    return head_words.LEANS.format(
        name=head_words.MEASURES[most.measure],
        share=percent(most.value),
        chance=percent(most.baseline),
    )
