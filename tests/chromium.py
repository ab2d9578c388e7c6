"""A server, Chromium and visitors, for the tests that name this module as a plugin of theirs."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import Server, chromium_options, serve
from launcher.commands import StartError
from tests.browser import Visitor

Visit = Callable[..., Visitor]


# Of the module, not of the session: while playwright runs, no other test could run asyncio.
@pytest.fixture(scope="module")
def app() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        options = chromium_options()
    except StartError as error:
        pytest.fail(f"The browser tests need Chromium. {error}", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**options)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, app: Server) -> Iterator[Visit]:
    """Makes visitors, each in a fresh context; in the end none may have anything to complain of."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(browser, app, **options))
        return made[-1]

    yield make
    wrong = [complaint for visitor in made for complaint in visitor.close()]
    assert not wrong, "\n".join(wrong)
