"""The tail of a page's run: what comes late, drawn into its place once all else stands.

Nothing on a page asks to run by itself: the browser would send such a wish in one message with
whatever somebody pressed in that moment. Instead the page's own run goes on. Each part of a page
that waits for work is drawn again, in its place, when the work has ended. A press interrupts the
tail as it does any script: at the next thing that is drawn, or the next look at the session.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_core.serving.job import Job
from ui.leftovers import HELD, Drawn
from ui.settings import settings

LOOK_SECONDS = 0.03
# What is there sooner needs no progress bar, and leaves on the page what stood there before.
SOON_SECONDS = 0.3

_drawing: ContextVar["Part | None"] = ContextVar("part that is being drawn", default=None)


class Part:
    """A part of a page that may be drawn more than once in a run, with the same keys."""

    def __init__(self, draw: Callable[[], None], drawn: Drawn) -> None:
        self._draw = draw
        self._slot = drawn.place()
        self.place = drawn.place
        self._names: frozenset[str] = frozenset()  # of its widgets and charts
        self._work: list[tuple[Job, Callable[[], None]]] = []
        self._every: float | None = None
        self.draw()

    @property
    def waits(self) -> bool:
        """Whether it will be drawn again for work that ends by itself."""
        return bool(self._work)

    @property
    def lives(self) -> bool:
        """Whether it will be drawn again after a while, without an end."""
        return self._every is not None

    def draw(self) -> None:
        self._work, self._every = [], None
        self._told: set[Job] = set()  # the work whose progress is on the page
        _forget(self._names)
        token = _drawing.set(self)
        try:
            with self._slot.container():
                self._names = _names_of(self._draw)
        finally:
            _drawing.reset(token)
        self._drawn_at = time.monotonic()

    def look(self) -> bool:
        """Draw it again if its time has come, or say how far its work is; whether it was drawn."""
        due = self._every is not None and time.monotonic() - self._drawn_at >= self._every
        if due or any(work.finished for work, _ in self._work):
            self.draw()
            return True
        for work, say in self._work:
            self._say(work, say)
        return False

    def wait_for(self, work: Job, say: Callable[[], None]) -> None:
        self._work.append((work, say))
        self._say(work, say)

    def _say(self, work: Job, say: Callable[[], None]) -> None:
        """Say how far work is, if it is worth saying."""
        if work in self._told:
            say()
        elif takes_long(work):  # only the first time it draws what has a name
            self._names |= _names_of(say)
            self._told.add(work)

    def live(self, seconds: float) -> None:
        self._every = seconds


def takes_long(work: Job) -> bool:
    """Whether it runs for so long that it is worth saying how far it is."""
    return work.seconds >= SOON_SECONDS


def place_for_progress(work: Job) -> DeltaGenerator:
    """A place for what is said of work: at once if it takes long, or later."""
    return _current().place() if takes_long(work) else st.empty()


def wait_for(work: Job, say: Callable[[], None]) -> None:
    """Have the part that is being drawn drawn again when the work has ended.

    say: called now and then until that, to show how far the work is.
    """
    _current().wait_for(work, say)


def again_in(seconds: float) -> None:
    """Have the part that is being drawn drawn again after a while."""
    _current().live(seconds)


def _current() -> Part:
    part = _drawing.get()
    if part is None:
        raise RuntimeError("Only a part of a page's tail can wait.")
    return part


class Tail:
    """The parts of one run of a page."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._drawn = Drawn()

    def part(self, draw: Callable[[], None]) -> None:
        """Draw a part of the page here, and again in its place when what it waits for is there."""
        self._parts.append(Part(draw, self._drawn))

    def run(self, on_settled: Callable[[], object]) -> None:
        """Draw what comes late until there is no more, or somebody presses something.

        on_settled: called when no part waits for work any more; some may live on.
        """
        soon = time.monotonic() + SOON_SECONDS
        while self._waits() and (settings().tails or time.monotonic() < soon):
            self._look(late=time.monotonic() >= soon)
        if self._waits():
            self._look(late=True)
        self._drawn.clear()
        on_settled()
        while settings().tails and (self._waits() or any(part.lives for part in self._parts)):
            self._look(late=True)

    def _waits(self) -> bool:
        return any(part.waits for part in self._parts)

    def _look(self, late: bool) -> None:
        drawn = [part.look() for part in self._parts]
        if late or any(drawn):
            self._drawn.clear()
        st.session_state.get(HELD)  # here a press takes over
        time.sleep(LOOK_SECONDS)


def _names() -> frozenset[str]:
    """The keys and ids of what this run drew so far."""
    context = get_script_run_ctx()
    if context is None:
        return frozenset()
    shared = context.shared
    return shared.widget_ids_this_run.snapshot() | {
        f"key:{key}" for key in shared.widget_user_keys_this_run.snapshot()
    }


def _names_of(draw: Callable[[], None]) -> frozenset[str]:
    """The keys and ids of what this draws."""
    before = _names()
    draw()
    return _names() - before


def _forget(names: frozenset[str]) -> None:
    """Let these keys and ids be used again: what had them is drawn anew."""
    context = get_script_run_ctx()
    if context is None or not names:
        return
    for held, gone in (
        (context.shared.widget_ids_this_run, names),
        (
            context.shared.widget_user_keys_this_run,
            {name.removeprefix("key:") for name in names if name.startswith("key:")},
        ),
    ):
        kept = held.snapshot() - gone
        held.clear()
        for name in kept:
            held.check_and_add(name)
