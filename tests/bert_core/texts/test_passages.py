"""Passages are whole sentences of the texts, each used once, and all of like length."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.model.bert import Bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.neighbours import bundled_texts
from bert_core.texts.hundred import bundled_hundred
from bert_core.texts.passages import FEW, MOST, SHORTEST, like_length, passages_like

texts = st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=40)


def size(sentence: str) -> int:
    """A made-up sentence says itself how many tokens it has."""
    return int(sentence.partition(":")[0])


def made_up(lengths: list[list[int]]) -> list[list[str]]:
    """Sentences "tokens:text.place", no two of them equal."""
    return [
        [f"{tokens}:{text}.{place}" for place, tokens in enumerate(row)]
        for text, row in enumerate(lengths)
    ]


@given(tokens=st.integers(SHORTEST, 600))
def test_lengths_fall_into_classes_that_meet_and_span_a_quarter_at_most(tokens: int) -> None:
    fewest, most = like_length(tokens)
    assert fewest <= tokens <= most
    assert most <= 1.25 * fewest
    assert like_length(fewest) == like_length(most) == (fewest, most)
    assert like_length(most + 1)[0] == most + 1


@given(lengths=texts, tokens=st.integers(SHORTEST, 100))
def test_passages_are_as_long_as_asked_and_no_sentence_is_in_two(
    lengths: list[list[int]], tokens: int
) -> None:
    sources = made_up(lengths)
    order = [sentence for text in sources for sentence in text]
    fewest, most = like_length(tokens)
    used = []
    for passage, pair in passages_like(tokens, sources, size):
        sentences = passage.split(" ")
        assert pair is None
        assert fewest <= sum(map(size, sentences)) + 2 <= most
        places = [order.index(one) for one in sentences]
        assert all(right == left + 1 for left, right in pairwise(places))
        used += places
    assert used == sorted(set(used))


def test_passages_keep_to_one_text_where_enough_of_them_do() -> None:
    sources = made_up([[5, 5, 5]] * FEW)
    within = passages_like(12, sources, size)  # 12 tokens: two sentences and what is added
    assert len(within) == FEW
    assert all(len({one.split(":")[1][0] for one in text.split()}) == 1 for text, _ in within)
    across = passages_like(12, sources[:-1], size)
    assert len(across) == 3 * (FEW - 1) // 2


def test_of_very_many_a_hundred_from_all_of_them_are_kept() -> None:
    found = passages_like(7, made_up([[5]] * 1000), size)
    numbers = [int(text.partition(":")[2].partition(".")[0]) for text, _ in found]
    assert numbers == list(range(0, 1000, 10))
    assert len(found) == MOST


def test_without_sentences_there_are_no_passages() -> None:
    assert passages_like(20, [], size) == ()


@pytest.mark.parametrize("tokens", [10, 14, 20, 25, 40, 64, 128, 300])
def test_the_bundled_texts_have_passages_as_long_as_most_that_are_typed(
    embedded: Bert, tokens: int
) -> None:
    sources = [text.sentences for text in bundled_texts()]
    sources += [tuple(part for part in text if part) for text in bundled_hundred()]
    found = passages_like(tokens, sources, lambda one: len(embedded.wordpiece.split(one)))
    fewest, most = like_length(tokens)
    assert all(fewest <= len(encode(embedded, text)) <= most for text, _ in found)
    assert sum(len(encode(embedded, text)) for text, _ in found) > 500
