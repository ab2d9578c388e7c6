"""Somebody at a page: opens it, types a sentence, and waits for the last picture."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Locator, Page, WebSocket

from benchmarks.browser import FIELD, PAINT_CLOCK, WIDE, BrokenPageError, complaints

MOVES = 40  # places where the pointer stops on each way across
QUIET = 500  # milliseconds without a change, after which the last one was the last


@dataclass(frozen=True)
class Paint:
    """How long one change of the sentence took, in milliseconds from the key press.

    total: to the last picture painted. server: to the last message of the server. browser: the
    rest. bytes, messages: what the server sent. last: what changed last.
    """

    total: float
    server: float
    bytes: int
    messages: int
    last: str

    @property
    def browser(self) -> float:
        return self.total - self.server


@dataclass
class Traffic:
    """What the web sockets of a page carried: messages sent, and bytes of the last marked one.

    mark: what only the message that is weighed says.
    """

    mark: bytes
    sent: int = 0
    marked: int = 0

    def listen(self, page: Page) -> None:
        def follow(socket: WebSocket) -> None:
            socket.on("framesent", lambda _: self._count())
            socket.on("framereceived", self._weigh)

        page.on("websocket", follow)

    def _count(self) -> None:
        self.sent += 1

    def _weigh(self, message: str | bytes) -> None:
        if isinstance(message, bytes) and self.mark in message:
            self.marked = len(message)


class Visitor:
    """One page in a context of its own."""

    def __init__(self, browser: Browser, url: str) -> None:
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        self.page: Page = context.new_page()
        self.url = url
        self._complaints = complaints(self.page)
        self.page.add_init_script(path=PAINT_CLOCK)

    def open(self) -> dict[str, Any]:
        """Open the page and wait until it is filled; returns the paint clock."""
        self.page.goto(self.url)
        self.page.get_by_role("textbox", name=FIELD).wait_for()
        return self.settle()

    def close(self) -> None:
        self.page.context.close()

    def settle(self) -> dict[str, Any]:
        """The paint clock once nothing changes any longer; raises where something broke."""
        clock: dict[str, Any] = self.page.evaluate(f"paintClock.settled({QUIET})")
        self.check()
        return clock

    def check(self) -> None:
        """Raise BrokenPageError on a console error, or an exception shown on the page."""
        shown = self.page.get_by_test_id("stException").count()
        if self._complaints or shown:
            raise BrokenPageError(f"{self.url}: {shown} exceptions shown, {self._complaints}")

    def send(self, sentence: str, pause: int = 300) -> None:
        """Put another sentence into the field and press Enter.

        pause: milliseconds for the field's own reaction to what is typed.
        """
        field = self.page.get_by_role("textbox", name=FIELD)
        field.fill(sentence)
        self.page.wait_for_timeout(pause)
        field.press("Enter")

    def await_paint(self) -> Paint:
        """What the last sentence that was sent took, once nothing changes any longer."""
        clock = self.settle()
        start = clock["entered"]
        return Paint(
            total=clock["painted"] - start,
            server=clock["received"] - start,
            bytes=clock["bytes"],
            messages=clock["messages"],
            last=clock["last"],
        )

    def type(self, sentence: str) -> Paint:
        """Send a sentence and wait for its last picture."""
        self.send(sentence)
        return self.await_paint()

    def tokens(self) -> list[str]:
        """What the chips of the token strip say."""
        return self.page.locator("[data-testid=token-strip] button.chip").all_text_contents()

    def sweep(self, locator: Locator) -> None:
        """Move the pointer over all of an element, row by row."""
        locator.scroll_into_view_if_needed()
        box = locator.bounding_box()
        if box is None:
            raise BrokenPageError("There is nothing to point at.")
        stops = MOVES // 4
        for row in range(stops):
            y = box["y"] + (row + 0.5) / stops * box["height"]
            self.page.mouse.move(box["x"] + 1, y)
            self.page.mouse.move(box["x"] + box["width"] - 1, y, steps=MOVES)
