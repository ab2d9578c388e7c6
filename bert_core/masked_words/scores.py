"""How probable a sentence was found: the shares of its tokens, their sum, and means of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bert_core.arrays import Doubles
from bert_core.errors import InputError
from bert_core.model.tokenization import Encoding

# The usual one of each stands first.
Method = Literal["within_word_l2r", "original"]
METHODS: tuple[Method, ...] = get_args(Method)

Measure = Literal["total", "per_token", "per_word"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, eq=False)
class SentenceScore:
    """The pseudo-log-likelihood of one input; of a pair, both sentences are scored.

    encoding: what was read; its `cut_at` says where a long text was cut.
    positions: of the scored tokens, ascending: all of the text, but for a `[MASK]` typed in it.
    log_probabilities: (position,) natural logarithms, each at most 0; a token's share of `total`.
    """

    encoding: Encoding
    method: Method
    positions: tuple[int, ...]
    log_probabilities: Doubles

    @property
    def words(self) -> int:
        """Words that were scored; a punctuation mark is one."""
        return len(
            {(self.encoding.sequences[at], self.encoding.word_ids[at]) for at in self.positions}
        )

    @property
    def total(self) -> float | None:
        """The pseudo-log-likelihood; None where the text has nothing to score."""
        return float(self.log_probabilities.sum()) if self.positions else None

    @property
    def per_token(self) -> float | None:
        """`total` divided by the number of scored tokens."""
        return None if self.total is None else self.total / len(self.positions)

    @property
    def per_word(self) -> float | None:
        """`total` divided by `words`."""
        return None if self.total is None else self.total / self.words

    def by(self, measure: Measure) -> float | None:
        """One of the three by its name.

        Raises:
            InputError: there is no such measure.
        """
        if measure not in MEASURES:
            raise InputError(f"A sentence is measured by {', '.join(MEASURES)}, not “{measure}”.")
        found: float | None = getattr(self, measure)
        return found


def rank(scores: Sequence[SentenceScore], measure: Measure = "total") -> tuple[int, ...]:
    """Places in `scores`, the most probable first; equal ones keep their order, those with nothing
    to score come last."""
    found = [score.by(measure) for score in scores]
    keys = [np.inf if value is None else -value for value in found]
    return tuple(sorted(range(len(scores)), key=keys.__getitem__))
