"""Ticks of powers of ten, and labels moved apart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.figures.axes import (
    MOST_TICKS,
    share_ticks,
    spread,
)

SPACE = "\N{NO-BREAK SPACE}"


@given(places=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_spreading_keeps_the_order_the_middle_and_the_distance(places: list[float]) -> None:
    moved = spread(np.array(places), 16)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= 16 - 1e-6).all()
    assert moved.mean() == pytest.approx(np.mean(places), abs=1e-6)
    far = all(right - left >= 16 for left, right in pairwise(sorted(places)))
    if far:
        np.testing.assert_allclose(moved, places, atol=1e-9)


@given(low=st.floats(1e-300, 1), high=st.floats(1e-300, 1))
def test_ticks_are_few_powers_of_ten_written_as_they_are(low: float, high: float) -> None:
    low, high = sorted((low, high))
    values, texts = share_ticks(low, high)
    assert 2 <= len(values) == len(texts) <= MOST_TICKS
    assert high * (1 - 1e-9) <= values[0] <= 10 * high * (1 + 1e-9)
    assert share_ticks(low)[1][0] == f"100{SPACE}%"
    for value, text in zip(values, texts, strict=True):
        if text.endswith("%"):
            assert float(text.removesuffix(f"{SPACE}%")) / 100 == pytest.approx(value)
        else:
            power = text.removeprefix("10<sup>−").removesuffix("</sup>")
            assert value == pytest.approx(10.0 ** -int(power))
