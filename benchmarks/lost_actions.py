"""Presses put into the moments in which they were once lost, undone or doubled, again and again.

    python -m benchmarks.lost_actions NAME --url URL [--times 10]
    python -m benchmarks.lost_actions all --url URL

The server at URL is one that runs already; `swapslow` and `backlost` are made for a slow line in
front of it. Prints one line a trial and how many went wrong; exits 1 if any did. One that does not
come about counts as wrong.

  button    a button of the page, pressed as the page draws what is late: nothing runs
  echo      a guess put in, and Undo as the page draws what is late: the text goes back, or stays
  swap      Swap A and B, then another question within the answer's time: the swap is undone
  swapslow  the same at a human pace, for a line with latency
  burst     two tokens pressed in quick succession: the first is lost
  rebuild   a token held down while the answer to the last press arrives: nothing is sent
  twice     Undo, pressed as a progress bar says something new: two steps back
  bar       a guess put in: it is put in twice, and Undo seems dead
  backlost  Back and a press right after it: Back is lost
  blank     another page chosen as the page draws what is late: it stays empty
  place     a mask taken off while a list is scored: another place comes back
  trap      Back from the first view: the address comes again, one cannot leave
  early     a guess pressed within 50 ms after the pointer came: the press is not heard
"""

import argparse
import sys
from collections.abc import Callable

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

from benchmarks.browser import CHROMIUM_ARGS
from benchmarks.late_visitor import DARK, DOCTOR, KEYS, OPENED, Bench, long_text
from launcher.chromium import find_chromium

# A trial returns whether it went right and what was seen; None where it did not come about.
Outcome = tuple[bool, str] | None


def button(b: Bench) -> Outcome:
    press = "press('button', 'Measure this model')"
    b.open("masked_words", late=press, a=long_text(), mask="2", mlm="calibration")
    if not b.was_late():
        return None
    result = b.tab.locator(".bl-heading")
    before = result.count()
    right = b.until(lambda: b.button("Stop").count() > 1 or result.count() > before)
    return right, f"bars with Stop: {b.button('Stop').count()}"


def echo(b: Bench) -> Outcome:
    b.open("masked_words", a=DOCTOR, mask="2,5", place="2")
    b.bar(1)
    b.press_late("press('button', 'Undo')")
    b.put_in(1)
    if not b.was_late():
        return None
    right = b.settled("a", DOCTOR) and b.link.get("mask") == "2,5"
    return right, f"after Undo: a={b.link.get('a')!r} mask={b.link.get('mask')}"


def blank(b: Bench) -> Outcome:
    follow = "press('[data-testid=stSidebar] a', 'Home')"
    b.open("masked_words", late=follow, a=long_text(), mask="2")
    if not b.was_late():
        return None
    strip = b.tab.locator("[data-testid=token-strip]")
    title = b.tab.locator(".bl-title", has_text="What does BERT make of it?")
    right = b.until(lambda: title.count() == 1 and strip.count() == 1)
    return right, f"titles {title.count()}, strips {strip.count()} of Home"


def place(b: Bench) -> Outcome:
    b.score_a_list("5")
    b.chip(2).click()
    right = b.settled("place", "2")
    return right, f"mask={b.link.get('mask')} place={b.link.get('place')} (2 was pressed)"


def swap(b: Bench, gap: int = 120) -> Outcome:
    b.open("next_sentence", a=OPENED, b=DARK)
    b.button("Swap A and B").click()
    b.wait(gap)
    b.question("the layout").click()
    right = b.settled("nsp", "layout") and b.link.get("a") == DARK
    return right, f"a={b.link.get('a')!r} nsp={b.link.get('nsp')}"


def swapslow(b: Bench) -> Outcome:
    return swap(b, 400)


def burst(b: Bench) -> Outcome:
    b.open("masked_words", a=KEYS, mask="2")
    b.chip(4).click()
    b.wait(60)
    b.chip(6).click()
    return b.settled("mask", "2,4,6"), f"mask={b.link.get('mask')}"


