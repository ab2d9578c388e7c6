"""What the model expects at the token pointed at, and the bars in the strip, in Chromium."""

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Locator, expect

from bert_core.model.tokenization import Encoding
from bert_core.palette import DARK, LIGHT, Palette
from tests.browser.bench import Bench, OpenBench
from tests.browser.components.given import an_encoding, chip, given_strip
from ui.components import hints as hints_module
from ui.components.assets import read_css, read_js
from ui.components.hints import MOST_GUESSES, Hint, token_hints
from ui.components.palette_css import palette_css
from ui.components.strip.data import fingerprint

EVIL = '</script><img src=x onerror="window.had=1">'
IDLE = "most surprising: “muddy”, 13.4 bits"
PENDING = "reading …"


@pytest.fixture
def bench(open_bench: OpenBench) -> Bench:
    return open_bench(width=868, height=600, has_touch=True)


BARS = {(1,): 0.1, (2, 3, 4): 12.0, (5,): 3.0, (6,): 6.0, (7,): 0.0}
HINTS = {
    1: Hint([("the", 0.81), ("a", 0.12)], "written: “the”, rank 1, 81.0 %, 0.3 bits"),
    6: Hint([("good", 0.25), ("##ly", 0.125), ("x", 0.0001)], "written: “muddy”, rank 3"),
}


def given_hints(
    encoding: Encoding,
    hints: Mapping[int, Hint] = HINTS,
    bars: Mapping[tuple[int, ...], float] = BARS,
    **options: Any,
) -> dict[str, Any]:
    """What the browser gets from `token_hints`."""
    words = {"label": "What is expected", "idle": IDLE, "pending": PENDING}
    settings = {**words, "on_want": print, "whole": True, **options}
    with patch.object(hints_module, "mount") as mounted:
        token_hints(encoding, key="k", hints=hints, bars=bars, **settings)
    heard = None if settings["on_want"] is None else {"key": "k", "taken": 0}
    shown: dict[str, Any] = json.loads(json.dumps(mounted.call_args.args[2](heard)))
    return shown


def read(encoding: Encoding, event: dict[str, Any]) -> int | None:
    """What Python makes of what the browser sends."""
    with patch.object(hints_module, "mount") as mounted:
        token_hints(encoding, key="k", label="", hints={}, bars={}, idle="", pending="", whole=True)
    found: int | None = mounted.call_args.args[3](event)
    return found


def open_both(
    bench: Bench, encoding: Encoding | None = None, theme: str = "light", **of: Any
) -> None:
    encoding = encoding or an_encoding()
    bench.clear(dark=theme == "dark")
    bench.show("strip", given_strip(encoding))
    bench.show("hints", given_hints(encoding, **of))


def says(bench: Bench) -> Locator:
    return bench.tab.locator(".says")


def guesses(bench: Bench) -> list[list[str]]:
    rows = bench.tab.locator(".guess").all()
    return [row.locator(".words > *").all_text_contents() for row in rows]


def bars(bench: Bench) -> list[list[str]]:
    """Of each bar the pieces of the word that it is under, and its number in words."""
    found: list[list[str]] = bench.tab.locator(".surprise").evaluate_all(
        """all => all.map(e => [...e.parentElement.querySelectorAll(".chip")]
          .map(chip => chip.textContent).concat(e.title))"""
    )
    return found


def asked(bench: Bench) -> list[int]:
    """The positions that the readout asked the server for, in order."""
    return [event["want"] for event in bench.sent("hints")]


ALL_BARS = [
    ["the", "0.1 bits"],
    ["em", "##bed", "##ding", "12.0 bits"],
    ["was", "3.0 bits"],
    ["muddy", "6.0 bits"],
    [",", "0.0 bits"],
]


# What is sent and accepted


def test_texts_and_guesses_are_cut() -> None:
    hint = Hint([("x" * 999, 0.5)] * 50, "y" * 9999)
    shown = given_hints(an_encoding(), {1: hint}, idle="z" * 9999)
    written, found = shown["hints"]["1"]
    assert len(found) == MOST_GUESSES
    assert max(map(len, (written, shown["idle"], found[0][0]))) <= 200


