"""A server, Chromium and visitors, for the tests that name this module as a plugin of theirs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Page as Tab

from benchmarks.browser import Server, chromium_options, complaints, serve
from launcher.commands import StartError
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]

# All tabs of a context that show the app are drawn by one process.
ONE_PROCESS = "--process-per-site"


class Contexts:
    """Browser contexts for visits: no two visitors at a time in one, and none finds what another
    left behind. Each keeps a tab open, so that a process stays which has read Streamlit's
    programs: a visitor in a new context waits more than twice as long for a page.
    """

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.server = browser, server
        self.free: list[BrowserContext] = []

    def take(self) -> BrowserContext:
        """One that nobody is in, with no cookie and nothing stored."""
        if self.free:
            return self.free.pop()
        context = self.browser.new_context()
        context.new_page().goto(f"{self.server.url}/_stcore/health")
        return context

    def give_back(self, context: BrowserContext) -> None:
        context.set_offline(False)
        stored = {"origin": self.server.url, "storageTypes": "all"}
        context.new_cdp_session(context.pages[0]).send("Storage.clearDataForOrigin", stored)
        self.free.append(context)


@pytest.fixture(scope="session")
def app() -> Iterator[Server]:
    with serve() as running:
        yield running


# Of the module, not of the session: while playwright runs, no other test could run asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        options = chromium_options()
    except StartError as error:
        pytest.fail(f"The browser tests need Chromium. {error}", pytrace=False)
    with sync_playwright() as playwright:
        options["args"] = [*options["args"], ONE_PROCESS]
        chromium = playwright.chromium.launch(**options)
        yield chromium
        chromium.close()


@contextmanager
def quiet_tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """An empty tab that must have nothing to complain of in the end, nor have run a text."""
    opened = browser.new_page(**options)
    heard = complaints(opened)
    yield opened
    assert heard == []
    assert opened.evaluate("window.had === undefined")
    opened.close()


@pytest.fixture(scope="module")
def contexts(browser: Browser, app: Server) -> Contexts:
    return Contexts(browser, app)


@pytest.fixture
def visit(contexts: Contexts) -> Iterator[Visit]:
    """Makes visitors, each in a context of its own; in the end none may have anything to complain
    of."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(contexts.take(), contexts.server, **options))
        return made[-1]

    yield make
    wrong = []
    for visitor in made:
        complaints = visitor.close()
        if complaints:
            visitor.context.close()
        else:
            contexts.give_back(visitor.context)
        wrong += complaints
    assert not wrong, "\n".join(wrong)
