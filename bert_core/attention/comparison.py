"""Two inputs side by side: which tokens answer to each other, and which heads changed.

Tokens are matched in order by a longest common subsequence (Hirschberg 1975,
https://doi.org/10.1145/360825.360861, Algorithm A).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Flags, Floats
from bert_core.errors import InputError
from bert_core.model.tokenization import Encoding

Pair = tuple[int, int]


@dataclass(frozen=True)
class Alignment:
    """Which token of a second input stands where one of the first did.

    pairs: (position in the first, in the second), both strictly increasing.
    same: for each pair, whether the model read the same token.
    unaligned_first, unaligned_second: the positions that are in no pair, ascending.
    """

    pairs: tuple[Pair, ...]
    same: tuple[bool, ...]
    unaligned_first: tuple[int, ...]
    unaligned_second: tuple[int, ...]


@dataclass(frozen=True)
class ChangedHead:
    """How far one head's weights moved: mean total variation over the queries, in [0, 1]."""

    layer: int
    head: int
    change: float


def align(first: Encoding, second: Encoding) -> Alignment:
    """Match the tokens of two inputs: equal ones, and those put in place of as many others.

    Of the ways to match equal tokens in order, one with the most matches is taken. What lies
    between two matches is aligned position for position where it is equally long in both inputs
    ("doctor" for "nurse"), and left unaligned where it is not, as it is where a special token
    would stand against one of the text.

    Raises:
        InputError: fewer than half of the longer input's tokens align, or most of those that do
            are different tokens: such texts are alike in nothing but their length.
    """
    matches = _common(first.tokens, second.tokens)
    pairs = tuple(_with_replaced(first, second, matches))
    most = max(len(first), len(second))
    if 2 * len(pairs) < most or 2 * len(matches) < len(pairs):
        raise InputError(
            "These two texts have too little in common to compare token by token: "
            "make the second a variant of the first."
        )
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    return Alignment(
        pairs=pairs,
        same=tuple(first.tokens[i] == second.tokens[j] for i, j in pairs),
        unaligned_first=tuple(i for i in range(len(first)) if i not in left),
        unaligned_second=tuple(j for j in range(len(second)) if j not in right),
    )


def difference(first_attentions: Floats, second_attentions: Floats, alignment: Alignment) -> Floats:
    """Second minus first, (layer, head, query, key) over the aligned pairs, in [-1, 1].

    Not renormalised: a row sums to what the token now gives to aligned tokens, less what it gave
    to them before; it sums to 0 where all tokens align.

    Raises:
        InputError: the two models differ in layers or heads, or the weights are too small for
            this alignment.
    """
    if first_attentions.shape[:2] != second_attentions.shape[:2]:
        raise InputError("Only runs of models with the same layers and heads can be compared.")
    sides = []
    for side, attentions in enumerate((first_attentions, second_attentions)):
        chosen = [pair[side] for pair in alignment.pairs]
        if chosen and chosen[-1] >= attentions.shape[-1]:
            raise InputError("These are the weights of another input.")
        sides.append(attentions[:, :, chosen][:, :, :, chosen])
    return sides[1] - sides[0]


def most_changed(difference: Floats) -> tuple[ChangedHead, ...]:
    """All heads by how far their weights moved, the furthest first.

    A query's change is the total variation of its row: half the sum of absolute differences, 0
    for the same weights, 1 for none in common. Over the aligned keys only, so that with unaligned
    tokens it may be less than the whole. Of equal heads the earlier comes first.

    Raises:
        InputError: no tokens are aligned.
    """
    heads, queries = difference.shape[1:3]
    if not queries:
        raise InputError("No tokens are aligned: there is nothing to compare.")
    rows = np.abs(difference).sum(axis=-1, dtype=np.float64) / 2  # (layer, head, query)
    changes = rows.mean(axis=-1)
    order = np.argsort(-changes, axis=None, kind="stable")
    return tuple(
        ChangedHead(int(at) // heads, int(at) % heads, float(changes.flat[at])) for at in order
    )


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> list[Pair]:
    """A longest common subsequence, as pairs of positions; the earliest where several are."""
    equal = np.array(first, dtype=object)[:, None] == np.array(second, dtype=object)[None, :]
    lengths = _common_lengths(equal)
    pairs, i, j = [], 0, 0
    while lengths[i, j]:
        if equal[i, j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1, j] >= lengths[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _common_lengths(equal: Flags) -> NDArray[np.int32]:
    """(i, j) the length of the longest common subsequence of first[i:] and second[j:]."""
    rows, columns = equal.shape
    lengths = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    for i in reversed(range(rows)):
        below = lengths[i + 1]
        best = np.maximum(below[:-1], below[1:] + equal[i])
        # The third choice, to leave out a token of `second`, takes the best of what lies right.
        lengths[i, :-1] = np.maximum.accumulate(best[::-1])[::-1]
    return lengths


def _with_replaced(first: Encoding, second: Encoding, matches: list[Pair]) -> Iterator[Pair]:
    """The matches, and between them the tokens of spans that are equally long."""
    fences = [(-1, -1), *matches, (len(first), len(second))]
    for (i, j), (next_i, next_j) in pairwise(fences):
        if i >= 0:
            yield i, j
        span = list(zip(range(i + 1, next_i), range(j + 1, next_j), strict=False))
        if next_i - i == next_j - j and all(
            (first.sequences[a] is None) == (second.sequences[b] is None) for a, b in span
        ):
            yield from span