def test_a_fingerprint_is_of_the_ids_and_stays_while_words_are_masked() -> None:
    encoding, other = an_encoding(), an_encoding(start=11)
    assert fingerprint(encoding.ids) == fingerprint(list(encoding.ids))
    assert fingerprint(encoding.ids) != fingerprint(other.ids)
    assert given_hints(encoding)["bars"]["text"] == given_strip(encoding)["text"]


@pytest.mark.parametrize("bits", [-1.0, float("nan"), float("inf")])
def test_bits_are_finite_and_not_negative(bits: float) -> None:
    with pytest.raises(ValueError, match="bits"):
        given_hints(an_encoding(), bars={(1,): bits})


@pytest.mark.parametrize("positions", [(), (9,), (-1, 2), (0,), (7, 8)])
def test_bars_stand_under_words_of_the_text(positions: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no word"):
        given_hints(an_encoding(), bars={positions: 1.0})


@pytest.mark.parametrize("want", [None, True, -1, 0, 8, 9, "1", [1]])
def test_nonsense_and_added_tokens_are_not_asked_for(want: object) -> None:
    text = fingerprint(an_encoding().ids)
    assert read(an_encoding(), {"want": want, "text": text}) is None
    assert read(an_encoding(), {"want": 1, "text": text}) == 1
    assert read(an_encoding(), {"want": 1, "text": "another"}) is None


# The readout


def test_it_says_what_is_expected_where_the_mouse_is(bench: Bench) -> None:
    open_both(bench)
    expect(says(bench)).to_have_text(IDLE)
    chip(bench, 6).hover()
    expect(says(bench)).to_have_text("written: “muddy”, rank 3")
    assert guesses(bench) == [["good", "25.0\xa0%"], ["##ly", "12.5\xa0%"], ["x", "< 0.1\xa0%"]]
    tracks = bench.tab.locator(".track").evaluate_all("all => all.map(e => e.clientWidth)")
    lengths = bench.tab.locator(".track .bar").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().width)"
    )
    assert len(set(tracks)) == 1
    assert [length / tracks[0] for length in lengths] == pytest.approx(
        [0.25, 0.125, 1e-4], abs=0.01
    )
    bench.tab.mouse.move(5, 590)
    expect(says(bench)).to_have_text(IDLE)
    assert guesses(bench) == []


def test_it_follows_the_keyboard_and_then_speaks(bench: Bench) -> None:
    open_both(bench)
    bench.tab.keyboard.press("Tab")
    bench.tab.keyboard.press("ArrowRight")
    expect(says(bench)).to_have_text(HINTS[1].written)
    readout = bench.tab.get_by_test_id("token-hints")
    expect(readout).to_have_attribute("aria-live", "polite")
    chip(bench, 6).hover()
    expect(says(bench)).to_have_text(HINTS[6].written)
    expect(readout).to_have_attribute("aria-live", "off")
    bench.tab.get_by_test_id("token-strip").hover(position={"x": 4, "y": 4})  # between the tokens
    expect(says(bench)).to_have_text(HINTS[1].written)  # the keyboard is still where it was
    chip(bench, 6).hover()
    bench.tab.mouse.move(5, 590)
    expect(says(bench)).to_have_text(HINTS[1].written)


def test_from_one_token_to_the_next_it_does_not_blink(bench: Bench) -> None:
    open_both(bench)
    chip(bench, 6).hover()
    expect(says(bench)).to_have_text(HINTS[6].written)
    said = bench.tab.evaluate(
        """async () => {
          const detail = { position: null, channel: "" };
          dispatchEvent(new CustomEvent("bert-lens:point", { detail }));
          await new Promise((done) => setTimeout(done, 20));
          return parts.hints.root.querySelector(".says").textContent;
        }"""
    )
    assert said == HINTS[6].written
    expect(says(bench)).to_have_text(IDLE)


