"""The pretraining lab in Chromium: started, watched, paused, stepped, stopped, opened elsewhere.

Real runs of small models; what is on screen is held against the run's own files only where a
browser is needed for it, the rest is in tests/pages/test_pretraining.py.
"""

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.visitor import PHONE, Visit, Visitor
from ui.words import pretraining as words

FIRST_SCREEN = 900  # pixels of a window of 1440 x 900
AT_WORK = re.compile(r"Step [\d,]+ of")
PAUSED = re.compile(r"Paused after step ([\d,]+) of")
STOPPED = re.compile(r"Stopped after step [\d,]+ of")


def button(visitor: Visitor, label: str) -> Locator:
    return visitor.tab.get_by_role("button", name=label, exact=True)


def arrive(visitor: Visitor) -> None:
    visitor.open("pretraining")
    expect(button(visitor, words.START)).to_be_visible()


def choose_small(visitor: Visitor) -> None:
    """The smallest model, so that a step takes no time."""
    button(visitor, words.SETTINGS).click()
    for label, presses in ((words.LAYERS, 1), (words.WIDTH, 1), (words.VOCABULARY, 2)):
        slider = visitor.tab.get_by_role("slider", name=label)
        for _ in range(presses):
            slider.press("ArrowLeft")
        visitor.settle()
    visitor.tab.keyboard.press("Escape")


def start(visitor: Visitor) -> str:
    """Press Start; the run's id, once it learns and its losses are drawn."""
    button(visitor, words.START).click()
    expect(heading(visitor, AT_WORK)).to_be_visible()
    expect(visitor.plot("pretraining.curves")).to_be_visible()
    return visitor.link["runs"]


def heading(visitor: Visitor, said: re.Pattern[str]) -> Locator:
    return visitor.headings.filter(has_text=said).first


def paused_at(visitor: Visitor) -> int:
    found = PAUSED.search(heading(visitor, PAUSED).inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_run_is_started_watched_paused_stepped_and_stopped(visit: Visit) -> None:
    visitor = visit()
    arrive(visitor)
    choose_small(visitor)
    start(visitor)
    assert button(visitor, words.START).count() == 0  # though Streamlit keeps it till the run ends
    expect(visitor.tab.locator(".bl-guesses").first).to_be_visible()
    assert visitor.bottom_of(visitor.plot("pretraining.curves")) <= FIRST_SCREEN
    visitor.tab.get_by_role("tab", name=words.TABS["looks"], exact=True).click()
    for look, there in (("head", "pretraining.map"), ("positions", "pretraining.positions")):
        visitor.choose(words.LOOKS[look])
        expect(visitor.plot(there).locator(".heatmaplayer image")).to_be_visible()
    button(visitor, words.PAUSE).click()
    expect(heading(visitor, PAUSED)).to_be_visible()
    before = paused_at(visitor)
    visitor.choose(words.LOOKS["batch"])
    button(visitor, words.STEP).click()
    expect(heading(visitor, re.compile(f"Paused after step {before + 1:,} of"))).to_be_visible()
    expect(heading(visitor, re.compile(f"The batch of step {before + 1:,}:"))).to_be_visible()
    expect(visitor.tab.locator(".bl-figures").first).to_contain_text("[MASK]")
    button(visitor, words.GO).click()
    expect(heading(visitor, AT_WORK)).to_be_visible()
    button(visitor, words.STOP).click()
    expect(heading(visitor, STOPPED)).to_be_visible()


def test_a_trained_model_is_opened_on_another_page_and_brought_back(
    visit: Visit, tmp_path: Path
) -> None:
    visitor = visit()
    arrive(visitor)
    choose_small(visitor)
    run_id = start(visitor)
    button(visitor, words.STOP).click()
    expect(heading(visitor, STOPPED)).to_be_visible()
    packed = tmp_path / "model.zip"
    packed.write_bytes(visitor.take_away(words.PACK))
    button(visitor, words.OPEN).click()
    visitor.until(lambda: visitor.link.get("model", "").startswith(f"lab:{run_id}/"), "its model")
    visitor.go("masked_words")
    expect(visitor.tab.locator(".bl-model")).to_contain_text("1 × 2")
    visitor.bars("masked_words.bars")
    visitor.tab.get_by_test_id("stSidebar").get_by_role("link", name=words.TITLE).click()
    expect(heading(visitor, STOPPED)).to_be_visible()
    visitor.tab.get_by_text(words.BRING, exact=True).first.click()
    visitor.tab.locator("input[type=file][accept*=zip]").set_input_files(packed)
    visitor.until(
        lambda: visitor.link["model"].endswith("/0") and run_id not in visitor.link["model"],
        "the model of the file",
    )
    expect(visitor.tab.locator(".bl-model")).to_contain_text("1 × 2")


def test_two_visitors_watch_two_runs_and_a_link_shows_one_to_the_other(visit: Visit) -> None:
    one, other = visit(), visit()
    for visitor in (one, other):
        arrive(visitor)
        choose_small(visitor)
    ids = [start(one), start(other)]
    assert ids[0] != ids[1]
    button(one, words.PAUSE).click()
    expect(heading(one, PAUSED)).to_be_visible()
    expect(heading(other, AT_WORK)).to_be_visible()
    third = visit()
    third.follow(one.tab.url)
    assert third.link["runs"] == ids[0]
    expect(heading(third, PAUSED)).to_be_visible()
    for visitor in (one, other):
        button(visitor, words.STOP).click()
        expect(heading(visitor, STOPPED)).to_be_visible()


def test_on_a_dark_phone_nothing_is_wider_than_the_window(visit: Visit) -> None:
    visitor = visit(width=PHONE, theme="dark")
    arrive(visitor)
    choose_small(visitor)
    start(visitor)
    visitor.tab.get_by_role("tab", name=words.TABS["looks"], exact=True).click()
    for look in words.LOOKS.values():
        visitor.choose(look)
        expect(visitor.tab.get_by_role("radio", name=look, exact=True)).to_be_checked()
        assert (
            visitor.tab.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
            <= PHONE
        )
    button(visitor, words.STOP).click()
    expect(heading(visitor, STOPPED)).to_be_visible()
