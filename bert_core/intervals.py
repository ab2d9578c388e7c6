"""How sure a share, a count or a mean may be: intervals, of 95 % where nothing else is said."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bert_core.arrays import Integers
from bert_core.errors import InputError

CONFIDENCE = 0.95
Z_95 = 1.959964  # between minus and plus this many deviations lie 95 % of a normal distribution
DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """Where a share of `successes` in `count` may truly lie: (low, high), in [0, 1].

    Raises:
        InputError: not 0 <= successes <= count, or count is 0.
    """
    if not 0 <= successes <= count or count == 0:
        raise InputError("A share needs at least one try, and no more successes than tries.")
    share = successes / count
    scale = 1 + Z_95**2 / count
    middle = (share + Z_95**2 / (2 * count)) / scale
    reach = Z_95 / scale * math.sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    # Rounding must not leave the share itself outside.
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))


def share_interval(called: Integers, asked: Integers, seed: int = 0) -> tuple[float, float]:
    """95 % interval of sum(called) / sum(asked): texts drawn again, `DRAWS` times.

    called, asked: (text,) counts. Pairs of one text are alike, so the text is what is drawn
    (percentile bootstrap, Efron 1979). It has no width where all texts answer the same.
    """
    drawn = np.random.default_rng(seed).integers(len(called), size=(DRAWS, len(called)))
    shares = called[drawn].sum(axis=1) / asked[drawn].sum(axis=1)
    low, high = np.percentile(shares, (2.5, 97.5))
    return float(low), float(high)


def binomial_interval(trials: int, chance: float, confidence: float = CONFIDENCE) -> Integers:
    """(low, high): a count of Binomial(trials, chance) is below low, and above high, each with a
    probability of at most (1 - confidence) / 2.
    """
    if not 0 < chance < 1:
        return np.full(2, round(trials * chance))
    # log k! for k = 0..trials; the chance of each count from it
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    counts = np.arange(trials + 1)
    logs = factorials[-1] - factorials - factorials[::-1]
    logs += counts * np.log(chance) + (trials - counts) * np.log1p(-chance)
    below = np.cumsum(np.exp(logs))
    tail = (1 - confidence) / 2
    return np.array([np.searchsorted(below, tail, "right"), np.searchsorted(below, 1 - tail)])


@lru_cache(maxsize=64)
def student_t(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t that |T| exceeds with probability 1 - confidence, T being Student's, `freedom` >= 1.

    Exact to rounding: bisection of the finite sums that the distribution has for whole degrees of
    freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4); no library for it is installed.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        if _within(angle, freedom) < confidence:
            low = angle
        else:
            high = angle
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _within(angle: float, freedom: int) -> float:
    """P(|T| <= sqrt(freedom) * tan(angle))."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for step in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cosine * cosine * (step - 1) / step
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