def test_no_guess_is_half_to_be_seen(bench: Bench) -> None:
    for width, most in ((1000, 5), (400, 6)):
        bench.tab.set_viewport_size({"width": width, "height": 600})
        open_both(bench, hints={6: Hint([(f"g{at}", 0.1) for at in range(8)], "long " * 50)})
        chip(bench, 6).hover()
        expect(bench.tab.locator(".guess")).to_have_count(8)
        edges = bench.tab.locator(".guess").evaluate_all(
            """all => all.map(e => {
              const end = e.closest(".guesses").getBoundingClientRect().bottom;
              const { top, bottom } = e.getBoundingClientRect();
              return [end - top, end - bottom];
            })"""
        )
        whole = [bottom >= 0 for _, bottom in edges]
        assert whole == [at < most for at in range(8)]
        assert all(
            top <= 0 for (top, _), is_whole in zip(edges, whole, strict=True) if not is_whole
        )


def test_a_tapped_token_is_shown_and_stays(bench: Bench) -> None:
    open_both(bench)
    chip(bench, 6).tap()
    expect(says(bench)).to_have_text(HINTS[6].written)
    bench.show("strip", given_strip(an_encoding(), notes=["n"] * 9))
    bench.tab.wait_for_timeout(250)
    expect(says(bench)).to_have_text(HINTS[6].written)
    assert [event["position"] for event in bench.sent("strip")] == [6]
    assert bench.sent("hints") == []


def test_a_tap_points_where_buttons_take_no_focus(bench: Bench) -> None:
    """As Safari does it: the finger has left before the click, and nothing is focused."""
    open_both(bench)
    chip(bench, 6).evaluate(
        """(e) => {
          e.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
          e.closest(".strip").parentElement.dispatchEvent(new PointerEvent("pointerleave"));
          e.click();
        }"""
    )
    bench.tab.wait_for_timeout(250)
    expect(says(bench)).to_have_text(HINTS[6].written)


def test_pointing_at_a_bar_points_at_its_word(bench: Bench) -> None:
    open_both(bench)
    bench.tab.locator(".surprise").nth(3).hover()
    expect(says(bench)).to_have_text(HINTS[6].written)
    bench.tab.locator(".surprise").nth(3).click()
    assert bench.sent("strip") == bench.sent("hints") == []


def test_another_run_loses_neither_what_is_pointed_at_nor_what_is_said(bench: Bench) -> None:
    open_both(bench)
    chip(bench, 1).click()
    chip(bench, 6).hover()
    more = {**HINTS, 5: Hint([("is", 0.5)], "written: “was”")}
    said = "said => { window.seen = []; new MutationObserver(() => seen.push(said.textContent))" + (
        ".observe(said, { childList: true, characterData: true, subtree: true }); }"
    )
    says(bench).evaluate(said)
    for note in "abc":
        bench.show("strip", given_strip(an_encoding(), notes=[note] * 9))
        bench.show("hints", given_hints(an_encoding(), more))
    bench.tab.wait_for_timeout(250)
    expect(says(bench)).to_have_text(HINTS[6].written)
    assert bench.tab.evaluate("seen") == []
    expect(chip(bench, 6)).to_have_class("chip pointed")


def test_nothing_moves_whatever_is_said(bench: Bench) -> None:
    encoding = an_encoding()
    for width in (900, 368):
        bench.tab.set_viewport_size({"width": width, "height": 700})
        many = [(f"guess{at}", 0.1) for at in range(20)]
        open_both(bench, encoding, hints={1: Hint(many, "long " * 60), 5: Hint([], "")})
        heights = []
        for position in (0, 1, 5, 6):
            chip(bench, position).hover()
            bench.tab.wait_for_timeout(20)
            heights.append(bench.tab.evaluate("document.body.scrollHeight"))
        assert len(set(heights)) == 1


# Bars


