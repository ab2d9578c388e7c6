"""What is pointed at, and the scatter of the vocabulary, in Chromium; part of `predictions`.

The first answer: while the pointer rests on the first word of the strip another sentence is sent;
counted until the readout shows guesses for its own first word, from the frame that paints the new
strip, on which the pointer then rests, and from the key press. The scatter: from the press on
"one blank, two texts" until its points are painted, in a new visit each time; of the two sentences
only the first was run before. With WebGL, in software as there is no GPU, and without, where the
page first sends all points in vain. Beside them stands a bare forward pass in this process, and
beside what is sent both probabilities of all words in float32.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.attention_views import CLICK_CLOCK
from benchmarks.browser import BrokenPageError, chromium_options, serve
from benchmarks.masked_words import make_masked
from benchmarks.report import Figure, interleave, measure_seconds, median
from benchmarks.sentences import make_sentence
from benchmarks.visitor import Visitor
from bert_core.masked_words.blanks import compare_blanks
from bert_core.masked_words.surprisal import predict_each
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from ui.words.masked_words_studies import TABS

PAGE = "masked_words"
SCRIPT = Path(__file__).with_suffix(".js")
TOKENS = 32
BLANK_TOKENS = 16
WARM_UP = 2
MOST_POINTED = 0.3  # seconds
MOST_SCATTER = 1.0  # seconds
MOST_SENT = 2.0  # megabytes
POINTED = 1  # the token that the pointer rests on: what stands before it is always as wide
INSIDE = 12  # pixels from the left edge of its chip, which none is narrower than
MOST_LETTERS = 5  # of that word: the page masks the longest one, so that it is another
GUESSES = 5
TOLERANCE = 1e-4
TALL = {"width": 1440, "height": 1900}  # so that all of the scatter is in the window
# Without a GPU some versions of Chromium draw WebGL in software by themselves, others when asked.
NO_GPU, SOFTWARE_WEBGL, NO_WEBGL = (
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-3d-apis",
)


@dataclass(frozen=True)
class Seen:
    """One turn, in seconds from the key press or click.

    strip: the new strip painted, 0 where there is none. done: the answer or picture painted.
    settled: the last change on the page. bytes: what the server sent until then.
    """

    strip: float
    done: float
    settled: float
    bytes: int


def pages_figures(
    bert: Bert, sentences: random.Random, rounds: int, details: dict[str, Any]
) -> list[Figure]:
    """details: takes the medians of each figure's parts."""
    with serve() as app:
        link = f"{app.url}/{PAGE}"
        figures = pointed_figures(bert, link, sentences, rounds, details)
        for webgl in (True, False):
            figures += scatter_figures(bert, link, sentences, rounds, webgl, details)
        app.check()
    return figures


def pointed_figures(
    bert: Bert, link: str, sentences: random.Random, rounds: int, details: dict[str, Any]
) -> list[Figure]:
    with open_browser(webgl=False) as browser:
        visitor = Visitor(browser, f"{link}?a={quote(make_pointed(sentences, ''))}")
        visitor.page.add_init_script(path=SCRIPT)
        visitor.open()
        rest_pointer(visitor)
        seen, passes = take_turns(
            rounds,
            lambda: point_at_new_sentence(bert, visitor, sentences),
            forward_pass(bert, sentences, TOKENS),
        )
        visitor.close()
    name, bare = f"first answer under the pointer, {TOKENS} tokens", median(passes)
    details[name] = describe(seen)
    after = median([one.done - one.strip for one in seen])
    return [
        Figure(name, after, bare, "s", limit=MOST_POINTED),
        Figure("… from the key press", median([one.done for one in seen]), bare, "s"),
    ]


def scatter_figures(
    bert: Bert,
    link: str,
    sentences: random.Random,
    rounds: int,
    webgl: bool,
    details: dict[str, Any],
) -> list[Figure]:
    with open_browser(webgl) as browser:
        visitor = Visitor(browser, link)
        visitor.page.set_viewport_size(TALL)  # type: ignore[arg-type]
        visitor.page.add_init_script(CLICK_CLOCK)
        visitor.page.add_init_script(path=SCRIPT)
        seen, passes = take_turns(
            rounds,
            lambda: open_scatter(bert, visitor, link, sentences, webgl),
            forward_pass(bert, sentences, BLANK_TOKENS),
        )
        visitor.close()
    name = f"scatter of the vocabulary, {'WebGL in software' if webgl else 'no WebGL'}"
    details[name] = describe(seen)
    sent = median([one.bytes / 1e6 for one in seen])
    plain = 2 * len(bert.wordpiece.vocabulary) * np.dtype(np.float32).itemsize / 1e6
    return [
        Figure(name, median([one.done for one in seen]), median(passes), "s", limit=MOST_SCATTER),
        Figure("… sent", sent, plain, "MB", limit=MOST_SENT),
    ]


def take_turns(
    rounds: int, turn: Callable[[], Seen], forward: Callable[[], float]
) -> tuple[list[Seen], list[float]]:
    """What each turn saw, and the bare forward passes before them."""
    passes: list[float] = []

    def both() -> Seen:
        passes.append(forward())
        return turn()

    (seen,) = interleave(rounds, both, warm_up=WARM_UP)
    return seen, passes[WARM_UP:]


