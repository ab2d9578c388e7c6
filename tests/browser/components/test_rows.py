"""Buttons over the bars of a chart, in Chromium on a bare page."""

from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import expect

from tests.browser.bench import Bench
from ui.components import rows as rows_module
from ui.components.rows import Box, pressable_rows

WORDS = ["nurse", "doctor", "man"]


def given(labels: list[str], taken: int = 0) -> dict[str, Any]:
    """What the browser gets of rows that stand one below the other."""
    with patch.object(rows_module, "mount") as mounted:
        boxes = [Box(30.0 * at, 30.0) for at in range(len(labels))]
        pressable_rows("k", "Guesses", labels, boxes, print)
    shown: dict[str, Any] = mounted.call_args.args[2]({"key": "k", "taken": taken})
    return shown


def read(labels: list[str], event: dict[str, Any]) -> int | None:
    """What Python makes of what the browser sends."""
    with patch.object(rows_module, "mount") as mounted:
        pressable_rows("k", "Guesses", labels, [Box(0.0, 1.0)] * len(labels), print)
    found: int | None = mounted.call_args.args[3](event)
    return found


@pytest.fixture
def rows(bench: Bench) -> Bench:
    bench.put("rows", isolated=False)
    bench.show("rows", given(WORDS))
    return bench


def test_a_press_says_the_row_and_what_it_showed(rows: Bench) -> None:
    rows.tab.get_by_role("button", name="doctor").click()
    (event,) = rows.sent("rows")
    assert (event["row"], event["label"]) == (1, "doctor")
    assert read(WORDS, event) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"row": 0, "label": "doctor"},
        {"row": 3, "label": "man"},
        {"row": -1, "label": "man"},
        {"row": True, "label": "doctor"},
        {"row": "1", "label": "doctor"},
        {"row": 1, "label": ["doctor"]},
        {"row": 1},
    ],
)
def test_a_row_that_says_something_else_now_does_nothing(event: dict[str, Any]) -> None:
    assert read(WORDS, event) is None


def test_a_row_held_down_while_the_same_chart_comes_again_is_pressed(rows: Bench) -> None:
    rows.tab.get_by_role("button", name="doctor").hover()
    rows.tab.mouse.down()
    rows.show("rows", given([*WORDS, "one more"]))
    rows.tab.mouse.up()
    assert [event["label"] for event in rows.sent("rows")] == ["doctor"]


def test_a_row_that_became_another_while_it_was_held_down_is_not_pressed(rows: Bench) -> None:
    rows.tab.get_by_role("button", name="doctor").hover()
    rows.tab.mouse.down()
    rows.show("rows", given(["nurse", "teacher", "man"]))
    rows.tab.mouse.up()
    assert rows.sent("rows") == []


def test_the_keyboard_goes_from_row_to_row_and_presses(rows: Bench) -> None:
    rows.tab.keyboard.press("Tab")
    expect(rows.tab.get_by_role("button", name="nurse")).to_be_focused()
    for key, at in (("ArrowDown", "doctor"), ("End", "man"), ("Home", "nurse"), ("End", "man")):
        rows.tab.keyboard.press(key)
        expect(rows.tab.get_by_role("button", name=at)).to_be_focused()
    rows.tab.keyboard.press("ArrowUp")
    rows.tab.keyboard.press("Enter")
    rows.show("rows", given(WORDS))
    expect(rows.tab.get_by_role("button", name="doctor")).to_be_focused()
    assert [event["row"] for event in rows.sent("rows")] == [1]
    rows.tab.keyboard.press("Tab")  # one stop for all rows
    expect(rows.tab.locator(":focus")).to_have_count(0)


def test_fewer_rows_than_before_can_still_be_reached(rows: Bench) -> None:
    rows.tab.get_by_role("button", name="man").click()
    rows.show("rows", given(["nurse"]))
    expect(rows.tab.get_by_role("button", name="nurse")).to_have_attribute("tabindex", "0")


def test_names_are_text(rows: Bench) -> None:
    evil = '"><img src=x onerror="window.had=1">'
    rows.show("rows", given([evil]))
    expect(rows.tab.get_by_role("button", name=evil)).to_have_attribute("title", evil)
    assert rows.tab.locator("img").count() == 0