def test_each_word_has_one_bar_as_high_as_its_bits(bench: Bench) -> None:
    open_both(bench)
    assert bars(bench) == ALL_BARS
    heights = bench.tab.locator(".surprise .bar").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    for bits, height in zip(BARS.values(), heights, strict=True):
        assert height == pytest.approx(heights[1] * bits / 12.0, abs=0.1)
    assert bench.tab.locator(".surprise .number").all_inner_texts() == [
        "0.1",
        "12.0",
        "3.0",
        "6.0",
        "0.0",
    ]
    first, last = chip(bench, 2).bounding_box(), chip(bench, 4).bounding_box()
    under = bench.tab.locator(".surprise").nth(1).bounding_box()
    assert first
    assert last
    assert under
    assert under["x"] == pytest.approx(first["x"], abs=1)
    assert under["x"] + under["width"] == pytest.approx(last["x"] + last["width"], abs=1)
    assert under["y"] >= first["y"] + first["height"]


def test_a_full_bar_is_sixteen_bits_or_the_most_there_are() -> None:
    assert given_hints(an_encoding())["bars"]["most"] == 16.0
    assert given_hints(an_encoding(), bars={(1,): 21.5})["bars"]["most"] == 21.5


def test_numbers_are_printed_where_there_is_room(bench: Bench) -> None:
    for count, is_shown in ((30, True), (31, False)):
        encoding = an_encoding(" ".join(["word"] * count))
        open_both(bench, encoding, hints={}, bars={(1,): 2.0})
        assert bench.tab.locator(".surprise .number").is_visible() == is_shown
        assert bars(bench) == [["word", "2.0 bits"]]


@pytest.mark.parametrize("first", ["strip", "hints"])
def test_either_may_be_mounted_first_and_again(bench: Bench, first: str) -> None:
    encoding = an_encoding()
    data = {"strip": given_strip(encoding), "hints": given_hints(encoding)}
    order = [first, *({"strip", "hints"} - {first})]
    bench.clear()
    for name in order:
        bench.show(name, data[name])
    assert bars(bench) == ALL_BARS
    bench.unmount("strip")
    bench.show("strip", data["strip"])
    assert bars(bench) == ALL_BARS
    bench.unmount("hints")
    assert bars(bench) == []
    bench.show("hints", data["hints"])
    assert bars(bench) == ALL_BARS


def test_bars_survive_masking_and_go_with_the_sentence(bench: Bench) -> None:
    encoding, other = an_encoding(), an_encoding("no em+##bed+##ding is clean .", start=50)
    open_both(bench, encoding)
    bench.show("strip", given_strip(encoding, notes=["n"] * 9))
    assert bars(bench) == ALL_BARS
    bench.show("strip", given_strip(other))
    assert bars(bench) == []
    chip(bench, 6).hover()  # what is known is of the sentence before
    expect(says(bench)).to_have_text(PENDING)
    bench.show("hints", given_hints(other, {6: Hint([], "of the other")}, {(6,): 5.0}))
    assert bars(bench) == [["clean", "5.0 bits"]]
    expect(says(bench)).to_have_text("of the other")
    assert asked(bench) == []


def test_bars_come_one_by_one_into_room_that_was_left_for_them(bench: Bench) -> None:
    encoding = an_encoding()
    bench.clear()
    bench.show("strip", given_strip(encoding, bars="bits"))
    height = bench.tab.get_by_test_id("token-strip").evaluate("e => e.offsetHeight")
    for count in (0, 1, 3, 5):
        some = dict(list(BARS.items())[:count])
        bench.show("hints", given_hints(encoding, bars=some))
        assert bars(bench) == ALL_BARS[:count]
        assert bench.tab.get_by_test_id("token-strip").evaluate("e => e.offsetHeight") == height


def test_strips_of_another_channel_get_no_bars(bench: Bench) -> None:
    open_both(bench, channel="other")
    assert bars(bench) == []
    chip(bench, 6).hover()
    expect(says(bench)).to_have_text(IDLE)


# What is not known yet


def test_a_token_without_a_hint_is_asked_for_once(bench: Bench) -> None:
    open_both(bench)
    chip(bench, 5).hover()
    expect(says(bench)).to_have_text(PENDING)
    bench.until_sent()
    bench.show("hints", given_hints(an_encoding()))
    chip(bench, 6).hover()
    chip(bench, 5).hover()
    bench.tab.wait_for_timeout(300)
    assert asked(bench) == [5]
    bench.show("hints", given_hints(an_encoding(), {5: Hint([("is", 0.5)], "here it is")}))
    expect(says(bench)).to_have_text("here it is")
    assert bench.sent("hints")[0]["number"] > 0


