"""A visitor who presses this and that at a human pace, on a machine whose cores others want too.

    python -m benchmarks.random_walk [--actions 500] [--seed 1] [--busy 2]

Starts a server of its own. Beside the page stands a model of what each press means, kept here and
knowing nothing of the program; after a few presses, made without waiting for their answers, the
link has to say what it says. Prints each time it does not, and how many of the actions those were.
"""

import argparse
import random
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from benchmarks.browser import CHROMIUM_ARGS, serve
from benchmarks.late_visitor import Bench
from launcher.chromium import find_chromium

# Every word is one piece, so that a token is a word and a press hides one.
SENTENCES = (
    "The keys to the cabinet are on the table.",
    "The old man walked slowly along the river.",
    "She opened the door and went into the garden.",
    "The children played in the street until it was dark.",
    "He gave the letter to the woman in the white house.",
)
PAIR = "The room was dark and cold."
PAGES = {"masked_words": "Masked words", "attention": "Attention", "next_sentence": "Next sentence"}
QUESTIONS = {"none": "the guesses", "layers": "layer by layer", "training": "training"}
PATIENCE = 90.0  # seconds in which the link has to say it, with all cores busy


@dataclass(frozen=True)
class State:
    """What the link should say. masked, place: token positions on Masked words."""

    page: str
    text: str
    masked: frozenset[int]
    place: int | None
    pair: str = ""
    question: str = "none"
    look: int | None = None

    def tokens(self) -> list[str]:
        """[CLS], then words and marks."""
        return ["[CLS]", *re.findall(r"\w+|[^\w\s]", self.text)]

    def differences(self, page: str, link: dict[str, str]) -> list[str]:
        """What a page and its link say otherwise."""
        wanted = {
            "a": self.text,
            "b": self.pair,
            "mask": ",".join(map(str, sorted(self.masked))),
            "place": "" if self.place is None else str(self.place),
            "mlm": "" if self.question == "none" else self.question,
            "look": "" if self.look is None else str(self.look),
        }
        found = {name: link.get(name, "") for name in wanted} | {"page": page}
        wanted["page"] = self.page
        return [f"{n}={found[n]!r} for {wanted[n]!r}" for n in wanted if found[n] != wanted[n]]


