"""Presses in components, in Chromium: none is lost, each counts once, and they keep their order."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from benchmarks.browser import Server, complaints, serve
from tests.browser.bench import Bench
from ui.components.events import MOST_EVENTS

# The list, on a bare page.


def given(taken: int = 0, key: str = "undo") -> dict[str, Any]:
    """What the browser gets of a component with one button."""
    return {"buttons": [["undo", "Undo"]], "heard": {"key": key, "taken": taken}}


def press(bench: Bench, times: int = 1) -> None:
    for _ in range(times):
        bench.tab.get_by_role("button", name="Undo").click()


def lists(bench: Bench) -> list[list[int]]:
    """The numbers of the events in each message."""
    found: list[list[int]] = bench.tab.evaluate(
        "sent.map(({ all }) => all.map(({ number }) => number))"
    )
    return found


@pytest.fixture
def presses(bench: Bench) -> Bench:
    bench.put("presses", isolated=False)
    bench.show("presses", given())
    return bench


def test_each_message_holds_all_that_is_not_answered(presses: Bench) -> None:
    press(presses, 3)
    one, two, three = lists(presses)
    assert (one, two) == (three[:1], three[:2])
    assert three == sorted(set(three))
    presses.show("presses", given(taken=three[1]))
    press(presses)
    assert lists(presses)[-1][0] == three[2]
    assert len(lists(presses)[-1]) == 2


def test_numbers_go_on_after_all_that_was_taken_whatever_the_clock_says(presses: Bench) -> None:
    presses.show("presses", given(taken=10**15))
    press(presses, 2)
    assert lists(presses)[-1] == [10**15 + 1, 10**15 + 2]


def test_two_elements_of_one_component_keep_one_list(presses: Bench) -> None:
    """Where a page draws it elsewhere, the old one stands for a moment beside the new one."""
    presses.put_another("moved", of="presses")
    presses.show("moved", given())
    presses.tab.get_by_role("button", name="Undo").last.click()
    presses.unmount("presses")
    presses.tab.wait_for_timeout(1_200)  # a list that nobody shows is forgotten by now
    presses.show("moved", given())
    press(presses)
    assert [len(one) for one in lists(presses)] == [1, 2]


def test_a_component_without_a_listener_sends_nothing(presses: Bench) -> None:
    presses.show("presses", {**given(), "heard": None})
    press(presses)
    assert lists(presses) == []


def test_a_list_outlives_an_element_that_is_built_anew_but_not_its_page(presses: Bench) -> None:
    press(presses)
    presses.unmount("presses")
    presses.show("presses", given())
    press(presses)
    assert len(lists(presses)[-1]) == 2
    presses.unmount("presses")
    presses.tab.wait_for_timeout(1_100)
    presses.show("presses", given())
    press(presses)
    assert len(lists(presses)[-1]) == 1


def test_data_that_newer_data_overtook_changes_nothing(presses: Bench) -> None:
    """Streamlit's calls wait for the component's module, and may come in any order."""
    presses.show("presses", {**given(), "buttons": [["undo", "Undo"], ["redo", "Redo"]]})
    redo = presses.tab.get_by_role("button", name="Redo")
    redo.focus()
    redo.hover()
    presses.tab.mouse.down()
    presses.show_overtaken("presses", given())
    presses.tab.mouse.up()
    expect(redo).to_be_focused()
    assert [len(one) for one in lists(presses)] == [1]


def test_nothing_stays_of_an_element_that_is_gone(presses: Bench) -> None:
    presses.unmount("presses")
    assert presses.left_in("presses") == 0
    presses.show_overtaken("presses", given())
    assert presses.left_in("presses") == 0


def test_a_list_holds_no_more_than_the_server_reads(presses: Bench) -> None:
    presses.tab.get_by_role("button", name="Undo").evaluate(
        f"button => {{ for (let n = 0; n < {MOST_EVENTS + 7}; n += 1) button.click(); }}"
    )
    assert len(lists(presses)[-1]) == MOST_EVENTS


# In Streamlit, beside a script that goes on and on.

SCRIPT = """
import time
import streamlit as st
from bert_core.figures.bars import share_bars
from bert_core.palette import LIGHT
from ui import charts, markup
from ui.components.page import page_events
from ui.components.presses import presses

markup.apply_style()
log = st.session_state.setdefault("log", [])
page_events("page", "light", lambda address: log.append(address), print)
presses("one", [("a", "Press a"), ("b", "Press b")], log.append)
presses("two", [("c", "Press c")], log.append)
st.text_input("Typed", key="typed")
bars = share_bars(["x", "y", "z"], [0.5, 0.3, 0.1], LIGHT, colour="#7a3fd1", outlined=("w", 0.05))
labels = [f"Take {name}" for name in "xyz"]
charts.draw_clickable(bars, "bars", "Bars", labels, lambda row: log.append(str(row)))
st.text("heard: " + " ".join(log))
late = st.empty()
for n in range(30):
    late.text(f"tail {n}")
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    script = tmp_path_factory.mktemp("events") / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with serve(str(script)) as running:
        yield running


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    opened = context.new_page()
    heard = complaints(opened)
    opened.goto(server.url)
    expect(opened.get_by_role("button", name="Take z")).to_be_visible()
    yield opened
    assert [one for one in heard if "ERR_INTERNET_DISCONNECTED" not in one] == []
    context.close()


