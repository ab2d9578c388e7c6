"""What the model expects at the token pointed at, and the bars in the strip, in Chromium."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import Page as Tab

from bert_core.model.tokenization import Encoding
from bert_core.palette import DARK, LIGHT, Palette
from tests.browser.chromium import quiet_tab
from ui.components import hints as hints_module
from ui.components import strip as strip_module
from ui.components.assets import read_css, read_js
from ui.components.hints import AGAIN, MOST_GUESSES, Hint, token_hints
from ui.components.palette_css import palette_css
from ui.components.strip import token_strip
from ui.components.strip.data import fingerprint

pytest_plugins = ("tests.browser.chromium",)

EVIL = '</script><img src=x onerror="window.had=1">'
IDLE = "most surprising: “muddy”, 13.4 bits"
PENDING = "reading …"

# What Streamlit does for two components on a page, each with its own shadow root.
BENCH = """<!doctype html><meta name="viewport" content="width=device-width">
<body style="margin: 16px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px">
<script>
window.sent = [];
window.parts = {};
window.prepare = async (name, source, css) => {
  const host = document.createElement("div");
  host.id = name;
  document.body.append(host);
  const root = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = css;
  root.append(style);
  const file = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  parts[name] = { root, component: (await import(file)).default };
};
window.show = (name, data) => {
  const { root, component } = parts[name];
  const setTriggerValue = (_, value) => sent.push([name, value]);
  parts[name].unmount = component({ data, parentElement: root, setTriggerValue });
};
</script>"""


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    with quiet_tab(browser, viewport={"width": 900, "height": 600}, has_touch=True) as opened:
        yield opened


def an_encoding(words: str = "the em+##bed+##ding was muddy ,", start: int = 10) -> Encoding:
    """[CLS] WORDS [SEP]; pieces of a word are joined by +."""
    pieces = [word.split("+") for word in words.split()]
    tokens = ("[CLS]", *(piece for word in pieces for piece in word), "[SEP]")
    word_ids = (None, *(at for at, word in enumerate(pieces) for _ in word), None)
    ids = (101, *range(start, start + len(tokens) - 2), 102)
    return Encoding(
        text=words,
        pair=None,
        ids=ids,
        original_ids=ids,
        tokens=tokens,
        segments=(0,) * len(tokens),
        sequences=(None, *[0] * (len(tokens) - 2), None),
        word_ids=word_ids,
        offsets=((0, 0),) * len(tokens),
        masked=(),
    )


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
    settings = {**words, "on_want": lambda at: None, **options}
    with patch.object(hints_module, "mount") as mounted:
        token_hints(encoding, key="k", hints=hints, bars=bars, **settings)
    shown: dict[str, Any] = json.loads(json.dumps(mounted.call_args.args[2](0)))
    return shown


def given_strip(encoding: Encoding, **options: Any) -> dict[str, Any]:
    """What the browser gets from `token_strip`."""
    with patch.object(strip_module, "mount") as mounted:
        token_strip(encoding, key="s", **{"label": "Tokens", "action": "mask", **options})
    shown: dict[str, Any] = mounted.call_args.args[2](10**15)  # every click is taken into account
    return shown


def read(encoding: Encoding, event: dict[str, Any]) -> int | None:
    """What Python makes of what the browser sends."""
    with patch.object(hints_module, "mount") as mounted:
        token_hints(encoding, key="k", label="", hints={}, bars={}, idle="", pending="")
    found: int | None = mounted.call_args.args[3](event)
    return found


def prepare(tab: Tab, theme: str = "light") -> None:
    tab.set_content(BENCH)
    colours = DARK if theme == "dark" else LIGHT
    tab.evaluate(
        """([theme, page]) => {
          document.documentElement.style.colorScheme = theme;
          document.body.style.background = page;
        }""",
        [theme, colours.background],
    )
    for name in ("strip", "hints"):
        source, css = read_js(f"{name}/{name}.js"), read_css(f"{name}/{name}.css")
        tab.evaluate("(all) => prepare(...all)", [name, source, css])


def give(tab: Tab, name: str, data: dict[str, Any]) -> None:
    tab.evaluate("(all) => show(...all)", [name, data])


def open_both(tab: Tab, encoding: Encoding | None = None, theme: str = "light", **of: Any) -> None:
    encoding = encoding or an_encoding()
    prepare(tab, theme)
    give(tab, "strip", given_strip(encoding, theme=theme))
    give(tab, "hints", given_hints(encoding, **of))


def unmount(tab: Tab, name: str) -> None:
    tab.evaluate("(name) => parts[name].unmount()", name)


def chip(tab: Tab, position: int) -> Locator:
    return tab.locator(f"[data-position='{position}']")


def says(tab: Tab) -> Locator:
    return tab.locator(".says")


def guesses(tab: Tab) -> list[list[str]]:
    rows = tab.locator(".guess").all()
    return [row.locator(".words > *").all_text_contents() for row in rows]


def bars(tab: Tab) -> list[list[str]]:
    """Of each bar the pieces of the word that it is under, and its number in words."""
    found: list[list[str]] = tab.locator(".surprise").evaluate_all(
        """all => all.map(e => [...e.parentElement.querySelectorAll(".chip")]
          .map(chip => chip.textContent).concat(e.title))"""
    )
    return found


def asked(tab: Tab) -> list[int]:
    """The positions that the readout asked the server for, in order."""
    found: list[int] = tab.evaluate(
        "sent.filter(([name, sent]) => name === 'hints').map(([, sent]) => sent.want)"
    )
    return found


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
    assert read(an_encoding(), {"want": want}) is None
    assert read(an_encoding(), {"want": 1}) == 1


# The readout


def test_it_says_what_is_expected_where_the_mouse_is(tab: Tab) -> None:
    open_both(tab)
    expect(says(tab)).to_have_text(IDLE)
    chip(tab, 6).hover()
    expect(says(tab)).to_have_text("written: “muddy”, rank 3")
    assert guesses(tab) == [["good", "25.0\xa0%"], ["##ly", "12.5\xa0%"], ["x", "< 0.1\xa0%"]]
    tracks = tab.locator(".track").evaluate_all("all => all.map(e => e.clientWidth)")
    lengths = tab.locator(".track .bar").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().width)"
    )
    assert len(set(tracks)) == 1
    assert [length / tracks[0] for length in lengths] == pytest.approx(
        [0.25, 0.125, 1e-4], abs=0.01
    )
    tab.mouse.move(5, 590)
    expect(says(tab)).to_have_text(IDLE)
    assert guesses(tab) == []


def test_it_follows_the_keyboard_and_then_speaks(tab: Tab) -> None:
    open_both(tab)
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowRight")
    expect(says(tab)).to_have_text(HINTS[1].written)
    readout = tab.get_by_test_id("token-hints")
    expect(readout).to_have_attribute("aria-live", "polite")
    chip(tab, 6).hover()
    expect(says(tab)).to_have_text(HINTS[6].written)
    expect(readout).to_have_attribute("aria-live", "off")
    tab.get_by_test_id("token-strip").hover(position={"x": 4, "y": 4})  # between the tokens
    expect(says(tab)).to_have_text(HINTS[1].written)  # the keyboard is still where it was
    chip(tab, 6).hover()
    tab.mouse.move(5, 590)
    expect(says(tab)).to_have_text(HINTS[1].written)


def test_from_one_token_to_the_next_it_does_not_blink(tab: Tab) -> None:
    open_both(tab)
    chip(tab, 6).hover()
    expect(says(tab)).to_have_text(HINTS[6].written)
    said = tab.evaluate(
        """async () => {
          const detail = { position: null, channel: "" };
          dispatchEvent(new CustomEvent("bert-lens:point", { detail }));
          await new Promise((done) => setTimeout(done, 20));
          return parts.hints.root.querySelector(".says").textContent;
        }"""
    )
    assert said == HINTS[6].written
    expect(says(tab)).to_have_text(IDLE)


def test_no_guess_is_half_to_be_seen(tab: Tab) -> None:
    for width, most in ((1000, 7), (400, 6)):
        tab.set_viewport_size({"width": width, "height": 600})
        open_both(tab, hints={6: Hint([(f"g{at}", 0.1) for at in range(8)], "long " * 50)})
        chip(tab, 6).hover()
        expect(tab.locator(".guess")).to_have_count(8)
        edges = tab.locator(".guess").evaluate_all(
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


def test_a_tapped_token_is_shown_and_stays(tab: Tab) -> None:
    open_both(tab)
    chip(tab, 6).tap()
    expect(says(tab)).to_have_text(HINTS[6].written)
    give(tab, "strip", given_strip(an_encoding(), notes=["n"] * 9))
    tab.wait_for_timeout(250)
    expect(says(tab)).to_have_text(HINTS[6].written)
    assert tab.evaluate("sent.map(([name, event]) => [name, event.position])") == [["strip", 6]]


def test_a_tap_points_where_buttons_take_no_focus(tab: Tab) -> None:
    """As Safari does it: the finger has left before the click, and nothing is focused."""
    open_both(tab)
    chip(tab, 6).evaluate(
        """(e) => {
          e.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
          e.closest(".strip").parentElement.dispatchEvent(new PointerEvent("pointerleave"));
          e.click();
        }"""
    )
    tab.wait_for_timeout(250)
    expect(says(tab)).to_have_text(HINTS[6].written)


def test_pointing_at_a_bar_points_at_its_word(tab: Tab) -> None:
    open_both(tab)
    tab.locator(".surprise").nth(3).hover()
    expect(says(tab)).to_have_text(HINTS[6].written)
    tab.locator(".surprise").nth(3).click()
    assert tab.evaluate("sent") == []


def test_another_run_loses_neither_what_is_pointed_at_nor_what_is_said(tab: Tab) -> None:
    open_both(tab)
    chip(tab, 1).click()
    chip(tab, 6).hover()
    more = {**HINTS, 5: Hint([("is", 0.5)], "written: “was”")}
    said = "said => { window.seen = []; new MutationObserver(() => seen.push(said.textContent))" + (
        ".observe(said, { childList: true, characterData: true, subtree: true }); }"
    )
    says(tab).evaluate(said)
    for note in "abc":
        give(tab, "strip", given_strip(an_encoding(), notes=[note] * 9))
        give(tab, "hints", given_hints(an_encoding(), more))
    tab.wait_for_timeout(250)
    expect(says(tab)).to_have_text(HINTS[6].written)
    assert tab.evaluate("seen") == []
    expect(chip(tab, 6)).to_have_class("chip pointed")


def test_nothing_moves_whatever_is_said(tab: Tab) -> None:
    encoding = an_encoding()
    for width in (900, 368):
        tab.set_viewport_size({"width": width, "height": 700})
        many = [(f"guess{at}", 0.1) for at in range(20)]
        open_both(tab, encoding, hints={1: Hint(many, "long " * 60), 5: Hint([], "")})
        heights = []
        for position in (0, 1, 5, 6):
            chip(tab, position).hover()
            tab.wait_for_timeout(20)
            heights.append(tab.evaluate("document.body.scrollHeight"))
        assert len(set(heights)) == 1


# Bars


def test_each_word_has_one_bar_as_high_as_its_bits(tab: Tab) -> None:
    open_both(tab)
    assert bars(tab) == ALL_BARS
    heights = tab.locator(".surprise .bar").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    for bits, height in zip(BARS.values(), heights, strict=True):
        assert height == pytest.approx(heights[1] * bits / 12.0, abs=0.1)
    assert tab.locator(".surprise .number").all_inner_texts() == [
        "0.1",
        "12.0",
        "3.0",
        "6.0",
        "0.0",
    ]
    first, last = chip(tab, 2).bounding_box(), chip(tab, 4).bounding_box()
    under = tab.locator(".surprise").nth(1).bounding_box()
    assert first
    assert last
    assert under
    assert under["x"] == pytest.approx(first["x"], abs=1)
    assert under["x"] + under["width"] == pytest.approx(last["x"] + last["width"], abs=1)
    assert under["y"] >= first["y"] + first["height"]


def test_a_full_bar_is_sixteen_bits_or_the_most_there_are() -> None:
    assert given_hints(an_encoding())["bars"]["most"] == 16.0
    assert given_hints(an_encoding(), bars={(1,): 21.5})["bars"]["most"] == 21.5


def test_numbers_are_printed_where_there_is_room(tab: Tab) -> None:
    for count, is_shown in ((30, True), (31, False)):
        encoding = an_encoding(" ".join(["word"] * count))
        open_both(tab, encoding, hints={}, bars={(1,): 2.0})
        assert tab.locator(".surprise .number").is_visible() == is_shown
        assert bars(tab) == [["word", "2.0 bits"]]


@pytest.mark.parametrize("first", ["strip", "hints"])
def test_either_may_be_mounted_first_and_again(tab: Tab, first: str) -> None:
    encoding = an_encoding()
    data = {"strip": given_strip(encoding), "hints": given_hints(encoding)}
    order = [first, *({"strip", "hints"} - {first})]
    prepare(tab)
    for name in order:
        give(tab, name, data[name])
    assert bars(tab) == ALL_BARS
    unmount(tab, "strip")
    give(tab, "strip", data["strip"])
    assert bars(tab) == ALL_BARS
    unmount(tab, "hints")
    assert bars(tab) == []
    give(tab, "hints", data["hints"])
    assert bars(tab) == ALL_BARS


def test_bars_survive_masking_and_go_with_the_sentence(tab: Tab) -> None:
    encoding, other = an_encoding(), an_encoding("no em+##bed+##ding is clean .", start=50)
    open_both(tab, encoding)
    give(tab, "strip", given_strip(encoding, notes=["n"] * 9))
    assert bars(tab) == ALL_BARS
    give(tab, "strip", given_strip(other))
    assert bars(tab) == []
    chip(tab, 6).hover()  # what is known is of the sentence before
    expect(says(tab)).to_have_text(PENDING)
    give(tab, "hints", given_hints(other, {6: Hint([], "of the other")}, {(6,): 5.0}))
    assert bars(tab) == [["clean", "5.0 bits"]]
    expect(says(tab)).to_have_text("of the other")
    assert asked(tab) == []


def test_bars_come_one_by_one_into_room_that_was_left_for_them(tab: Tab) -> None:
    encoding = an_encoding()
    prepare(tab)
    give(tab, "strip", given_strip(encoding, bars=True))
    height = tab.get_by_test_id("token-strip").evaluate("e => e.offsetHeight")
    for count in (0, 1, 3, 5):
        some = dict(list(BARS.items())[:count])
        give(tab, "hints", given_hints(encoding, bars=some))
        assert bars(tab) == ALL_BARS[:count]
        assert tab.get_by_test_id("token-strip").evaluate("e => e.offsetHeight") == height


def test_strips_of_another_channel_get_no_bars(tab: Tab) -> None:
    open_both(tab, channel="other")
    assert bars(tab) == []
    chip(tab, 6).hover()
    expect(says(tab)).to_have_text(IDLE)


# What is not known yet


def test_a_token_without_a_hint_is_asked_for_once(tab: Tab) -> None:
    open_both(tab)
    chip(tab, 5).hover()
    expect(says(tab)).to_have_text(PENDING)
    tab.wait_for_function("sent.length === 1")
    give(tab, "hints", given_hints(an_encoding()))
    chip(tab, 6).hover()
    chip(tab, 5).hover()
    tab.wait_for_timeout(300)
    assert asked(tab) == [5]
    give(tab, "hints", given_hints(an_encoding(), {5: Hint([("is", 0.5)], "here it is")}))
    expect(says(tab)).to_have_text("here it is")
    assert tab.evaluate("sent[0][1].stamp > 0")


def test_a_token_passed_over_is_not_asked_for(tab: Tab) -> None:
    open_both(tab)
    tab.evaluate(
        """for (const position of [5, 4, null]) {
          const detail = { position, channel: "" };
          dispatchEvent(new CustomEvent("bert-lens:point", { detail }));
        }"""
    )
    tab.wait_for_timeout(300)
    assert asked(tab) == []


def test_added_tokens_and_readouts_that_cannot_ask_send_nothing(tab: Tab) -> None:
    open_both(tab)
    chip(tab, 0).hover()
    tab.wait_for_timeout(300)
    expect(says(tab)).to_have_text(IDLE)
    give(tab, "hints", given_hints(an_encoding(), on_want=None))
    chip(tab, 5).hover()
    tab.wait_for_timeout(300)
    expect(says(tab)).to_have_text(PENDING)
    assert asked(tab) == []


# Text, colours, room


def test_hostile_texts_are_text(tab: Tab) -> None:
    encoding = an_encoding(EVIL.replace(" ", "\xa0"))
    hint = Hint([(EVIL, 0.5)], EVIL)
    open_both(tab, encoding, hints={1: hint}, bars={(1,): 2.0}, idle=EVIL, unit=EVIL)
    expect(says(tab)).to_have_text(EVIL)
    chip(tab, 1).hover()
    assert guesses(tab)[0][0] == EVIL[:39] + "…" or guesses(tab)[0][0] == EVIL
    assert tab.locator("img").count() == 0


@pytest.mark.parametrize(("theme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_colours_are_those_of_the_palette(tab: Tab, theme: str, colours: Palette) -> None:
    open_both(tab, theme=theme)
    chip(tab, 6).hover()
    expect(says(tab)).to_have_css("color", _rgb(colours.text))
    expect(tab.locator(".guess .piece").first).to_have_css("color", _rgb(colours.mask))
    expect(tab.locator(".track .bar").first).to_have_css("background-color", _rgb(colours.mask))
    expect(tab.locator(".surprise .bar").nth(3)).to_have_css("background-color", _rgb(colours.mask))
    expect(tab.locator(".surprise .number").first).to_have_css("color", _rgb(colours.quiet))


def _rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_nothing_is_wider_than_a_phone(tab: Tab) -> None:
    tab.set_viewport_size({"width": 400, "height": 800})
    encoding = an_encoding("a " + "+".join(["anti"] + ["##dis"] * 20) + " " + "x" * 300)
    wide = Hint([("w" * 90, 0.5)] * 9, "w" * 300)
    open_both(tab, encoding, hints={1: wide}, bars={(1,): 2.0, tuple(range(2, 23)): 9.0})
    chip(tab, 1).hover()
    assert tab.evaluate("document.documentElement.scrollWidth") == 400
    for name in ("token-strip", "token-hints"):
        inside = "e => e.scrollWidth <= e.clientWidth"
        assert tab.get_by_test_id(name).evaluate(inside)


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


# More to come


def test_the_server_is_asked_again_until_it_says_that_this_was_all(tab: Tab) -> None:
    prepare(tab)
    give(tab, "hints", {**given_hints(an_encoding(), again=20), "seen": 1})
    tab.wait_for_function("sent.some(([name, sent]) => sent.again)")
    tab.evaluate("sent.length = 0")
    tab.wait_for_timeout(200)
    assert tab.evaluate("sent.length") == 0  # once for each answer
    give(tab, "hints", {**given_hints(an_encoding(), again=20), "seen": 2})
    tab.wait_for_function("sent.some(([name, sent]) => sent.again)")
    tab.evaluate("sent.length = 0")
    give(tab, "hints", given_hints(an_encoding()))
    tab.wait_for_timeout(200)
    assert tab.evaluate("sent.length") == 0


def test_being_asked_again_is_no_token_that_is_wanted() -> None:
    called: list[object] = []
    with patch.object(hints_module, "mount") as mounted:
        mounted.return_value = AGAIN
        found = token_hints(
            an_encoding(),
            key="k",
            label="",
            hints={},
            bars={},
            idle="",
            pending="",
            again=20,
            on_again=lambda: called.append("again"),
            on_want=called.append,
        )
    assert found is None
    heard = mounted.call_args.args[4]
    heard(AGAIN)
    heard(3)
    assert called == ["again", 3]
    assert mounted.call_args.args[3]({"again": True}) == AGAIN
