"""Bad input on every page: the reading or one clear sentence, no exception, the text stays.

A click on the strip or on a map does not reach AppTest; tests/browser clicks.
"""

import json

import pytest

from bert_core.model.bert import Bert
from bert_core.model.tokenization import MAX_CHARACTERS, encode
from tests.kit.visit import (
    PAGES,
    assert_pictures,
    assert_whole,
    components,
    errors,
    figures,
    go_to,
    markup,
    masked_in_strip,
    numbers,
    said,
    strip,
    strip_tokens,
    type_text,
    view_of,
    visit,
    widget,
)
from ui.examples import EXAMPLES
from ui.view import View
from ui.words import common
from ui.words import tokenization as tokenization_words

pytestmark = pytest.mark.usefixtures("server")

every_page = pytest.mark.parametrize("page", PAGES)

LONG_WORD = "a" * 10_000
MANY_WORDS = "word " * 600
SCRIPT = "<script>alert(1)</script> <img src=x onerror=alert(2)> &amp; <b>bold</b> %{x} $y$ **z**"
TYPED = "[CLS] the [MASK] sat [SEP] on [PAD] it [UNK]"


def of_plane(plane: int) -> str:
    """Forty characters from all over a plane, in four words; no surrogates."""
    start = plane * 0x10000
    places = [start + 0x21 + number * 1_637 for number in range(40)]
    characters = [chr(place) for place in places if not 0xD800 <= place <= 0xDFFF]
    return " ".join("".join(characters[at : at + 10]) for at in range(0, 40, 10))


AWKWARD = {
    "nul": "the\0cat",
    "control": "a\x07b\x1b[31m c\x7f\x85",
    "bidi": "\u202eabc\u202c \u2066def\u2069 שלום",
    "invisible": "\u200b\u200d\ufeff\u00ad",
    "combining": "e\u0301\u0301\u0301 " + "\u0301" * 50,
    "emoji": "👩‍👩‍👧 🏳️‍🌈 🇫🇷",
    "hangul and linear b": "안녕 각 \U00010000",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "newlines": "a\nb\r\nc\u2028d",
    "punctuation": "... !!! ---",
    "script": SCRIPT,
    "special tokens": TYPED,
    **{f"plane {plane}": of_plane(plane) for plane in range(17)},
}


# Nothing to read


@every_page
@pytest.mark.parametrize("text", ["", " ", " \t \u00a0"])
def test_without_a_sentence_the_page_asks_for_one(page: str, text: str) -> None:
    at = type_text(visit(page, a="the cat", b="a dog"), page, text)
    assert_whole(at, page)
    assert common.EMPTY in said(at)
    assert not at.get("plotly_chart")
    assert [one.component_name for one in components(at)] == ["bert_lens_page"]  # is not seen
    assert view_of(at) == View(text=text, pair="a dog")
    assert errors(at) == []


@every_page
def test_a_link_with_an_empty_sentence_shows_none(page: str) -> None:
    at = visit(page, a="")
    assert_whole(at, page)
    assert common.EMPTY in said(at)


@every_page
def test_a_second_sentence_of_spaces_is_none(page: str) -> None:
    at = visit(page, a="the cat sat", b="   ")
    assert_whole(at, page)
    assert_pictures(at, page, looking=False, pair=False)
    assert strip_tokens(at).count("[SEP]") == 1


def test_home_has_examples_where_there_is_no_sentence() -> None:
    at = visit("home", a="")
    at.button(key="example.2").click().run()
    assert view_of(at) == EXAMPLES[2].view()


# Too much to read


@every_page
def test_what_was_cut_of_600_words_is_marked_and_said(page: str, embedded: Bert) -> None:
    at = type_text(visit(page, a="the cat"), page, MANY_WORDS)
    assert_whole(at, page)
    assert_pictures(at, page, looking=False, pair=False, long=True)
    data = strip(at)
    assert data["cutLabel"] == common.CUT.format(limit=512)
    (cut,) = [group for group in data["groups"] if group["kind"] == "cut"]
    assert cut["text"].startswith("word word")
    assert len(strip_tokens(at)) == embedded.max_tokens == 512
    assert view_of(at).text == MANY_WORDS  # what was typed stays, whole


@every_page
def test_a_text_that_fits_is_not_said_to_be_cut(page: str) -> None:
    data = strip(visit(page, a="word " * 510))
    assert data["cutLabel"] == ""
    assert not [group for group in data["groups"] if group["kind"] == "cut"]


@every_page
def test_both_sentences_may_be_too_long(page: str) -> None:
    at = type_text(visit(page, a="the cat"), page, MANY_WORDS, MANY_WORDS)
    assert_whole(at, page)
    groups = strip(at)["groups"]
    assert len([group for group in groups if group["kind"] == "cut"]) == 2
    assert len([group for group in groups if group["kind"] == "b"]) > 250


@every_page
def test_a_word_of_ten_thousand_letters_is_one_unknown_piece(page: str) -> None:
    at = type_text(visit(page, a="the cat"), page, LONG_WORD)
    assert_whole(at, page)
    assert strip_tokens(at)[1] in ("[UNK]", "[MASK]")
    assert len(strip_tokens(at)) == 3
    assert view_of(at).text == LONG_WORD
    longest_label = max(
        (len(label) for figure in figures(at) for label in _labels(figure)), default=0
    )
    assert longest_label < 200
    if page == "tokenization":
        assert tokenization_words.TRACE_TOO_LONG.format(limit=100) in said(at)


