"""What the heads do in the present run, measured once for it, and how it is said."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import streamlit as st

from bert_core.attention.measures import SPREAD, HeadMeasure, HeadMeasures, measure_heads
from bert_core.attention.roles import HeadRole, name_roles
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from ui.page import Page
from ui.words import attention_heads as words

Value = TypeVar("Value")


def remembered(page: Page, run: BertRun, what: str, make: Callable[[], Value]) -> Value:
    """`make()`, or what it gave for the same input: a page draws one input many times."""
    slot = f"attention.{what}"
    # Not the ids alone: two words that the model has not are one [UNK] to it, but not one word.
    key = (page.bert.fingerprint, run.encoding)
    found = st.session_state.get(slot)
    if found is None or found[0] != key:
        found = st.session_state[slot] = (key, make())
    value: Value = found[1]
    return value


def measures_of(page: Page, run: BertRun) -> HeadMeasures:
    """All measures of all heads."""

    def measure() -> HeadMeasures:
        if run.attentions is None:
            raise ValueError("The run kept no attentions.")
        return measure_heads(run.attentions, run.encoding)

    return remembered(page, run, "measures", measure)


def roles_of(page: Page, run: BertRun) -> tuple[tuple[HeadRole | None, ...], ...]:
    """The role of each head in this text, [layer][head]."""
    return name_roles(measures_of(page, run))


def role_note(role: HeadRole | None) -> str:
    """What the head does, and how sure that is; nothing where nothing stands out."""
    if role is None:
        return ""
    if role.measure == "broad":  # its baseline is an upper end, no chance
        return words.BROAD.format(role=words.ROLES["broad"], share=percent(role.value))
    return words.ROLE.format(
        role=words.ROLES[role.measure],
        share=percent(role.value),
        chance=percent(role.baseline),
    )


def amount(measure: HeadMeasure, value: float) -> str:
    """A value in the measure's unit."""
    if np.isnan(value):
        return words.UNDEFINED
    if measure.unit == "share":
        return percent(value)
    if measure.name == "distance":
        return words.AMOUNTS["signed"].format(value=round(value, 1) + 0.0)  # no -0.0
    return words.AMOUNTS[measure.unit].format(value=value)


def beside(measure: HeadMeasure, baseline: float) -> str:
    """What even attention gets: for how evenly a head looks that is the most there can be."""
    said = words.MOST if measure.name in SPREAD else words.CHANCE
    return said.format(amount=amount(measure, baseline))


def chance(measure: HeadMeasure, layer: int, head: int) -> str:
    """What the measure gives where the head would not look at what is there."""
    text = beside(measure, measure.uniform)
    if measure.profile is None or np.isnan(measure.profile[layer, head]):
        return text
    own = amount(measure, float(measure.profile[layer, head]))
    return f"{text}; {words.PROFILE.format(amount=own)}"
