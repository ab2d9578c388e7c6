"""The app in Chromium: typing, clicking, masking, going about, links, files, two widths.

Every visit ends with a look at what must never happen (`Visitor.close`): errors on the console,
dialogs, requests to another host, text that was run, a traceback on the server.
"""

import csv
import io
import json
import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from bert_core.figures.labels import percent
from bert_core.palette import DARK, LIGHT, Palette
from tests.browser.visitor import HOSTILE, IMAGE, PHONE, SCRIPT, TITLES, Visit, Visitor, middle_of
from tests.kit.visit import PAGES
from ui.attention.maps import PLOTLY_TOKENS
from ui.choices.masked_words import MaskedWordsChoices
from ui.components.palette_css import chip_colours
from ui.contents import entry
from ui.examples import EXAMPLES
from ui.view import View
from ui.words import attention, common, home, masked_words, next_sentence, tokenization

FIRST = EXAMPLES[0]
FIRST_TOKENS = "the animal didn ' t cross the street because it was too tired .".split()  # noqa: SIM905
FIRST_PAIR_TOKENS = ["it", "lay", "down", "on", "the", "warm", "pavement", "."]
DOG = "The dog saw the other dog."
DOG_TOKENS = ["the", "dog", "saw", "the", "other", "dog", "."]
ZYZZYVA = "The zyzzyva barked at the cat."
HEADS = 6 * 12
READINGS = [page for page in PAGES if page != "home"]
MASK = "[MASK]"


# Pages open, wide and narrow, light and dark


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_filled_from_the_example(visit: Visit, page: str) -> None:
    visitor = visit()
    visitor.open(page)
    check_filled(visitor, page, LIGHT)


@pytest.mark.parametrize("page", PAGES)
def test_on_a_dark_phone_a_page_opens_filled_and_reads_what_is_typed(
    visit: Visit, page: str
) -> None:
    visitor = visit(width=PHONE, theme="dark")
    visitor.open(page)
    check_filled(visitor, page, DARK)
    before = visitor.pictures()
    visitor.field("A").fill("")
    visitor.field("A").press_sequentially(DOG)
    visitor.field("A").press("Enter")
    visitor.expect_link(a=DOG, b=FIRST.pair, look=None, mask=None)
    tokens = list(DOG_TOKENS)
    if page == "masked_words":
        tokens[4] = MASK  # the longest word, as long as none is chosen
    visitor.expect_tokens(*tokens, "[SEP]", *FIRST_PAIR_TOKENS)
    visitor.until(lambda: visitor.pictures() != before, "other pictures")
    assert visitor.sticking_out() == []


def check_filled(visitor: Visitor, page: str, colours: Palette) -> None:
    """The example is read and drawn in these colours, nothing is wider than the window."""
    expect(visitor.tab.locator(".bl-title")).to_have_text(TITLES[page])
    tokens = [*FIRST_TOKENS, "[SEP]", *FIRST_PAIR_TOKENS]
    if page == "masked_words":
        tokens[9] = MASK
    visitor.expect_tokens(*tokens)
    visitor.expect_pictures(page)
    assert "embedded · 6 × 12" in (visitor.tab.locator(".bl-model").text_content() or "")
    painted = visitor.colours()
    assert painted["page"] == css(colours.background)
    assert painted["figure"] == colours.text
    assert painted["chip"] == css(chip_colours(colours)["sentence-a-tint"])
    assert visitor.sticking_out() == []


