"""How sure a share or a mean may be: 95 % intervals."""

import math
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Integers
from bert_core.errors import InputError

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
