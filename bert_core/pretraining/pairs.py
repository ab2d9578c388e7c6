"""Which sentences stand together in an example: documents cut into pairs, A and B.

Devlin et al. 2018, appendix A.2, and the reference code (google-research/bert,
create_pretraining_data.py): sentences of a document are gathered until the example is full, one
time in ten only until it is shorter; a random number of them is A; half of the time the others are
B, half of the time B begins at a random sentence of another document and what was gathered and
not used is gathered again. What is too long is cut off the longer part, at its front or its end.

Departures. B's sentence is drawn from all sentences of other documents alike, where the reference
code draws a document first: short documents would stand more often as B than as A, which gives
the answer away. And an example always begins with two sentences or more, or is dropped, where the
reference code gives a lone sentence a random B: so B follows in exactly half of the examples.

In place of this task there is ALBERT's, two parts of a document in their order or exchanged (Lan
et al. 2019, section 3.1, https://arxiv.org/abs/1909.11942), or none (Liu et al. 2019, section 4.2,
https://arxiv.org/abs/1907.11692).
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from bert_core.arrays import Flags, Integers
from bert_core.errors import InputError
from bert_core.pretraining.corpus import Corpus
from bert_core.pretraining.counter_random import binomial_half, random_bits, uniform, whole_number

NEXT_SENTENCE, SENTENCE_ORDER, NO_PAIRS = "next-sentence", "sentence-order", "none"
OBJECTIVES = (NEXT_SENTENCE, SENTENCE_ORDER, NO_PAIRS)

# One example in ten is shorter than it could be, so that short inputs are known as well.
SHORT_SHARE = 0.1
OTHER_SHARE = 0.5

# Sentences that are planned at once; each takes about 200 bytes meanwhile.
BLOCK = 500_000

# What a random number is for: the last key of each.
IS_SHORT, HOW_SHORT, SPLIT, COIN, OTHER, CUT_A, CUT_B, ORDER = range(8)


@dataclass(frozen=True, eq=False)
class PairPlan:
    """The examples of one epoch, in the order in which they are learnt from; (example,) each.

    keys: the number of the sentence that each began with, by which its random numbers are drawn.
    a_starts, b_starts: where its parts begin in the corpus' pieces. a_lengths, b_lengths: in
    pieces; 0 for B where there is none. labels: 0 where B follows A, 1 where it is from another
    document (or the two are exchanged), -1 without this task.
    """

    keys: Integers
    a_starts: Integers
    a_lengths: Integers
    b_starts: Integers
    b_lengths: Integers
    labels: Integers

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Integers | slice) -> "PairPlan":
        """Some of its examples."""
        return PairPlan(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def plan_pairs(corpus: Corpus, objective: str, length: int, seed: int, epoch: int) -> PairPlan:
    """All examples of an epoch, shuffled; the same arguments give the same examples.

    objective: one of `OBJECTIVES`. length: of an example in pieces, [CLS] and [SEP] counted.

    Raises:
        InputError: the corpus has no two documents to draw B from, or no example at all.
    """
    if objective == NEXT_SENTENCE and len(corpus) < 2:
        raise InputError(
            "The corpus is one document, and the B of every other pair comes from another: put a "
            "blank line between documents, or choose another objective."
        )
    keys = (seed, epoch, length)
    bounds = _block_bounds(corpus)
    blocks = [
        _plan_block(corpus, objective, length, keys, first, last)
        for first, last in pairwise(bounds)
    ]
    plan = PairPlan(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(PairPlan)
        }
    )
    if not len(plan):
        raise InputError("The corpus is too small: no document in it has two sentences.")
    return plan.take(np.argsort(random_bits(*keys, ORDER, plan.keys), kind="stable"))


def _block_bounds(corpus: Corpus) -> list[int]:
    """Numbers of documents at which blocks of about `BLOCK` sentences begin, and the end."""
    wanted = np.arange(0, int(corpus.documents[-1]), BLOCK)
    bounds = np.unique(np.searchsorted(corpus.documents, wanted))
    return [*bounds[bounds < len(corpus)].tolist(), len(corpus)]


def _plan_block(
    corpus: Corpus, objective: str, length: int, keys: tuple[int, ...], first: int, last: int
) -> PairPlan:
    """The examples that begin in the documents `first` to `last` - 1, in the corpus' order.

    For every sentence it is worked out what an example that begins there would be; then only the
    walk from one example to the next is a loop.
    """
    room = length - (2 if objective == NO_PAIRS else 3)
    ends = np.asarray(corpus.documents[first : last + 1])
    numbers = np.arange(ends[0], ends[-1])
    document_ends = np.repeat(ends[1:], np.diff(ends))
    begins = np.asarray(corpus.sentences[ends[0] : ends[-1] + 1])

    is_short = uniform(*keys, IS_SHORT, numbers) < SHORT_SHARE
    targets = np.where(is_short, 2 + whole_number(room - 1, *keys, HOW_SHORT, numbers), room)
    stops = ends[0] + np.searchsorted(begins, begins[:-1] + targets)
    fewest = 1 if objective == NO_PAIRS else 2
    stops = np.minimum(np.maximum(stops, numbers + fewest), document_ends)
    splits = numbers + 1 + whole_number(np.maximum(stops - numbers - 1, 1), *keys, SPLIT, numbers)
    coins = uniform(*keys, COIN, numbers) < OTHER_SHARE
    if objective == NO_PAIRS:
        splits = stops
    used_to = np.where(coins, splits, stops) if objective == NEXT_SENTENCE else stops

    walked = _walk((used_to - ends[0]).tolist())
    chosen = walked[stops[walked] - numbers[walked] >= fewest]
    return _pairs(
        corpus,
        objective,
        room,
        keys,
        Gathered(numbers[chosen], splits[chosen], stops[chosen], targets[chosen], coins[chosen]),
    )


@dataclass(frozen=True, eq=False)
class Gathered:
    """Sentences gathered for examples; (example,) each, numbers of sentences.

    firsts: where it begins. splits: where A ends. stops: the first not gathered. targets: how
    many pieces it should have. coins: B is from elsewhere, or the parts are exchanged.
    """

    firsts: Integers
    splits: Integers
    stops: Integers
    targets: Integers
    coins: Flags


def _walk(following: list[int]) -> Integers:
    """The examples that are met from the first on; `following` is where each one's next begins."""
    met, at, end = [], 0, len(following)
    while at < end:
        met.append(at)
        at = following[at]
    return np.array(met, dtype=np.int64)


