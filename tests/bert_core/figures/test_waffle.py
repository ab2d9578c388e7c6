"""A waffle has as many squares as it says, and as many dark ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.figures.waffle import waffle
from bert_core.palette import LIGHT, Palette
from tests.bert_core.figures.test_figures import THEMES, contrast, numbers, sent


@given(count=st.integers(1, 5000), data=st.data())
def test_squares_and_dark_ones_are_as_many_as_were_counted(count: int, data: st.DataObject) -> None:
    dark = data.draw(st.integers(0, count))
    squares = numbers(sent(waffle(dark, count, LIGHT))["data"][0]["z"])
    assert int(np.isfinite(squares).sum()) == count
    assert int(np.nansum(squares)) == dark
    down = squares.T.ravel()  # column by column, from the top
    assert (down[:dark] == 1).all()
    assert (down[dark:count] == 0).all()
    assert np.isnan(down[count:]).all()
    assert len(down) - count < squares.shape[0]  # no column is empty


@pytest.mark.parametrize("count", [1, 2, 12, 100, 759, 5000])
def test_squares_are_square_and_lie_wide(count: int) -> None:
    figure = sent(waffle(0, count, LIGHT))
    rows, columns = numbers(figure["data"][0]["z"]).shape
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"
    assert figure["layout"]["yaxis"]["range"] == [rows - 0.5, -0.5]
    assert figure["layout"]["xaxis"]["range"] == [-0.5, columns - 0.5]
    assert 2 < columns / rows < 13 or count <= 12
    assert figure["layout"]["height"] <= 96


@pytest.mark.parametrize("colours", THEMES)
def test_dark_squares_stand_out_from_pale_ones(colours: Palette) -> None:
    scale = dict(sent(waffle(1, 2, colours))["data"][0]["colorscale"])
    assert contrast(scale[0], scale[1]) >= 3