def test_a_token_passed_over_is_not_asked_for(bench: Bench) -> None:
    open_both(bench)
    bench.tab.evaluate(
        """for (const position of [5, 4, null]) {
          const detail = { position, channel: "" };
          dispatchEvent(new CustomEvent("bert-lens:point", { detail }));
        }"""
    )
    bench.tab.wait_for_timeout(300)
    assert asked(bench) == []


def test_added_tokens_and_readouts_that_cannot_ask_send_nothing(bench: Bench) -> None:
    open_both(bench)
    chip(bench, 0).hover()
    bench.tab.wait_for_timeout(300)
    expect(says(bench)).to_have_text(IDLE)
    bench.show("hints", given_hints(an_encoding(), on_want=None))
    chip(bench, 5).hover()
    bench.tab.wait_for_timeout(300)
    expect(says(bench)).to_have_text(PENDING)
    assert asked(bench) == []


# Text, colours, room


def test_hostile_texts_are_text(bench: Bench) -> None:
    encoding = an_encoding(EVIL.replace(" ", "\xa0"))
    hint = Hint([(EVIL, 0.5)], EVIL)
    open_both(bench, encoding, hints={1: hint}, bars={(1,): 2.0}, idle=EVIL, unit=EVIL)
    expect(says(bench)).to_have_text(EVIL)
    chip(bench, 1).hover()
    assert guesses(bench)[0][0] == EVIL[:39] + "…" or guesses(bench)[0][0] == EVIL
    assert bench.tab.locator("img").count() == 0


@pytest.mark.parametrize(("theme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_colours_are_those_of_the_palette(bench: Bench, theme: str, colours: Palette) -> None:
    open_both(bench, theme=theme)
    chip(bench, 6).hover()
    text, mask, quiet = map(_rgb, (colours.text, colours.mask, colours.quiet))
    expect(says(bench)).to_have_css("color", text)
    expect(bench.tab.locator(".guess .piece").first).to_have_css("color", mask)
    for bar in (bench.tab.locator(".track .bar").first, bench.tab.locator(".surprise .bar").nth(3)):
        expect(bar).to_have_css("background-color", mask)
    expect(bench.tab.locator(".surprise .number").first).to_have_css("color", quiet)


def _rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_nothing_is_wider_than_a_phone(bench: Bench) -> None:
    bench.tab.set_viewport_size({"width": 400, "height": 800})
    encoding = an_encoding("a " + "+".join(["anti"] + ["##dis"] * 20) + " " + "x" * 300)
    wide = Hint([("w" * 90, 0.5)] * 9, "w" * 300)
    open_both(bench, encoding, hints={1: wide}, bars={(1,): 2.0, tuple(range(2, 23)): 9.0})
    chip(bench, 1).hover()
    assert bench.tab.evaluate("document.documentElement.scrollWidth") == 400
    for name in ("token-strip", "token-hints"):
        inside = "e => e.scrollWidth <= e.clientWidth"
        assert bench.tab.get_by_test_id(name).evaluate(inside)


# CSS and JavaScript


def test_javascript_is_one_module_that_parses_no_text_as_markup() -> None:
    source = read_js("hints/hints.js")
    lines = source.splitlines()
    assert not any(line.startswith("import ") for line in lines)
    heads = ("function ", "const ", "class ")
    names = [line.split("(")[0].split()[1] for line in lines if line.startswith(heads)]
    assert len(names) == len(set(names))
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source


def test_css_uses_only_colours_of_the_palette() -> None:
    css = read_css("hints/hints.css")
    assert "#" not in css.removeprefix(palette_css())
    for part in css.split("var(--bl-")[1:]:
        assert f"--bl-{part.split(')')[0]}:" in css


# What comes late


def test_nothing_is_asked_for_by_itself(bench: Bench) -> None:
    bench.clear()
    bench.show("hints", {**given_hints(an_encoding()), "whole": False})
    bench.tab.wait_for_timeout(200)
    assert bench.sent("hints") == []
