"""A run's losses, and how a long noisy line of them is made short for the eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Floats

MOST_POINTS = 400  # of a line


@dataclass(frozen=True, eq=False)
class LossCurve:
    """A run's losses in nats.

    losses: (step, 2), of masked words and of pairs, from the first step on; NaN without pairs.
    held_out: of each step whose model was tried on text that it does not learn from the two
    losses there, None without pairs.
    """

    name: str
    losses: Floats
    held_out: Sequence[tuple[int, float, float | None]]

    def column(self, task: int) -> tuple[list[int], list[float]]:
        """The steps and the held-out losses of a task: 0 masked words, 1 pairs."""
        found = [(row[0], row[1 + task]) for row in self.held_out]
        known = [(step, loss) for step, loss in found if loss is not None]
        return [step for step, _ in known], [loss for _, loss in known]

    def has(self, task: int) -> bool:
        """Whether anything is known of a task."""
        return bool(np.isfinite(self.losses[:, task]).any()) or bool(self.column(task)[0])


def smoothing_window(steps: int) -> int:
    """How many steps each training loss is the mean of: a hundredth of the run."""
    return max(1, steps // 100)


def smoothed(losses: NDArray[Any], window: int) -> Floats:
    """(step,): the mean of each loss and the `window` - 1 before it, of fewer at the beginning.

    NaN is left out, and stays where there is nothing else.
    """
    known = np.isfinite(losses)
    sums = np.cumsum(np.concatenate([[0.0], np.where(known, losses, 0)]), dtype=np.float64)
    counts = np.cumsum(np.concatenate([[0], known]))
    ends = np.arange(1, len(losses) + 1)
    starts = np.maximum(ends - window, 0)
    number = counts[ends] - counts[starts]
    means = (sums[ends] - sums[starts]) / np.maximum(number, 1)
    return np.where(number > 0, means, np.nan).astype(np.float32)


def thinned(count: int, steps: int) -> NDArray[np.int32]:
    """At most `MOST_POINTS` of the steps 1 to `count`, the first and the last among them.

    The others are the same at every moment of a run of `steps`.
    """
    every = ceil(max(count, steps, 1) / (MOST_POINTS - 2))
    inner = range(every, count + 1, every)
    return np.array(sorted({*inner, *([1, count] if count else [])}), dtype=np.int32)
