"""The order of a paragraph's sentences, as the next-sentence head would have it.

The head answers for every ordered pair of sentences, and the best order is the one with the
greatest sum of log P(IsNext) over its neighbours.

What this shows is mostly what the head does not know. It was trained to tell a next sentence from
one of another document, which the topic gives away: Lan et al. 2020 (ALBERT,
https://arxiv.org/abs/1909.11942, section 3.1) argue that it learnt topic more than coherence, and
put sentence order in its place; Liu et al. 2019 (RoBERTa, https://arxiv.org/abs/1907.11692,
section 4.2) drop the task without loss. Within one paragraph all sentences share a topic, so many
orders score nearly alike: read `true_rank` and `score - true_score` before the order itself.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np
import sentencesplit
from numpy.typing import ArrayLike

from bert_core.arrays import Doubles
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.tokenization import MAX_CHARACTERS, readable
from bert_core.next_sentence.candidates import PairScore, score_pairs
from bert_core.serving.runner import Runner

MOST_SENTENCES = 12  # 132 pairs, and 4,096 sets of sentences to keep the best end of
LONGEST_SENTENCE = 400  # characters; two of them are some 180 tokens of English
MOST_TO_RANK = 7  # sentences, 5,040 orders
ALIKE = 1e-9  # sums that differ by less are the same but for rounding

LINE_BREAK = re.compile(r"\r\n?")
BLANK_LINE = re.compile(r"\n\s*\n")

# The library's Chinese rules, which know English abbreviations too.
SPLIT_AS = "zh"


@dataclass(frozen=True)
class Paragraph:
    """A text's sentences, those that are read first.

    sentences: at most the limit, without space around them. left_out: those that come after.
    shortened: numbers of sentences that were longer than `LONGEST_SENTENCE`, and cut there.
    unread: characters past `MAX_CHARACTERS`, which were not looked at.
    """

    sentences: tuple[str, ...]
    left_out: tuple[str, ...]
    shortened: tuple[int, ...]
    unread: int


@dataclass(frozen=True, eq=False)
class PairMatrix:
    """Does the sentence of the column follow that of the row?

    is_next, is_next_logits, not_next_logits: (sentence, sentence), NaN on the diagonal; is_next
        are probabilities in [0, 1].
    cut: pairs (row, column) that were longer than the model reads.
    """

    sentences: tuple[str, ...]
    is_next: Doubles
    is_next_logits: Doubles
    not_next_logits: Doubles
    cut: tuple[tuple[int, int], ...]

    @property
    def log_probabilities(self) -> Doubles:
        """log P(IsNext), from the logits: finite where a probability rounds to 0."""
        with np.errstate(invalid="ignore"):  # the diagonal
            return -np.logaddexp(0, self.not_next_logits - self.is_next_logits)

    @property
    def adjacent(self) -> Doubles:
        """(sentence - 1,) P(IsNext) of each sentence and the one that stands after it."""
        return np.diagonal(self.is_next, offset=1).copy()


@dataclass(frozen=True)
class BestOrder:
    """The order with the greatest score, beside the true one, which is 0, 1, 2, ...

    order: numbers of sentences. score, true_score: sums over neighbours, at most 0 for log
        probabilities.
    true_rank: 1 plus the orders that score higher than the true one, of `orders`; None for more
        than `MOST_TO_RANK` sentences.
    orders: n!, how many there are.
    tau: Kendall's tau of the two orders: 1 the same, -1 reversed.
    kept: share in [0, 1] of true neighbours that are neighbours in that order.
    """

    order: tuple[int, ...]
    score: float
    true_score: float
    true_rank: int | None
    orders: int
    tau: float
    kept: float


def split_paragraph(text: str) -> Paragraph:
    """The sentences of `text`, by the rules of the library sentencesplit.

    A blank line ends a sentence, a single line break does not. What has no letter and no digit
    belongs to the sentence before it.

    Raises:
        InputError: there is no sentence in it.
    """
    found: list[str] = []
    lines = LINE_BREAK.sub("\n", readable(text[:MAX_CHARACTERS]))
    for block in BLANK_LINE.split(lines):
        block = " ".join(block.split()) + " "  # pieces keep the spaces that follow them
        found += map(str, sentencesplit.Segmenter(language=SPLIT_AS).segment(block))
    sentences = _joined(found)
    if not sentences:
        raise InputError("There is no sentence in this text: paste a few that belong together.")
    read = sentences[:MOST_SENTENCES]
    return Paragraph(
        sentences=tuple(_shortened(sentence) for sentence in read),
        left_out=tuple(sentences[MOST_SENTENCES:]),
        shortened=tuple(at for at, one in enumerate(read) if len(one) > LONGEST_SENTENCE),
        unread=max(len(text) - MAX_CHARACTERS, 0),
    )


def all_pairs(sentences: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Every ordered pair of two different places, row by row: n * (n - 1) of them.

    Raises:
        InputError: fewer than two sentences, or more than `MOST_SENTENCES`.
    """
    if not 2 <= len(sentences) <= MOST_SENTENCES:
        raise InputError(
            f"An order needs two to {MOST_SENTENCES} sentences, and here are {len(sentences)}."
        )
    return tuple(permutations(sentences, 2))


