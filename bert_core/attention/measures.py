"""What each attention head looks at, as numbers with what chance would give beside them.

Weights are (layer, head, query, key) and rows sum to 1; `KINDS` names every measure, its unit and
its source. A share is the attention that goes to keys of one kind, averaged over the queries that
have such a key: a first token has no previous one and does not count. [CLS] and [SEP] are queries
like all others, except in `same_word` and `between`, which are about words.

Each measure stands beside baselines: `uniform`, what even attention gets, and for what depends on
the content of the text `profile`, what the head would get by its habit of looking so far ahead or
back, whatever stands there. Attention is not explanation (Jain and Wallace 2019): these numbers
say where a head looks, not what the model does with it.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Flags, Floats, Integers
from bert_core.errors import InputError
from bert_core.model.tokenization import Encoding

Unit = Literal["share", "bits", "tokens"]

# Below the smallest weight that could matter; keeps log2 finite where a weight is 0.
TINY = np.float32(1e-30)


@dataclass(frozen=True)
class Kind:
    """What a measure is in, and who described it. content: it depends on what the text says."""

    unit: Unit
    source: str
    content: bool = False


_POSITION = "Clark et al. 2019, section 3.1"
_BLOCK = "what the block pattern of Kovaleva et al. 2019, section 4.1, leaves out"
_SEPARATOR = "Clark et al. 2019, section 3.2"
_DISTANCE = "Vig and Belinkov 2019, attention distance"

# entropy: -sum(weight * log2 weight), mean over queries; 0 (one key) to log2 of all tokens.
# effective_keys: 2 ** entropy of each query, then the mean; as many keys, looked at evenly,
#     would be as uncertain; 1 to all tokens.
# distance: mean of key - query weighted by attention; below 0 it looks back.
# span: the same of |key - query|.
# same, previous, next: share on the token itself and on its neighbours.
# first: share on [CLS]. sep: share on all [SEP].
# broad: sum of min(weight, 1 / tokens): the part of the attention that is spread evenly, which is
#     1 - total variation distance to even attention. In (0, 1]; nearer to 0 than normalised
#     entropy for heads that are half focused, and a share like the others.
# punctuation: share on tokens that are punctuation (Unicode category P) as typed.
# same_word: share on other occurrences of the query's word, in any case; punctuation is no word.
# between: share of a sentence's tokens on the other sentence's.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "entropy": Kind("bits", "Clark et al. 2019, section 3.3; Vig and Belinkov 2019"),
        "effective_keys": Kind("tokens", "Hill 1973, number of order 1"),
        "distance": Kind("tokens", f"{_DISTANCE}, with its sign"),
        "span": Kind("tokens", _DISTANCE),
        "same": Kind("share", _POSITION),
        "previous": Kind("share", _POSITION),
        "next": Kind("share", _POSITION),
        "first": Kind("share", _SEPARATOR),
        "sep": Kind("share", _SEPARATOR),
        "broad": Kind("share", "Clark et al. 2019, section 3.3, as 1 - total variation distance"),
        "punctuation": Kind("share", f"{_SEPARATOR}, periods and commas", content=True),
        "same_word": Kind("share", "Wang et al. 2022, duplicate token heads", content=True),
        "between": Kind("share", _BLOCK, content=True),
    }
)
SPREAD = ("entropy", "effective_keys", "broad")  # the others are weighted sums of the weights


@dataclass(frozen=True, eq=False)
class HeadMeasure:
    """One measure of all heads.

    values: (layer, head); shares in [0, 1]. All NaN where no query has such a key.
    uniform: what even attention gets, the same for every head; NaN where values are.
    profile: (layer, head), for measures of content, else None: for each query the head's mean
        weight at every relative position, mean over this text, shared out among the positions
        that the query has, put through the same measure. Where few queries reach a position it
        knows what it should predict, so in short texts it is high: it may hide a habit, but
        credits none that is not there.
    """

    name: str
    unit: Unit
    values: Floats
    uniform: float
    profile: Floats | None = None

    @property
    def baseline(self) -> Floats:
        """(layer, head): the higher of the baselines."""
        uniform = np.full_like(self.values, self.uniform)
        return uniform if self.profile is None else np.maximum(uniform, self.profile)


@dataclass(frozen=True, eq=False)
class HeadMeasures:
    """All measures of one text, by name in the order of `KINDS`, and the tokens they are of."""

    measures: Mapping[str, HeadMeasure]
    tokens: tuple[str, ...]


def measure_heads(attentions: Floats, encoding: Encoding) -> HeadMeasures:
    """Every measure of `KINDS` for every head.

    Works layer by layer: extra memory is about five layers' weights.

    Raises:
        InputError: the weights are not of this text.
    """
    layers, heads, size, _ = attentions.shape
    if size != len(encoding):
        raise InputError(f"{len(encoding)} tokens cannot label {size} rows.")
    masks = _masks(encoding)
    averages = _averages(masks, size)
    flat = np.stack([weights.ravel() for weights in averages.values()])
    averages = dict(zip(averages, flat.reshape(-1, size, size), strict=True))
    names = [*averages, *SPREAD]
    found = np.empty((layers, len(names), heads), dtype=np.float32)
    habits = np.empty((layers, heads, 2 * size - 1), dtype=np.float32)
    scratch = np.empty((heads, size, size), dtype=np.float32)
    wide = np.zeros((heads, size, 2 * size), dtype=np.float32)
    for layer, weights in enumerate(attentions):
        weights = np.ascontiguousarray(weights, dtype=np.float32)
        found[layer] = _measure_layer(weights, flat, scratch)
        habits[layer] = _by_offset(weights, wide).sum(axis=1)
    even = np.full((1, size, size), 1 / size, dtype=np.float32)
    uniform = _measure_layer(even, flat, scratch[:1])[:, 0]
    content = {name: averages[name] for name, kind in KINDS.items() if kind.content}
    profiles = _profiles(habits, content)
    undefined = {name for name, mask in masks.items() if not mask.any()}
    made = {}
    for name, kind in KINDS.items():
        at, unknown = names.index(name), name in undefined
        made[name] = HeadMeasure(
            name=name,
            unit=kind.unit,
            values=np.full((layers, heads), np.nan, np.float32) if unknown else found[:, at].copy(),
            uniform=float("nan") if unknown else float(uniform[at]),
            profile=profiles[name] * (np.nan if unknown else 1) if kind.content else None,
        )
    return HeadMeasures(made, encoding.tokens)


def _measure_layer(weights: Floats, averages: Floats, scratch: Floats) -> Floats:
    """(measure, head) of weights (head, query, key).

    averages: (measure, query * key). scratch: room for as many weights, written over.
    """
    heads, size, _ = weights.shape
    linear = averages @ weights.reshape(heads, -1).T  # (measure, head)
    np.log2(np.maximum(weights, TINY, out=scratch), out=scratch)
    entropy = -np.einsum("hqk,hqk->hq", weights, scratch)
    broad = np.minimum(weights, np.float32(1 / size), out=scratch).sum(axis=(1, 2)) / size
    return np.concatenate([linear, [entropy.mean(axis=1), np.exp2(entropy).mean(axis=1), broad]])


def _averages(masks: dict[str, Flags], size: int) -> dict[str, Floats]:
    """For each measure that is a weighted sum of the weights, what to weight them by."""
    offsets = _offsets(size)
    averages = {"distance": offsets / size, "span": np.abs(offsets) / size}
    for name, mask in masks.items():
        queries = mask.any(axis=1).sum()
        averages[name] = mask / max(int(queries), 1)
    return {name: weights.astype(np.float32) for name, weights in averages.items()}


def _masks(encoding: Encoding) -> dict[str, Flags]:
    """(query, key): which keys each share counts for each query."""
    size = len(encoding)
    offsets = _offsets(size)
    at = np.arange(size)
    sentence = np.array([-1 if part is None else part for part in encoding.sequences])
    words, occurrences, punctuation = _words(encoding)

    def keys(chosen: Flags) -> Flags:
        return np.broadcast_to(chosen, (size, size))

    both_said = (sentence[:, None] >= 0) & (sentence >= 0)
    return {
        "same": offsets == 0,
        "previous": offsets == -1,
        "next": offsets == 1,
        "first": keys(at == 0),
        "sep": keys((at > 0) & (sentence < 0)),
        "punctuation": keys(punctuation),
        "same_word": (words >= 0)
        & (words[:, None] == words)
        & (occurrences[:, None] != occurrences),
        "between": both_said & (sentence[:, None] != sentence),
    }


def _words(encoding: Encoding) -> tuple[NDArray, NDArray, Flags]:
    """For each token the number of its word, -1 for none, of its occurrence, and is it punctuation.

    A word of which a piece is masked is none, since the model cannot see what it is.
    """
    words = np.full(len(encoding), -1)
    occurrences = np.full(len(encoding), -1)
    punctuation = np.zeros(len(encoding), dtype=np.bool_)
    numbers: dict[str, int] = {}
    masked = set(encoding.masked)
    for occurrence, word in enumerate(encoding.words):
        positions = list(word.positions)
        if not masked.isdisjoint(positions):
            continue
        if word.surface and all(unicodedata.category(char)[0] == "P" for char in word.surface):
            punctuation[positions] = True
        else:
            words[positions] = numbers.setdefault(word.surface.casefold(), len(numbers))
            occurrences[positions] = occurrence
    return words, occurrences, punctuation


def _profiles(habits: Floats, averages: Mapping[str, Floats]) -> dict[str, Floats]:
    """(layer, head) for each measure: what the habit of looking so far ahead or back would get.

    habits: (layer, head, offset), the weights at each offset, summed over queries.
    """
    layers, heads, width = habits.shape
    size = (width + 1) // 2
    counts = size - np.abs(np.arange(1 - size, size))
    means = (habits / counts).reshape(-1, width).astype(np.float32)
    # What falls on offsets that a query has: it is divided by this, to sum to 1 again.
    there = _by_offset(np.ones((1, size, size), dtype=np.float32))[0]
    left = np.maximum(means @ there.T, TINY)  # (layer * head, query)
    found = {}
    for name, weights in averages.items():
        shares = means @ _by_offset(weights[None])[0].T / left
        found[name] = shares.sum(axis=1).reshape(layers, heads)
    return found


def _by_offset(weights: Floats, wide: Floats | None = None) -> Floats:
    """(n, query, key) to (n, query, offset): offset 0 is at size - 1; queries in reverse order.

    Rows are written `2 * size` apart and read `2 * size - 1` apart, so each row moves one to the
    right of the one above it. wide: (n, size, 2 * size), zeros at first, used again and again.
    """
    count, size, _ = weights.shape
    if wide is None:
        wide = np.zeros((count, size, 2 * size), dtype=np.float32)
    wide[:, :, :size] = weights[:, ::-1]
    return wide.reshape(count, -1)[:, : size * (2 * size - 1)].reshape(count, size, -1)


def _offsets(size: int) -> Integers:
    """(query, key): key - query."""
    at = np.arange(size)
    return at - at[:, None]
