"""The lab: how soon a model knows more than how often words occur, and what clicks wait for.

Each with a real run: its process trains while time passes, and while a visitor in Chromium clicks.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Page as Tab
from playwright.sync_api import expect, sync_playwright

from benchmarks.browser import WIDE, BrokenPageError, chromium_options, serve
from benchmarks.report import Figure
from bert_core.lab import folder as files
from bert_core.lab.server import Lab
from bert_core.lab.settings import LabSettings
from bert_core.lab.snapshot import list_snapshots, load_snapshot
from ui.words import pretraining as words

MOST_SECONDS = 120.0  # until the loss is below the unigram entropy
MOST_WAIT = 0.5  # seconds that a click may take
LONGEST_RUN = 600.0  # seconds, after which it counts as broken
CLICKS = 8
PATIENCE_MS = 60_000


def seconds_below_unigram() -> tuple[float, float, int]:
    """Seconds from the press of Start, seconds of them that it trained, and the step."""
    with TemporaryDirectory() as folder:
        lab = Lab(1, Path(folder) / "lab")
        try:
            began = time.perf_counter()
            run_id = lab.start(LabSettings())
            while time.perf_counter() - began < LONGEST_RUN:
                run = lab.find(run_id)
                if run is None or run.status.ended:
                    break
                found = first_below(run.folder)
                if found is not None:
                    return time.perf_counter() - began, run.status.seconds, found
                time.sleep(0.25)
        finally:
            lab.close()
    raise BrokenPageError("The run of the lab ended before its loss was below the entropy.")


def first_below(folder: Path) -> int | None:
    """The first step at which the held-out loss was below the unigram entropy."""
    facts = files.read_facts(folder)
    if facts is None:
        return None
    for step in list_snapshots(folder / files.SNAPSHOTS):
        held_out = load_snapshot(folder / files.SNAPSHOTS, step).held_out
        if held_out is not None and held_out.words_loss < facts.unigram:
            return step
    return None


def seconds_of_clicks() -> list[float]:
    """Seconds from each click on the page of a run that trains to what it asked for."""
    with serve() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options())
        tab = browser.new_page(viewport=WIDE)
        tab.goto(f"{server.url}/pretraining")
        expect.set_options(timeout=PATIENCE_MS)
        tab.get_by_role("button", name=words.START, exact=True).click()
        shown = tab.locator(".st-key-pretraining-curves .js-plotly-plot")
        expect(shown).to_be_visible()
        tab.wait_for_timeout(3_000)
        taken = [time_click(tab, look) for _ in range(CLICKS // 2) for look in LOOKS]
        tab.get_by_role("button", name=words.STOP, exact=True).click()
        browser.close()
        server.check()
    return taken


# What is pressed in turn, and what is there once it was.
LOOKS: tuple[tuple[str, str], ...] = (
    (words.LOOKS["positions"], "[class*='st-key-pretraining-positions'] .js-plotly-plot"),
    (words.LOOKS["guesses"], ".bl-guesses"),
)


def time_click(tab: Tab, look: tuple[str, str]) -> float:
    label, there = look
    began = time.perf_counter()
    tab.get_by_role("radio", name=label, exact=True).click()
    tab.locator(there).first.wait_for(timeout=PATIENCE_MS)
    taken = time.perf_counter() - began
    tab.wait_for_timeout(700)  # elsewhere in the second after which the page asks again
    return taken


def below_unigram() -> Figure:
    """The section on learning."""
    total, trained, step = seconds_below_unigram()
    name = f"lab: start to below the unigram entropy (step {step}), beside its training"
    return Figure(name, total, trained, "s", limit=MOST_SECONDS)


def clicks(measure: Callable[[], list[float]] = seconds_of_clicks) -> Figure:
    """The section on the page, the slowest click beside the usual one."""
    taken = measure()
    name = "lab: a click while it trains, the median beside the slowest"
    return Figure(name, median(taken), max(taken), "s", limit=MOST_WAIT)
