"""Many second sentences at once: which of them follows A?

Each pair is read as in `next_sentence` (Devlin et al. 2018, section 3.1, task 2); pairs share
batches.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, encode
from bert_core.next_sentence.score import score_next_sentence
from bert_core.serving.runner import Runner, direct_runner

CHUNK = 32  # pairs handed in together: some full batches, yet few enough to see it go on


@dataclass(frozen=True)
class PairScore:
    """The head's answer to one pair.

    index: its place in the list, from 0. text, candidate: A and B.
    is_next: probability in [0, 1] that B follows A; with the logits of both answers.
    cut: the pair was longer than the model reads, so that its end did not count.
    """

    index: int
    text: str
    candidate: str
    is_next: float
    is_next_logit: float
    not_next_logit: float
    cut: bool

    @property
    def difference(self) -> float:
        """IsNext's logit less NotNext's: 0 is undecided, and it does not saturate as
        probabilities do."""
        return self.is_next_logit - self.not_next_logit


def score_candidates(
    bert: Bert, text: str, candidates: Sequence[str], run: Runner | None = None
) -> Iterator[PairScore]:
    """How probable it is that each of `candidates` follows `text`, in their order.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: `text` or a candidate has nothing in it.
    """
    return score_pairs(bert, [(text, candidate) for candidate in candidates], run)


def is_read(bert: Bert, sentence: str) -> bool:
    """Whether the model reads anything of a sentence."""
    return bool(encode(bert, sentence).words)


def score_pairs(
    bert: Bert, pairs: Sequence[tuple[str, str]], run: Runner | None = None
) -> Iterator[PairScore]:
    """The same for pairs that each have an A of their own; errors as in `score_candidates`.

    A sentence of which nothing is read is answered as if it were none: ask `is_read` before.
    """
    for number, pair in enumerate(pairs, start=1):
        if not all(sentence.strip() for sentence in pair):
            raise InputError(f"Pair {number} lacks a sentence: write both of them.")
    run = run or direct_runner(bert)
    for start in range(0, len(pairs), CHUNK):
        encodings = [encode(bert, *pair) for pair in pairs[start : start + CHUNK]]
        for index, one in enumerate(run([Asked(one) for one in encodings]), start=start):
            score = score_next_sentence(bert, one, may_be_empty=True)
            yield PairScore(
                index=index,
                text=pairs[index][0],
                candidate=pairs[index][1],
                is_next=score.is_next,
                is_next_logit=score.is_next_logit,
                not_next_logit=score.not_next_logit,
                cut=_is_cut(encodings[index - start]),
            )


def rank_candidates(scores: Iterable[PairScore]) -> tuple[PairScore, ...]:
    """Most probable first, by the difference of the logits; equal ones as in the list."""
    return tuple(sorted(scores, key=lambda score: (-score.difference, score.index)))


def _is_cut(encoding: Encoding) -> bool:
    return encoding.cut_at != (None, None)
