"""How BERT was trained to guess words: which tokens are chosen, and what becomes of each.

Devlin et al. 2018, section 3.1 (task 1) and appendix A.1, https://arxiv.org/abs/1810.04805: of the
tokens 15 % are chosen; of those 80 % become [MASK], 10 % a random piece, 10 % stay. The model is
asked for the original of every chosen token. Where the paper leaves things open, the reference
code (google-research/bert, create_pretraining_data.py) decides: how many tokens are chosen
(`count_to_choose`), and that with whole words each piece still has a fate of its own.

Two departures: [UNK] and a typed [MASK], whose originals nobody knows, are never chosen, and a
random piece is never one of the five special ones, so that it cannot be taken for a mask.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Flags, Integers
from bert_core.errors import InputError
from bert_core.model.tokenization import Encoding, Readable, with_ids

RATE = 0.15
LOWEST_RATE, HIGHEST_RATE = 0.05, 0.5

FATES = ("masked", "random", "kept")
SHARES = (0.8, 0.1, 0.1)
MASKED, RANDOM, KEPT = range(3)


@dataclass(frozen=True, eq=False)
class MaskDraw:
    """The tokens that one draw chose; all arrays have one entry for each, read-only.

    positions: ascending. fates: numbers into `FATES`. replacements: the random piece's id where
    the fate is "random", -1 elsewhere; by chance it may be the id that stood there.
    """

    positions: Integers
    fates: Integers
    replacements: Integers

    def __len__(self) -> int:
        return len(self.positions)


def count_to_choose(tokens: int, rate: float = RATE, most: int | None = None) -> int:
    """How many of a sequence's tokens are chosen: its share, rounded, and at least one.

    tokens: with [CLS] and [SEP], which count although they are never chosen, as in the reference
    code; so a little over `rate` of the others is. most: its `max_predictions_per_seq`, None for
    no bound.

    Raises:
        InputError: `rate` is not between `LOWEST_RATE` and `HIGHEST_RATE`.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise InputError(
            f"Choose between {LOWEST_RATE * 100:.0f} and {HIGHEST_RATE * 100:.0f} % of the tokens."
        )
    wanted = max(1, round(tokens * rate))
    return wanted if most is None else min(most, wanted)


def draw_masks(
    rng: np.random.Generator,
    eligible: Flags,
    candidates: Integers,
    *,
    words: Integers | None = None,
    rate: float = RATE,
    most: int | None = None,
) -> MaskDraw:
    """Choose among the tokens of one sequence, and draw a fate for each.

    eligible: (token,), which may be chosen; the whole sequence with its special tokens, without
    padding. candidates: ids that a random piece is drawn from. words: (token,), the number of the
    word that each token is a piece of; given, words are chosen whole: in random order, passing
    over one that would exceed the count, so there may be fewer. Where none fits, a shortest one
    is taken. The reference code takes none. rate, most: see `count_to_choose`.

    Raises:
        InputError: nothing is eligible, or `rate` is out of bounds.
    """
    wanted = count_to_choose(len(eligible), rate, most)
    positions = np.flatnonzero(eligible)
    if not len(positions):
        raise InputError("There is no word that could be masked: write at least one.")
    if words is None:
        positions = rng.permutation(positions)[:wanted]
    else:
        positions = positions[_whole_words(rng, words[positions], wanted)]
    positions = np.sort(positions)
    luck = rng.random(len(positions))
    fates = np.searchsorted(np.cumsum(SHARES[:-1]), luck, side="right")
    pieces = rng.choice(candidates, len(positions))
    return MaskDraw(
        positions=_frozen(positions),
        fates=_frozen(fates),
        replacements=_frozen(np.where(fates == RANDOM, pieces, -1)),
    )


def roll_masks(
    bert: Readable,
    encoding: Encoding,
    seed: int,
    *,
    rate: float = RATE,
    whole_words: bool = False,
    most: int | None = None,
) -> MaskDraw:
    """`draw_masks` for an input: the same seed gives the same draw; errors as there.

    Masks that were put in by hand do not matter: the words they hide may be chosen too.
    """
    return draw_masks(
        np.random.default_rng(seed),
        eligible_tokens(bert, encoding),
        random_pieces(bert),
        words=word_numbers(encoding) if whole_words else None,
        rate=rate,
        most=most,
    )


def eligible_tokens(bert: Readable, encoding: Encoding) -> Flags:
    """(token,): which tokens BERT may be asked to guess: those of the text whose piece is known."""
    special = list(bert.wordpiece.special_ids.values())
    added = np.array([sequence is None for sequence in encoding.sequences])
    return ~added & ~np.isin(encoding.original_ids, special)


def random_pieces(bert: Readable) -> Integers:
    """The ids that a random piece may have: the vocabulary's, [unused…] too, none special."""
    special = bert.wordpiece.special_ids.values()
    named = (number for number, piece in enumerate(bert.wordpiece.vocabulary) if piece)
    return np.array([number for number in named if number not in special], dtype=np.int64)


def word_numbers(encoding: Encoding) -> Integers:
    """(token,): the place of each token's word in `encoding.words`, -1 for special tokens."""
    numbers = np.full(len(encoding), -1, dtype=np.int64)
    for number, word in enumerate(encoding.words):
        numbers[list(word.positions)] = number
    return numbers


def apply(bert: Readable, encoding: Encoding, draw: MaskDraw) -> Encoding:
    """The input as the model would see it in training; masks put in by hand are taken out.

    `original_ids` stay: at `draw.positions` they are the labels.
    """
    mask_id = bert.wordpiece.special_ids["mask"]
    changed = {at: encoding.original_ids[at] for at in encoding.masked}
    for position, fate, piece in zip(
        draw.positions.tolist(), draw.fates, draw.replacements.tolist(), strict=True
    ):
        written = {MASKED: mask_id, RANDOM: piece, KEPT: encoding.original_ids[position]}
        changed[position] = written[int(fate)]
    return with_ids(bert, encoding, changed)


def _whole_words(rng: np.random.Generator, words: Integers, wanted: int) -> Flags:
    """(eligible token,): the pieces of words that make up at most `wanted`, or one word."""
    _, word, sizes = np.unique(words, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    taken = np.zeros(len(sizes), dtype=bool)
    left = wanted
    for number in order:
        if sizes[number] <= left:
            taken[number] = True
            left -= sizes[number]
    if not taken.any():
        taken[order[sizes[order].argmin()]] = True
    return taken[word]


def _frozen(numbers: NDArray[Any]) -> Integers:
    array = numbers.astype(np.int64)
    array.setflags(write=False)
    return array