def point_at_new_sentence(bert: Bert, visitor: Visitor, sentences: random.Random) -> Seen:
    sentence = make_pointed(sentences, visitor.tokens()[POINTED])
    word = sentence.split()[0]
    visitor.page.evaluate("(given) => lens.watchPointed(...given)", [POINTED, word])
    visitor.send(sentence)
    seen = read_seen(visitor)
    check_pointed(bert, visitor, sentence)
    return seen


def open_scatter(
    bert: Bert, visitor: Visitor, link: str, sentences: random.Random, webgl: bool
) -> Seen:
    """A new visit, so that nothing of the picture is there when it is asked for."""
    texts = tuple(make_masked(sentences, BLANK_TOKENS) for _ in range(2))
    visitor.url = f"{link}?a={quote(texts[0])}&other={quote(texts[1])}"
    visitor.open()
    runs = [run_bert(bert, encode(bert, text), keep=()) for text in texts]
    found = compare_blanks(bert, runs[0], runs[1])
    ids = found.ids if webgl else found.to_draw()
    visitor.page.evaluate("(given) => lens.watchScatter(...given)", [len(ids), webgl])
    visitor.page.get_by_role("tab", name=TABS["blank"], exact=True).click()
    seen = read_seen(visitor)
    shown = np.log(np.array(visitor.page.evaluate("lens.points()")))
    expected = np.stack([found.first[ids], found.second[ids]])
    if shown.shape != expected.shape or not np.allclose(shown, expected, rtol=0, atol=TOLERANCE):
        raise BrokenPageError("The points of the scatter are not where they should be.")
    return seen


def read_seen(visitor: Visitor) -> Seen:
    start, *moments = visitor.page.evaluate("lens.seen()")
    clock = visitor.settle()
    if clock["entered"] != start:
        raise BrokenPageError("Something else was pressed meanwhile.")
    first, last = moments[0], moments[-1]
    return Seen(
        strip=(first - start) / 1000 if len(moments) > 1 else 0.0,
        done=(last - start) / 1000,
        settled=(clock["painted"] - start) / 1000,
        bytes=clock["bytes"],
    )


def rest_pointer(visitor: Visitor) -> None:
    """Move the mouse onto a chip, where it stays."""
    chip = visitor.page.locator(f"[data-testid=token-strip] [data-position='{POINTED}']")
    box = chip.bounding_box()
    if box is None:
        raise BrokenPageError("There is no strip to point at.")
    visitor.page.mouse.move(box["x"] + INSIDE, box["y"] + box["height"] / 2)


def make_pointed(sentences: random.Random, before: str) -> str:
    """A sentence whose first word is short, and not the one before."""
    while True:
        sentence = make_sentence(sentences, TOKENS)
        first, *others = sentence.split()
        if len(first) <= MOST_LETTERS < max(map(len, others)) and first != before:
            return sentence


def check_pointed(bert: Bert, visitor: Visitor, sentence: str) -> None:
    """Raise where the readout says something else than this process."""
    chips = visitor.page.locator("[data-testid=token-strip] button.chip.masked")
    masked = chips.evaluate_all("all => all.map((chip) => Number(chip.dataset.position))")
    encoding = encode(bert, sentence, masked=masked)
    (expected,) = predict_each(bert, encoding, GUESSES, [POINTED])
    guesses = visitor.page.locator("[data-testid=token-hints] .guess")
    shown = guesses.evaluate_all(
        """all => all.map((guess) => [
          guess.querySelector(".piece").textContent,
          parseFloat(guess.querySelector(".bar").style.width) / 100])"""
    )
    pieces, shares = zip(*shown, strict=True)
    found = expected.prediction
    if not masked or POINTED in masked or pieces != found.pieces[: len(pieces)]:
        raise BrokenPageError(f"At {sentence!r} the page says {shown}, not {found.pieces}.")
    # the page rounds to four digits
    if not np.allclose(shares, found.probabilities[: len(shares)], rtol=0, atol=TOLERANCE):
        raise BrokenPageError(f"At {sentence!r} the page says {shown}, not {found.probabilities}.")


def forward_pass(bert: Bert, sentences: random.Random, tokens: int) -> Callable[[], float]:
    """Seconds of a bare forward pass of another sentence, each time it is called."""

    def measure() -> float:
        encoding = encode(bert, make_sentence(sentences, tokens))
        run = partial(run_bert, bert, encoding, keep=())
        run()  # the first one after a pause wakes the threads
        return measure_seconds(run)

    return measure


def describe(seen: list[Seen]) -> dict[str, float]:
    return {
        "strip_s": median([one.strip for one in seen]),
        "done_s": median([one.done for one in seen]),
        "longest_s": max(one.done for one in seen),
        "settled_s": median([one.settled for one in seen]),
        "kilobytes": median([one.bytes / 1000 for one in seen]),
    }


@contextmanager
def open_browser(webgl: bool) -> Iterator[Browser]:
    options = chromium_options()
    kept = [flag for flag in options["args"] if flag != NO_GPU]
    options["args"] = [*kept, SOFTWARE_WEBGL] if webgl else [*kept, NO_GPU, NO_WEBGL]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        try:
            yield browser
        finally:
            browser.close()
