"""Text buttons for quick succession, in Chromium on a bare page."""

from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import expect

from tests.browser.bench import Bench
from ui.components import presses as presses_module
from ui.components.presses import presses

BUTTONS = [("undo", "Undo"), ("swap", "Swap A and B")]


def given(buttons: list[tuple[str, str]]) -> dict[str, Any]:
    """What the browser gets."""
    with patch.object(presses_module, "mount") as mounted:
        presses("k", buttons, print)
    shown: dict[str, Any] = mounted.call_args.args[2]({"key": "k", "taken": 0})
    return shown


def read(event: dict[str, Any]) -> str | None:
    """What Python makes of what the browser sends."""
    with patch.object(presses_module, "mount") as mounted:
        presses("k", BUTTONS, print)
    found: str | None = mounted.call_args.args[3](event)
    return found


@pytest.fixture
def row(bench: Bench) -> Bench:
    bench.put("presses", isolated=False)
    bench.show("presses", given(BUTTONS))
    return bench


def test_each_press_sends_the_name_of_its_button(row: Bench) -> None:
    for label in ("Undo", "Undo", "Swap A and B"):
        row.tab.get_by_role("button", name=label, exact=True).click()
    assert [read(event) for event in row.sent("presses")] == ["undo", "undo", "swap"]


@pytest.mark.parametrize("press", [None, 1, "other", "", ["undo"], {"undo": 1}])
def test_a_button_that_is_not_there_does_nothing(press: object) -> None:
    assert read({"press": press}) is None


def test_the_focus_stays_while_other_buttons_come_and_go(row: Bench) -> None:
    row.tab.get_by_role("button", name="Undo").focus()
    row.tab.keyboard.press("Enter")
    row.show("presses", given([("undo", "Undo"), ("masks", "Take all masks off")]))
    expect(row.tab.get_by_role("button", name="Undo")).to_be_focused()
    row.tab.keyboard.press("Space")
    assert [read(event) for event in row.sent("presses")] == ["undo", "undo"]


def test_a_button_held_down_while_it_is_drawn_again_is_pressed(row: Bench) -> None:
    row.tab.get_by_role("button", name="Undo").hover()
    row.tab.mouse.down()
    row.show("presses", given(BUTTONS))
    row.tab.mouse.up()
    assert [event["press"] for event in row.sent("presses")] == ["undo"]


def test_a_button_that_became_another_while_it_was_held_down_is_not_pressed(row: Bench) -> None:
    row.tab.get_by_role("button", name="Undo").hover()
    row.tab.mouse.down()
    row.show("presses", given([("swap", "Swap A and B")]))
    row.tab.mouse.up()
    assert row.sent("presses") == []


def test_any_script_of_the_page_finds_the_buttons(row: Bench) -> None:
    """They stand in the page, not in a shadow of it, as Streamlit's own do."""
    found = row.tab.evaluate(
        "[...document.querySelectorAll('button')].map(({ textContent }) => textContent)"
    )
    assert found == ["Undo", "Swap A and B"]


def test_labels_are_text(row: Bench) -> None:
    evil = "<img src=x onerror='window.had=1'>"
    row.show("presses", given([("x", evil)]))
    expect(row.tab.get_by_role("button", name=evil)).to_have_text(evil)
    assert row.tab.locator("img").count() == 0
