"""Two sentences, one blank: which words does the change of sentence make more, or less, probable?

After "What Have Language Models Learned?" (Google PAIR, 2021,
https://pair.withgoogle.com/explorables/fill-in-the-blank/), which puts every word of the
vocabulary at its likelihood in one sentence and in the other.

The words furthest from the diagonal are no answer: most have a probability near 1e-9 in both
sentences, where a factor of a hundred is noise. Words are therefore ranked by their share of the
Jensen-Shannon divergence (Lin 1991, https://doi.org/10.1109/18.61115), the way word shift graphs
rank them (Gallagher et al. 2021, https://doi.org/10.1140/epjds/s13688-021-00260-3):

    (p ln(p / m) + q ln(q / m)) / 2, where m = (p + q) / 2, in bits.

It grows with the ratio and with the probability, can never exceed (p + q) / 2, is the same from
both sides, and unlike a plain difference p - q does not name a word that both sentences expect.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Doubles, Floats, Integers
from bert_core.errors import InputError
from bert_core.masked_words.head import log_shares, masked_word_logits, piece_of
from bert_core.masked_words.targets import check_request, parse_targets
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun

UNUSED = re.compile(r"\[unused\d+\]")
LN_2 = float(np.log(2))


@dataclass(frozen=True)
class WordContrast:
    """One word in both blanks.

    first, second: its probabilities. difference: ln(second / first), in nats.
    first_rank, second_rank: among the whole vocabulary, 1 being the first guess.
    score: its share of the divergence, in bits.
    """

    id: int
    piece: str
    first: float
    second: float
    difference: float
    first_rank: int
    second_rank: int
    score: float


@dataclass(frozen=True, eq=False)
class BlankComparison:
    """Every word of the vocabulary in two blanks.

    positions: the token compared in the first input and in the second.
    pieces: (vocab,), text of each id.
    first, second: (vocab,), natural logarithm of the probability in each.
    difference: (vocab,), second minus first, in nats; above 0 where the second expects it more.
    scores: (vocab,), shares of the divergence in bits, 0 or more.
    divergence: their sum, in [0, 1] bits: 0 for the same expectations, 1 for none in common.
    ids: those that are words or pieces of words, ascending: without special tokens, [unused] ones
        and ids that have no piece, none of which is ever named.
    """

    positions: tuple[int, int]
    pieces: tuple[str, ...]
    first: Floats
    second: Floats
    difference: Floats
    scores: Floats
    divergence: float
    ids: Integers

    def telling(self, n: int) -> Integers:
        """The `n` words with the largest share of the divergence, the largest first."""
        order = np.argsort(-self.scores[self.ids], kind="stable")[: max(n, 0)]
        return self.ids[order]

    def to_draw(self, n: int = 2000, expected: int = 100) -> Integers:
        """The `n` most telling words, and the `expected` most probable ones in each sentence.

        The latter may be equally probable in both, which tells nothing, but belong in a picture.
        At most n + 2 * expected, ascending.
        """
        tops = [
            self.ids[np.argsort(-side[self.ids], kind="stable")[: max(expected, 0)]]
            for side in (self.first, self.second)
        ]
        return np.unique(np.concatenate([self.telling(n), *tops]))

    def favoured(self, n: int) -> tuple[tuple[WordContrast, ...], tuple[WordContrast, ...]]:
        """The `n` most telling words that the first expects more, and those of the second."""
        order = self.telling(len(self.ids))
        by_side = (order[self.difference[order] < 0], order[self.difference[order] > 0])
        first, second = (self.words(side[: max(n, 0)].tolist()) for side in by_side)
        return first, second

    def words(self, ids: Sequence[int]) -> tuple[WordContrast, ...]:
        """The numbers of these words, in their order.

        Raises:
            InputError: the vocabulary has no such id.
        """
        if any(not 0 <= number < len(self.pieces) for number in ids):
            raise InputError(f"Name words by an id from 0 to {len(self.pieces) - 1}.")
        return tuple(self._word(int(number)) for number in ids)

    def _word(self, number: int) -> WordContrast:
        return WordContrast(
            id=number,
            piece=self.pieces[number],
            first=float(np.exp(self.first[number], dtype=np.float64)),
            second=float(np.exp(self.second[number], dtype=np.float64)),
            difference=float(self.difference[number]),
            first_rank=int((self.first > self.first[number]).sum()) + 1,
            second_rank=int((self.second > self.second[number]).sum()) + 1,
            score=float(self.scores[number]),
        )


def compare_blanks(
    bert: Bert, first: BertRun, second: BertRun, positions: tuple[int, int] | None = None
) -> BlankComparison:
    """The masked-word head on one token of each run, by default the first mask of each.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: a run has no mask and no position is named, or a position is not there.
    """
    places = _first_masks(first, second) if positions is None else positions
    for run, position in zip((first, second), places, strict=True):
        check_request(bert, run, [position])
    states = np.stack(
        [
            run.last_hidden_state[position]
            for run, position in zip((first, second), places, strict=True)
        ]
    )
    logs = log_shares(masked_word_logits(bert, states)).numpy()
    scores = divergence_shares(logs[0], logs[1])
    pieces = tuple(piece_of(bert, number) for number in range(logs.shape[1]))
    return BlankComparison(
        positions=places,
        pieces=pieces,
        first=logs[0].astype(np.float32),
        second=logs[1].astype(np.float32),
        difference=(logs[1] - logs[0]).astype(np.float32),
        scores=scores.astype(np.float32),
        divergence=float(scores.sum()),
        ids=_word_ids(bert, pieces),
    )


def locate(
    bert: Bert, comparison: BlankComparison, text: str
) -> tuple[tuple[WordContrast, ...], tuple[str, ...]]:
    """The words of a list ("nurse, doctor") in both blanks, and a sentence for each not found.

    A word is found where it is one piece; see `parse_targets`.
    """
    targets = parse_targets(bert, text)
    return comparison.words(targets.ids), targets.problems


def divergence_shares(first: Doubles, second: Doubles) -> Doubles:
    """Each word's share of the Jensen-Shannon divergence in bits, from (vocab,) ln p and ln q."""
    middle = np.logaddexp(first, second) - LN_2
    one_side = np.exp(first) * (first - middle)
    other_side = np.exp(second) * (second - middle)
    shares: Doubles = np.maximum((one_side + other_side) / (2 * LN_2), 0.0)
    return shares


def _first_masks(first: BertRun, second: BertRun) -> tuple[int, int]:
    masks = [run.encoding.masked[:1] for run in (first, second)]
    if not all(masks):
        raise InputError("Put a [MASK] into both sentences: it is the blank that is compared.")
    return masks[0][0], masks[1][0]


def _word_ids(bert: Bert, pieces: Sequence[str]) -> Integers:
    known = bert.wordpiece.vocabulary
    left_out = set(bert.wordpiece.special_ids.values())
    return np.array(
        [
            number
            for number, piece in enumerate(pieces[: len(known)])
            if known[number] and number not in left_out and not _is_unused(piece)
        ],
        dtype=np.int64,
    )


def _is_unused(piece: str) -> bool:
    return piece.startswith("[unused") and UNUSED.fullmatch(piece) is not None