def rebuild(b: Bench) -> Outcome:
    b.open("masked_words", a=KEYS, mask="2")
    b.chip(4).click()
    box = b.box(b.chip(6))
    b.tab.mouse.move(box["x"] + 8, box["y"] + 8)
    b.tab.mouse.down()
    if not b.until(lambda: b.link.get("mask") == "2,4"):
        return None
    b.wait(150)
    b.tab.mouse.up()
    return b.settled("mask", "2,4,6"), f"mask={b.link.get('mask')}"


def twice(b: Bench) -> Outcome:
    b.open("masked_words", a=KEYS, mask="2", mlm="calibration")
    for at, said in ((4, "2,4"), (6, "2,4,6")):
        b.chip(at).click()
        if not b.until(lambda said=said: b.link.get("mask") == said):  # type: ignore[misc]
            return None
        b.drawn()
    b.button("Measure this model").click()
    b.tab.locator("[data-testid=stProgress]").first.wait_for()
    b.press_late("press('button', 'Undo')")
    if not b.was_late():
        return None
    return b.settled("mask", "2,4"), f"mask={b.link.get('mask')} (one step back is 2,4)"


def bar(b: Bench) -> Outcome:
    b.open("masked_words", a=DOCTOR, mask="2,5", place="2")
    b.put_in(1)
    if not b.until(lambda: b.link.get("a") != DOCTOR):
        return None
    b.wait(1500)
    b.button("Undo").click()
    right = b.settled("a", DOCTOR)
    return right, f"after one Undo: {b.link.get('a')!r} mask={b.link.get('mask')}"


def backlost(b: Bench) -> Outcome:
    b.open("masked_words", a=DOCTOR, mask="2")
    b.chip(5).click()
    if not b.until(lambda: b.link.get("mask") == "2,5"):
        return None
    b.drawn()
    b.tab.evaluate("history.back()")
    b.wait(50)
    b.question("training").click()
    right = b.settled("mlm", "training") and b.link.get("mask") == "2"
    return right, f"mask={b.link.get('mask')} mlm={b.link.get('mlm')} (Back led to mask=2)"


def trap(b: Bench) -> Outcome:
    b.tab.goto("about:blank")
    b.tab.goto(f"{b.url}/")
    b.tab.wait_for_selector(".bl-title")
    b.drawn()
    for _ in range(2):
        b.tab.evaluate("history.back()")
        b.wait(2000)
        if not b.tab.url.startswith(b.url):
            break
    return not b.tab.url.startswith(b.url), f"after Back: {b.tab.url[:60]}"


def early(b: Bench) -> Outcome:
    b.open("masked_words", a=DOCTOR, mask="2,5")
    box = b.bar(1)
    b.tab.mouse.move(box["x"] + 20, box["y"] + 8, steps=3)
    b.wait(20)
    b.tab.mouse.down()
    b.wait(90)
    b.tab.mouse.up()
    return b.until(lambda: b.link.get("a") != DOCTOR), f"a={b.link.get('a')!r}"


TRIALS: dict[str, Callable[[Bench], Outcome]] = {
    one.__name__: one
    for one in (
        *(button, echo, swap, swapslow, burst, rebuild, twice, bar, backlost, blank, place),
        *(trap, early),
    )
}


def run(browser: Browser, name: str, url: str, times: int) -> int:
    """How many of these trials went wrong."""
    wrong = 0
    for number in range(times):
        bench = Bench(browser, url)
        try:
            outcome = TRIALS[name](bench)
        except (BrowserError, AssertionError) as error:  # what the page did not come to
            outcome = None
            print(f"  {number} {type(error).__name__} {str(error)[:150]}", flush=True)
        bench.tab.context.close()
        right, seen = outcome or (False, "did not come about: counts as wrong")
        if bench.errors:
            right, seen = False, f"{seen}; {bench.errors[0][:200]}"
        wrong += not right
        print(f"  {number} {'right' if right else 'WRONG'} {seen}", flush=True)
    print(f"{name}: {wrong} of {times} trials went wrong", flush=True)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=[*TRIALS, "all"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    names = [*TRIALS] if options.name == "all" else [options.name]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        wrong = sum(run(browser, name, options.url, options.times) for name in names)
        browser.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
