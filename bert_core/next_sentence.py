"""Does B follow A? The next-sentence head of Devlin et al. 2018 (section 3.1, task 2)."""

from dataclasses import dataclass

import numpy as np

from bert_core.errors import InputError, MissingHeadError
from bert_core.inference import BertRun
from bert_core.model import Bert


@dataclass(frozen=True)
class NextSentenceScore:
    """The head's answer: probabilities that sum to 1, and the logits they come from."""

    is_next: float
    not_next: float
    is_next_logit: float
    not_next_logit: float


def score_next_sentence(bert: Bert, run: BertRun) -> NextSentenceScore:
    """How probable it is that the pair of `run` are neighbours, in that order.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: the run has no second sentence.
    """
    if run.next_sentence_logits is None:
        raise MissingHeadError(
            f"“{bert.name}” has no next-sentence head, so it cannot say whether B follows A. "
            "Choose a model that was saved with it, such as the embedded one."
        )
    if run.encoding.pair is None:
        raise InputError("Type a second sentence: this reading needs two.")
    logits = run.next_sentence_logits.astype(np.float64)
    weights = np.exp(logits - logits.max())
    is_next, not_next = weights / weights.sum()
    return NextSentenceScore(float(is_next), float(not_next), float(logits[0]), float(logits[1]))
