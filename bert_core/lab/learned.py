"""What a run has learned so far, measured against who knows only how often pieces occur."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp


@dataclass(frozen=True)
class Learned:
    """The newest figures on text that the run does not learn from.

    step: after which they were taken. loss: nats a hidden token. unigram: what it costs who knows
    only how often each piece occurs, on the same tokens. since: the step from which every figure
    is below that; None while the newest is not.
    """

    step: int
    loss: float
    unigram: float
    since: int | None

    @property
    def choices(self) -> float:
        """Among how many equal pieces one would be as unsure: the perplexity."""
        return exp(self.loss)

    @property
    def choices_by_frequency(self) -> float:
        """The same for who knows only how often pieces occur."""
        return exp(self.unigram)


def what_it_learned(losses: Sequence[tuple[int, float]], unigram: float) -> Learned | None:
    """From the (step, loss) of each time it was tried, in order; None before the first."""
    if not losses:
        return None
    since = None
    for step, loss in losses:
        if loss >= unigram:
            since = None
        elif since is None:
            since = step
    step, loss = losses[-1]
    return Learned(step, loss, unigram, since)