def _pairs(
    corpus: Corpus, objective: str, room: int, keys: tuple[int, ...], gathered: Gathered
) -> PairPlan:
    """A and B of each example, cut to `room` pieces together."""
    firsts, begins = gathered.firsts, corpus.sentences
    a = begins[firsts], begins[gathered.splits]
    b = begins[gathered.splits], begins[gathered.stops]
    labels = gathered.coins.astype(np.int64)
    if objective == NEXT_SENTENCE:
        other, other_end = _other_documents(corpus, gathered, keys)
        b = np.where(labels, begins[other], b[0]), np.where(labels, begins[other_end], b[1])
    elif objective == SENTENCE_ORDER:
        a, b = (
            (np.where(labels, b[0], a[0]), np.where(labels, b[1], a[1])),
            (np.where(labels, a[0], b[0]), np.where(labels, a[1], b[1])),
        )
    else:
        labels = np.full(len(firsts), -1)
    a_lengths, b_lengths = _fit(a[1] - a[0], b[1] - b[0], room)
    return PairPlan(
        keys=firsts,
        a_starts=a[0] + binomial_half(a[1] - a[0] - a_lengths, *keys, CUT_A, firsts),
        a_lengths=a_lengths,
        b_starts=b[0] + binomial_half(b[1] - b[0] - b_lengths, *keys, CUT_B, firsts),
        b_lengths=b_lengths,
        labels=labels,
    )


def _other_documents(
    corpus: Corpus, gathered: Gathered, keys: tuple[int, ...]
) -> tuple[Integers, Integers]:
    """For each example a run of sentences, first and stop, from a document that is not its own."""
    firsts, documents, begins = gathered.firsts, corpus.documents, corpus.sentences
    own = np.searchsorted(documents, firsts, side="right") - 1
    own_sentences = documents[own + 1] - documents[own]
    drawn = whole_number(documents[-1] - own_sentences, *keys, OTHER, firsts)
    drawn = drawn + np.where(drawn >= documents[own], own_sentences, 0)
    left = gathered.targets - (begins[gathered.splits] - begins[firsts])
    stops = np.searchsorted(begins, begins[drawn] + np.maximum(left, 1))
    ends = documents[np.searchsorted(documents, drawn, side="right")]
    return drawn, np.minimum(stops, ends)


def _fit(a: Integers, b: Integers, room: int) -> tuple[Integers, Integers]:
    """The lengths after pieces were taken from the longer one, B if they are alike, until both fit.

    In one step: neither goes below half of the room.
    """
    return (
        np.minimum(a, np.maximum(room - room // 2, room - b)),
        np.minimum(b, np.maximum(room // 2, room - a)),
    )
