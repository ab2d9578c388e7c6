"""Putting a guess into the sentence, and the word it would make there."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.masked_words.writing import put_in, word_with
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, encode
from tests.kit.texts import any_text, ordinary_text
from tests.kit.tiny import tiny_bert

SMALL = tiny_bert()
STARTS = ["cat", "the", "x", "7", ",", "中", "é"]
CONTINUES = ["##s", "##ing", "##x", "##7"]


def masked_at(bert: Bert, text: str, *masked: int, pair: str | None = None) -> Encoding:
    return encode(bert, text, pair, masked)


# put_in


def test_a_guess_takes_the_place_of_a_masked_word(tiny: Bert) -> None:
    changed = put_in(tiny, masked_at(tiny, "the cat sat.", 2), 2, "dog")
    assert (changed.text, changed.masked) == ("the dog sat.", ())
    assert changed.tokens == encode(tiny, "the dog sat.").tokens


def test_a_guess_takes_the_place_of_a_typed_mask(tiny: Bert) -> None:
    changed = put_in(tiny, encode(tiny, "the [MASK] ran"), 2, "dog")
    assert (changed.text, changed.masked) == ("the dog ran", ())


def test_a_word_that_is_masked_whole_goes_whole(tiny: Bert) -> None:
    encoding = masked_at(tiny, "xyz ran", 1, 2, 3)
    assert encode(tiny, "xyz ran").tokens[1:4] == ("x", "##y", "##z")
    assert put_in(tiny, encoding, 1, "cat").text == "cat ran"


@pytest.mark.parametrize(
    ("masked", "position", "piece", "text", "left"),
    [
        ((1,), 1, "cat", "catyz ran", ()),  # the other pieces were not hidden
        ((2,), 2, "##s", "xsz ran", ()),
        ((3,), 3, "##ing", "xying ran", ()),
        ((1, 2), 2, "##s", "xsz ran", (1,)),
        ((1, 2, 3), 2, "##s", "xsz ran", (1, 3)),
        ((2,), 2, "cat", "x catz ran", ()),  # a new word begins inside the old one
    ],
)
def test_any_other_guess_takes_the_place_of_one_piece(
    tiny: Bert,
    masked: tuple[int, ...],
    position: int,
    piece: str,
    text: str,
    left: tuple[int, ...],
) -> None:
    changed = put_in(tiny, masked_at(tiny, "xyz ran", *masked), position, piece)
    assert (changed.text, changed.masked) == (text, left)


def test_a_guess_that_continues_a_word_is_joined_to_it(tiny: Bert) -> None:
    changed = put_in(tiny, masked_at(tiny, "the cat ran on", 3, 4), 3, "##s")
    assert changed.text == "the cats on"
    assert [changed.surface(at) for at in changed.masked] == ["on"]


def test_a_guess_that_continues_has_nothing_to_join_at_the_start_of_a_sentence(tiny: Bert) -> None:
    assert put_in(tiny, masked_at(tiny, "cat ran", 1), 1, "##s").text == "s ran"
    with_pair = masked_at(tiny, "the", 3, pair="cat ran")
    assert put_in(tiny, with_pair, 3, "##s").pair == "s ran"


@pytest.mark.parametrize(
    ("text", "position", "piece", "expected"),
    [
        ("play's on", 2, "a", "play a s on"),
        ("2,0", 2, "and", "2 and 0"),
        ("the [MASK]s ran", 2, "cat", "the cat s ran"),
        ("(cat)", 2, "dog", "(dog)"),
        ("中文中", 2, "cat", "中cat中"),
        ("the cat", 2, ".", "the ."),
    ],
)
def test_a_guess_stays_a_word_of_its_own(
    tiny: Bert, text: str, position: int, piece: str, expected: str
) -> None:
    changed = put_in(tiny, masked_at(tiny, text, position), position, piece)
    assert changed.text == expected
    assert piece in changed.tokens


def test_a_capital_stays_where_case_is_ignored(tiny: Bert) -> None:
    assert put_in(tiny, masked_at(tiny, "Cat ran", 1), 1, "dog").text == "Dog ran"
    assert put_in(tiny, masked_at(tiny, "cat ran", 1), 1, "dog").text == "dog ran"
    assert put_in(tiny, masked_at(tiny, "É ran", 1), 1, "dog").text == "Dog ran"
    assert put_in(tiny, encode(tiny, "[MASK] ran"), 1, "dog").text == "dog ran"
    assert put_in(tiny, masked_at(tiny, "Cat Ran", 2), 2, "##s").text == "Cats"


def test_pieces_of_one_character_go_together(embedded: Bert) -> None:
    """Uncased models take a Korean syllable apart: its pieces stand in the same place."""
    encoding = encode(embedded, "가 나 x", None, [1, 2, 5])
    assert encoding.offsets[1] == encoding.offsets[2] == (0, 1)
    for position, piece in ((1, "cat"), (2, "##s")):
        changed = put_in(embedded, encoding, position, piece)
        assert changed.text == f"{piece.removeprefix('##')} 나 x"
        assert [changed.surface(at) for at in changed.masked] == ["x"]


def test_what_is_left_of_a_character_of_several_pieces_stays(embedded: Bert) -> None:
    encoding = encode(embedded, "가 나", None, [2])
    assert encoding.tokens[1] == "ᄀ"
    assert put_in(embedded, encoding, 2, "##ᅥ").tokens[1:3] == ("ᄀ", "##ᅥ")


def test_a_word_stays_apart_from_what_now_ends_before_it(tiny: Bert) -> None:
    """Or the model would read one word where there were two."""
    assert put_in(tiny, masked_at(tiny, "play's on", 2), 2, "##s").text == "plays s on"
    assert put_in(tiny, encode(tiny, "a [MASK]cat"), 2, "##s").text == "as cat"


def test_only_the_sentence_of_the_token_changes(tiny: Bert) -> None:
    encoding = masked_at(tiny, "the cat", 2, 5, 6, pair="the dog ran")
    assert (encoding.surface(2), encoding.surface(5), encoding.surface(6)) == ("cat", "dog", "ran")
    changed = put_in(tiny, encoding, 5, "mat")
    assert (changed.text, changed.pair) == ("the cat", "the mat ran")
    assert [changed.surface(at) for at in changed.masked] == ["cat", "ran"]
    changed = put_in(tiny, encoding, 2, "unknown")
    assert (changed.text, changed.pair) == ("the unknown", "the dog ran")
    assert [changed.surface(at) for at in changed.masked] == ["dog", "ran"]


def hidden_places(encoding: Encoding, spared: int | None = None) -> list[tuple[int | None, str]]:
    """Sentence and text of each place that a mask hides; several pieces may share a place."""
    places = {
        (encoding.sequences[at], encoding.offsets[at]): encoding.surface(at)
        for at in encoding.masked
        if at != spared
    }
    return [(sequence, surface) for (sequence, _), surface in sorted(places.items(), key=str)]


@given(
    text=ordinary_text,
    pair=st.none() | ordinary_text,
    piece=st.sampled_from(STARTS),
    data=st.data(),
)
@settings(max_examples=150)
def test_masks_of_other_words_still_hide_what_they_hid(
    text: str, pair: str | None, piece: str, data: st.DataObject
) -> None:
    words = encode(SMALL, text, pair).words
    assume(words)
    chosen = data.draw(st.sets(st.sampled_from(range(len(words))), min_size=1, max_size=5))
    position, *others = (data.draw(st.sampled_from(words[at].positions)) for at in sorted(chosen))
    encoding = encode(SMALL, text, pair, [position, *others])
    changed = put_in(SMALL, encoding, position, piece)
    typed = [at for at in encoding.masked if at not in (position, *others)]
    before = hidden_places(encoding, spared=position)
    assert len(before) <= len(others) + len(typed)
    assert sorted(hidden_places(changed), key=str) == sorted(before, key=str)


@given(text=any_text, pair=st.none() | any_text, data=st.data())
@settings(max_examples=150)
def test_any_guess_can_be_put_anywhere_into_any_text(
    text: str, pair: str | None, data: st.DataObject
) -> None:
    places = [at for at, part in enumerate(encode(SMALL, text, pair).sequences) if part is not None]
    assume(places)
    position = data.draw(st.sampled_from(places))
    piece = data.draw(st.sampled_from(STARTS + CONTINUES))
    encoding = encode(SMALL, text, pair, [position])
    changed = put_in(SMALL, encoding, position, piece)
    in_b = encoding.sequences[position] == 1
    ours, theirs = (changed.pair, changed.text) if in_b else (changed.text, changed.pair)
    assert theirs == (encoding.text if in_b else encoding.pair)
    assert piece.removeprefix("##") in (ours or "").lower()
    assert len(changed) <= SMALL.max_tokens
    assert word_with(encoding, position, piece)


@pytest.mark.parametrize("position", [0, 3, -1, 99])
def test_only_words_of_the_text_can_be_replaced(tiny: Bert, position: int) -> None:
    encoding = encode(tiny, "the cat")
    assert len(encoding) == 4
    with pytest.raises(InputError, match="Only a word of the text"):
        put_in(tiny, encoding, position, "dog")


# word_with


@pytest.mark.parametrize(
    ("text", "masked", "position", "piece", "word"),
    [
        ("the cat ran", (2,), 2, "dog", "dog"),
        ("the cat ran", (2,), 2, "##s", "thes"),
        ("the xyz ran", (2,), 2, "cat", "catyz"),
        ("the xyz ran", (3,), 3, "##s", "xsz"),
        ("the xyz ran", (4,), 4, "##s", "xys"),
        ("the xyz ran", (2, 3), 3, "##s", "…sz"),
        ("the xyz ran", (3, 4), 3, "##s", "xs…"),
        ("the xyz ran", (2, 3, 4), 3, "##s", "…s…"),
        ("the xyz ran", (2, 3, 4), 2, "cat", "cat"),  # takes the place of the whole word
        ("the xyz ran", (2, 3), 2, "cat", "cat…z"),
        ("cat ran", (1,), 1, "##s", "s"),
    ],
)
def test_the_word_that_a_guess_would_make(
    tiny: Bert, text: str, masked: tuple[int, ...], position: int, piece: str, word: str
) -> None:
    assert word_with(masked_at(tiny, text, *masked), position, piece) == word


@given(
    text=st.lists(st.sampled_from(["the", "cat", "xyz", "play", "q7"]), min_size=1).map(" ".join),
    piece=st.sampled_from([p for p in STARTS + CONTINUES if p not in (",", "中", "é")]),
    data=st.data(),
)
def test_the_word_that_is_shown_is_the_word_that_is_written(
    text: str, piece: str, data: st.DataObject
) -> None:
    encoding = encode(SMALL, text)
    position = data.draw(st.integers(1, len(encoding) - 2))
    encoding = encode(SMALL, text, None, [position])
    shown = word_with(encoding, position, piece)
    assert shown in put_in(SMALL, encoding, position, piece).text.split()
