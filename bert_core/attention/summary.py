"""Heads over many texts: the mean of every measure, how sure it is, and what stays a head's role.

One text says what a head did there; whether it does so elsewhere takes many. Intervals are
Student's (1908) over texts, 95 % for one head at a time: of 144 heads, about seven will lie
outside theirs. They say how far other texts like these may differ, and nothing of other kinds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Floats, Integers
from bert_core.attention.measures import KINDS, HeadMeasure, HeadMeasures
from bert_core.attention.roles import needed, number_roles
from bert_core.errors import InputError
from bert_core.intervals import student_t


@dataclass(frozen=True, eq=False)
class MeasureSummary:
    """One measure over texts.

    mean: (layer, head) means of values and profile, and that of `uniform`, over the `count` texts
        in which the measure is defined; NaN where it is in none.
    half_width: (layer, head); the mean's interval is mean ± this. NaN with fewer than two texts.
        Not cut at 0 or 1.
    """

    mean: HeadMeasure
    half_width: Floats
    count: int


@dataclass(frozen=True, eq=False)
class SetSummary:
    """All measures over `sentences` texts, by name in the order of `KINDS`.

    roles: for each measure (layer, head) in how many texts it was the head's role.
    """

    measures: Mapping[str, MeasureSummary]
    sentences: int
    roles: Mapping[str, Integers]


@dataclass(frozen=True)
class SetRole:
    """What a head mostly does in a set of texts, by the rule of `roles` for the means.

    value, baseline, half_width: of its mean share. stable: the lower end of the interval still
    stands out over the mean baseline. share: in what part of the texts that have such keys the
    head had this very role.
    """

    measure: str
    value: float
    baseline: float
    half_width: float
    stable: bool
    share: float


def summarise_heads(texts: Sequence[HeadMeasures]) -> SetSummary:
    """Means over texts, each text counting once however long it is.

    Raises:
        InputError: no texts, or texts read by models of different shapes.
    """
    if not texts:
        raise InputError("There are no sentences to summarise: add at least one.")
    shapes = {measure.values.shape for text in texts for measure in text.measures.values()}
    if len(shapes) > 1:
        raise InputError("These sentences were read by different models: compare them one by one.")
    numbers = np.stack([number_roles(text.measures) for text in texts])  # (text, layer, head)
    return SetSummary(
        measures={name: _summarise([text.measures[name] for text in texts]) for name in KINDS},
        sentences=len(texts),
        roles={name: (numbers == at).sum(axis=0) for at, name in enumerate(KINDS)},
    )


def set_roles(summary: SetSummary) -> tuple[tuple[SetRole | None, ...], ...]:
    """The role of every head over the set, None where it has none, as [layer][head]."""
    means = {name: found.mean for name, found in summary.measures.items()}
    names = list(KINDS)

    def role(layer: int, head: int, number: int) -> SetRole | None:
        if number < 0:
            return None
        name = names[number]
        found, at = summary.measures[name], (layer, head)
        value, half_width = float(found.mean.values[at]), float(found.half_width[at])
        baseline = float(found.mean.baseline[at])
        return SetRole(
            measure=name,
            value=value,
            baseline=baseline,
            half_width=half_width,
            stable=value - half_width >= float(needed(name, baseline)),  # False with NaN
            share=int(summary.roles[name][at]) / found.count,
        )

    return tuple(
        tuple(role(layer, head, int(number)) for head, number in enumerate(row))
        for layer, row in enumerate(number_roles(means))
    )


def _summarise(texts: list[HeadMeasure]) -> MeasureSummary:
    """One measure over the texts in which it is defined, which is so for all heads or none."""
    there = [text for text in texts if not math.isnan(text.uniform)]
    first, count = texts[0], len(there)
    nothing = np.full_like(first.values, np.nan)
    if not there:
        return MeasureSummary(first, nothing, 0)
    profile = first.profile
    values = np.stack([text.values for text in there]).astype(np.float64)
    if profile is not None:
        profiles = np.stack([text.profile for text in there if text.profile is not None])
        profile = profiles.mean(axis=0, dtype=np.float64).astype(np.float32)
    mean = HeadMeasure(
        name=first.name,
        unit=first.unit,
        values=values.mean(axis=0).astype(np.float32),
        uniform=sum(text.uniform for text in there) / count,
        profile=profile,
    )
    if count < 2:
        return MeasureSummary(mean, nothing, count)
    error = values.std(axis=0, ddof=1) / math.sqrt(count)
    return MeasureSummary(mean, (student_t(count - 1) * error).astype(np.float32), count)
