"""From the launch of the app's process to its first filled page, in a browser that is open already.

After the install, with the files in the system's cache. Beside it an empty Streamlit app.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import EMPTY_APP, BrokenPageError, chromium_options, serve
from benchmarks.report import Figure, interleave, median, publish
from benchmarks.visitor import Visitor

ROUNDS = 5
LIMIT = 8.0  # seconds
BARS = ".js-plotly-plot .point path"


@dataclass(frozen=True)
class Start:
    """Seconds since the launch until the server answered, and until the page was filled."""

    answered: float
    filled: float


def measure_start(browser: Browser, script: str, pictures: bool) -> Start:
    """Start an app and open its first page; `pictures`: it has the token strip and bars."""
    with serve(script) as server:
        answered = time.time()
        visitor = Visitor(browser, server.url)
        clock = visitor.open()
        if pictures and not (visitor.tokens() and visitor.page.locator(BARS).count()):
            raise BrokenPageError("The first page has no tokens or no bars.")
        server.check()
        visitor.close()
        filled = (clock["origin"] + clock["painted"]) / 1000
        return Start(answered - server.started, filled - server.started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options())

        def start(script: str, pictures: bool) -> Callable[[], Start]:
            return lambda: measure_start(browser, script, pictures)

        ours, empty = interleave(rounds, start("app.py", True), start(EMPTY_APP, False))
        browser.close()
    publish(
        "startup",
        "Start of the app, beside an empty Streamlit app",
        [
            Figure(
                "first filled page",
                median([one.filled for one in ours]),
                median([one.filled for one in empty]),
                "s",
                limit=LIMIT,
            ),
            Figure(
                "server answers",
                median([one.answered for one in ours]),
                median([one.answered for one in empty]),
                "s",
            ),
        ],
        rounds=rounds,
        worst_s=max(one.filled for one in ours),
    )


if __name__ == "__main__":
    main()
