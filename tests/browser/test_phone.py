"""The attention page as wide as a phone: what stands below what, and how much room it takes."""

import pytest
from playwright.sync_api import Locator

from tests.browser.visitor import PHONE, WIDE, Visit, Visitor
from ui.words import attention

SENTENCES = {"a": "The dog saw the other dog.", "b": "It ran.", "look": "2"}
HALVES = '[data-testid="head-grid"]', ".st-key-attention-map", ".st-key-does"


def edges(place: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is there, in pixels."""
    box = place.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def parts(visitor: Visitor) -> list[tuple[float, float, float, float]]:
    """The edges of all heads, of the open one, and of what it does."""
    visitor.expect_pictures("attention")
    return [edges(visitor.tab.locator(part).first) for part in HALVES]


@pytest.mark.parametrize("reading", attention.READINGS)
def test_the_open_head_follows_all_heads_at_once(visit: Visit, reading: str) -> None:
    visitor = visit(width=PHONE)
    visitor.open("attention", **SENTENCES, reading=reading)
    open_head = visitor.tab.get_by_role("radio", name=attention.READINGS["arcs"], exact=True)
    order = [
        visitor.headings.filter(has_text=attention.ALL),
        open_head,
        visitor.headings.filter(has_text=attention.FROM.format(token="dog")),
    ]
    tops = [edges(one.first)[1] for one in order]
    assert tops == sorted(tops)
    assert visitor.sticking_out() == []


def test_on_a_phone_the_map_takes_no_more_room_than_it_needs(visit: Visit) -> None:
    visitor = visit(width=PHONE)
    visitor.open("attention", **SENTENCES)
    left, top, right, bottom = parts(visitor)[1]
    assert bottom - top == pytest.approx(right - left, abs=2)
    drawn = edges(visitor.plot("attention.map").locator(".heatmaplayer image"))
    assert drawn[3] == pytest.approx(bottom, abs=12)
    assert right - drawn[2] < 12
    assert drawn[1] - top == pytest.approx(drawn[0] - left, abs=12)  # the labels' room


def test_in_a_wide_window_the_open_head_stands_beside_all_heads(visit: Visit) -> None:
    visitor = visit(width=WIDE)
    visitor.open("attention", **SENTENCES)
    heads, opened, does = parts(visitor)
    assert opened[0] > max(heads[2], does[2])
    assert does[1] > heads[3]
    assert opened[1] < does[1]
    assert opened[3] - opened[1] <= 580
