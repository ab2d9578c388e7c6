"""The token strip in Chromium on a bare page: what a press shows, and what answers do to it."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.bench import Bench
from tests.browser.components.given import an_encoding, chip, given_strip


def pressed(bench: Bench) -> list[int]:
    """The positions that the server was told of."""
    return [event["position"] for event in bench.sent("strip")]


def masked(bench: Bench) -> Locator:
    return bench.tab.locator(".chip.masked")


def hold(bench: Bench, position: int) -> None:
    """Press down on a chip, and do not let go yet."""
    chip(bench, position).hover()
    bench.tab.mouse.down()


def test_a_chip_held_down_while_an_answer_arrives_still_gives_its_click(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    hold(bench, 5)
    bench.show("strip", given_strip(an_encoding(), notes=["new"] * 9, picked=[2], detail=False))
    bench.tab.mouse.up()
    assert pressed(bench) == [5]


@pytest.mark.parametrize("words", ["the em+##bed+##ding is muddy ,", "a cat", "one two three four"])
def test_a_chip_held_down_while_another_text_arrives_does_nothing(bench: Bench, words: str) -> None:
    bench.show("strip", given_strip(an_encoding()))
    hold(bench, 2)
    bench.show("strip", given_strip(an_encoding(words, start=99)))
    bench.tab.mouse.up()
    assert pressed(bench) == []
    chip(bench, 2).click()
    assert pressed(bench) == [2]


def test_a_press_says_which_text_it_was_pressed_on(bench: Bench) -> None:
    data = given_strip(an_encoding())
    bench.show("strip", data)
    chip(bench, 5).click()
    (event,) = bench.sent("strip")
    assert event["text"] == data["text"]


def test_presses_show_at_once_and_outlive_answers_to_older_ones(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 5).click()
    chip(bench, 6).click()
    expect(masked(bench)).to_have_text(["was", "muddy"])
    first, second = (event["number"] for event in bench.sent("strip"))
    bench.show("strip", given_strip(an_encoding()))  # from before both
    expect(masked(bench)).to_have_text(["was", "muddy"])
    one = given_strip(an_encoding(), taken=first)
    one["groups"][3]["pieces"][0]["masked"] = True  # the answer to the first
    bench.show("strip", one)
    expect(masked(bench)).to_have_text(["was", "muddy"])
    bench.show("strip", {**one, "heard": {"key": "s", "taken": second}})  # the second was refused
    expect(masked(bench)).to_have_text(["was"])


def test_a_press_shows_at_once_what_the_answer_will_so_that_nothing_moves_by_it(
    bench: Bench,
) -> None:
    bench.show("strip", given_strip(an_encoding(), flips=["[MASK]"] * 9))
    chip(bench, 5).click()
    expect(chip(bench, 5)).to_have_text("[MASK]")
    chip(bench, 5).click()
    expect(chip(bench, 5)).to_have_text("was")


def test_a_chip_that_moves_away_under_a_pointer_that_rests_is_still_pressed(bench: Bench) -> None:
    """As where an answer makes a word before it longer: the browser itself gives no click."""
    bench.show("strip", given_strip(an_encoding()))
    hold(bench, 5)
    longer = given_strip(an_encoding())
    longer["groups"][1]["pieces"][0]["text"] = "much longer than before"
    bench.show("strip", longer)
    bench.tab.mouse.up()
    assert pressed(bench) == [5]


def test_a_pointer_that_is_let_go_on_another_chip_presses_none(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    hold(bench, 5)
    chip(bench, 7).hover()
    bench.tab.mouse.up()
    assert pressed(bench) == []


def test_a_second_press_takes_the_mask_off_before_any_answer(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding(), whole_words=True))
    chip(bench, 3).click()
    expect(masked(bench)).to_have_text(["em", "##bed", "##ding"])
    chip(bench, 2).click()
    expect(masked(bench)).to_have_count(0)


def test_after_ten_seconds_without_an_answer_the_server_is_believed(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 5).click()
    bench.tab.evaluate("const now = performance.now(); performance.now = () => now + 10_000;")
    bench.show("strip", given_strip(an_encoding()))
    expect(masked(bench)).to_have_count(0)


def test_the_last_press_is_picked_where_presses_pick(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding(), action="look", picked=[1]))
    chip(bench, 5).click()
    bench.show("strip", given_strip(an_encoding(), action="look", picked=[1]))
    expect(bench.tab.locator(".chip.picked")).to_have_text(["was"])


def test_presses_on_another_text_are_not_shown_on_this_one(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 5).click()
    bench.show("strip", given_strip(an_encoding(start=99)))
    expect(masked(bench)).to_have_count(0)


def test_chips_stay_the_same_elements(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    bench.tab.evaluate("window.before = [...parts.strip.root.querySelectorAll('.chip')]")
    bench.show("strip", given_strip(an_encoding(), notes=["n"] * 9, picked=[1], action="look"))
    assert bench.tab.evaluate(
        """() => [...parts.strip.root.querySelectorAll(".chip")]
          .every((chip, at) => chip === before[at])"""
    )


def test_focus_and_scrolling_stay_through_answers(bench: Bench) -> None:
    long = an_encoding(" ".join(["word"] * 400))
    bench.show("strip", given_strip(long))
    chip(bench, 390).focus()
    strip = bench.tab.get_by_test_id("token-strip")
    scrolled = strip.evaluate("strip => strip.scrollTop")
    assert scrolled > 0
    bench.show("strip", given_strip(long, picked=[1], notes=[""] * 402))
    expect(chip(bench, 390)).to_be_focused()
    assert strip.evaluate("strip => strip.scrollTop") > 0


@pytest.mark.parametrize(("words", "scrolls"), [(8, False), (18, False), (60, True), (510, True)])
@pytest.mark.parametrize("barred", ["", "bars: bits"])
def test_of_a_long_text_two_rows_are_shown_and_the_rest_scrolls(
    bench: Bench, words: int, scrolls: bool, barred: str
) -> None:
    bench.show("strip", given_strip(an_encoding(" ".join(["word"] * words)), bars=barred))
    strip = bench.tab.get_by_test_id("token-strip")
    assert strip.evaluate("strip => strip.scrollHeight > strip.clientHeight") == scrolls
    rows = """strip => {
      const top = (chip) => Math.round(chip.getBoundingClientRect().top);
      const all = [...strip.querySelectorAll(".chip")].map((chip) => top(chip) - top(strip));
      return [...new Set(all)];
    }"""
    tops = strip.evaluate(rows)
    room = strip.evaluate("strip => strip.clientHeight")
    if scrolls:
        assert tops[1] + 28 < tops[2] < room < tops[2] + 32


def test_the_focus_stays_in_a_strip_that_became_shorter(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 7).focus()
    bench.show("strip", given_strip(an_encoding("a cat", start=99)))
    expect(bench.tab.locator(".chip:focus")).to_have_count(1)


def test_keys_press_the_chip_they_are_on(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 1).focus()
    for key in ("ArrowRight", "Enter", "End", "ArrowLeft", "Space"):
        bench.tab.keyboard.press(key)
    assert pressed(bench) == [2, 7]


def test_added_tokens_are_not_pressed(bench: Bench) -> None:
    bench.show("strip", given_strip(an_encoding()))
    chip(bench, 0).click(force=True)
    assert pressed(bench) == []
