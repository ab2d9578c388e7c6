"""How texts and values stand in a link, whatever text is in it and whatever nonsense."""

import base64
import json
import random
import tracemalloc
import zlib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.model.tokenization import MAX_CHARACTERS, readable
from tests.kit.texts import any_text
from ui import link
from ui.link import LONGEST_LINK, READABLE_LINK, link_length, read_texts, write_texts

# A text field and an address hold Unicode, in which there are no lone surrogates.
sendable = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@dataclass(frozen=True)
class Chosen:
    """A field of each kind, and one that stands in no link."""

    word: str = link.one_of("one", "two", "three")
    count: int = link.whole(5, 2, 20)
    on: bool = link.flag("switch", "yes")
    off: bool = link.flag("other", "no", default=True)
    said: str = link.text(10)
    at: int | None = link.position()
    places: tuple[int, ...] = link.positions("p")
    ids: tuple[str, ...] = link.names(2, str.isalpha)
    kept: tuple[str, str] | None = link.two_texts("k")
    apart: int = 3


FULL = Chosen(
    "two", 7, True, False, "a & b", 0, (1, 4), ("ab", "cd"), ("the cat", "it sat"), apart=9
)
QUERY = {
    "word": "two",
    "count": "7",
    "switch": "yes",
    "other": "no",
    "said": "a & b",
    "at": "0",
    "p": "1,4",
    "ids": "ab,cd",
    "ka": "the cat",
    "kb": "it sat",
}


def read(query: dict[str, str]) -> Chosen:
    return Chosen(**link.read(Chosen, query))


def test_each_kind_of_field_stands_in_a_link_as_it_is_declared() -> None:
    assert link.write(FULL) == QUERY
    assert read(QUERY) == Chosen(*(getattr(FULL, name) for name in vars(FULL) if name != "apart"))


def test_defaults_are_left_out_and_what_is_left_out_is_the_default() -> None:
    assert link.write(Chosen()) == {}
    assert read({}) == Chosen()


chosen = st.builds(
    Chosen,
    word=st.sampled_from(["one", "two", "three"]),
    count=st.integers(2, 20),
    on=st.booleans(),
    off=st.booleans(),
    said=sendable.map(lambda said: said[:10]),
    at=st.none() | st.integers(0, 9_999),
    places=st.sets(st.integers(0, 9_999), max_size=9).map(sorted).map(tuple),
    ids=st.lists(st.text("abc", min_size=1, max_size=5), unique=True, max_size=2).map(tuple),
    kept=st.none() | st.tuples(sendable.filter(str.strip), sendable),
)


@given(chosen=chosen)
def test_what_is_written_is_read_again(chosen: Chosen) -> None:
    assert read(link.write(chosen)) == chosen


@given(query=st.dictionaries(st.sampled_from([*QUERY, "kz"]), any_text.map(readable)))
def test_whatever_a_query_holds_is_a_value_that_has_a_link(query: dict[str, str]) -> None:
    found = read(query)
    assert found.word in ("one", "two", "three")
    assert 2 <= found.count <= 20
    assert len(found.said) <= 10
    assert len(found.places) <= link.MOST_POSITIONS
    assert len(found.ids) <= 2
    assert read(link.write(found)) == found


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ({"word": "four"}, "word", "one"),
        ({"count": "1"}, "count", 2),
        ({"count": "9999"}, "count", 20),
        ({"count": "x"}, "count", 5),
        ({"count": "-3"}, "count", 5),
        ({"count": "²"}, "count", 5),
        ({"count": "99999"}, "count", 5),
        ({"count": " 8 "}, "count", 8),
        ({"switch": "no"}, "on", False),
        ({"other": "yes"}, "off", True),
        ({"at": "-1"}, "at", None),
        ({"at": "12345"}, "at", None),
        ({"p": "4,x,1,,4"}, "places", (1, 4)),
        ({"p": ",".join(map(str, range(2_000)))}, "places", tuple(range(512))),
        ({"ids": "ab,1,ab,cd,ef"}, "ids", ("ab", "cd")),
        ({"ka": "  ", "kb": "it sat"}, "kept", None),
        ({"kz": "nonsense"}, "kept", None),
        ({"a": "the page's own"}, "kept", None),
    ],
)
def test_what_is_no_value_is_the_default_and_what_is_too_much_the_most(
    query: dict[str, str], field: str, value: object
) -> None:
    assert getattr(read(query), field) == value


