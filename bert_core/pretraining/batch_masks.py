"""`draw_masks` for a whole batch at once, a hundred times as fast a sequence.

The rules are those of `bert_core.pretraining.masks`. The random numbers are functions of each
example's key, so a draw does not depend on the batch or the process that the example is in.
"""

from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Flags, Integers
from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.counter_random import Hashes, random_bits, uniform, whole_number
from bert_core.pretraining.masks import RANDOM, RATE, SHARES, count_to_choose

# What a random number is for: the last key but one of each.
CHOICE, FATE, PIECE = range(3)

NO_WORD = np.uint64(2**64 - 1)
NOTHING = -1


@dataclass(frozen=True, eq=False)
class MaskRule:
    """How tokens are chosen, with what a vocabulary says about its pieces.

    rate: share of the tokens. whole_words: whether a word's pieces are chosen together.
    candidates: ids that a random piece is drawn from. special: (vocab,), never chosen.
    inside: (vocab,), pieces that go on with the word before them. mask_id: of [MASK].
    """

    rate: float
    whole_words: bool
    candidates: Integers
    special: Flags
    inside: Flags
    mask_id: int


def mask_rule(wordpiece: WordPiece, rate: float = RATE, whole_words: bool = False) -> MaskRule:
    """The rule for a vocabulary.

    Raises:
        InputError: `rate` is out of bounds.
    """
    count_to_choose(1, rate)
    named = np.array([bool(piece) for piece in wordpiece.vocabulary])
    special = np.zeros(len(named), dtype=bool)
    special[list(wordpiece.special_ids.values())] = True
    return MaskRule(
        rate=rate,
        whole_words=whole_words,
        candidates=np.flatnonzero(named & ~special),
        special=special,
        inside=np.array([piece.startswith("##") for piece in wordpiece.vocabulary]),
        mask_id=wordpiece.special_ids["mask"],
    )


@dataclass(frozen=True, eq=False)
class BatchMaskDraw:
    """The tokens that were chosen in each row; (row, place), where places without one hold -1.

    positions: ascending. fates: numbers into `FATES`. replacements: the random piece's id where
    the fate is "random", -1 elsewhere.
    """

    positions: Integers
    fates: Integers
    replacements: Integers


def draw_batch_masks(
    ids: Integers, lengths: Integers, rule: MaskRule, keys: Hashes, places: int
) -> BatchMaskDraw:
    """Choose among the tokens of each row, and draw a fate for each.

    ids: (row, token), padded with a special id. lengths: (row,), tokens before the padding, [CLS]
    and [SEP] counted, of which the rate is a share. keys: (row,), random; rows with the same key
    and the same ids get the same draw. places: the most that are chosen in a row.
    """
    eligible = ~rule.special[ids]
    wanted = np.maximum(1, np.rint(lengths * rule.rate).astype(np.int64))
    wanted = np.minimum(wanted, places)
    if rule.whole_words:
        chosen = _choose_words(eligible, rule.inside[ids], wanted, keys)
    else:
        chosen = _choose_tokens(eligible, wanted, keys)
    rows, columns = np.nonzero(chosen)
    counts = chosen.sum(axis=1)
    slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    luck = uniform(keys[rows], FATE, columns)
    fates = np.searchsorted(np.cumsum(SHARES[:-1]), luck, side="right")
    drawn = rule.candidates[whole_number(len(rule.candidates), keys[rows], PIECE, columns)]
    shape = (len(ids), places)
    return BatchMaskDraw(
        positions=_spread(shape, rows, slots, columns),
        fates=_spread(shape, rows, slots, fates),
        replacements=_spread(shape, rows, slots, np.where(fates == RANDOM, drawn, NOTHING)),
    )


def _spread(shape: tuple[int, int], rows: Integers, slots: Integers, values: Integers) -> Integers:
    spread = np.full(shape, NOTHING, dtype=np.int64)
    spread[rows, slots] = values
    return spread


def _choose_tokens(eligible: Flags, wanted: Integers, keys: Hashes) -> Flags:
    """(row, token): those that come first when a row's eligible tokens are shuffled."""
    columns = np.arange(eligible.shape[1])
    luck = random_bits(keys[:, None], CHOICE, columns)
    order = np.argsort(np.where(eligible, luck, NO_WORD), axis=1)
    chosen = np.zeros_like(eligible)
    np.put_along_axis(chosen, order, columns < wanted[:, None], axis=1)
    return chosen & eligible


def _choose_words(eligible: Flags, inside: Flags, wanted: Integers, keys: Hashes) -> Flags:
    """(row, token): the pieces of whole words, in random order those that still fit.

    One round for each word of the longest row, over all rows at once; most end early.
    """
    rows = np.arange(len(eligible))
    follows = np.zeros_like(eligible)
    follows[:, 1:] = inside[:, 1:] & eligible[:, :-1]
    words = np.cumsum(~follows, axis=1) - 1
    places = rows[:, None] * eligible.shape[1] + words
    sizes = np.bincount(places[eligible], minlength=eligible.size).reshape(eligible.shape)
    luck = random_bits(keys[:, None], CHOICE, np.arange(eligible.shape[1]))
    order = np.argsort(np.where(sizes > 0, luck, NO_WORD), axis=1)
    sorted_sizes = np.take_along_axis(sizes, order, axis=1)
    fits = np.zeros_like(eligible)
    left = wanted.copy()
    for place in range(int((sizes > 0).sum(axis=1).max(initial=0))):
        size = sorted_sizes[:, place]
        fits[:, place] = (size > 0) & (size <= left)
        left -= np.where(fits[:, place], size, 0)
        if not left.any():
            break
    none = ~fits.any(axis=1)
    shortest = np.where(sorted_sizes > 0, sorted_sizes, eligible.shape[1] + 1).argmin(axis=1)
    fits[rows[none], shortest[none]] = True
    taken = np.zeros_like(eligible)
    np.put_along_axis(taken, order, fits, axis=1)
    return np.take_along_axis(taken, words, axis=1) & eligible