def pair_matrix(bert: Bert, sentences: Sequence[str], run: Runner | None = None) -> PairMatrix:
    """The head's answers for all ordered pairs; errors as in `score_pairs` and `all_pairs`."""
    return as_matrix(sentences, score_pairs(bert, all_pairs(sentences), run))


def as_matrix(sentences: Sequence[str], scores: Iterable[PairScore]) -> PairMatrix:
    """The answers to `all_pairs(sentences)` as a matrix; NaN for those that are not there yet."""
    count = len(sentences)
    places = list(permutations(range(count), 2))
    is_next, is_next_logits, not_next_logits = np.full((3, count, count), np.nan)
    cut = []
    for score in scores:
        at = places[score.index]
        is_next[at] = score.is_next
        is_next_logits[at], not_next_logits[at] = score.is_next_logit, score.not_next_logit
        cut += [at] if score.cut else []
    return PairMatrix(tuple(sentences), is_next, is_next_logits, not_next_logits, tuple(cut))


def best_order(log_probabilities: ArrayLike) -> BestOrder:
    """The order with the greatest sum over its neighbours, and how the true one compares.

    log_probabilities: (sentence, sentence), of the column after the row; the diagonal is not
    read. Of orders that score alike the true one is taken if it is among them, else the first.

    Found by dynamic programming over sets of sentences (Held and Karp 1962).

    Raises:
        InputError: not a square of 2 to `MOST_SENTENCES`, or a number off the diagonal that is
            not finite.
    """
    scores = _checked(log_probabilities)
    count = len(scores)
    true = tuple(range(count))
    order = _best_path(scores)
    true_score, score = path_score(scores, true), path_score(scores, order)
    if true_score >= score - ALIKE:
        order, score = true, true_score
    later = np.sign(np.subtract.outer(order, order))[np.tril_indices(count, -1)]
    steps = set(pairwise(order))
    return BestOrder(
        order=order,
        score=score,
        true_score=true_score,
        true_rank=_rank(scores, true_score) if count <= MOST_TO_RANK else None,
        orders=math.factorial(count),
        tau=float(later.mean()),
        kept=len(steps & set(pairwise(true))) / (count - 1),
    )


def path_score(log_probabilities: ArrayLike, order: Sequence[int]) -> float:
    """The sum over neighbours of one order."""
    scores = np.asarray(log_probabilities, dtype=np.float64)
    return math.fsum(scores[list(order[:-1]), list(order[1:])])


def _best_path(scores: Doubles) -> tuple[int, ...]:
    """`rest[told, last]`: the most that the sentences not yet told can add after `last`."""
    count = len(scores)
    everything = (1 << count) - 1
    rest = np.zeros((everything + 1, count))
    after = np.empty((everything + 1, count))  # the same for each sentence that may come next
    for told in range(everything, 0, -1):
        after[told] = [
            -np.inf if told >> step & 1 else rest[told | 1 << step, step] for step in range(count)
        ]
        if told != everything:
            rest[told] = (scores + after[told]).max(axis=1)
    path = [int(np.argmax([rest[1 << first, first] for first in range(count)]))]
    told = 1 << path[0]
    while told != everything:
        path.append(int(np.argmax(scores[path[-1]] + after[told])))
        told |= 1 << path[-1]
    return tuple(path)


def _rank(scores: Doubles, true_score: float) -> int:
    orders = np.array(list(permutations(range(len(scores)))))
    sums = scores[orders[:, :-1], orders[:, 1:]].sum(axis=1)
    return 1 + int((sums > true_score + ALIKE).sum())


def _checked(log_probabilities: ArrayLike) -> Doubles:
    """A copy with zeros on the diagonal, which no order reads."""
    scores = np.array(log_probabilities, dtype=np.float64)
    count = len(scores) if scores.ndim else 0
    if scores.shape != (count, count) or not 2 <= count <= MOST_SENTENCES:
        raise InputError(f"An order needs a square of numbers for 2 to {MOST_SENTENCES} sentences.")
    np.fill_diagonal(scores, 0)
    if not np.isfinite(scores).all():
        raise InputError("An order needs a finite number for every pair of sentences.")
    return scores


def _joined(pieces: Sequence[str]) -> list[str]:
    """Pieces without a letter or digit put to the one before, or to the first if none is."""
    sentences: list[str] = []
    opening = ""
    for piece in pieces:
        if any(character.isalnum() for character in piece):
            sentences.append(opening + piece)
            opening = ""
        elif sentences:
            sentences[-1] += piece
        else:
            opening += piece
    return [sentence.strip() for sentence in sentences]


def _shortened(sentence: str) -> str:
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    start, space, _ = sentence[: LONGEST_SENTENCE + 1].rpartition(" ")
    return start if space and start.strip() else sentence[:LONGEST_SENTENCE]
