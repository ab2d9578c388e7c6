"""What is said to come first does, and what is written is found where it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.masked_words.first import count_leaders, find_written
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode


def guess_of(*shares: float) -> MaskedPrediction:
    return MaskedPrediction(
        position=1,
        masked=True,
        pieces=tuple(f"word{at}" for at in range(len(shares))),
        ids=np.arange(len(shares)),
        probabilities=np.array(shares, dtype=np.float32),
        original=None,
        original_probability=None,
        original_log=None,
        original_rank=None,
        vocabulary=30_522,
    )


@pytest.mark.parametrize(
    ("shares", "leaders"),
    [
        ((0.9, 0.05, 0.01, 0.01), 1),
        ((0.063, 0.051, 0.041, 0.033), 2),
        ((0.06, 0.05, 0.045, 0.03), 3),
        ((0.06, 0.05, 0.045, 0.041), 0),  # four are nearly alike
        ((0.049, 0.001, 0.001, 0.001), 0),  # less sure than “the” is common
        ((0.051, 0.001, 0.001, 0.001), 1),
        ((0.3, 0.199, 0.1, 0.1), 1),
        ((0.3, 0.201, 0.1, 0.1), 2),
        ((1.0,), 1),
    ],
)
def test_guesses_come_first_together_while_they_are_nearly_as_probable(
    shares: tuple[float, ...], leaders: int
) -> None:
    assert count_leaders(guess_of(*shares)) == leaders


@given(shares=st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
def test_what_comes_first_is_sure_enough_and_clearly_ahead_of_the_rest(
    shares: list[float],
) -> None:
    shares = sorted(shares, reverse=True)
    leaders = count_leaders(guess_of(*shares))
    near = [share for share in shares if share * 1.5 > shares[0] * (1 + 1e-6)]
    edge = [share for share in shares if abs(share * 1.5 - shares[0]) <= 1e-6 * shares[0]]
    if not edge and abs(shares[0] - 0.05) > 1e-6:
        assert leaders == (len(near) if shares[0] > 0.05 and len(near) <= 3 else 0)


@pytest.mark.parametrize("k", [1, 3, 40])
def test_what_is_written_is_one_of_the_guesses_or_stands_apart(tiny: Bert, k: int) -> None:
    for at in range(1, 7):
        run = run_bert(tiny, encode(tiny, "the cat sat on the mat", None, [at]))
        (guess,) = predict_masked(tiny, run, k)
        written = find_written(guess)
        if isinstance(written, int):
            assert guess.pieces[written] == guess.original
            assert guess.probabilities[written] == guess.original_probability
        else:
            assert written == (guess.original, guess.original_probability)
            assert guess.original_rank is not None
            assert guess.original_rank > k or guess.original not in guess.pieces


def test_where_a_mask_was_typed_nothing_is_written(tiny: Bert) -> None:
    (guess,) = predict_masked(tiny, run_bert(tiny, encode(tiny, "the [MASK] sat")))
    assert find_written(guess) is None