def test_only_what_points_at_tokens_goes_with_the_text() -> None:
    assert link.without_positions(FULL) == Chosen(
        "two", 7, True, False, "a & b", None, (), ("ab", "cd"), ("the cat", "it sat"), apart=9
    )


def test_bounds_are_those_of_a_whole_number_only() -> None:
    assert link.bounds(Chosen, "count") == (2, 20)
    with pytest.raises(ValueError, match=r"Chosen\.word has no bounds"):
        link.bounds(Chosen, "word")


# Texts


def test_short_texts_stand_readable_in_the_link_and_longer_ones_deflated() -> None:
    short = ("The keys to the cabinet are on the table.", "So they say.")
    assert write_texts(*short) == {"a": short[0], "b": short[1]}
    long = ("the cat sat on the mat " * 100, "x")
    query = write_texts(*long)
    assert query.keys() == {"z"}
    assert link_length(query) < READABLE_LINK
    raw = zlib.decompress(base64.urlsafe_b64decode(query["z"] + "=" * (-len(query["z"]) % 4)))
    assert json.loads(raw) == [*long]


def test_a_text_is_readable_up_to_the_bound_and_deflated_beyond_it() -> None:
    room = READABLE_LINK - link_length({"a": ""})
    assert write_texts("x" * room, "").keys() == {"a"}
    assert write_texts("x" * (room + 1), "").keys() == {"z"}


@given(first=sendable, second=sendable)
def test_texts_come_back(first: str, second: str) -> None:
    assert read_texts(write_texts(first, second)) == (first, second)


@pytest.mark.parametrize("size", [10, 200, 400, 600, 1000])
def test_more_words_than_bert_reads_fit_into_a_link(size: int) -> None:
    chance = random.Random(size)
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(size))
    texts = (" ".join(words), "")
    assert link_length(write_texts(*texts)) <= LONGEST_LINK
    assert read_texts(write_texts(*texts)) == texts


def test_what_no_link_can_hold_is_longer_than_the_longest() -> None:
    chance = random.Random(0)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(MAX_CHARACTERS))
    query = write_texts(text, "")
    assert link_length(query) > LONGEST_LINK
    assert read_texts(query) == (text, "")  # a saved view still holds it


@given(query=st.dictionaries(st.sampled_from(["a", "b", "look", "model"]), sendable))
def test_a_link_is_as_long_as_its_address_and_the_question_mark(query: dict[str, str]) -> None:
    address = "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    assert link_length(query) == len(address)
    assert urlencode(query).isascii()


def test_texts_longer_than_the_field_are_cut() -> None:
    assert read_texts({"a": "x" * 50_000}) == ("x" * MAX_CHARACTERS, "")
    packed = _pack(["y" * 30_000, "z" * 30_000])
    assert read_texts({"z": packed}) == ("y" * MAX_CHARACTERS, "z" * MAX_CHARACTERS)


def _pack(value: object) -> str:
    return _pack_bytes(json.dumps(value).encode())


def _pack_bytes(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw)).decode("ascii").rstrip("=")


def test_a_link_that_unpacks_to_a_hundred_megabytes_is_not_unpacked() -> None:
    bomb = _pack_bytes(b'["' + b"a" * 100_000_000 + b'",""]')
    assert len(bomb) < 200_000
    tracemalloc.start()
    found = read_texts({"z": bomb})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ("", "")
    assert peak < 3_000_000


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", [], ["a"], ["a", "b", "c"], {"a": "b"}, [["a"], {"b": 1}], [None, True]],
)
def test_a_packed_link_of_something_else_gives_texts(value: object) -> None:
    assert [type(text) for text in read_texts({"z": _pack(value)})] == [str, str]


@pytest.mark.parametrize(
    "raw", [b"[" * 150_000, b'{"a":' * 30_000, b"1" * 10_000, b"\xff\xfe", b"", b'["\\ud800","x"]']
)
def test_a_packed_link_made_to_break_the_reader_gives_texts_that_have_a_link(raw: bytes) -> None:
    found = read_texts({"z": _pack_bytes(raw)})
    assert read_texts(write_texts(*found)) == found
