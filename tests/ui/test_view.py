"""A view is a link and a link is a view, whatever text is in it and whatever nonsense."""

import base64
import json
import random
import tracemalloc
import zlib
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_core.model.tokenization import MAX_CHARACTERS
from tests.kit.texts import any_text
from ui.view import (
    CHOICES,
    LONGEST_LINK,
    MOST_MASKS,
    NUMBERS,
    READABLE_LINK,
    View,
    link_length,
    read_query,
)

PARAMETERS = [
    *("a", "b", "z", "mask", "head", "look", "place", "model", "average", "special"),
    *("guesses", "masks", "click", "pieces", "unheard-of", "reading", "sort", "block", "hold"),
    *("merge", "bertviz", "study", "key", "pa", "pb", "pz", "mlm", "nsp", "order", "width"),
    *("other", "targets", "seed", "rate", "draw", "runs"),
]
NONSENSE = [
    "",
    "-1",
    "0",
    "99999999999999999999",
    "1.2.3",
    "3.",
    ".7",
    "²",
    "٣",
    "nan",
    "1e3",
    "null",
    "1,,2,x,-3",
    "a" * 20_000,
    "%00",
    "<script>",
    "eJwDAAAAAAE",
    "====",
    "é",
]


# A text field and an address hold Unicode, in which there are no lone surrogates.
characters = st.characters(exclude_categories=["Cs"])
sendable = st.text(characters, max_size=400)
counts = st.integers(0, 9_999)
models = st.one_of(
    st.just("embedded"),
    st.text(characters, min_size=1, max_size=60).map(str.strip).filter(bool),
)
views = st.builds(
    View,
    text=sendable | any_text.map(lambda text: text.encode("utf-8", "replace").decode()),
    pair=sendable,
    masked=st.sets(st.integers(0, 511), max_size=20).map(sorted).map(tuple),
    model=models,
    layer=st.integers(0, 9_998),
    head=st.integers(0, 9_998),
    look=st.none() | counts,
    merge=st.booleans(),
    key=st.none() | counts,
    pinned=st.none() | st.tuples(sendable.filter(str.strip), sendable),
    with_masks=st.booleans(),
    whole_words=st.booleans(),
    place=st.none() | counts,
    ask=st.booleans(),
    other=sendable,
    targets=sendable,
    words_masked=st.booleans(),
    **{name: st.sampled_from(allowed) for name, allowed in CHOICES.items()},
    **{name: st.integers(least, most) for name, (_, least, most) in NUMBERS.items()},
)


@given(view=views)
@settings(max_examples=200)
def test_a_link_restores_the_view(view: View) -> None:
    assert read_query(view.to_query()) == view


@given(view=views)
def test_a_link_survives_the_address_bar(view: View) -> None:
    address = urlencode(view.to_query())
    assert read_query(dict(parse_qsl(address, keep_blank_values=True))) == view
    assert address.isascii()


values = st.one_of(any_text, st.sampled_from(NONSENSE))


@given(query=st.fixed_dictionaries({}, optional=dict.fromkeys(PARAMETERS, values)))
@settings(max_examples=150)
def test_nonsense_in_a_link_gives_a_view_that_has_a_link(query: dict[str, str]) -> None:
    view = read_query(query)
    for name, allowed in CHOICES.items():
        assert getattr(view, name) in allowed
    for name, (_, least, most) in NUMBERS.items():
        assert least <= getattr(view, name) <= most
    assert len(view.masked) <= MOST_MASKS
    assert view.layer >= 0
    assert view.head >= 0
    assert view.model
    assert read_query(view.to_query()) == view


@pytest.mark.parametrize("name", ["mask", "head", "look", "place", "guesses", "average", "special"])
@pytest.mark.parametrize("value", ["x", "", "-1", "nan", "²", "99999", "<b>"])
def test_what_makes_no_sense_is_left_at_its_default(name: str, value: str) -> None:
    assert read_query({"a": "the cat", name: value}) == View(text="the cat")


def test_layers_and_heads_count_from_one_in_links_and_tokens_from_zero() -> None:
    view = View(text="the cat", layer=2, head=6, masked=(1, 2), look=0, place=2)
    assert view.to_query() == {
        "a": "the cat",
        "head": "3.7",
        "mask": "1,2",
        "look": "0",
        "place": "2",
    }


def test_defaults_are_left_out() -> None:
    assert View().to_query() == {}
    assert View(text="a").to_query() == {"a": "a"}


