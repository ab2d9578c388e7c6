"""Which heads attend alike: distances between them, and an order that puts like heads together.

Clark et al. 2019, "What Does BERT Look At?", section 6, https://arxiv.org/abs/1906.04341,
compares heads by the Jensen-Shannon divergence of their rows, summed over the tokens of a corpus.
Here it is one text, and each row counts by the square root of its divergence, which is a distance
(Endres and Schindelin 2003, https://doi.org/10.1109/TIT.2003.813506), so the mean of them is one.
"""

from collections.abc import Callable, Iterator

import numpy as np

from bert_core.arrays import Doubles, Floats
from bert_core.errors import InputError

# Numbers to work on at a time: a megabyte stays in a core's cache.
BLOCK = 1 << 17

# Stands in for 0, whose logarithm is not finite; times its own logarithm it is still as good as 0.
TINY = np.finfo(np.float64).tiny


def head_distances(
    attentions: Floats, progress: Callable[[int, int], object] | None = None
) -> Floats:
    """How differently each two heads of a model attend.

    attentions: (layer, head, query, key), rows sum to 1. progress: called with (pairs done, pairs
    in all) after each head; what it raises ends the work.

    Returns (head, head), read-only, in [0, 1]: symmetric, 0 on the diagonal; head h of layer l is
    number l * heads + h. 0 is the same attention for every query, 1 means that no query shares a
    key. It is the mean over the queries of the Jensen-Shannon distance, to base 2. Beside
    `attentions` it takes memory for two maps in float64, or 2 MB if that is more.
    """
    layers, heads, size, _ = attentions.shape
    total = layers * heads
    maps = attentions.reshape(total, size, size)
    own = np.concatenate([_entropies(maps[at : at + 1].astype(np.float64)) for at in range(total)])
    distances = np.zeros((total, total), dtype=np.float32)
    pairs = total * (total - 1) // 2
    done = 0
    for first, others in _blocks(total, max(1, BLOCK // size**2)):
        mixed = np.add(maps[first], maps[others], dtype=np.float64)
        mixed *= 0.5
        # JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2: one logarithm for each weight
        divergences = _entropies(mixed) - (own[first] + own[others]) / 2
        means = np.sqrt(divergences.clip(0, 1)).mean(axis=1)
        distances[first, others] = distances[others, first] = means
        done += len(means)
        if progress is not None and others.stop == total:
            progress(done, pairs)
    distances.setflags(write=False)
    return distances


def sorted_order(distances: Floats) -> list[int]:
    """The heads' numbers in an order that puts like heads side by side.

    distances: (head, head), symmetric. The two groups whose heads are nearest on average are
    joined again and again (average linkage, Sokal and Michener 1958), each time with their
    nearest ends in the middle, so a group of like heads is never split. Of the two directions
    the one with the smaller number first.

    Raises:
        InputError: `distances` is not square.
    """
    count = len(distances)
    if distances.shape != (count, count):
        raise InputError("Distances between heads are a square table.")
    groups = {head: [head] for head in range(count)}
    apart = distances.astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    while len(groups) > 1:
        one, other = sorted(divmod(int(apart.argmin()), count))
        sizes = len(groups[one]), len(groups[other])
        apart[one] = np.average(apart[[one, other]], axis=0, weights=sizes)
        apart[:, one] = apart[one]
        apart[other] = apart[:, other] = np.inf
        groups[one] = _joined(groups[one], groups.pop(other), distances)
    order = groups.get(0, [])
    return order if order[:1] <= order[-1:] else order[::-1]


def _blocks(total: int, width: int) -> Iterator[tuple[int, slice]]:
    """Every pair of heads once: a head, and at most `width` of those after it."""
    for first in range(total - 1):
        for start in range(first + 1, total, width):
            yield first, slice(start, min(start + width, total))


def _entropies(maps: Doubles) -> Doubles:
    """Bits in each row, (head, query), of (head, query, key) weights, which are overwritten."""
    np.maximum(maps, TINY, out=maps)
    return -np.einsum("hqk,hqk->hq", maps, np.log2(maps))


def _joined(one: list[int], other: list[int], distances: Floats) -> list[int]:
    """Both groups as one, turned so that the nearest of their ends meet."""
    turned = [(left, right) for left in (one, one[::-1]) for right in (other, other[::-1])]
    left, right = min(turned, key=lambda pair: distances[pair[0][-1], pair[1][0]])
    return left + right
