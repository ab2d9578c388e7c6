"""Chromium, for whichever test needs a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import chromium_options
from launcher.commands import StartError

# All tabs of a context that show the app are drawn by one process.
ONE_PROCESS = "--process-per-site"


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
