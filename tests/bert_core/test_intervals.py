"""Intervals: each beside an independent computation, and how often it holds the truth."""

import math
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.intervals import binomial_interval, share_interval, student_t, wilson_interval


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_wilson_interval_holds_the_shares_that_a_score_test_does_not_reject(
    counts: tuple[int, int],
) -> None:
    successes, count = counts
    low, high = wilson_interval(successes, count)
    share = successes / count
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:
            spread = math.sqrt(bound * (1 - bound) / count)
            assert abs(share - bound) / spread == pytest.approx(1.96, abs=1e-3)


@pytest.mark.parametrize("counts", [(0, 0), (2, 1), (-1, 3)])
def test_a_share_of_nothing_has_no_interval(counts: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="at least one try"):
        wilson_interval(*counts)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=12))
def test_the_interval_of_a_share_holds_it_and_lies_between_the_texts(called: list[int]) -> None:
    counts, asked = np.array(called), np.full(len(called), 4)
    low, high = share_interval(counts, asked)
    assert counts.min() / 4 <= low <= high <= counts.max() / 4
    assert low - 1e-9 <= counts.sum() / asked.sum() <= high + 1e-9


def test_the_interval_of_a_share_draws_texts_not_pairs() -> None:
    called, asked = np.array([4] * 20 + [0] * 20), np.full(40, 4)
    low, high = share_interval(called, asked)
    # of 40 coins, not of 160: 1.96 * sqrt(0.25 / 40) = 0.155
    assert (low, high) == pytest.approx((0.345, 0.655), abs=0.03)
    assert share_interval(called, asked) == (low, high)
    assert share_interval(np.full(5, 4), np.full(5, 4)) == (1, 1)


@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (29, 2.045), (120, 1.980)],
)
def test_students_t_is_that_of_the_printed_tables(freedom: int, t: float) -> None:
    assert student_t(freedom) == pytest.approx(t, abs=5.1e-4)


def test_students_t_at_ninety_and_ninety_nine_percent() -> None:
    assert student_t(7, 0.90) == pytest.approx(1.895, abs=5.1e-4)
    assert student_t(8, 0.99) == pytest.approx(3.355, abs=5.1e-4)


def test_students_t_makes_intervals_that_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    samples = random.normal(0.5, 0.1, size=(4, 3000))  # four texts, three thousand heads
    error = samples.std(axis=0, ddof=1) / 2
    inside = np.abs(samples.mean(axis=0) - 0.5) <= student_t(3) * error
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("trials", [0, 1, 7, 60])
@pytest.mark.parametrize("chance", [Fraction(1, 10), Fraction(4, 5), Fraction(0), Fraction(1)])
def test_binomial_intervals_are_those_of_exact_sums(trials: int, chance: Fraction) -> None:
    def share(counts: range) -> Fraction:
        return sum(
            (comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in counts),
            Fraction(0),
        )

    tail = Fraction(1, 40)
    low, high = map(int, binomial_interval(trials, float(chance)))
    assert share(range(low)) <= tail < share(range(low + 1))
    assert share(range(high + 1, trials + 1)) <= tail < share(range(high, trials + 1))
