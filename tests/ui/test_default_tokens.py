"""Which token is asked about first, and what a click on a token masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.model.bert import Bert
from bert_core.model.tokenization import encode
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert
from ui.default_tokens import default_mask, text_positions, toggle_mask, word_positions

SMALL = tiny_bert()


def test_tokens_of_the_text_are_all_but_the_added_ones(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat.", "ran")
    assert encoding.tokens == ("[CLS]", "the", "cat", ".", "[SEP]", "ran", "[SEP]")
    assert text_positions(encoding) == [1, 2, 3, 5]


def test_words_have_a_letter_or_digit_and_are_not_masked(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat, 7 [MASK] 中!", masked=[2])
    words = [encoding.surface(at) for at in word_positions(encoding)]
    assert words == ["the", "7", "中"]


@pytest.mark.parametrize(
    ("text", "pair", "expected"),
    [
        ("the cat sat.", None, "the"),  # the first of the longest
        ("the money sat on", None, "money"),
        ("the dog money", None, "the"),  # a word at the end: a full stop would be guessed there
        ("the dog money.", None, "money"),
        ("money", None, "money"),
        ("a [MASK] money dog", None, "[MASK]"),
        ("on it", "money money money", "on"),
        ("...", None, "."),
    ],
)
def test_what_is_asked_about_first(tiny: Bert, text: str, pair: str | None, expected: str) -> None:
    encoding = encode(tiny, text, pair)
    chosen = default_mask(encoding)
    word = encoding.word_at(chosen[0])
    assert word is not None
    assert word.surface == expected
    assert chosen == word.positions


def test_all_pieces_of_the_word_are_asked_about(tiny: Bert) -> None:
    assert default_mask(encode(tiny, "the xyzxyz ran")) == (2, 3, 4, 5, 6, 7)


def test_all_masks_that_were_typed_are_asked_about(tiny: Bert) -> None:
    assert default_mask(encode(tiny, "[MASK] cat [MASK]", "[MASK]")) == (1, 3, 5)


@given(text=any_text, pair=st.none() | any_text)
def test_whatever_was_typed_what_is_asked_about_can_be_masked(text: str, pair: str | None) -> None:
    encoding = encode(SMALL, text, pair)
    chosen = default_mask(encoding)
    assert encode(SMALL, text, pair, chosen).masked == tuple(sorted({*chosen, *encoding.masked}))
    assert bool(chosen) == bool(text_positions(encoding))


def test_a_click_masks_the_whole_word_or_one_piece(tiny: Bert) -> None:
    encoding = encode(tiny, "the xyz ran")
    assert toggle_mask(encoding, (1,), 3, whole_words=True) == (1, 2, 3, 4)
    assert toggle_mask(encoding, (1,), 3, whole_words=False) == (1, 3)
    assert toggle_mask(encoding, (), 1, whole_words=True) == (1,)


def test_a_click_on_a_mask_takes_it_off(tiny: Bert) -> None:
    encoding = encode(tiny, "the xyz ran")
    assert toggle_mask(encoding, (1, 2, 3, 4), 3, whole_words=True) == (1,)
    assert toggle_mask(encoding, (1, 2, 3, 4), 3, whole_words=False) == (1, 2, 4)
    assert toggle_mask(encoding, (3,), 2, whole_words=True) == (2, 3, 4)


@given(data=st.data(), whole=st.booleans())
def test_two_clicks_on_an_unmasked_word_change_nothing(data: st.DataObject, whole: bool) -> None:
    encoding = encode(SMALL, "the xyz ran, playing on")
    position = data.draw(st.sampled_from(text_positions(encoding)))
    word = encoding.word_at(position)
    assert word is not None
    others = [at for at in text_positions(encoding) if at not in word.positions]
    before = tuple(sorted(data.draw(st.sets(st.sampled_from(others)))))
    once = toggle_mask(encoding, before, position, whole)
    assert position in once
    assert toggle_mask(encoding, once, position, whole) == before
