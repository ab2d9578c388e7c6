"""Whether probabilities can be believed: guesses in bins by how sure they were, and how many held.

Guo et al. 2017, "On Calibration of Modern Neural Networks", sections 2 and 3,
https://arxiv.org/abs/1706.04599: in each of ten equal bins of confidence, the share that was
right beside the mean confidence; their mean distance, weighted by count, is the expected
calibration error (ECE).

Guesses in one text are not independent, so intervals are 95 % percentiles of a bootstrap that
draws whole texts again (Efron and Tibshirani 1993, chapter 13). In a bin of few guesses they are
too narrow, and where all were right they have no width: look at its count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Doubles, Flags, Integers
from bert_core.errors import InputError
from bert_core.intervals import CONFIDENCE, Estimate

BINS = 10
RESAMPLES = 1000
FIRST = 5  # guesses among which the original counts as found


@dataclass(frozen=True, eq=False)
class Guesses:
    """What was guessed behind the masks of one text; arrays (mask,), read-only.

    guesses: ids of the first guesses. right: whether each is the original. confidences: their
    probabilities, in (0, 1]. ranks: of the originals, 1 being the first guess. surprisals: of the
    originals, in nats: -log of their probability.
    """

    guesses: Integers
    right: Flags
    confidences: Doubles
    ranks: Integers
    surprisals: Doubles

    def __len__(self) -> int:
        return len(self.right)

    def among_first(self, count: int) -> Flags:
        """(mask,): whether the original is one of the first `count` guesses."""
        return self.ranks <= count

    def at(self, masks: Flags | slice) -> "Guesses":
        """Those of some of the masks."""
        return _gathered(lambda name: getattr(self, name)[masks])


def join_guesses(parts: Sequence[Guesses]) -> Guesses:
    """One after the other."""
    return _gathered(lambda name: np.concatenate([getattr(part, name) for part in parts]))


def _gathered(column: Callable[[str], NDArray[Any]]) -> Guesses:
    """Guesses of which `column` gives each array by its name."""
    columns = [column(field.name) for field in fields(Guesses)]
    for one in columns:
        one.setflags(write=False)
    return Guesses(*columns)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What many guesses were worth.

    masks, texts: how many of each. edges: (bin + 1,), of confidence; a bin has its upper edge, not
        its lower one. counts: (bin,) guesses in it.
    confidence, accuracy: (bin,) mean confidence and the share that was right; NaN in an empty bin.
    low, high: (bin,) the 95 % interval of `accuracy`, NaN in an empty bin.
    top_1, top_5: share of originals that are the first guess, or among the first five.
    sure: mean confidence; above `top_1` the model believes itself too much. surprisal: mean of the
        originals, in nats; its exponential is the perplexity.
    error: the expected calibration error, in [0, 1]. Chance alone keeps it above 0, and resampling
        adds to that, so its interval lies a little high.
    error_by_chance: what it would be, were each guess right with just the probability stated: mean
        and 95 % interval. An error above these is the model's own.
    """

    masks: int
    texts: int
    edges: Doubles
    counts: Integers
    confidence: Doubles
    accuracy: Doubles
    low: Doubles
    high: Doubles
    top_1: Estimate
    top_5: Estimate
    sure: Estimate
    surprisal: Estimate
    error: Estimate
    error_by_chance: Estimate


def summarise_calibration(
    samples: Sequence[Guesses], bins: int = BINS, resamples: int = RESAMPLES, seed: int = 0
) -> Calibration:
    """Reliability, accuracy, surprisal and calibration error over the masks of all `samples`.

    samples: one for each text, which the bootstrap keeps together.

    Raises:
        InputError: no masks, or `bins` or `resamples` below 1.
    """
    samples = [sample for sample in samples if len(sample)]
    if not samples or min(bins, resamples) < 1:
        raise InputError("There is nothing to count: mask at least one word.")
    edges = np.arange(bins + 1) / bins
    sums = np.stack([_sums(sample, edges) for sample in samples])  # (text, part, bin)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), resamples)
    all_sums = sums.sum(axis=0)
    drawn = np.tensordot(weights, sums, axes=1)  # (resample, part, bin)
    counts, sure, right = all_sums[:3]
    low, high = _interval(_ratio(drawn[:, 2], drawn[:, 0]))
    found, again = _measures(all_sums), _measures(drawn)
    estimates = {name: _estimate(float(value), again[name]) for name, value in found.items()}
    return Calibration(
        masks=int(counts.sum()),
        texts=len(samples),
        edges=edges,
        counts=counts.astype(np.int64),
        confidence=_ratio(sure, counts),
        accuracy=_ratio(right, counts),
        low=low,
        high=high,
        error_by_chance=_error_by_chance(samples, edges, resamples, rng),
        **estimates,
    )


def bin_numbers(confidences: Doubles, edges: Doubles) -> Integers:
    """The bin of each confidence in [0, 1]: above its lower edge, and up to its upper one."""
    found = np.searchsorted(edges, confidences, side="left") - 1
    return found.clip(0, len(edges) - 2)


def _sums(sample: Guesses, edges: Doubles) -> Doubles:
    """(part, bin): count, confidences, right ones, found ones and surprisals of one text."""
    places = bin_numbers(sample.confidences, edges)
    parts = (
        np.ones(len(places)),
        sample.confidences,
        sample.right,
        sample.among_first(FIRST),
        sample.surprisals,
    )
    return np.stack([np.bincount(places, part, minlength=len(edges) - 1) for part in parts])


def _measures(sums: Doubles) -> dict[str, Doubles]:
    """The numbers over all bins, from sums of shape (..., part, bin)."""
    count, sure, right, found, surprisal = np.moveaxis(sums.sum(axis=-1), -1, 0)
    gaps = np.abs(sums[..., 2, :] - sums[..., 1, :]).sum(axis=-1)
    return {
        "top_1": right / count,
        "top_5": found / count,
        "sure": sure / count,
        "surprisal": surprisal / count,
        "error": gaps / count,
    }


def _error_by_chance(
    samples: Sequence[Guesses], edges: Doubles, draws: int, rng: np.random.Generator
) -> Estimate:
    """The calibration error of guesses that are right just as often as they say."""
    confidences = np.concatenate([sample.confidences for sample in samples])
    places = bin_numbers(confidences, edges)
    errors = np.empty(draws)
    for draw in range(draws):
        surplus = (rng.random(len(places)) < confidences) - confidences
        errors[draw] = np.abs(np.bincount(places, surplus)).sum() / len(places)
    return _estimate(float(errors.mean()), errors)


def _estimate(value: float, again: Doubles) -> Estimate:
    low, high = _interval(again[:, None])
    return Estimate(value, float(low[0]), float(high[0]))


def _interval(again: Doubles) -> tuple[Doubles, Doubles]:
    """The 95 % percentiles of each column over its rows, NaN left out; NaN where all are."""
    tail = 50 * (1 - CONFIDENCE)
    ends = np.full((2, again.shape[1]), np.nan)
    there = ~np.isnan(again).all(axis=0)
    if there.any():
        ends[:, there] = np.nanpercentile(again[:, there], [tail, 100 - tail], axis=0)
    return ends[0], ends[1]


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    """NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
