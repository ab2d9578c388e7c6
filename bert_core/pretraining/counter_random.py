"""Random numbers that are a function of where they are needed, with no state in between.

The number at (seed, epoch, example, position) is the same in whichever order, batch or process it
is asked for; so a run that was cut off goes on with the same batches, and several processes share
one without speaking of it. The function is the finaliser of SplitMix64 (Steele, Lea and Flood
2014, "Fast splittable pseudorandom number generators", figure 18,
https://doi.org/10.1145/2660193.2660195), applied to one key after another.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Doubles, Integers

Hashes = NDArray[np.uint64]
Key = int | NDArray[np.integer[Any]]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


def random_bits(*keys: Key) -> Hashes:
    """64 bits for each combination of keys: whole numbers from 0, or arrays that broadcast.

    The answer has at least one dimension.
    """
    state = np.zeros(1, dtype=np.uint64)
    for key in keys:
        # An array even for one number: only arrays go past 2**64 without a warning.
        state = _mix(state + (np.atleast_1d(key).astype(np.uint64) + np.uint64(1)) * GOLDEN)
    return state


def uniform(*keys: Key) -> Doubles:
    """A number from [0, 1) for each combination of keys."""
    return np.asarray((random_bits(*keys) >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def whole_number(below: Key, *keys: Key) -> Integers:
    """A whole number from 0 to `below` - 1 for each combination of keys; `below` may be an array.

    Every number is as likely as another to within `below` / 2**53.
    """
    return (uniform(*keys) * np.asarray(below)).astype(np.int64)


def binomial_half(count: Integers, *keys: Key) -> Integers:
    """How many of `count` fair coins show heads, for each combination of keys."""
    heads = np.zeros(np.shape(count), dtype=np.int64)
    for word in range(-(-int(np.max(count, initial=0)) // 64)):
        coins = np.clip(count - 64 * word, 0, 64).astype(np.uint64)
        kept = np.where(coins > 0, np.uint64(2**64 - 1) >> ((np.uint64(64) - coins) % 64), 0)
        heads += np.bitwise_count(random_bits(*keys, word) & kept)
    return heads


def _mix(state: Hashes) -> Hashes:
    state = (state ^ (state >> np.uint64(30))) * FIRST
    state = (state ^ (state >> np.uint64(27))) * SECOND
    return state ^ (state >> np.uint64(31))
