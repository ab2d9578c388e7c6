"""Buttons lie where the bars and the cells of a chart are drawn."""

import re

import numpy as np
import pytest

from bert_core.figures.bars import share_bars
from bert_core.figures.head_tiles import head_tiles
from bert_core.palette import LIGHT
from ui.charts import boxes

CALC = re.compile(r"calc\((?:([\d.]+)px \+ ([\d.]+) \* )?\(100% - ([\d.]+)px\) / ([\d.]+)\)")
WIDTH = 700  # pixels of a chart on the page


def pixels(length: str) -> float:
    """A CSS length in a chart of `WIDTH`."""
    found = CALC.fullmatch(length)
    assert found is not None
    start, times, sides, parts = (float(one or 0) for one in found.groups())
    column = (WIDTH - sides) / parts
    return start + (times * column if found[1] else column)


def test_each_bar_has_a_row_across_the_chart() -> None:
    figure = share_bars(["a", "b", "c"], [0.5, 0.3, 0.2], LIGHT, colour=LIGHT.high)
    rows = boxes(figure)
    tops = [row.top for row in rows]
    assert np.diff([*tops, figure.layout.height]) == pytest.approx([rows[0].height] * 3, abs=5)
    assert tops[0] == 0
    assert {(row.left, row.width) for row in rows} == {("0", "100%")}


def test_each_tile_has_a_cell_of_its_own() -> None:
    figure = head_tiles(np.random.default_rng(0).random((3, 4)), LIGHT)
    cells, margin = boxes(figure), figure.layout.margin
    assert len(cells) == 12
    across = (WIDTH - margin.l - margin.r) / 4
    down = (figure.layout.height - margin.t - margin.b) / 3
    for number, cell in enumerate(cells):
        layer, head = divmod(number, 4)
        assert (cell.top, cell.height) == pytest.approx((margin.t + layer * down, down))
        assert pixels(cell.left) == pytest.approx(margin.l + head * across)
        assert pixels(cell.width) == pytest.approx(across)
