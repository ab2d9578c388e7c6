"""What BERT's masking does over many draws, beside what the rule lets one expect.

The rule is that of `masks`: 15 % of the tokens, and 80, 10 and 10 % of those.
"""

from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Doubles, Integers
from bert_core.errors import InputError
from bert_core.intervals import binomial_interval
from bert_core.model.tokenization import Encoding, Readable
from bert_core.pretraining.masks import (
    FATES,
    RATE,
    SHARES,
    count_to_choose,
    draw_masks,
    eligible_tokens,
    random_pieces,
    word_numbers,
)


@dataclass(frozen=True, eq=False)
class MaskingCounts:
    """What many draws chose, beside what is expected.

    draws: how many. tokens, eligible: of the input, with and without special tokens. wanted: tokens
        that one draw should choose; with single pieces it always does (all, if there are fewer).
    chosen: (token,), how often each was. fates: (3,), how often each of `FATES` came.
    expected_chosen, expected_fates: the means of those; fates given how many were chosen.
    chosen_interval: (2, token), fates_interval: (2, 3): each count is within these, ends
        included, with probability 95 % at least, by the binomial distribution, one at a time.
    exact: whether `expected_chosen` is more than a comparison. With whole words it is not: it is
        that of single pieces, and long words stay below it, since those that do not fit are
        passed over.
    """

    draws: int
    tokens: int
    eligible: int
    wanted: int
    chosen: Integers
    fates: Integers
    expected_chosen: Doubles
    expected_fates: Doubles
    chosen_interval: Integers
    fates_interval: Integers
    exact: bool

    @property
    def share(self) -> float:
        """Of all tokens, special ones too, the share that was chosen; `RATE` up to rounding."""
        return float(self.chosen.sum()) / (self.draws * self.tokens)


def masking_counts(
    bert: Readable,
    encoding: Encoding,
    draws: int = 1000,
    seed: int = 0,
    *,
    rate: float = RATE,
    whole_words: bool = False,
    most: int | None = None,
) -> MaskingCounts:
    """Draw masks for one input again and again, and count; errors as in `draw_masks`."""
    if draws < 1:
        raise InputError("Draw at least once.")
    rng = np.random.default_rng(seed)
    eligible, candidates = eligible_tokens(bert, encoding), random_pieces(bert)
    words = word_numbers(encoding) if whole_words else None
    chosen = np.zeros(len(encoding), dtype=np.int64)
    fates = np.zeros(len(FATES), dtype=np.int64)
    for _ in range(draws):
        draw = draw_masks(rng, eligible, candidates, words=words, rate=rate, most=most)
        chosen[draw.positions] += 1
        fates += np.bincount(draw.fates, minlength=len(FATES))
    possible = int(eligible.sum())
    wanted = min(possible, count_to_choose(len(encoding), rate, most))
    total = int(fates.sum())
    return MaskingCounts(
        draws=draws,
        tokens=len(encoding),
        eligible=possible,
        wanted=wanted,
        chosen=chosen,
        fates=fates,
        expected_chosen=np.where(eligible, draws * wanted / possible, 0.0),
        expected_fates=total * np.array(SHARES),
        chosen_interval=np.outer(binomial_interval(draws, wanted / possible), eligible),
        fates_interval=np.transpose([binomial_interval(total, share) for share in SHARES]),
        exact=not whole_words,
    )
