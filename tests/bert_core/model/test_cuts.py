"""Words and pieces are counted as they stand in the text."""

import pytest

from bert_core.model.bert import Bert
from bert_core.model.cuts import Cuts, count_cuts
from bert_core.model.tokenization import Word, encode


def cuts_of(bert: Bert, text: str, pair: str | None = None, masked: tuple[int, ...] = ()) -> Cuts:
    return count_cuts(encode(bert, text, pair, masked), bert.wordpiece.special_ids["unk"])


def test_words_of_several_pieces_are_counted_and_the_one_cut_most_is_named(tiny: Bert) -> None:
    # "zebra" is five pieces of the tiny model, "dogs" and "playing" two
    found = cuts_of(tiny, "the dogs ran a zebra", "playing")
    assert found == Cuts(6, 12, 3, 0, Word("zebra", 0, (6, 7, 8, 9, 10)))


def test_where_every_word_is_one_piece_none_is_cut_most(tiny: Bert) -> None:
    assert cuts_of(tiny, "the cat sat") == Cuts(3, 3, 0, 0, None)
    assert cuts_of(tiny, "") == Cuts(0, 0, 0, 0, None)


def test_of_words_cut_alike_the_first_is_named(tiny: Bert) -> None:
    most = cuts_of(tiny, "playing dogs").most
    assert most is not None
    assert most.surface == "playing"


@pytest.mark.parametrize("masked", [(), (2,)])
def test_unknown_words_are_counted_masked_or_not(tiny: Bert, masked: tuple[int, ...]) -> None:
    assert cuts_of(tiny, "cat 猫 sat 犬", masked=masked).unknown == 2
