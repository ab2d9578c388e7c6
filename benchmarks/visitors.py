"""Thirty and fifty visitors over the web socket, each a new sentence of 5 to 60 words every 10 s.

They share the pages among them as a class does: four in ten at Masked words, three at Attention,
one each at the others. What they are shown is checked: the strip word by word, the link, that
nobody sees another one's sentence, and of some readouts every guess. No browser draws, so that the
two cores are the server's, but for what it takes to be these visitors.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from benchmarks.browser import BrokenPageError, Server, serve
from benchmarks.report import Figure, median, publish
from benchmarks.sentences import make_story
from benchmarks.wire import Change, WireVisitor, stamp
from bert_core.masked_words.surprisal import predict_each
from bert_core.model.bert import Bert, load_bert
from bert_core.model.tokenization import encode

# In an order that mixes any first few.
PAGES = (
    "masked_words",
    "attention",
    "",
    "masked_words",
    "attention",
    "tokenization",
    "masked_words",
    "attention",
    "next_sentence",
    "masked_words",
)
WITH_PAIR = ("", "next_sentence")
EVERY = 10.0  # seconds between two sentences of one visitor
SECONDS = 180.0
PATIENCE = 60.0
CHECKED = 20  # readouts whose guesses are made again
# What thirty and fifty waited before readouts shared passes, and what is aimed at; seconds.
BEFORE = {30: (0.199, 0.577, 7.7), 50: (0.497, 1.7, 60.0)}
AIMS = {30: (0.15, 0.6, 1.5), 50: (0.3, 1.0, 3.0)}


@dataclass
class Lesson:
    """What one class did."""

    changes: list[Change] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unread: int = 0  # readouts that were not whole before the next sentence
    server_cores: float = 0.0
    server_megabytes: float = 0.0
    megabytes: float = 0.0
    messages: int = 0

    @property
    def answers(self) -> list[float]:
        return [change.answered for change in self.changes if change.answered is not None]

    @property
    def readouts(self) -> list[float]:
        return [change.readout for change in self.changes if change.readout is not None]

    @property
    def waits(self) -> list[float]:
        """Seconds for each readout; one that was not whole before the next sentence counts as
        never."""
        return [*self.readouts, *[PATIENCE] * self.unread]


async def hold_lesson(server: Server, visitors: int, seconds: float, seed: int) -> Lesson:
    """Let `visitors` open their pages one after another, then work for `seconds`."""
    lesson = Lesson()
    process = psutil.Process(server.process.pid)
    class_ = [make_visitor(server.url, number, seed) for number in range(visitors)]
    for visitor, stories in class_:
        await visitor.open(make_story(stories, stamp(visitor.number, 0)))
        await visitor.answered(PATIENCE)
    began, used = time.monotonic(), sum(process.cpu_times()[:2])
    until = began + seconds
    await asyncio.gather(*(work(visitor, stories, until, lesson) for visitor, stories in class_))
    took = time.monotonic() - began
    lesson.server_cores = (sum(process.cpu_times()[:2]) - used) / took
    lesson.server_megabytes = process.memory_info().rss / 1e6
    for visitor, _ in class_:
        await visitor.leave()
        lesson.megabytes += visitor.bytes / 1e6
        lesson.messages += visitor.messages
        lesson.errors += [f"{visitor.page or 'home'}: {error}" for error in visitor.errors]
    server.check()
    return lesson


def make_visitor(url: str, number: int, seed: int) -> tuple[WireVisitor, random.Random]:
    """A visitor and what decides their sentences."""
    page = PAGES[number % len(PAGES)]
    pair = "Then the captain was gone." if page in WITH_PAIR else ""
    return WireVisitor(url, page, number, pair), random.Random(seed * 100_000 + number)


async def work(visitor: WireVisitor, stories: random.Random, until: float, lesson: Lesson) -> None:
    """Send a sentence every ten seconds or so; the first at some moment of the first ten."""
    await asyncio.sleep(stories.uniform(0, EVERY))
    number = 0
    while time.monotonic() < until:
        number += 1
        began = time.monotonic()
        change = await visitor.change(make_story(stories, stamp(visitor.number, number)))
        if not await visitor.answered(PATIENCE):
            return
        wait = EVERY * stories.uniform(0.8, 1.2) - (time.monotonic() - began)
        await asyncio.sleep(max(0.0, wait))
        lesson.changes.append(change)
        lesson.unread += change.page == "masked_words" and change.readout is None


def check_readouts(bert: Bert, changes: Sequence[Change]) -> None:
    """Raise BrokenPageError where a readout says something else than the model, token by token."""
    for change in [change for change in changes if change.hints is not None][:CHECKED]:
        encoding = encode(bert, change.text, change.pair or None, change.masked)
        for one in predict_each(bert, encoding):
            _, guesses = change.hints[str(one.position)]
            shares = [share for _, share, _ in guesses]
            expected = one.prediction.probabilities[: len(shares)]
            if not np.allclose(shares, expected, rtol=0, atol=1e-4):
                raise BrokenPageError(f"{change.text}: {guesses} at {one.position}, not {expected}")


def figures_of(visitors: int, lesson: Lesson) -> list[Figure]:
    """Waits in milliseconds, those of the readout in seconds."""
    answer, longest, readout = AIMS.get(visitors, (None,) * 3)
    before = BEFORE.get(visitors, (1.0,) * 3)
    name = f"{visitors} visitors: a page"

    def milliseconds(what: str, value: float, former: float, aim: float | None) -> Figure:
        limit = None if aim is None else aim * 1000
        return Figure(f"{name}, {what}", value * 1000, former * 1000, "ms", limit=limit)

    return [
        milliseconds("median", median(lesson.answers), before[0], answer),
        milliseconds("longest", max(lesson.answers), before[1], longest),
        Figure(
            f"{visitors} visitors: the readout whole, median",
            median(lesson.waits),
            before[2],
            "s",
            limit=readout,
        ),
    ]


def describe(lesson: Lesson) -> dict[str, Any]:
    """What else is worth knowing of a lesson."""
    pages = {
        page or "home": median([c.answered for c in lesson.changes if c.page == page]) * 1000
        for page in dict.fromkeys(PAGES)
    }
    spread = dict(
        zip(("p50", "p95", "p99"), np.percentile(lesson.answers, (50, 95, 99)), strict=True)
    )
    return {
        "sentences": len(lesson.changes),
        "errors": lesson.errors[:20],
        "answers_ms": {key: float(value) * 1000 for key, value in spread.items()},
        "pages_ms": pages,
        "readouts": len(lesson.readouts),
        "readouts_p95_s": float(np.percentile(lesson.waits, 95)),
        "readouts_not_whole": lesson.unread,
        "server_cores": lesson.server_cores,
        "server_megabytes": lesson.server_megabytes,
        "megabytes_sent": lesson.megabytes,
        "messages_sent": lesson.messages,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, nargs="+", default=[30, 50])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bert, figures, more = load_bert(), [], {}
    for visitors in options.visitors:
        with serve() as server:
            lesson = asyncio.run(hold_lesson(server, visitors, options.seconds, options.seed))
        check_readouts(bert, lesson.changes)
        figures += figures_of(visitors, lesson)
        more[f"{visitors}_visitors"] = described = describe(lesson)
        print(described, flush=True)
        if lesson.errors:
            raise BrokenPageError("\n".join(lesson.errors[:10]))
    publish("visitors", __doc__.splitlines()[0].rstrip("."), figures, **more)


if __name__ == "__main__":
    main()