@dataclass
class Walk:
    bench: Bench
    dice: random.Random
    state: State
    before: list[State] = field(default_factory=list)  # what Undo brings back
    made: int = 0
    since: list[str] = field(default_factory=list)  # actions since the link was last right
    wrong: int = 0

    def pause(self) -> None:
        self.bench.wait(self.dice.choice((40, 120, 250, 400, 700, 1200)))

    # What a visitor does. Each returns its name, or None where it cannot be done now.

    def press_token(self) -> str | None:
        here, state = self.state.page, self.state
        at = self.dice.randrange(2, len(state.tokens()) - 1)
        if here == "attention":
            self.bench.chip(at).click()
            self.state = replace(state, look=None if state.look == at else at)
        elif here == "masked_words" and state.masked and state.masked != {at}:
            self.bench.chip(at).click()
            self.before.append(state)
            self.state = replace(state, masked=state.masked ^ {at}, place=at)
        else:
            return None
        return f"token {at}"

    def undo(self) -> str | None:
        if self.state.page != "masked_words" or not self.before or self.state.question != "none":
            return None
        if not self.bench.button("Undo").count():
            return None  # the page has not drawn it yet
        self.bench.button("Undo").first.click()  # on another tab it stands elsewhere
        old = self.before.pop()
        kept = {"page": self.state.page, "question": self.state.question}
        same_text = old.text == self.state.text
        look = self.state.look if same_text else None
        self.state = replace(old, look=look, pair=old.pair, **kept)  # type: ignore[arg-type]
        return "Undo" if same_text else "Undo of a text"

    def ask(self) -> str | None:
        if self.state.page != "masked_words":
            return None
        asked = self.dice.choice([one for one in QUESTIONS if one != self.state.question])
        self.bench.question(QUESTIONS[asked]).click()
        self.state = replace(self.state, question=asked)
        return f"question {asked}"

    def go(self) -> str:
        page = self.dice.choice([one for one in PAGES if one != self.state.page])
        sidebar = self.bench.tab.get_by_test_id("stSidebar")
        sidebar.get_by_role("link", name=PAGES[page], exact=True).click()
        self.bench.tab.locator(".bl-title", has_text=PAGES[page]).wait_for(timeout=90_000)
        self.bench.drawn(90)
        self.state = replace(self.state, page=page)
        return f"page {page}"

    def swap(self) -> str | None:
        state = self.state
        if state.page != "next_sentence" or not state.pair:
            return None
        self.bench.button("Swap A and B").click()
        self.state = replace(
            state, text=state.pair, pair=state.text, masked=frozenset(), place=None, look=None
        )
        return "Swap"

    def type_sentence(self) -> str:
        """After it, the page hides a word by itself: look which one."""
        self.check()
        text = self.dice.choice([one for one in SENTENCES if one != self.state.text])
        field_a = self.bench.tab.get_by_role("textbox", name="Sentence A", exact=True)
        field_a.fill(text)
        field_a.press("Enter")
        self.state = replace(self.state, text=text, masked=frozenset(), place=None, look=None)
        return f"typed {text!r}"

    def put_in(self) -> str | None:
        """A guess goes where the bars say: so wait until they stand."""
        state = self.state
        if state.page != "masked_words" or state.question != "none" or not state.masked:
            return None
        if state.place not in state.masked or not self.check():
            return None
        row = self.dice.randrange(1, 5)
        names = self.bench.tab.locator("[class*='st-key-masked_words-bars'] .ytick text")
        word = names.nth(row).text_content() or ""
        if not word.isalpha():
            return None
        self.bench.put_in(row)
        tokens = state.tokens()
        tokens[state.place] = word
        text = re.sub(r" (?=[.,])", "", " ".join(tokens[1:]))
        self.before.append(state)
        left = state.masked - {state.place}
        self.state = replace(state, text=text, masked=left, place=None, look=None)
        return f"guess {word}"

    def go_back(self) -> str | None:
        """One press, then Back to where it was."""
        if self.state.page != "masked_words" or self.state.question == "none":
            return None
        self.check()
        before = self.state
        self.ask()
        self.check()
        self.bench.tab.evaluate("history.back()")
        self.state = before
        return "Back"

    def step(self) -> None:
        """One action, whichever can be done."""
        ways = [
            *[self.press_token] * 8,
            *[self.undo] * 3,
            *[self.ask] * 3,
            *[self.swap] * 3,
            *(self.go, self.type_sentence, self.put_in, self.put_in, self.go_back),
        ]
        while True:
            did = self.dice.choice(ways)()
            if did is not None:
                break
            self.look_for_masks()
        self.made += 1
        self.since.append(did)
        self.pause()
        if did.startswith(("typed", "guess", "Swap", "Undo of")):
            self.check()

    def look_for_masks(self) -> None:
        """Where the view has no mask the page shows one of its own: a press starts from that."""
        if self.state.page != "masked_words" or self.state.masked:
            return
        self.check()
        chips = self.bench.tab.locator("[data-testid=token-strip] .chip.masked")
        found = [int(one.get_attribute("data-position") or 0) for one in chips.all()]
        if len(found) == 1:
            at = next(at for at in range(2, len(self.state.tokens()) - 1) if at not in found)
            self.bench.chip(at).click()
            self.before.append(self.state)
            self.state = replace(self.state, masked=frozenset({*found, at}), place=at)
            self.since.append(f"token {at} beside the page's own mask")
            self.made += 1
            self.check()

    def check(self) -> bool:
        """Wait until the link says what it should, and return whether it came to that; if not,
        begin afresh."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            page = urlsplit(self.bench.tab.url).path.strip("/")
            wrong = self.bench.errors or self.state.differences(page, self.bench.link)
            if self.bench.errors:
                break
            if not wrong and self.stays():
                self.since.clear()
                return True
            self.bench.wait(100)
        self.wrong += 1
        print(f"WRONG after {self.made}: {self.since}: {wrong}", flush=True)
        self.since.clear()
        self.begin()
        return False

    def stays(self) -> bool:
        """Whether the link says the same once all is drawn."""
        self.bench.drawn(PATIENCE)
        page = urlsplit(self.bench.tab.url).path.strip("/")
        return not self.state.differences(page, self.bench.link)

    def begin(self) -> None:
        """Afresh, from a link."""
        self.bench.errors.clear()
        text = SENTENCES[0]
        self.bench.open("masked_words", a=text, b=PAIR, mask="2,5", place="5")
        self.state = State("masked_words", text, frozenset({2, 5}), 5, PAIR)
        self.before.clear()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--busy", type=int, default=2, help="loops that keep a core busy each")
    options = parser.parse_args()
    loop = "while True: pass"
    with sync_playwright() as playwright, ExitStack() as stack:
        server = stack.enter_context(serve())
        for _ in range(options.busy):
            process = subprocess.Popen([sys.executable, "-c", loop])
            stack.callback(process.kill)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        stack.callback(browser.close)
        start = State("masked_words", SENTENCES[0], frozenset({2, 5}), 5, PAIR)
        walk = Walk(Bench(browser, server.url), random.Random(options.seed), start)
        walk.begin()
        told = 0
        while walk.made < options.actions:
            for _ in range(walk.dice.randrange(2, 6)):
                walk.step()
            walk.check()
            if walk.made // 50 > told:
                told = walk.made // 50
                print(f"{walk.made} actions, {walk.wrong} wrong", flush=True)
    print(f"{walk.wrong} of {walk.made} actions went wrong (seed {options.seed})")
    return 1 if walk.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
