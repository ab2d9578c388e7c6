"""A visitor who can press in the moments in which presses were once lost."""

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlsplit

from playwright.sync_api import Browser, Locator

DOCTOR = "The doctor said that she was late."
KEYS = "The keys to the cabinet are on the table."
OPENED, DARK = "She opened the door and went in.", "The room was dark and cold."
LONG = (
    "the old man walked slowly along the river and looked at the water because he was tired "
    "of the long day in the town where nobody knew him or his brother who had gone away "
) * 5
PATIENCE = 40.0  # seconds for what a press should lead to, on a busy machine
LATE = r"""
window.hookDone = 0;
// Acts in the next moment in which the page draws what is late: its body stands anew, or progress
// is said anew. What the browser then sends goes off beside the answer that is under way.
window.atLate = (act) => {
  const look = () => JSON.stringify([
    !!document.querySelector('[data-testid=bl-body], [data-testid=bl-drawn]'),
    [...document.querySelectorAll('[data-testid=stProgress]')].map((e) => e.textContent),
    [...document.querySelectorAll('[data-testid=stTextInput] input')].map((e) => e.value),
  ]);
  let before = look();
  let isLate = false;
  const watch = new MutationObserver(() => {
    const now = look();
    isLate ||= now !== before && now.startsWith('[true');
    before = now;
    if (!isLate || !act()) return;
    watch.disconnect();
    window.hookDone = Date.now();
  });
  watch.observe(document.body, { subtree: true, childList: true, characterData: true });
};
// Whether it is there to be pressed.
window.press = (selector, name) => {
  const found = [...document.querySelectorAll(selector)].find((e) => e.textContent.trim() === name);
  found?.click();
  return !!found;
};
"""


def long_text() -> str:
    """A text that takes long to read, and that nobody has asked about."""
    return f"{time.time_ns() % 10**6} {LONG}".strip()


class Bench:
    """A visitor of the server under test."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.tab = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        self.tab.add_init_script(LATE)
        self.errors: list[str] = []  # what broke in the browser
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, page: str, *, late: str = "", **query: str) -> None:
        """Open a page and wait until all is drawn; or do something in its first late moment."""
        asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        self.tab.goto(f"{self.url}/{page}?{asked}")
        if late:
            self.press_late(late)
            return
        self.tab.wait_for_selector(".bl-title")
        self.drawn()

    def drawn(self, seconds: float = 60) -> None:
        """Wait until all is drawn, and stays so for a moment."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tab.wait_for_selector(
                "[data-testid=bl-drawn]", state="attached", timeout=1000 * seconds
            )
            self.wait(400)
            if self.tab.locator("[data-testid=bl-drawn]").count():
                return

    @property
    def link(self) -> dict[str, str]:
        query = urlsplit(self.tab.evaluate("location.href")).query
        return dict(parse_qsl(query, keep_blank_values=True))

    def chip(self, at: int) -> Locator:
        return self.tab.locator(f"[data-testid=token-strip] [data-position='{at}']")

    def button(self, name: str) -> Locator:
        return self.tab.get_by_role("button", name=name, exact=True)

    def question(self, name: str) -> Locator:
        """A tab of the page."""
        return self.tab.get_by_role("tab", name=name, exact=True)

    def bar(self, row: int) -> dict[str, float]:
        """Where a guess is drawn."""
        bars = self.tab.locator("[class*='st-key-masked_words-bars'] .point path")
        bars.nth(row).wait_for()
        bars.nth(row).scroll_into_view_if_needed()
        return self.box(bars.nth(row))

    def box(self, shown: Locator) -> dict[str, float]:
        """Where something stands on the screen."""
        found = shown.bounding_box()
        if found is None:
            raise ValueError("What is to be pressed is not on the screen.")
        return {"x": found["x"], "y": found["y"]}

    def wait(self, milliseconds: float) -> None:
        self.tab.wait_for_timeout(milliseconds)

    def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds():
                return True
            self.wait(50)
        return False

    def press_late(self, act: str) -> None:
        """Have the browser do this in the next late moment."""
        self.tab.evaluate(f"window.atLate(() => {act})")

    def was_late(self) -> bool:
        return self.until(lambda: self.tab.evaluate("window.hookDone"))

    def put_in(self, row: int) -> None:
        """Press a guess's bar as a hand does."""
        box = self.bar(row)
        self.tab.mouse.move(box["x"] + 20, box["y"] + 8, steps=2)
        self.wait(200)
        self.tab.mouse.down()
        self.wait(80)
        self.tab.mouse.up()

    def settled(self, name: str, value: str | None) -> bool:
        """Whether the link comes to say this, and still does after a while."""
        if not self.until(lambda: self.link.get(name) == value):
            return False
        self.wait(1500)
        return self.link.get(name) == value

    def score_a_list(self, place: str) -> None:
        """Have a list scored, which takes a while."""
        self.open("masked_words", a=DOCTOR, mask="2,5", place=place, mlm="rank")
        now = time.time_ns()
        lines = (
            f"The cat sat on mat number {n} all day long, as cats do at {now}." for n in range(400)
        )
        self.tab.locator("textarea").first.fill("\n".join(lines))
        self.button("Score them").or_(self.button("Score")).first.click()
        self.tab.get_by_text(re.compile("scoring sentence [1-9]")).first.wait_for()
        self.wait(200)
