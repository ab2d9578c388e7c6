"""What happens to the page as a whole, in Chromium on a bare page."""

from typing import Any
from unittest.mock import patch

import pytest

from tests.browser.bench import Bench
from ui.components import page as page_module
from ui.components.page import LONGEST_ADDRESS, page_events


def given(theme: str = "light") -> dict[str, Any]:
    """What the browser gets."""
    with patch.object(page_module, "mount") as mounted:
        page_events("k", theme, print, print)  # type: ignore[arg-type]
    shown: dict[str, Any] = mounted.call_args.args[2]({"key": "k", "taken": 0})
    return shown


def told(event: dict[str, Any]) -> list[tuple[str, str]]:
    """What the page is told of what the browser sent: "address" or "theme", and which."""
    heard: list[tuple[str, str]] = []
    with patch.object(page_module, "mount") as mounted:
        page_events(
            "k",
            "light",
            lambda address: heard.append(("address", address)),
            lambda theme: heard.append(("theme", theme)),
        )
    read, act = mounted.call_args.args[3:]
    value = read(event)
    if value is not None:
        act(value)
    return heard


@pytest.fixture
def page(bench: Bench) -> Bench:
    bench.put("page", isolated=False)
    return bench


def test_back_is_told_with_path_and_query(page: Bench) -> None:
    page.tab.evaluate("history.pushState(null, '', '/attention?a=x%20y')")
    page.show("page", given())
    page.tab.evaluate("history.pushState(null, '', '/attention?a=two')")
    page.tab.evaluate("history.back()")
    page.until_sent()
    (event,) = page.sent("page")
    assert told(event) == [("address", "/attention?a=x%20y")]


def test_back_to_another_page_is_left_to_streamlit(page: Bench) -> None:
    page.tab.evaluate("history.pushState(null, '', '/attention?a=x%20y')")
    page.tab.evaluate("history.pushState(null, '', '/tokenization?a=x%20y')")
    page.show("page", given())
    page.tab.evaluate("() => new Promise(done => { onpopstate = done; history.back(); })")
    assert page.tab.evaluate("location.pathname") == "/attention"
    assert page.sent("page") == []


def test_a_page_that_was_left_hears_no_more_of_the_address(page: Bench) -> None:
    page.show("page", given())
    page.unmount("page")
    page.tab.evaluate("window.dispatchEvent(new PopStateEvent('popstate'))")
    assert page.sent("page") == []


def test_another_theme_is_told_once_for_each_answer(page: Bench) -> None:
    page.show("page", given("light"))
    assert page.sent("page") == []
    page.show("page", given("dark"))
    page.show("page", given("dark"))
    (event,) = page.sent("page")
    assert told(event) == [("theme", "light")]
    page.show("page", given("light"))
    page.show("page", given("dark"))
    assert len(page.sent("page")) == 2


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"address": 3},
        {"address": "elsewhere"},
        {"address": "/" + "x" * LONGEST_ADDRESS},
        {"theme": "blue"},
        {"theme": ["light"]},
    ],
)
def test_nonsense_from_the_browser_is_told_to_nobody(event: dict[str, Any]) -> None:
    assert told(event) == []
