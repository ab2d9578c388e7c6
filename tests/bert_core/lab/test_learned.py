"""A run is said to use context from the step on after which it never was worse than counting."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.lab.learned import Learned, what_it_learned


def test_before_it_was_tried_nothing_is_known() -> None:
    assert what_it_learned([], 6.0) is None


@pytest.mark.parametrize(
    ("losses", "since"),
    [
        ([9.0], None),
        ([9.0, 6.0], None),  # as good as counting is not better
        ([9.0, 5.9], 1),
        ([9.0, 5.9, 6.1], None),
        ([9.0, 5.9, 6.1, 5.8, 5.7], 3),
        ([5.0, 4.0], 0),
    ],
)
def test_context_helps_since_the_last_time_that_the_loss_fell_below(
    losses: list[float], since: int | None
) -> None:
    found = what_it_learned(list(enumerate(losses)), 6.0)
    assert found == Learned(len(losses) - 1, losses[-1], 6.0, since)


@given(losses=st.lists(st.floats(0, 12), min_size=1), unigram=st.floats(0, 12))
def test_from_that_step_on_every_figure_is_below_and_the_one_before_is_not(
    losses: list[float], unigram: float
) -> None:
    found = what_it_learned([(10 * at, loss) for at, loss in enumerate(losses)], unigram)
    assert found is not None
    assert (found.since is None) == (losses[-1] >= unigram)
    if found.since is not None:
        at = found.since // 10
        assert all(loss < unigram for loss in losses[at:])
        assert at == 0 or losses[at - 1] >= unigram


def test_choices_are_as_many_equal_ones_as_would_cost_as_much() -> None:
    found = Learned(1, math.log(100), math.log(400), 1)
    assert found.choices == pytest.approx(100)
    assert found.choices_by_frequency == pytest.approx(400)
