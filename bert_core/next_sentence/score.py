"""Does B follow A? The next-sentence head of Devlin et al. 2018 (section 3.1, task 2)."""

from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Doubles
from bert_core.errors import InputError, MissingHeadError
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun


@dataclass(frozen=True)
class NextSentenceScore:
    """The head's answer: probabilities that sum to 1, and the logits they come from."""

    is_next: float
    not_next: float
    is_next_logit: float
    not_next_logit: float


@dataclass(frozen=True, eq=False)
class LogitParts:
    """What each number of the pooled vector adds to the two logits; IsNext first.

    pooled: (hidden,), in [-1, 1]. weights: (2, hidden), the head's. biases: (2,).
    logits: (2,), as the head computed them in float32.
    """

    pooled: Doubles
    weights: Doubles
    biases: Doubles
    logits: Doubles

    @property
    def contributions(self) -> Doubles:
        """(2, hidden), each weight times its number."""
        return self.weights * self.pooled

    @property
    def sums(self) -> Doubles:
        """(2,), the contributions to each logit added up, without the bias."""
        total: Doubles = self.contributions.sum(axis=1)
        return total

    @property
    def gap(self) -> float:
        """The most that sums and biases together miss a logit by: rounding, below 1e-5."""
        return float(np.abs(self.sums + self.biases - self.logits).max())


def score_next_sentence(
    bert: Bert, run: BertRun, *, may_be_empty: bool = False
) -> NextSentenceScore:
    """How probable it is that the pair of `run` are neighbours, in that order.

    may_be_empty: answer too where no piece of B is left, because it was taken out.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: the run has no second sentence, or none with a piece in it.
    """
    if run.next_sentence_logits is None:
        raise MissingHeadError(
            f"“{bert.name}” has no next-sentence head, so it cannot say whether B follows A. "
            "Choose a model that was saved with it, such as the embedded one."
        )
    if run.encoding.pair is None:
        raise InputError("Type a second sentence: this reading needs two.")
    if not run.encoding.has_pair and not may_be_empty:
        raise InputError("Sentence B has nothing in it that the model reads: type a few words.")
    logits = run.next_sentence_logits.astype(np.float64)
    weights = np.exp(logits - logits.max())
    is_next, not_next = weights / weights.sum()
    return NextSentenceScore(float(is_next), float(not_next), float(logits[0]), float(logits[1]))


def explain_logits(bert: Bert, run: BertRun) -> LogitParts:
    """The two logits taken apart: the head is linear, logit = weights @ pooled + bias.

    Errors as in `score_next_sentence`.
    """
    score = score_next_sentence(bert, run)  # raises what it cannot answer
    if run.pooled is None:
        raise MissingHeadError(f"“{bert.name}” has no pooler, so nothing is pooled.")
    head = bert.model.cls.seq_relationship
    return LogitParts(
        pooled=run.pooled.astype(np.float64),
        weights=head.weight.detach().double().cpu().numpy(),
        biases=head.bias.detach().double().cpu().numpy(),
        logits=np.array([score.is_next_logit, score.not_next_logit]),
    )
