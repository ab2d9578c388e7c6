"""Tokenization in a browser: both tabs' answers stand on the first screen."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visit
from ui.examples import EXAMPLES
from ui.words import tokenization as words

FIRST_SCREEN = 900  # pixels of a window of 1440 x 900


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_cut_and_the_table_end_on_the_first_screen(visit: Visit, theme: str) -> None:
    visitor = visit(theme=theme)
    for example in (EXAMPLES[0], EXAMPLES[1], EXAMPLES[5]):
        visitor.open("tokenization", **example.view().to_query())
        count = visitor.plot("tokenization.count")
        assert visitor.bottom_of(count) <= FIRST_SCREEN
    visitor.open_tab(words.TABS["table"])
    table = visitor.tab.get_by_test_id("stDataFrame")
    expect(table).to_have_count(1)
    assert visitor.bottom_of(table) <= FIRST_SCREEN
    assert visitor.link["tab"] == "table"
