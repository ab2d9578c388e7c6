"""Chromium, for whichever test needs a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import chromium_options
from launcher.commands import StartError

# All tabs of a context that show the app are drawn by one process.
ONE_PROCESS = "--process-per-site"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. While it is there, no test may run asyncio."""
    try:
        options = chromium_options()
    except StartError as error:
        pytest.fail(f"The browser tests need Chromium. {error}", pytrace=False)
    with sync_playwright() as playwright:
        options["args"] = [*options["args"], ONE_PROCESS]
        started = playwright.chromium.launch(**options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
