"""Masking as in BERT's training: the reference code's counts, the paper's shares, and the loss."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.intervals import binomial_interval
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.pretraining.mask_counts import masking_counts
from bert_core.pretraining.masks import (
    HIGHEST_RATE,
    LOWEST_RATE,
    MASKED,
    RANDOM,
    SHARES,
    MaskDraw,
    apply,
    count_to_choose,
    draw_masks,
    eligible_tokens,
    random_pieces,
    roll_masks,
    word_numbers,
)
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert

TINY = tiny_bert()
TEXT = "the cat sat on the mat and walked to the bank of the river; the dogs played"
PAIR = "world money hello 42"
ALMOST_SURE = 1 - 1e-6
rates = st.floats(LOWEST_RATE, HIGHEST_RATE)
seeds = st.integers(0, 2**32)


def rolled(
    text: str, pair: str | None, seed: int, rate: float = 0.15, whole_words: bool = False
) -> tuple[Encoding, MaskDraw | None]:
    """An input and a draw for it, None where it has no word to mask."""
    encoding = encode(TINY, text, pair)
    if not eligible_tokens(TINY, encoding).any():
        with pytest.raises(InputError, match="no word that could be masked"):
            roll_masks(TINY, encoding, seed, rate=rate, whole_words=whole_words)
        return encoding, None
    return encoding, roll_masks(TINY, encoding, seed, rate=rate, whole_words=whole_words)


# Which tokens are chosen


@given(any_text, st.one_of(st.none(), any_text), seeds, rates, st.booleans())
def test_special_tokens_are_never_chosen_and_never_put_in(
    text: str, pair: str | None, seed: int, rate: float, whole_words: bool
) -> None:
    encoding, draw = rolled(text, pair, seed, rate, whole_words)
    if draw is None:
        return
    special = set(TINY.wordpiece.special_ids.values())
    for position in draw.positions.tolist():
        assert encoding.sequences[position] is not None
        assert encoding.original_ids[position] not in special
    assert not set(draw.replacements.tolist()) & special
    assert draw.positions.tolist() == sorted(set(draw.positions.tolist()))


@given(any_text, st.one_of(st.none(), any_text), seeds, rates)
def test_as_many_are_chosen_as_the_reference_code_does(
    text: str, pair: str | None, seed: int, rate: float
) -> None:
    encoding, draw = rolled(text, pair, seed, rate)
    if draw is not None:
        possible = int(eligible_tokens(TINY, encoding).sum())
        assert len(draw) == min(possible, max(1, round(len(encoding) * rate)))


@pytest.mark.parametrize(
    ("tokens", "rate", "most", "wanted"),
    [
        (3, 0.15, None, 1),
        (20, 0.15, None, 3),
        (128, 0.15, 20, 19),
        (512, 0.15, 20, 20),
        (512, 0.15, None, 77),
        (10, 0.05, None, 1),
        (10, 0.5, None, 5),
        (10, 0.25, None, 2),
    ],
)
def test_counts_by_hand(tokens: int, rate: float, most: int | None, wanted: int) -> None:
    assert count_to_choose(tokens, rate, most) == wanted


@pytest.mark.parametrize("rate", [0, 0.0499, 0.51, 1, -1, float("nan")])
def test_a_rate_out_of_bounds_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="Choose between 5 and 50 %"):
        roll_masks(TINY, encode(TINY, TEXT), 0, rate=rate)


def test_what_stands_behind_a_typed_mask_or_an_unknown_word_is_not_asked(tiny: Bert) -> None:
    encoding = encode(tiny, "the [MASK] sat \u0950 here")
    unasked = [encoding.tokens.index(name) for name in ("[MASK]", "[UNK]")]
    eligible = eligible_tokens(tiny, encoding)
    assert not eligible[[0, *unasked, len(encoding) - 1]].any()
    assert eligible.sum() == len(encoding) - 4


@given(any_text, st.one_of(st.none(), any_text), seeds, rates)
def test_whole_words_are_whole_and_no_word_that_fits_is_left(
    text: str, pair: str | None, seed: int, rate: float
) -> None:
    encoding, draw = rolled(text, pair, seed, rate, whole_words=True)
    if draw is None:
        return
    eligible, chosen = eligible_tokens(TINY, encoding), set(draw.positions.tolist())
    words = [set(word.positions) for word in encoding.words if eligible[list(word.positions)].all()]
    taken = [word for word in words if word <= chosen]
    assert set().union(*taken) == chosen
    left = count_to_choose(len(encoding), rate) - len(chosen)
    if left < 0:  # nothing fitted
        assert len(taken) == 1
        assert len(taken[0]) == min(map(len, words))
    else:
        assert not [word for word in words if word not in taken and len(word) <= left]


def test_words_are_numbered_through_both_sentences(tiny: Bert) -> None:
    encoding = encode(tiny, "dogs walked", "dogs")
    assert encoding.tokens[1:-1] == ("dog", "##s", "walk", "##ed", "[SEP]", "dog", "##s")
    assert word_numbers(encoding).tolist() == [-1, 0, 0, 1, 1, -1, 2, 2, -1]


def test_every_word_is_chosen_as_often_as_any_other_of_its_length(tiny: Bert) -> None:
    encoding = encode(tiny, "dogs cats walked the cat sat on a mat and ran")
    counts = masking_counts(tiny, encoding, 2000, 1, whole_words=True)
    low, _ = counts.chosen_interval[:, 1]
    for word in encoding.words:
        assert len({int(counts.chosen[at]) for at in word.positions}) == 1
        if len(word.positions) == 2:  # passed over where one token is left
            assert counts.chosen[word.positions[0]] < low
        else:
            assert counts.chosen[word.positions[0]] > low
    assert not counts.exact


# What becomes of them


def test_of_those_chosen_eighty_ten_and_ten_per_cent_are_masked_random_and_kept() -> None:
    encoding = encode(TINY, TEXT, PAIR)
    for whole_words in (False, True):
        draws = [roll_masks(TINY, encoding, seed, whole_words=whole_words) for seed in range(2000)]
        fates = Counter(fate for draw in draws for fate in draw.fates.tolist())
        for fate, share in enumerate(SHARES):
            low, high = binomial_interval(fates.total(), share, ALMOST_SURE)
            assert low <= fates[fate] <= high


def test_where_a_token_stands_says_nothing_of_its_fate() -> None:
    encoding = encode(TINY, TEXT, PAIR)
    masked, chosen = np.zeros(len(encoding), int), np.zeros(len(encoding), int)
    for seed in range(2000):
        draw = roll_masks(TINY, encoding, seed)
        chosen[draw.positions] += 1
        masked[draw.positions[draw.fates == MASKED]] += 1
    for at in np.flatnonzero(chosen):
        low, high = binomial_interval(int(chosen[at]), SHARES[MASKED], ALMOST_SURE)
        assert low <= masked[at] <= high


def test_random_pieces_are_uniform_over_the_vocabulary_without_special_tokens() -> None:
    candidates = random_pieces(TINY)
    vocabulary = TINY.wordpiece.vocabulary
    assert len(candidates) == len(vocabulary) - 5
    draws = [roll_masks(TINY, encode(TINY, TEXT), seed, rate=0.5) for seed in range(3000)]
    drawn = Counter(int(at) for draw in draws for at in draw.replacements if at >= 0)
    low, high = binomial_interval(drawn.total(), 1 / len(candidates), ALMOST_SURE)
    assert set(drawn) == set(candidates.tolist())
    assert all(low <= count <= high for count in drawn.values())


@given(any_text, seeds, st.booleans())
def test_the_same_seed_gives_the_same_draw(text: str, seed: int, whole_words: bool) -> None:
    (_, one), (_, again) = (rolled(text, None, seed, 0.3, whole_words) for _ in range(2))
    if one is None or again is None:
        return
    for name in ("positions", "fates", "replacements"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
        assert not getattr(one, name).flags.writeable


def test_another_seed_gives_another_draw() -> None:
    draws = {tuple(roll_masks(TINY, encode(TINY, TEXT), seed).positions) for seed in range(50)}
    assert len(draws) > 40


@given(any_text, st.one_of(st.none(), any_text), seeds, rates)
def test_the_model_sees_masks_random_pieces_and_kept_ones_and_nothing_else_is_changed(
    text: str, pair: str | None, seed: int, rate: float
) -> None:
    encoding, draw = rolled(text, pair, seed, rate)
    if draw is None:
        return
    seen = apply(TINY, encoding, draw)
    wanted = list(encoding.original_ids)
    for position, fate, piece in zip(draw.positions, draw.fates, draw.replacements, strict=True):
        assert (piece >= 0) == (fate == RANDOM)
        if fate == MASKED:
            wanted[position] = TINY.wordpiece.special_ids["mask"]
        elif fate == RANDOM:
            wanted[position] = piece
    assert seen.ids == tuple(wanted)
    assert (seen.original_ids, seen.text) == (encoding.original_ids, encoding.text)


def test_masks_put_in_by_hand_make_no_difference(tiny: Bert) -> None:
    plain, by_hand = encode(tiny, TEXT), encode(tiny, TEXT, None, [1, 2, 3, 4, 5])
    seen = [apply(tiny, one, roll_masks(tiny, one, 3)) for one in (plain, by_hand)]
    assert seen[0] == seen[1]


def test_rows_of_a_training_batch_are_drawn_from_plain_arrays() -> None:
    rng = np.random.default_rng(0)
    eligible = np.array([False, True, True, True, False, True, False])
    words = np.array([-1, 0, 0, 1, -1, 2, -1])
    draw = draw_masks(rng, eligible, np.arange(5, 90), words=words, rate=0.3, most=2)
    assert draw.positions.tolist() in ([1, 2], [3, 5])


# Counts of many draws


def test_counts_are_those_of_draws_one_after_the_other(tiny: Bert) -> None:
    encoding = encode(tiny, TEXT, PAIR)
    counts = masking_counts(tiny, encoding, 200, 5, rate=0.2)
    rng = np.random.default_rng(5)
    chosen, fates = Counter[int](), Counter[int]()
    for _ in range(200):
        draw = draw_masks(rng, eligible_tokens(tiny, encoding), random_pieces(tiny), rate=0.2)
        chosen.update(draw.positions.tolist())
        fates.update(draw.fates.tolist())
    assert counts.chosen.tolist() == [chosen[at] for at in range(len(encoding))]
    assert counts.fates.tolist() == [fates[at] for at in range(3)]
    assert counts.chosen.sum() == counts.draws * counts.wanted
    assert counts.share == pytest.approx(counts.wanted / len(encoding))
    assert counts.expected_chosen.sum() == pytest.approx(counts.chosen.sum())
    assert counts.expected_fates == pytest.approx(counts.chosen.sum() * np.array([0.8, 0.1, 0.1]))


def test_counts_lie_within_their_intervals_as_often_as_they_should(tiny: Bert) -> None:
    encoding = encode(tiny, TEXT, PAIR)
    inside = []
    for seed in range(40):
        counts = masking_counts(tiny, encoding, 100, seed)
        there = eligible_tokens(tiny, encoding)
        low, high = counts.chosen_interval
        assert counts.exact
        assert not counts.chosen[~there].any()
        assert not counts.chosen_interval[:, ~there].any()
        inside += ((low <= counts.chosen) & (counts.chosen <= high))[there].tolist()
        low, high = counts.fates_interval
        inside += ((low <= counts.fates) & (counts.fates <= high)).tolist()
    assert 0.94 < np.mean(inside) < 0.985  # counts are whole: a little more than 95 %


def test_no_draw_and_no_word_are_refused(tiny: Bert) -> None:
    with pytest.raises(InputError, match="at least once"):
        masking_counts(tiny, encode(tiny, TEXT), 0)
    with pytest.raises(InputError, match="no word"):
        masking_counts(tiny, encode(tiny, "[MASK]"))
