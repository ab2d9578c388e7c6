"""Thirty browsers at once, each changing its sentence every ten seconds.

They share the pages among them and start at random moments. Every browser must end up with its own
sentence's tokens, without an error anywhere. All thirty browsers run on the machine of the server
and draw without a GPU: most of the wait is theirs.
"""

import argparse
import random
import statistics
import time
from contextlib import ExitStack
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from benchmarks.browser import BrokenPageError, chromium_options, serve
from benchmarks.pages import PAGES, TOKENS
from benchmarks.report import Figure, median, publish
from benchmarks.sentences import make_sentence
from benchmarks.visitor import Paint, Visitor
from bert_core.model.bert import Bert, load_bert
from bert_core.model.tokenization import encode

BROWSERS = 30
EVERY = 10.0  # seconds between two changes of one browser
ROUNDS = 3
PAUSE = 50  # milliseconds between the typing and the key press
MASK = "[MASK]"


class Classroom:
    """All browsers, and who changes the sentence when."""

    def __init__(self, visitors: list[Visitor], sentences: random.Random) -> None:
        self.bert: Bert = load_bert()
        self.sentences = sentences
        self.visitors = visitors
        self.sent: dict[int, str] = {}
        self.waits: list[Paint] = []
        self.late = 0.0  # seconds that the latest key press came behind its time

    def teach(self, rounds: int) -> None:
        """Let everyone change the sentence `rounds` times."""
        moments = [self.sentences.uniform(0, EVERY) for _ in self.visitors]
        turns = sorted(
            (moment + number * EVERY, at)
            for at, moment in enumerate(moments)
            for number in range(rounds)
        )
        start = time.monotonic()
        for due, at in turns:
            time.sleep(max(0.0, start + due - time.monotonic()))
            self.late = max(self.late, time.monotonic() - start - due)
            self.collect(at)
            self.sent[at] = make_sentence(self.sentences, TOKENS)
            self.visitors[at].send(self.sent[at], PAUSE)
        for at in list(self.sent):
            self.collect(at)

    def collect(self, at: int) -> None:
        """Take down what the last change of a browser took, and check what it shows now."""
        sentence = self.sent.pop(at, None)
        if sentence is None:
            return
        self.waits.append(self.visitors[at].await_paint())
        shown, expected = self.visitors[at].tokens(), encode(self.bert, sentence).tokens
        same = len(shown) == len(expected) and all(
            seen in (token, MASK) for seen, token in zip(shown, expected, strict=True)
        )
        if not same:
            raise BrokenPageError(f"Browser {at} shows {shown}, not {list(expected)}")


def hold_class(browsers: int, rounds: int, sentences: random.Random) -> Classroom:
    """Open all browsers one after another, then let them work at once."""
    with ExitStack() as stack:
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(**chromium_options())
        server = stack.enter_context(serve())
        visitors = []
        for at in range(browsers):
            link = f"?a={quote(make_sentence(sentences, TOKENS))}"
            visitors.append(Visitor(browser, f"{server.url}{PAGES[at % len(PAGES)]}{link}"))
            visitors[-1].open()
        classroom = Classroom(visitors, sentences)
        classroom.teach(rounds)
        server.check()
        browser.close()
    return classroom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=BROWSERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    held = hold_class(options.browsers, options.rounds, random.Random(options.seed))
    waits = [paint.total for paint in held.waits]
    answers = [paint.server for paint in held.waits]
    publish(
        "classroom",
        f"{options.browsers} browsers on the server's own machine, each a sentence every "
        f"{EVERY:g} s: wait to the last picture, beside the server's last message",
        [
            Figure("median", median(waits), median(answers), "ms"),
            Figure("90th percentile", tenth_worst(waits), tenth_worst(answers), "ms"),
            Figure("longest", max(waits), max(answers), "ms"),
        ],
        changes=len(waits),
        errors=0,  # the first one ends the run
        latest_key_press_s=held.late,
    )


def tenth_worst(values: list[float]) -> float:
    """The 90th percentile."""
    return statistics.quantiles(values, n=10, method="inclusive")[-1]


if __name__ == "__main__":
    main()