def expect_heard(tab: Tab, said: str) -> None:
    expect(tab.get_by_text("heard:")).to_have_text(f"heard: {said}")


def test_two_hundred_presses_beside_a_slow_script_count_once_each_and_in_order(tab: Tab) -> None:
    chance = random.Random(12)
    names = chance.choices("abc012", k=200)
    gaps = chance.choices([0, 0, 10, 40, 150], k=200)
    labels = {str(row): f"Take {name}" for row, name in enumerate("xyz")}
    labels |= {name: f"Press {name}" for name in "abc"}
    asked = [[labels[name], gap] for name, gap in zip(names, gaps, strict=True)]
    tab.evaluate(
        """async (asked) => {
          for (const [label, gap] of asked) {
            const named = `[aria-label="${label}"], [data-name="${label.at(-1)}"]`;
            document.querySelector(named).click();
            if (gap) await new Promise((done) => setTimeout(done, gap));
          }
        }""",
        asked,
    )
    expect_heard(tab, " ".join(names))
    tab.get_by_label("Typed").fill("and once more the whole state goes along")
    tab.get_by_label("Typed").press("Enter")
    tab.get_by_role("button", name="Press a").click()
    expect_heard(tab, " ".join([*names, "a"]))


def test_what_was_pressed_before_a_reload_is_not_done_after_it(tab: Tab) -> None:
    for name in ("Press a", "Take y", "Press a"):
        tab.get_by_role("button", name=name).click()
    expect_heard(tab, "a 1 a")
    tab.reload()
    expect_heard(tab, "")
    tab.get_by_role("button", name="Press b").click()
    expect_heard(tab, "b")


def test_a_connection_that_broke_does_nothing_twice(tab: Tab) -> None:
    tab.get_by_role("button", name="Press a").click()
    expect_heard(tab, "a")
    tab.context.set_offline(True)
    tab.get_by_role("button", name="Press b").click()
    tab.context.set_offline(False)
    tab.get_by_role("button", name="Press c").click()
    expect(tab.get_by_text("heard:")).to_contain_text("c")
    said = (tab.get_by_text("heard:").text_content() or "").split()[1:]
    assert said.count("a") == said.count("b") == said.count("c") == 1


def test_two_tabs_do_not_hear_each_other(tab: Tab, server: Server) -> None:
    other = tab.context.new_page()
    other.goto(server.url)
    expect(other.get_by_role("button", name="Press a")).to_be_visible()
    tab.get_by_role("button", name="Press a").click()
    other.get_by_role("button", name="Press b").click()
    expect_heard(tab, "a")
    expect_heard(other, "b")


def test_the_focus_stays_on_the_button_that_was_pressed(tab: Tab) -> None:
    tab.get_by_role("button", name="Press b").focus()
    for _ in range(3):
        tab.keyboard.press("Enter")
    expect_heard(tab, "b b b")
    expect(tab.get_by_role("button", name="Press b")).to_be_focused()


def test_back_and_forward_are_told_with_the_address(tab: Tab) -> None:
    tab.evaluate("history.pushState(null, '', '?a=one'); history.pushState(null, '', '?a=two')")
    tab.evaluate("history.back()")
    expect_heard(tab, "/?a=one")


def test_a_component_of_the_page_takes_no_room(tab: Tab) -> None:
    shown = tab.locator(".stElementContainer:has(.bl-page)")
    assert shown.evaluate("element => getComputedStyle(element).display") == "none"


def test_rows_lie_exactly_over_their_bars(tab: Tab) -> None:
    """Each as high as its bar with half of the gap above and below it, and as wide as the chart."""
    boxes = "all => all.map(e => e.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"
    tab.locator(".bartext").nth(3).wait_for()
    bars = tab.locator(".st-key-bars .point path").evaluate_all(boxes)
    rows = tab.locator(".bl-row").evaluate_all(boxes)
    assert len(bars) == 4  # the last stands for what is in the text: no row lies over it
    assert len(rows) == 3
    for (top, bottom), (row_top, row_bottom) in zip(bars, rows, strict=False):
        assert top - row_top == pytest.approx(row_bottom - bottom, abs=1)
        assert 0 < top - row_top < 5
    chart = tab.locator(".st-key-bars").bounding_box()
    row = tab.locator(".bl-row").first.bounding_box()
    assert chart is not None
    assert row is not None
    assert (row["x"], row["width"]) == pytest.approx((chart["x"], chart["width"]), abs=1)


def test_a_bar_hears_a_press_as_soon_as_the_pointer_comes(tab: Tab) -> None:
    tab.locator(".bartext").nth(3).wait_for()
    box = tab.locator(".bl-row").nth(1).bounding_box()
    assert box is not None
    tab.mouse.click(box["x"] + 20, box["y"] + 10)  # moves, presses and lets go at once
    expect_heard(tab, "1")