def test_a_layer_or_head_of_zero_is_read_as_the_first() -> None:
    for text in ("0.0", "1.1", "1", "1.", ".1", "."):
        view = read_query({"head": text})
        assert (view.layer, view.head) == (0, 0)


def test_guesses_are_kept_between_one_and_fifty() -> None:
    asked = {"0": 1, "1": 1, "7": 7, "50": 50, "51": 50, "9999": 50}
    assert {text: read_query({"guesses": text}).guesses for text in asked} == asked


# Long texts


def test_short_texts_stand_readable_in_the_link_and_longer_ones_deflated() -> None:
    short = View(text="The keys to the cabinet are on the table.", pair="So they say.")
    assert short.to_query() == {"a": short.text, "b": short.pair}
    long = View(text="the cat sat on the mat " * 100, pair="x")
    query = long.to_query()
    assert query.keys() == {"z"}
    assert link_length(query) < READABLE_LINK
    raw = zlib.decompress(base64.urlsafe_b64decode(query["z"] + "=" * (-len(query["z"]) % 4)))
    assert json.loads(raw) == [long.text, long.pair]


@pytest.mark.parametrize("size", [10, 200, 400, 600, 1000])
def test_more_words_than_bert_reads_fit_into_a_link(size: int) -> None:
    chance = random.Random(size)
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(size))
    view = View(text=" ".join(words))
    assert link_length(view.to_query()) <= LONGEST_LINK
    assert read_query(view.to_query()) == view


def test_what_no_link_can_hold_is_longer_than_the_longest() -> None:
    chance = random.Random(0)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(MAX_CHARACTERS))
    query = View(text=text).to_query()
    assert link_length(query) > LONGEST_LINK
    assert read_query(query).text == text  # a saved view still holds it


@given(query=st.dictionaries(st.sampled_from(PARAMETERS), sendable))
def test_a_link_is_as_long_as_its_address_and_the_question_mark(query: dict[str, str]) -> None:
    address = "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    assert link_length(query) == len(address)


def test_texts_longer_than_the_field_are_cut() -> None:
    assert len(read_query({"a": "x" * 50_000}).text) == MAX_CHARACTERS
    packed = _pack(["y" * 30_000, "z" * 30_000])
    view = read_query({"z": packed})
    assert (view.text, view.pair) == ("y" * MAX_CHARACTERS, "z" * MAX_CHARACTERS)


def _pack(value: object) -> str:
    return _pack_bytes(json.dumps(value).encode())


def _pack_bytes(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw)).decode("ascii").rstrip("=")


def test_a_link_that_unpacks_to_a_hundred_megabytes_is_not_unpacked() -> None:
    bomb = _pack_bytes(b'["' + b"a" * 100_000_000 + b'",""]')
    assert len(bomb) < 200_000
    tracemalloc.start()
    view = read_query({"z": bomb})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert view == View()
    assert peak < 3_000_000


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", [], ["a"], ["a", "b", "c"], {"a": "b"}, [["a"], {"b": 1}], [None, True]],
)
def test_a_packed_link_of_something_else_gives_texts(value: object) -> None:
    view = read_query({"z": _pack(value)})
    assert isinstance(view.text, str)
    assert isinstance(view.pair, str)


@pytest.mark.parametrize(
    "raw", [b"[" * 150_000, b'{"a":' * 30_000, b"1" * 10_000, b"\xff\xfe", b"", b'["\\ud800","x"]']
)
def test_a_packed_link_made_to_break_the_reader_gives_a_view_that_has_a_link(raw: bytes) -> None:
    view = read_query({"z": _pack_bytes(raw)})
    assert read_query(view.to_query()) == view


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_lone_surrogates_are_replaced_as_the_tokenizer_replaces_them(text: str) -> None:
    view = read_query({"a": text, "b": text, "model": text})
    assert "\N{REPLACEMENT CHARACTER}" in view.text
    assert "\N{REPLACEMENT CHARACTER}" in view.pair
    assert urlencode(view.to_query()).isascii()


# Other sentences


def test_other_sentences_drop_what_pointed_at_tokens_of_the_old_ones() -> None:
    view = View(text="a", pair="b", masked=(1,), look=1, place=1, layer=2, head=3, guesses=7)
    changed = view.with_text("a", "c")
    assert changed == replace(view, pair="c", masked=(), look=None, place=None)
    assert view.with_text("a", "b") is view
