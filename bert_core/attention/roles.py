"""The one thing that a head mostly does, where there is one: a rule over its measures.

A share stands out where it is at least `LEAST` and at least `needed` over its stronger baseline.
A head has a role where one share stands out and no other comes near it. The bar of one half is
that of Clark et al. 2019, section 3.1, for heads that look at a neighbour; it is lower for content,
which a head can only look for where the text has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Flags, Floats, Integers
from bert_core.attention.measures import KINDS, HeadMeasure, HeadMeasures

# What a share must be at least to stand out.
LEAST: Mapping[str, float] = {
    "same": 0.5,
    "previous": 0.5,
    "next": 0.5,
    "first": 0.5,
    "sep": 0.5,
    "punctuation": 0.3,
    "same_word": 0.3,
    "between": 0.3,
}
TIMES = 2  # as many times the baseline
CLEAR = 0.1  # by how much its gain must exceed that of any rival
BROAD = 2 / 3  # `broad`, where no other share stands out: even attention is its upper end

# Not rivals. `between` counts what the first two may count as well. A head that matches equal words
# finds the query itself first of all, and where there is nothing to find it rests on [CLS] or [SEP]
# (Clark et al. 2019, section 3.2): `same_word` leaves those queries out, the other shares do not.
ALLIES = (
    ("between", "same_word"),
    ("between", "punctuation"),
    ("same", "same_word"),
    ("first", "same_word"),
    ("sep", "same_word"),
)


@dataclass(frozen=True)
class HeadRole:
    """What a head mostly does.

    measure: a name of `KINDS` whose unit is a share. value: of this head. baseline: the higher of
    uniform and profile; for `broad`, where even attention is the most there can be, that.
    """

    measure: str
    value: float
    baseline: float


def name_roles(measures: HeadMeasures) -> tuple[tuple[HeadRole | None, ...], ...]:
    """The role of every head, None where it has none, as [layer][head].

    The rule, in this order:

    1. A share stands out if it is at least `LEAST` and at least `needed(baseline)`.
    2. Of those that do, the one with the largest gain, (value - baseline) / (1 - baseline), which
       is the part of what chance leaves that it takes (as in Cohen 1960).
    3. No rival may have a gain within `CLEAR` of it, whether it stands out or not; `ALLIES` are
       not rivals.
    4. If no share stands out and `broad` is at least `BROAD`, the role is `broad`.
    """
    numbers = number_roles(measures.measures)
    names = list(KINDS)

    def role(layer: int, head: int, number: int) -> HeadRole | None:
        if number < 0:
            return None
        measure = measures.measures[names[number]]
        value, baseline = measure.values[layer, head], measure.baseline[layer, head]
        return HeadRole(measure.name, float(value), float(baseline))

    return tuple(
        tuple(role(layer, head, int(number)) for head, number in enumerate(row))
        for layer, row in enumerate(numbers)
    )


def strongest_share(measures: HeadMeasures, layer: int, head: int) -> HeadRole | None:
    """What a head without a role does most: its share with the largest gain over chance.

    The gain is that of `name_roles`. None where no share is `TIMES` its baseline, or half of what
    the baseline leaves: then nothing stands out from chance.
    """
    found: tuple[float, HeadRole] | None = None
    for name in LEAST:
        measure = measures.measures[name]
        value = float(measure.values[layer, head])
        baseline = float(measure.baseline[layer, head])
        # False with NaN, where a text has no such keys
        if baseline < 1 and value >= min(TIMES * baseline, (1 + baseline) / 2):
            gain = (value - baseline) / (1 - baseline)
            if gain > (found[0] if found else 0.0):
                found = gain, HeadRole(name, value, baseline)
    return found[1] if found else None


def needed(name: str, baseline: float | Floats) -> Floats:
    """The least value at which share `name` stands out over a baseline.

    `TIMES` the baseline; where that asks for more than half of what the baseline leaves, as for
    `between`, which gets nearly half by chance, that half. Never below `LEAST`.
    """
    if name == "broad":
        return np.full_like(baseline, BROAD, dtype=np.float32)
    base = np.asarray(baseline, dtype=np.float32)
    return np.maximum(LEAST[name], np.minimum(TIMES * base, (1 + base) / 2))


def number_roles(measures: Mapping[str, HeadMeasure]) -> Integers:
    """(layer, head): the place in `KINDS` of each head's role, -1 for none; see `name_roles`."""
    names = list(LEAST)
    values = np.stack([measures[name].values for name in names])  # (measure, layer, head)
    bases = np.stack([measures[name].baseline for name in names])
    bars = np.stack([needed(name, base) for name, base in zip(names, bases, strict=True)])
    # With NaN, where a text has no such keys, a comparison is False: not there, not a rival.
    gains = np.where(bases < 1, (values - bases) / np.maximum(1 - bases, 1e-6), -np.inf)
    gains = np.where(np.isnan(gains), -np.inf, gains)
    standing = values >= bars
    best = np.where(standing, gains, -np.inf).argmax(axis=0)  # (layer, head)
    against = _rivals(names)[best].transpose(2, 0, 1)  # (measure, layer, head)
    nearest = np.where(against, gains, -np.inf).max(axis=0)
    clear = np.take_along_axis(gains, best[None], axis=0)[0] >= nearest + CLEAR
    places = list(KINDS)
    numbers = np.array([places.index(name) for name in names])[best]
    numbers = np.where(standing.any(axis=0) & clear, numbers, -1)
    spread = ~standing.any(axis=0) & (measures["broad"].values >= BROAD)
    return np.where(spread, places.index("broad"), numbers)


def _rivals(names: list[str]) -> Flags:
    """(measure, measure): which may not come near which."""
    rivals = ~np.eye(len(names), dtype=np.bool_)
    for one, other in ALLIES:
        rivals[names.index(one), names.index(other)] = False
        rivals[names.index(other), names.index(one)] = False
    return rivals
