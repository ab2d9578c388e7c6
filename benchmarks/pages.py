"""A page after a change of the sentence: from the key press to the last picture painted.

Each page is given a new sentence of 64 tokens, so that the model runs; before each change a bare
forward pass; then the rerun of an empty Streamlit page. One tab is open at a time, as somebody has
it who reads a page: the others would take memory and time on the same two cores. Chromium without
a GPU on the same machine as the server.
"""

import argparse
import random
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from benchmarks.browser import EMPTY_APP, chromium_options, serve
from benchmarks.report import Figure, interleave, measure_seconds, median, print_table, publish
from benchmarks.sentences import make_sentence
from benchmarks.visitor import Paint, Visitor
from bert_core.model.bert import load_bert
from bert_core.model.inference import ATTENTIONS, run_bert
from bert_core.model.tokenization import encode

PAGES = ("/", "/tokenization", "/attention", "/masked_words", "/next_sentence")
EMPTY = "empty page"
TOKENS = 64
ROUNDS = 30
WARM_UP = 5
MOST_OVER = 100.0  # milliseconds that a page may take on top of the forward pass
BUSY = 1.5  # median over fastest pass, above which something else took the cores


def measure_pages(
    rounds: int, sentences: random.Random
) -> tuple[dict[str, list[Paint]], list[float]]:
    """What every page took in each round, and the bare forward passes between them."""
    with ExitStack() as stack:
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(**chromium_options())
        app, empty = (stack.enter_context(serve(script)) for script in ("app.py", EMPTY_APP))
        forward = forward_pass(sentences)
        bare: list[float] = []

        def measure(url: str) -> list[Paint]:
            visitor = Visitor(browser, url)
            visitor.open()

            def turn() -> Paint:
                bare.append(forward())
                return visitor.type(make_sentence(sentences, TOKENS))

            (paints,) = interleave(rounds, turn, warm_up=WARM_UP)
            visitor.close()
            return paints

        link = f"?a={quote(make_sentence(sentences, TOKENS))}"
        taken = [measure(f"{app.url}{page}{link}") for page in PAGES] + [measure(empty.url)]
        app.check()
        browser.close()
    return dict(zip((*PAGES, EMPTY), taken, strict=True)), bare


def forward_pass(sentences: random.Random) -> Callable[[], float]:
    """Milliseconds of a bare forward pass of another 64 tokens, each time it is called."""
    bert = load_bert()

    def measure() -> float:
        encoding = encode(bert, make_sentence(sentences, TOKENS))
        if len(encoding) != TOKENS:
            raise RuntimeError(f"{len(encoding)} tokens: {encoding.text}")
        run = partial(run_bert, bert, encoding, keep=(ATTENTIONS,))
        run()  # the first one after a pause wakes the threads
        return measure_seconds(run) * 1000

    return measure


def describe(taken: dict[str, list[Paint]]) -> dict[str, dict[str, Any]]:
    """Medians of each page: total, server and browser, in milliseconds, and what was sent."""
    return {
        page: {
            "total_ms": median([paint.total for paint in paints]),
            "server_ms": median([paint.server for paint in paints]),
            "browser_ms": median([paint.browser for paint in paints]),
            "worst_ms": max(paint.total for paint in paints),
            "kilobytes": median([paint.bytes / 1000 for paint in paints]),
            "messages": median([paint.messages for paint in paints]),
            "last_change": paints[-1].last,
        }
        for page, paints in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    taken, passes = measure_pages(options.rounds, random.Random(options.seed))
    details, bare = describe(taken), median(passes)
    heading = ("", *next(iter(details.values())))
    print_table([heading, *((page, *map(_cell, row.values())) for page, row in details.items())])
    publish(
        "pages",
        f"A page after a change of the sentence, beside the bare forward pass ({TOKENS} tokens)",
        [
            Figure(page, details[page]["total_ms"], bare, "ms", at_most_over=MOST_OVER)
            for page in PAGES
        ]
        + [Figure(EMPTY, details[EMPTY]["total_ms"], bare, "ms")],
        rounds=options.rounds,
        pages=details,
        forward_ms={"median": bare, "fastest": min(passes), "slowest": max(passes)},
    )
    if bare > BUSY * min(passes):
        print(
            f"\nThe machine was busy: a forward pass took {min(passes):.0f} to "
            f"{max(passes):.0f} ms. "
            "A slow pass flatters the pages beside it: measure again when nothing else runs."
        )


def _cell(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float | int) else str(value)


if __name__ == "__main__":
    main()
