"""Next sentence in a browser: tabs whose answer is on the first screen, and quick presses."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visit
from ui.examples import EXAMPLES
from ui.words import next_sentence as words
from ui.words import next_sentence_studies as study_words

FIRST_SCREEN = 900  # pixels of a window of 1440 x 900
PICTURES = {
    "none": "next_sentence.bar",
    "why": "next_sentence.why.bars",
    "test": "next_sentence.test.bars",
    "layers": "next_sentence.layers.line",
    "layout": "next_sentence.layout.pooled",
    "order": "next_sentence.order.matrix",
    "candidates": "next_sentence.candidates.bars",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tabs_picture_ends_on_the_first_screen(visit: Visit, theme: str) -> None:
    visitor = visit(theme=theme)
    visitor.open("next_sentence", **EXAMPLES[0].view().to_query())
    for study, picture in PICTURES.items():
        visitor.open_tab(study_words.TABS[study])
        bottom = visitor.bottom_of(visitor.plot(picture))
        assert bottom <= FIRST_SCREEN, (study, bottom)
        assert visitor.sticking_out() == []


def test_every_examples_answer_stands_on_the_first_screen(visit: Visit) -> None:
    visitor = visit()
    for example in EXAMPLES:
        visitor.open("next_sentence", **example.view().to_query())
        if example.pair:
            assert visitor.bottom_of(visitor.tab.locator(".bl-big")) <= FIRST_SCREEN


def test_each_of_quick_presses_on_swap_counts(visit: Visit) -> None:
    visitor = visit()
    visitor.open("next_sentence", a="She opened the door.", b="It was cold.")
    swap = visitor.tab.get_by_role("button", name=words.SWAP, exact=True)
    for _ in range(3):
        swap.click()
    visitor.expect_link(a="It was cold.", b="She opened the door.")
    visitor.settle()
    expect(visitor.field("A")).to_have_value("It was cold.")
