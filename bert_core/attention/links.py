"""Which head links two tokens or words, and how often some head does so by chance.

Weights are `(layer, head, query, key)`, rows sum to 1. With 72 heads one of them links nearly any
two neighbours, so a link is held against the best head of all other pairs as far apart, in texts of
like length: rows of longer texts share their 1 among more. Clark et al. 2019,
https://arxiv.org/abs/1906.04341, section 4.2, hold heads against a fixed distance too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bert_core.arrays import Floats, Integers
from bert_core.errors import InputError
from bert_core.intervals import wilson_interval
from bert_core.model.tokenization import Encoding

Unit = Literal["token", "word"]
Verdict = Literal["rare", "common", "open", "few"]

RARE = 0.1  # share of pairs
NEIGHBOUR = 1  # tokens


@dataclass(frozen=True)
class RankedLink:
    """One head's weight for a link, in [0, 1]; rank 1 is the strongest of all heads."""

    layer: int
    head: int
    weight: float
    rank: int


@dataclass(frozen=True)
class LinkChance:
    """How many of `pairs` have some head that reaches the weight asked about."""

    pairs: int
    reaching: int

    @property
    def share(self) -> float | None:
        """`reaching` of `pairs`, in [0, 1]; None where there is no pair to compare with."""
        return self.reaching / self.pairs if self.pairs else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the share may truly lie, 95 % (Wilson); None where there is no pair.

        Pairs count as independent. Over the bundled texts the share's variance between texts was
        0.5 to 1.5 times what that says.
        """
        return wilson_interval(self.reaching, self.pairs) if self.pairs else None

    @property
    def verdict(self) -> Verdict:
        """Whether a link of this weight says something: "rare" where it does.

        "rare": surely fewer than `RARE` of the pairs have one. "common": surely more. "few": so
        few pairs that not even none of them would make it rare. "open": neither is sure.
        """
        low, high = self.interval or (0.0, 1.0)
        if low > RARE:
            return "common"
        if high < RARE:
            return "rare"
        few = not self.pairs or wilson_interval(0, self.pairs)[1] >= RARE
        return "few" if few else "open"


@dataclass(frozen=True, eq=False)
class BestWeights:
    """The best head's weight of every pair in one or more texts; heads themselves are forgotten.

    by_distance: for each signed distance (key - query, 0 for itself) the weights, ascending.
    unit: what is paired. texts: how many were summed up.
    """

    by_distance: Mapping[int, Floats]
    unit: Unit = "token"
    texts: int = 1

    def reaching(self, distance: int, weight: float) -> LinkChance:
        """Of the pairs at `distance`, those whose best head has at least `weight`."""
        weights = self.by_distance.get(distance, np.empty(0, np.float32))
        below = int(np.searchsorted(weights, np.float32(weight)))
        return LinkChance(len(weights), len(weights) - below)

    def share_reaching(self, distance: int, weight: float) -> float | None:
        """Their share, in [0, 1]; None where no pair is that far apart."""
        return self.reaching(distance, weight).share


def rank_links(
    attentions: Floats, queries: Sequence[int], keys: Sequence[int]
) -> tuple[RankedLink, ...]:
    """All heads by the weight from `queries` to `keys`, the strongest first.

    queries, keys: positions of one token each, or of all pieces of one word. Weights are added
    over the pieces of the key and averaged over those of the query, so that each word's weights
    still sum to 1 (Clark et al. 2019, section 4.1). Of equal heads the earlier comes first.

    Raises:
        InputError: no position, one that is not there, or one named twice.
    """
    layers, heads, size, _ = attentions.shape
    _check_positions(queries, size)
    _check_positions(keys, size)
    square = attentions[np.ix_(range(layers), range(heads), queries, keys)]
    weights = square.sum(axis=-1, dtype=np.float64).mean(axis=-1)  # (layer, head)
    order = np.argsort(-weights, axis=None, kind="stable")
    return tuple(
        RankedLink(int(at) // heads, int(at) % heads, float(weights.flat[at]), rank)
        for rank, at in enumerate(order, 1)
    )


def link_distance(
    encoding: Encoding, queries: Sequence[int], keys: Sequence[int], unit: Unit = "token"
) -> int:
    """How far the key stands behind the query, negative where it stands before.

    Tokens are counted by their positions in the input: a [SEP] between sentences is one step.
    Words by their number among the words of the input, whatever their pieces: a [SEP] is none.

    Raises:
        InputError: a side is not one token of the text, or not all pieces of one word.
    """
    places = dict(zip(*_units(encoding, unit), strict=True))
    query, key = tuple(queries), tuple(keys)
    if query not in places or key not in places:
        raise InputError(
            f"Choose two {unit}s of the text: these positions are not one {unit} each."
        )
    return places[key] - places[query]


def how_often(
    attentions: Floats,
    encoding: Encoding,
    distance: int,
    weight: float,
    *,
    exclude: tuple[Sequence[int], Sequence[int]] | None = None,
    unit: Unit = "token",
) -> LinkChance:
    """Of all pairs at `distance` in this text, how many have a head of at least `weight`.

    distance: as `link_distance` counts it. exclude: (queries, keys) of the link asked about, which
    is no evidence against itself; where it is no pair of these, all are counted. unit: hold a
    token's link against tokens, a word's against words. Pairs are ordered; special tokens are in
    none. Weights compare as float32.

    Raises:
        InputError: the weights are those of another input.
    """
    units, places = _units(encoding, unit)
    best = _best_heads(attentions, encoding, units)
    chosen = _distances(places) == distance
    if exclude is not None:
        queries, keys = (tuple(side) for side in exclude)
        if queries in units and keys in units:
            chosen[units.index(queries), units.index(keys)] = False
    reached = best[chosen] >= np.float32(weight)
    return LinkChance(int(chosen.sum()), int(reached.sum()))


def how_often_as_strong(
    attentions: Floats, positions: Sequence[int], query: int, weight: float
) -> LinkChance:
    """Of the other tokens at `positions`, how many have a head that gives as much to one of them.

    The chance of a link that was found as the strongest from `query` (`find_strongest_link`): each
    other token may choose its head and its key as freely. Neighbours are no keys, since heads that
    look at them exist in every BERT; a token that has no key left is not counted. What is at none
    of `positions`, such as special tokens, is neither query nor key.
    """
    best = attentions.max(axis=(0, 1))[np.ix_(positions, positions)]
    row = np.asarray(positions)
    far = np.abs(row[None, :] - row[:, None]) > NEIGHBOUR  # (query, key)
    asked = far.any(axis=1) & (row != query)
    strongest = np.where(far, best, -1.0).max(axis=1, initial=-1.0)
    return LinkChance(int(asked.sum()), int((strongest[asked] >= np.float32(weight)).sum()))


def best_by_distance(
    attentions: Floats, encoding: Encoding, *, unit: Unit = "token"
) -> BestWeights:
    """The best head's weight of all ordered pairs in a text, to be merged with other texts'.

    A text of n tokens keeps n * n numbers. Merge texts of like length only
    (`bert_core.texts.passages`): short ones share each row's 1 among fewer tokens.

    Raises:
        InputError: the weights are those of another input.
    """
    units, places = _units(encoding, unit)
    best = _best_heads(attentions, encoding, units).ravel()
    distances = _distances(places).ravel()
    order = np.lexsort((best, distances))  # by distance, and ascending within each
    names, starts = np.unique(distances[order], return_index=True)
    parts = np.split(best[order], starts[1:])  # of no pairs: one part, which has no name
    named = zip(names.tolist(), parts, strict=False)
    return BestWeights(dict(named), unit)


def merge(summaries: Iterable[BestWeights]) -> BestWeights:
    """Several texts' weights as one; of none, a summary without pairs.

    Raises:
        InputError: some pair tokens and some words.
    """
    summaries = list(summaries)
    units = {summary.unit for summary in summaries if summary.by_distance}
    if len(units) > 1:
        raise InputError("Distances in tokens and in words cannot be counted together.")
    distances = sorted({distance for summary in summaries for distance in summary.by_distance})
    merged = {
        distance: np.sort(
            np.concatenate(
                [one.by_distance[distance] for one in summaries if distance in one.by_distance]
            )
        )
        for distance in distances
    }
    texts = sum(summary.texts for summary in summaries)
    return BestWeights(merged, units.pop() if units else "token", texts)


def _units(encoding: Encoding, unit: Unit) -> tuple[list[tuple[int, ...]], list[int]]:
    """The positions of each token or word of the text, ascending, and its place in the count."""
    if unit == "word":
        words = [word.positions for word in encoding.words]
        return words, list(range(len(words)))
    places = [at for at, sequence in enumerate(encoding.sequences) if sequence is not None]
    return [(at,) for at in places], places


def _distances(places: Sequence[int]) -> Integers:
    """(query, key) signed distances."""
    row = np.asarray(places, dtype=np.int64)
    return row[None, :] - row[:, None]


def _best_heads(attentions: Floats, encoding: Encoding, units: Sequence[tuple[int, ...]]) -> Floats:
    """(query, key) largest weight that any head gives from unit to unit."""
    if attentions.shape[-1] != len(encoding):
        raise InputError("These are the weights of another input.")
    positions = [at for unit in units for at in unit]
    if len(positions) == len(units):  # one token each: nothing to add up
        return attentions.max(axis=(0, 1))[np.ix_(positions, positions)]
    sizes = np.array([len(unit) for unit in units])
    starts = np.cumsum(sizes) - sizes
    best = np.zeros((len(units), len(units)), dtype=np.float32)
    for layer in attentions:  # one at a time: all of them in float64 would be too large
        rows = layer[:, positions]
        means = np.add.reduceat(rows, starts, axis=1, dtype=np.float64) / sizes[:, None]
        between = np.add.reduceat(means[:, :, positions], starts, axis=2)
        np.maximum(best, between.max(axis=0), out=best, casting="same_kind")
    return best


def _check_positions(positions: Sequence[int], size: int) -> None:
    if not positions:
        raise InputError("Choose two tokens or words to link.")
    if len(set(positions)) < len(positions):
        raise InputError("A piece of a word is named twice.")
    for position in positions:
        if not 0 <= position < size:
            raise InputError(f"There is no token {position}: the input has {size}.")
