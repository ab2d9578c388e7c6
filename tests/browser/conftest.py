"""A server and its visitors, and bare pages for components."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from benchmarks.browser import Server, serve
from tests.browser.bench import Bench, OpenBench, bench_context
from tests.browser.visitor import Visit, Visitor
from tests.kit.chromium import chromium


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


# All that is in this folder shares one server and one Chromium.


@pytest.fixture(scope="package")
def app() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def context_for(browser: Browser) -> Callable[..., BrowserContext]:
    return cache(partial(bench_context, browser))


@pytest.fixture
def open_bench(context_for: Callable[..., BrowserContext]) -> Iterator[OpenBench]:
    """Makes bare pages: of a kind of bench, on a screen with so many `pixels` to one of
    CSS.

    In the end none may have anything to complain of.
    """
    made: list[Bench] = []

    def make(
        kind: type[Bench] = Bench, has_touch: bool = False, pixels: float = 1, **options: Any
    ) -> Bench:
        context = context_for(has_touch=has_touch, device_scale_factor=pixels)
        made.append(kind(context, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(open_bench: OpenBench) -> Bench:
    return open_bench()
