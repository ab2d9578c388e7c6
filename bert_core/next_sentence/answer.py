"""What one answer of the next-sentence head is worth: how often it gives it wrongly."""

from collections.abc import Iterable
from dataclasses import dataclass

from bert_core.intervals import Estimate
from bert_core.next_sentence.neighbours import SetShare
from bert_core.next_sentence.score import NextSentenceScore

DECIDED = 2 / 3  # one answer is twice as probable as the other


@dataclass(frozen=True)
class Answer:
    """What the head says of a pair.

    follows: whether it says that B follows A. probability: what it gives to what it says, 0.5 to
    1. anyway: the share of bundled pairs to which it gives this answer and is wrong, with its 95 %
    interval: B's from another text called IsNext, or true neighbours called NotNext. None where
    they have not been measured.
    """

    follows: bool
    probability: float
    anyway: Estimate | None

    @property
    def decided(self) -> bool:
        """Whether the answer is at least twice as probable as the other one."""
        return self.probability >= DECIDED


def weigh_answer(score: NextSentenceScore, sets: Iterable[SetShare] = ()) -> Answer:
    """One pair's score beside what `called_next` measured of this model."""
    follows = score.is_next >= 0.5
    wrong = "other_text" if follows else "true"
    measured = next((one for one in sets if one.kind == wrong), None)
    if measured is None:
        anyway = None
    elif follows:
        anyway = Estimate(measured.share, measured.low, measured.high)
    else:
        anyway = Estimate(1 - measured.share, 1 - measured.high, 1 - measured.low)
    return Answer(follows, score.is_next if follows else score.not_next, anyway)