def css(colour: str) -> str:
    """A colour as the browser names it."""
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_figures_follow_when_the_system_turns_dark(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words")
    visitor.tab.emulate_media(color_scheme="dark")
    visitor.until(lambda: visitor.colours()["page"] == css(DARK.background), "a dark page")
    visitor.until(lambda: visitor.colours()["figure"] == DARK.text, "light letters in the figure")


def test_on_a_phone_the_sidebar_opens_and_leads_on(visit: Visit) -> None:
    visitor = visit(width=PHONE)
    visitor.open("home")
    visitor.tab.get_by_test_id("stExpandSidebarButton").click()
    visitor.go("next_sentence")
    expect(visitor.tab.get_by_test_id("stExpandSidebarButton")).to_be_in_viewport()
    visitor.expect_pictures("next_sentence")
    expect(visitor.field("A")).to_have_value(FIRST.text)


# Sentences, links, the way from page to page


def test_the_state_goes_along_and_each_link_shows_it_again(visit: Visit) -> None:
    visitor = visit()
    visitor.open("home")
    visitor.say(DOG)
    visitor.expect_link(a=DOG)
    visitor.say("It was not alone.", "B")
    visitor.expect_link(b="It was not alone.")
    visitor.go("attention")
    visitor.tab.locator("[data-layer='3'][data-head='1']").click()
    visitor.expect_link(head="4.2")
    visitor.chip(2).click()
    visitor.expect_link(look="2")
    visitor.go("masked_words")
    visitor.chip(6).click()  # hidden in place of the one that is hidden while none is chosen
    visitor.until(lambda: 6 in visitor.positions("masked"), "a mask")
    visitor.settle()
    masks = ",".join(map(str, visitor.positions("masked")))
    visitor.expect_link(mask=masks, a=DOG, head="4.2")

    shown, other = {}, visit()
    for page in PAGES:
        visitor.go(page)
        visitor.expect_link(a=DOG, b="It was not alone.", head="4.2", mask=masks)
        visitor.expect_pictures(page)
        shown[page] = visitor.snapshot()
        other.follow(visitor.tab.url)
        other.expect_pictures(page)
        assert other.snapshot() == shown[page]
    assert shown["attention"]["head"] == [str(3 * 12 + 1)]
    assert shown["attention"]["picked"] == [2]

    for page in reversed(PAGES[:-1]):
        visitor.tab.go_back()
        visitor.arrive(page)
        visitor.expect_pictures(page)
        assert visitor.snapshot() == shown[page]


def test_back_undoes_a_change_of_the_sentence(visit: Visit) -> None:
    visitor = visit()
    visitor.open("attention", a="The cat sat.")
    visitor.say("The dog sat.")
    visitor.expect_tokens("the", "dog", "sat", ".")
    visitor.tab.go_back()
    visitor.expect_tokens("the", "cat", "sat", ".")
    expect(visitor.field("A")).to_have_value("The cat sat.")
    visitor.tab.go_forward()
    visitor.expect_tokens("the", "dog", "sat", ".")


def test_two_visitors_do_not_see_each_other(visit: Visit) -> None:
    one, other = visit(), visit()
    one.open("attention", a="The cat sat.")
    other.open("attention", a="The cat sat.")
    one.say("The dog ran.")
    other.say("The bird sang.")
    one.expect_tokens("the", "dog", "ran", ".")
    other.expect_tokens("the", "bird", "sang", ".")
    one.chip(2).click()
    one.expect_heading(attention.FROM.format(token="dog"))
    other.go("masked_words")
    expect(other.field("A")).to_have_value("The bird sang.")
    expect(one.field("A")).to_have_value("The dog ran.")
    assert other.positions("masked") == [2]


# Home


def test_home_asks_about_a_clicked_token_and_opens_doors(visit: Visit) -> None:
    visitor = visit()
    visitor.open("home")
    visitor.expect_heading(home.EXPECTS.format(word="it"))
    before = visitor.bars("home.guesses")
    visitor.chip(8).click()
    visitor.expect_heading(home.EXPECTS.format(word="street"))
    visitor.until(lambda: visitor.bars("home.guesses") != before, "other guesses")
    visitor.expect_positions("picked", 8)

    for example in EXAMPLES:
        expect(visitor.tab.get_by_role("button", name=example.label, exact=True)).to_be_visible()
    follows = next(example for example in EXAMPLES if example.label == "follows")
    visitor.tab.get_by_role("button", name=follows.label, exact=True).click()
    visitor.expect_link(a=follows.text, b=follows.pair, mask="4")
    visitor.expect_pictures("home")
    expect(visitor.field("A")).to_have_value(follows.text)
    expect(visitor.field("B")).to_have_value(follows.pair)
    for page in ("tokenization", "attention", "masked_words", "next_sentence"):
        label = home.DOOR.format(page=entry(page).label)
        visitor.tab.get_by_test_id("stMain").get_by_role("link", name=label).click()
        visitor.arrive(page)
        visitor.expect_pictures(page)
        assert visitor.link["a"] == visitor.field("A").input_value() == follows.text
        assert visitor.link["mask"] == "4"
        visitor.tab.go_back()
        visitor.arrive("home")


# Masked words


def test_clicks_mask_words_and_take_masks_off(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=ZYZZYVA, mask="6")
    visitor.expect_positions("masked", 6)
    visitor.expect_heading(masked_words.BEHIND_WORD.format(word="barked"))
    visitor.chip(9).click()
    visitor.expect_link(mask="6,9")
    visitor.expect_positions("masked", 6, 9)
    visitor.expect_positions("picked", 9)
    visitor.expect_heading(masked_words.BEHIND_WORD.format(word="cat"))
    at_cat = visitor.bars("masked_words.bars")

    picker = visitor.tab.get_by_role("radiogroup", name=masked_words.WHICH)
    expect(picker.get_by_role("radio")).to_have_count(2)
    picker.get_by_role("radio", name="barked → ").click()
    visitor.expect_heading(masked_words.BEHIND_WORD.format(word="barked"))
    visitor.until(lambda: visitor.bars("masked_words.bars") != at_cat, "the other mask's guesses")

    visitor.chip(9).click()
    visitor.expect_link(mask="6")
    visitor.expect_positions("masked", 6)

    visitor.chip(4).click()  # a piece in the middle of a word hides all of it
    visitor.expect_positions("masked", 2, 3, 4, 5, 6)
    visitor.chip(2).click()
    visitor.expect_positions("masked", 6)
    visitor.tab.get_by_text(masked_words.WHOLE).click()
    visitor.expect_link(pieces="single")
    visitor.chip(4).click()
    visitor.expect_positions("masked", 4, 6)
    visitor.tab.get_by_role("button", name=masked_words.CLEAR).click()
    visitor.expect_link(mask=None, place=None)


def test_ask_mode_leaves_the_word_where_it_is(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOG)
    visitor.tab.get_by_text(masked_words.ASK).click()
    visitor.expect_link(click="ask")
    visitor.chip(3).click()
    visitor.expect_link(place="3", mask=None)
    visitor.expect_heading(masked_words.AT.format(word="saw"))
    visitor.expect_tokens(*DOG_TOKENS)
    assert visitor.positions("masked") == []
    assert visitor.bars("masked_words.bars")[0][0] == "saw"


def test_a_guess_goes_into_the_sentence_by_its_bar_and_by_keyboard(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOG, mask="3,6")
    visitor.expect_heading(masked_words.BEHIND_WORD.format(word="saw"))
    guess = visitor.bars("masked_words.bars")[4][0]
    assert guess.isalpha()
    visitor.press_bar("masked_words.bars", 4)
    changed = f"The dog {guess} the other dog."
    visitor.expect_link(a=changed, mask="6")
    expect(visitor.field("A")).to_have_value(changed)
    expect(visitor.chip(3)).to_have_text(guess)

    visitor.expect_heading(masked_words.BEHIND_WORD.format(word="dog"))
    second = visitor.bars("masked_words.bars")[1][0]
    first = visitor.bars("masked_words.bars")[0][0]
    put = masked_words.PUT_BAR.format(piece=first, position=6)
    visitor.tab.get_by_role("button", name=put, exact=True).focus()
    for key in ("Home", "ArrowDown"):  # the bar that was pressed last is where Tab leads
        visitor.tab.keyboard.press(key)
    put = masked_words.PUT_BAR.format(piece=second, position=6)
    expect(visitor.tab.get_by_role("button", name=put, exact=True)).to_be_focused()
    visitor.tab.keyboard.press("Enter")
    changed = f"The dog {guess} the other {second}."
    visitor.expect_link(a=changed, mask=None)
    expect(visitor.field("A")).to_have_value(changed)


def test_fifty_guesses_are_fifty_bars(visit: Visit) -> None:
    visitor = visit(width=PHONE)
    visitor.open("masked_words", a=DOG, mask="3")
    few = visitor.bars("masked_words.bars")
    assert len(few) == 10 + ("saw" not in dict(few[:10]))  # framed among them, or below them
    visitor.tab.get_by_role("slider", name=masked_words.GUESSES).press("End")
    visitor.expect_link(guesses="50")
    visitor.until(lambda: len(visitor.bars("masked_words.bars")) >= 50, "50 bars")
    many = visitor.bars("masked_words.bars")
    assert len(many) == 50 + ("saw" not in dict(many[:50]))
    assert "saw" in dict(many)
    assert visitor.sticking_out() == []


# Attention


def test_a_map_of_the_grid_opens_its_head(visit: Visit) -> None:
    visitor = visit()
    visitor.open("attention", a=DOG)
    cells = visitor.tab.locator("[data-testid=head-grid] [data-map]")
    expect(cells).to_have_count(HEADS)
    first = visitor.weights()
    assert all(abs(sum(row) - 1) < 1e-4 for row in first)
    visitor.tab.locator("[data-layer='3'][data-head='1']").click()
    visitor.expect_heading("Layer 4, head 2")
    visitor.expect_link(head="4.2")
    selected = visitor.tab.locator("[data-map][aria-selected=true]")
    expect(selected).to_have_attribute("aria-label", re.compile("^layer 4, head 2(,|$)"))
    assert selected.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    visitor.until(lambda: visitor.weights() != first, "another head's weights")

    selected.press("ArrowRight")
    visitor.tab.keyboard.press("ArrowDown")
    visitor.tab.keyboard.press("Enter")
    visitor.expect_heading("Layer 5, head 3")
    visitor.expect_link(head="5.3")
    visitor.tab.keyboard.press("ArrowLeft")  # the focus is still in the grid
    visitor.tab.keyboard.press("Space")
    visitor.expect_link(head="5.2")


def test_switches_hide_special_tokens_and_average(visit: Visit) -> None:
    visitor = visit()
    visitor.open("attention", a=DOG, head="3.7")
    visitor.choose_from(attention.SPECIAL, attention.SPECIALS["hide"])
    visitor.expect_link(special="hide")
    expect(visitor.tab.get_by_text(attention.HIDDEN_NOTE)).to_be_visible()
    visitor.until(lambda: len(visitor.weights()) == len(DOG_TOKENS), "rows of the words only")
    assert all(sum(row) < 1 for row in visitor.weights())
    visitor.choose_from(attention.SPECIAL, attention.SPECIALS["rest"])
    expect(visitor.tab.get_by_text(attention.REST_NOTE)).to_be_visible()
    visitor.until(
        lambda: all(abs(sum(row) - 1) < 1e-4 for row in visitor.weights()), "rows of 100 %"
    )
    visitor.choose_from(attention.AVERAGE, attention.AVERAGES["all"])
    visitor.expect_link(average="all", special="rest")
    visitor.expect_heading("All layers and heads, mean")
    visitor.tab.locator("[data-layer='0'][data-head='2']").click()
    visitor.expect_link(average=None, head="1.3", special="rest")
    visitor.expect_heading("Layer 1, head 3")


def test_a_token_is_looked_from_and_hovering_tells_twins_apart(visit: Visit) -> None:
    visitor = visit()
    visitor.open("attention", a=DOG, head="1.3")
    visitor.chip(6).click()
    visitor.expect_heading(attention.FROM.format(token="dog"))
    visitor.expect_heading(attention.TO.format(token="dog"))
    visitor.expect_link(look="6")
    visitor.expect_positions("picked", 6)
    heatmap, weights = visitor.plot("attention.map"), visitor.weights()
    outlines = heatmap.evaluate("plot => plot.layout.shapes.map(s => [s.x0, s.x1, s.y0, s.y1])")
    assert outlines == [[-0.5, 8.5, 5.5, 6.5], [5.5, 6.5, -0.5, 8.5]]
    strongest = sorted(weights[6], reverse=True)[:6]
    assert [number for _, number in visitor.bars("attention.from")] == [*map(percent, strongest)]
    incoming = sorted((row[6] for row in weights), reverse=True)[:6]
    assert [number for _, number in visitor.bars("attention.to")] == [*map(percent, incoming)]

    drawn = heatmap.locator(".heatmaplayer image").bounding_box()
    assert drawn is not None
    cells = drawn["x"], drawn["y"], drawn["width"]
    for query, key, names in ((6, 2, "dog → dog"), (2, 6, "dog → dog"), (5, 4, "other → the")):
        visitor.tab.mouse.move(*middle_of(cells, query, key, len(weights)))
        visitor.expect_hover("attention.map", f"{names}{weights[query][key]:.2%}")
    visitor.tab.mouse.move(5, 5)
    visitor.chip(6).click()
    visitor.expect_link(look=None)
    expect(visitor.headings.filter(has_text=attention.FROM.format(token="dog"))).to_have_count(0)


def test_512_tokens_are_drawn_whole(visit: Visit) -> None:
    visitor = visit()
    words = " ".join(f"{word} {number}" for number in range(10) for word in ["dog", "saw"] * 13)
    visitor.open("attention", **View(text=words).to_query())
    expect(visitor.chips).to_have_count(512)
    expect(visitor.tab.get_by_test_id("one-map")).to_have_count(1)
    visitor.until(lambda: not visitor.blank_maps(), "colours in every map")
    visitor.chip(500).click()
    visitor.expect_heading(attention.FROM.format(token=visitor.chip(500).text_content()))
    assert visitor.sticking_out() == []


# Next sentence


def test_next_sentence_scores_swaps_and_masks(visit: Visit) -> None:
    visitor = visit()
    visitor.open("next_sentence", a="She opened the door.", b="The room was dark and cold.")
    number = visitor.tab.locator(".bl-big")
    first = (number.text_content() or "").split(" ")[0]
    assert "%" in first
    figures = visitor.tab.locator(".bl-figures").inner_text()
    assert first in figures
    assert figures.count("logit") == 2

    visitor.chip(4).click()
    visitor.expect_positions("masked", 4)
    visitor.expect_link(mask="4", masks="read")
    note = visitor.tab.get_by_text(next_sentence.MASKED_NOTE.format(count=1, share=first))
    expect(note).to_be_visible()
    assert not (number.text_content() or "").startswith(first)
    visitor.tab.get_by_role("button", name=next_sentence.UNMASK).click()
    visitor.expect_link(masks=None)
    visitor.expect_positions("masked")
    expect(number).to_contain_text(first)

    visitor.tab.get_by_role("button", name=next_sentence.SWAP).click()
    visitor.expect_link(a="The room was dark and cold.", b="She opened the door.")
    expect(number).not_to_contain_text(first)
    expect(visitor.field("A")).to_have_value("The room was dark and cold.")
    expect(visitor.field("B")).to_have_value("She opened the door.")

    visitor.say("", "B")
    visitor.expect_heading(next_sentence.NEEDS_PAIR)
    expect(number).to_have_count(0)


# Tokenization


def test_tokenization_shows_cuts_reasons_and_what_was_left_out(visit: Visit) -> None:
    visitor = visit()
    visitor.open("tokenization", a="The zyzzyva drew a ☃ at NOON.")
    visitor.chip(3).click()
    visitor.expect_heading(tokenization.TRACE.format(word="zyzzyva"))
    visitor.expect_positions("picked", 2, 3, 4, 5)
    assert visitor.tab.locator(".bl-line .bl-chip").all_text_contents()[:4] == [
        *("z", "##y", "##zzy", "##va")
    ]
    visitor.chip(6).click()
    visitor.expect_heading(tokenization.TRACE.format(word="drew"))
    expect(visitor.tab.get_by_text(tokenization.TRACE_WHOLE)).to_be_visible()
    reason = tokenization.UNKNOWN_ROW.format(character="☃", code="U+2603")
    expect(visitor.tab.get_by_text(reason)).to_be_visible()
    expect(visitor.tab.locator(".bl-line").filter(has_text="NOON")).to_contain_text("noon")

    visitor.say("word " * 595 + "the last five words here")
    expect(visitor.chips).to_have_count(512)
    visitor.settle()
    expect(visitor.tab.locator("del.cut")).to_contain_text("word word")
    expect(visitor.tab.locator(".cut-label")).to_have_text(common.CUT.format(limit=512))
    visitor.expect_heading(tokenization.COUNT.format(count=512, limit=512))


# Whatever somebody types


STRANGE = [
    "שלום עולם مرحبا dog",
    "上海和北京 日本語 한국어 dog",
    "👩‍👩‍👧 🏳️‍🌈 e\u0301 \U00020000 \U000e0041 \U0010fffd dog",
    "a\0b \x01\x1b[31m \x7f \u202edog\u202c \u2066x\u2069 \u200b\ufeff\u00ad dog",
    "x" * 10_000,
]
NONSENSE = {
    "mask": "-1,x,9999,3.5,<b>",
    "head": "99.99",
    "look": "999999999999",
    "place": "٣",
    "guesses": "-5",
    "average": SCRIPT,
    "special": "nan",
    "masks": "1",
    "click": "\0",
    "pieces": IMAGE,
    "model": IMAGE,
    "unheard": "of",
}


@pytest.mark.parametrize("page", PAGES)
def test_text_that_looks_like_a_program_is_shown_and_not_run(visit: Visit, page: str) -> None:
    visitor = visit()
    visitor.open(page, mask="2,3")
    for text in sorted(HOSTILE, key=len, reverse=True):  # the readout of a long one takes long
        visitor.say(text, "B")
        visitor.expect_link(b=text)
        visitor.say(text)
        visitor.expect_link(a=text, b=text)
        view = View(text, text, masked=(2, 3), look=2)
        query = view.choosing(MaskedWordsChoices, place=2).to_query()
        visitor.open(page, **query)  # masks, and a token that is looked from, for every label
        expect(visitor.chips.first).to_be_visible()
        visitor.expect_pictures(page, long=visitor.chips.count() > PLOTLY_TOKENS)
        expect(visitor.field("A")).to_have_value(text)
        tokens = visitor.chips.all_text_contents()
        assert "<" in tokens
        assert "dog" in tokens
        strange = visitor.tab.locator("img[src=x], main script, [href^='javascript']")
        expect(strange).to_have_count(0)
    visitor.chip(1).hover()
    visitor.chip(1).click()  # "<"
    visitor.until(lambda: 1 in visitor.positions("masked") + visitor.positions("picked"), "a click")
    visitor.settle()


@pytest.mark.parametrize("page", PAGES)
def test_a_picture_that_a_link_names_is_asked_of_nobody(visit: Visit, page: str) -> None:
    """`Visitor` reports every request to another host."""
    named = "![p](http://127.0.0.1:9/p.png)"
    visitor = visit()
    visitor.open(page, model=named, a=f"{named} cat", b=f"{named} dog", targets=named)
    assert named in visitor.text()
    expect(visitor.tab.locator("img[src*='127.0.0.1:9']")).to_have_count(0)


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_strange_scripts_and_nothing_at_all(visit: Visit, page: str) -> None:
    visitor = visit(width=PHONE)
    visitor.open(page, **NONSENSE)
    visitor.expect_pictures(page, looking=False)
    expect(visitor.field("A")).to_have_value(FIRST.text)
    assert common.FALLBACK in visitor.text()  # the model that is named there cannot be had
    assert "onerror" in visitor.text()

    visitor.open(page, b="It barked.")
    for text in STRANGE:
        visitor.say(text)
        visitor.expect_link(**View(text, "It barked.").to_query())
        expect(visitor.field("A")).to_have_value(text)
        visitor.expect_pictures(page, looking=False)
        assert visitor.sticking_out() == []

    visitor.say("   ")
    expect(visitor.tab.get_by_text(common.EMPTY)).to_be_visible()
    visitor.settle()
    expect(visitor.chips).to_have_count(0)
    for one, text in zip("AB", ("   ", "It barked."), strict=True):
        expect(visitor.field(one)).to_have_value(text)
    visitor.say(DOG)
    visitor.expect_link(a=DOG, b="It barked.")
    visitor.expect_pictures(page, looking=False)


# The keyboard


def test_the_keyboard_reaches_the_strip_and_the_grid(visit: Visit) -> None:
    visitor = visit()
    visitor.open("attention", a=DOG)
    expect(visitor.tab.locator("button.chip").first).to_be_visible()
    expect(visitor.tab.locator("[data-map]").first).to_be_visible()
    visitor.field("B").focus()
    visitor.tab.keyboard.press("Tab")
    focused = visitor.tab.locator("button.chip:focus-visible")
    expect(focused).to_have_attribute("data-position", "0")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    for key, position in (("ArrowRight", 1), ("End", 8), ("ArrowLeft", 7), ("Home", 0)):
        visitor.tab.keyboard.press(key)
        expect(focused).to_have_attribute("data-position", str(position))
    visitor.tab.keyboard.press("ArrowRight")
    visitor.tab.keyboard.press("ArrowRight")
    visitor.tab.keyboard.press("Enter")
    visitor.expect_link(look="2")
    expect(focused).to_have_attribute("data-position", "2")
    visitor.tab.keyboard.press("Tab")
    expect(visitor.tab.locator("[role=tab]:focus")).to_have_count(1)  # the questions
    cell = visitor.tab.locator("[data-map]:focus-visible")
    for _ in range(4):  # what the tab holds, and what the maps are sorted by
        visitor.tab.keyboard.press("Tab")
        if cell.count():
            break
    expect(cell).to_have_attribute("data-map", "0")
    assert cell.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_tab_alone_goes_from_the_top_of_the_page_to_the_strip(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOG, mask="3")
    expect(visitor.tab.locator("button.chip").first).to_be_visible()
    focused = visitor.tab.locator("button.chip:focus-visible")
    for _ in range(30):
        visitor.tab.keyboard.press("Tab")
        if focused.count():
            break
    expect(focused).to_have_count(1)
    visitor.tab.keyboard.press("End")
    visitor.tab.keyboard.press("ArrowLeft")
    visitor.tab.keyboard.press("ArrowLeft")
    visitor.tab.keyboard.press("Space")
    visitor.expect_link(mask="3,6")


# What is taken away


@pytest.mark.parametrize("page", READINGS)
def test_files_and_table_hold_the_numbers_shown(visit: Visit, page: str) -> None:
    visitor = visit()
    visitor.open(page, a=DOG, b="It barked.", mask="3", head="2.5", look="2")
    visitor.expect_pictures(page)
    rows = list(csv.reader(io.StringIO(visitor.take_away(common.CSV).decode("utf-8-sig"))))
    document = json.loads(visitor.take_away(common.JSON))
    assert document["input"]["text"] == DOG
    assert document["columns"] == rows[0]
    assert len(document["rows"]) == len(rows) - 1
    check_numbers(page, visitor, document)

    visitor.tab.get_by_role("button", name=common.HOW).click()
    visitor.tab.get_by_text(common.TABLE).click()
    table = visitor.tab.get_by_test_id("stDataFrame").locator("canvas table")
    expect(table).to_have_attribute("aria-rowcount", str(len(rows)))


def check_numbers(page: str, visitor: Visitor, document: dict[str, Any]) -> None:
    """The rows of a file are what the page shows."""
    rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]
    if page == "tokenization":
        assert [row["piece"] for row in rows] == visitor.chips.all_text_contents()
    elif page == "attention":
        shown = [weight for row in visitor.weights() for weight in row]
        assert [row["weight"] for row in rows] == pytest.approx(shown, abs=1e-6)
        assert {(row["layer"], row["head"]) for row in rows} == {(2, 5)}
    elif page == "masked_words":
        guesses = [(row["guess"], percent(row["probability"])) for row in rows]
        bars = visitor.bars("masked_words.bars")[: len(guesses)]
        assert guesses == [(label.split(" ")[0], number) for label, number in bars]
    else:
        big = visitor.tab.locator(".bl-big").text_content() or ""
        assert big.startswith(percent(rows[0]["probability"]))


def test_a_saved_view_opens_again(visit: Visit) -> None:
    one, other = visit(), visit()
    one.open("masked_words", a=DOG, mask="3", head="2.5", guesses="7")
    one.expect_pictures("masked_words")
    one.tab.get_by_role("button", name=common.LINK).click()
    expect(one.tab.get_by_test_id("stPopoverBody")).to_contain_text("/masked_words?a=The+dog+saw")
    saved = one.take_away(common.SAVE)

    other.open("masked_words")
    other.tab.get_by_role("button", name=common.LINK).click()
    chooser = other.tab.locator("input[type=file]")
    chooser.set_input_files(files=[uploaded(saved)])
    other.expect_link(a=DOG, mask="3", head="2.5", guesses="7")
    other.expect_pictures("masked_words")
    assert other.snapshot() == one.snapshot()
    chooser.set_input_files(files=[uploaded(b"[1, 2")])
    expect(other.tab.get_by_text(common.NOT_A_VIEW)).to_be_visible()
    assert other.link["a"] == DOG


def uploaded(content: bytes) -> FilePayload:
    return {"name": "view.json", "mimeType": "application/json", "buffer": content}