def _labels(figure: dict) -> list[str]:
    axes = (figure["layout"].get(name, {}) for name in ("xaxis", "yaxis"))
    return [label for axis in axes for label in axis.get("ticktext", [])]


def test_more_text_than_any_model_reads_is_cut_at_a_bound() -> None:
    at = type_text(visit("home", a="the cat"), "home", "word " * 10_000)
    assert_whole(at, "home")
    assert view_of(at).text == ("word " * 10_000)[:MAX_CHARACTERS]


def test_a_text_that_fits_no_link_says_so_and_is_kept() -> None:
    text = "".join(chr(0x4E00 + (number * 7_919) % 20_000) for number in range(6_000))
    at = type_text(visit("attention", a="the cat"), "attention", text)
    assert_whole(at, "attention")
    assert said(at).count(common.LINK_TOO_LONG) == 2  # under the fields, and where the link was
    assert at.query_params == {}
    assert view_of(at.run()).text == text
    assert not at.code


def test_a_long_text_travels_in_the_link() -> None:
    at = type_text(visit("attention", a="the cat"), "attention", MANY_WORDS)
    assert at.query_params.keys() == {"z"}
    again = visit("attention", z=at.query_params["z"])
    assert view_of(again) == View(text=MANY_WORDS)
    assert len(strip_tokens(again)) == 512


# Text of every kind


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_any_character_gives_a_reading_on_every_page(text: str, embedded: Bert) -> None:
    encoding = encode(embedded, text, f"b {text}")
    at = type_text(visit("home", a="the cat"), "home", text, f"b {text}")
    for page in PAGES:
        assert_whole(go_to(at, page), page)
        assert errors(at) == []
        assert (view_of(at).text, view_of(at).pair) == (text, f"b {text}")
        assert widget(at.text_input, f"{page}.text").value == text
        assert len(strip_tokens(at)) == len(encoding)
        assert_pictures(at, page, looking=False)


@every_page
def test_script_in_the_text_is_text_wherever_it_is_shown(page: str) -> None:
    at = visit(page, a=SCRIPT, b=SCRIPT, look="2", mask="2")
    assert_whole(at, page)
    for body in markup(at):
        assert "<script" not in body
        assert "<img" not in body
        assert "<b>" not in body
    for figure in figures(at):
        for label in _labels(figure):
            inside = label.split(">", 1)[1].rsplit("<", 1)[0] if "<span" in label else label
            assert "<" not in inside
            assert ">" not in inside
    assert any(group["surface"] == "script" for group in strip(at)["groups"])


@pytest.mark.parametrize("page", ["tokenization", "attention", "masked_words", "home"])
def test_a_word_that_is_markup_is_escaped_in_every_heading(page: str) -> None:
    at = visit(page, a="a < b", look="2", mask="2")
    headings = [body for body in markup(at) if "bl-heading" in body]
    assert any("“&lt;”" in heading for heading in headings)
    for body in markup(at):
        assert "“<”" not in body


@every_page
def test_only_a_typed_mask_masks_and_other_special_tokens_are_ordinary_text(
    page: str, embedded: Bert
) -> None:
    at = visit(page, a=TYPED)
    assert_whole(at, page)
    encoding = encode(embedded, TYPED)
    tokens = strip_tokens(at)
    assert tokens == list(encoding.tokens)
    assert (tokens[0], tokens[-1]) == ("[CLS]", "[SEP]")
    assert tokens.count("[MASK]") == tokens.count("[CLS]") == tokens.count("[SEP]") == 1
    assert "[PAD]" not in tokens
    assert "[UNK]" not in tokens
    assert masked_in_strip(at) == [tokens.index("[MASK]")]


# Links with nonsense


@every_page
@pytest.mark.parametrize(
    "query",
    [
        {"head": "99.99", "look": "9999", "place": "9999", "mask": "0,1,2,500,9999"},
        {"head": "x.y", "look": "-1", "place": "²", "mask": "a,b,,", "guesses": "0"},
        {"average": "none", "special": "?", "masks": "?", "click": "?", "pieces": "?"},
        {"guesses": "9999", "look": "0", "place": "0", "click": "ask"},
        {"z": "nonsense"},
        {"z": "eJyLrlYqSSwpzkhVslJQSlaqjQUAJ5wFWA"},
        {"unheard": "of", "a": "the cat", "<script>": "<script>"},
    ],
    ids=lambda query: ",".join(query),
)
def test_a_link_with_nonsense_shows_a_page(page: str, query: dict[str, str]) -> None:
    text = {} if "z" in query else {"a": "the cat sat on the mat", "b": "a dog ran"}
    at = visit(page, **(text | query))
    assert_whole(at, page)
    assert errors(at) == []
    assert json.dumps(view_of(at).to_query())
    if view_of(at).text.strip():
        assert_pictures(at, page, looking=query.get("look") == "0", pair=True)


def test_masks_on_added_tokens_and_beyond_the_text_are_left_out() -> None:
    at = visit("masked_words", a="the cat sat", mask="0,2,4,77")
    assert_whole(at, "masked_words")
    assert masked_in_strip(at) == [2]


def test_a_head_beyond_the_model_is_its_last() -> None:
    at = visit("attention", a="the cat", head="99.99")
    assert "Layer 6, head 12" in said(at)
    assert numbers(figures(at)[0]["data"][0]["z"]).shape == (4, 4)
