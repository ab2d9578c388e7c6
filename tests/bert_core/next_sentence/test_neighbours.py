"""Sets of pairs: each is what it is called, and its share is a count."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.figures.next_sentence import interval_bars
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.candidates import score_pairs
from bert_core.next_sentence.neighbours import (
    KINDS,
    NeighbourText,
    bundled_texts,
    called_next,
    neighbour_pairs,
    shuffle_words,
)
from bert_core.next_sentence.score import score_next_sentence
from bert_core.palette import DARK

WORDS = ("the cat", "a dog ran", "money in the bank", "hello world", "walk on", "it is a mat")
SMALL = (NeighbourText("one", WORDS[:5]), NeighbourText("two", WORDS[::-1]))


def test_forty_texts_on_forty_topics_have_five_or_six_sentences() -> None:
    texts = bundled_texts()
    assert len(texts) == len({text.topic for text in texts}) == 40
    assert {len(text.sentences) for text in texts} == {5, 6}
    sentences = [sentence for text in texts for sentence in text.sentences]
    assert len(sentences) == len(set(sentences))
    assert all(sentence.strip() == sentence and sentence[-1] in ".?" for sentence in sentences)
    assert {len(sentence.split()) for sentence in sentences} <= set(range(5, 21))


def test_the_model_that_ships_knows_all_their_words(embedded: Bert) -> None:
    for text in bundled_texts():
        assert "[UNK]" not in encode(embedded, " ".join(text.sentences)).tokens


def where(sentence: str) -> tuple[int, int]:
    """Text and place of a bundled sentence."""
    for number, text in enumerate(bundled_texts()):
        if sentence in text.sentences:
            return number, text.sentences.index(sentence)
    raise AssertionError(sentence)


def test_each_set_is_what_it_is_called() -> None:
    for pair in neighbour_pairs("true"):
        (text, first), (other, second) = where(pair.first), where(pair.second)
        assert text == other == pair.text
        assert second == first + 1
    for pair in neighbour_pairs("reversed"):
        (text, first), (other, second) = where(pair.first), where(pair.second)
        assert text == other == pair.text
        assert second == first - 1
    for pair in neighbour_pairs("elsewhere"):
        (text, first), (other, second) = where(pair.first), where(pair.second)
        assert text == other == pair.text
        assert abs(second - first) > 1
    for pair in neighbour_pairs("other_text"):
        assert where(pair.first)[0] == pair.text != where(pair.second)[0]
    for pair, true in zip(neighbour_pairs("shuffled"), neighbour_pairs("true"), strict=True):
        assert pair.first == true.first
        assert pair.second != true.second
        assert Counter(pair.second[:-1].split()) == Counter(true.second[:-1].split())
        assert pair.second[-1] == true.second[-1]


def test_all_sets_are_as_large_and_start_from_the_same_sentences() -> None:
    expected = [first for text in bundled_texts() for first in text.sentences[:-1]]
    for kind in KINDS:
        pairs = neighbour_pairs(kind)
        assert {pair.kind for pair in pairs} == {kind}
        assert len(pairs) == len(expected) == sum(len(t.sentences) - 1 for t in bundled_texts())
        if kind != "reversed":
            assert [pair.first for pair in pairs] == expected


def test_sets_that_are_drawn_are_the_same_for_the_same_seed() -> None:
    for kind in ("elsewhere", "other_text", "shuffled"):
        assert neighbour_pairs(kind, seed=1) == neighbour_pairs(kind, seed=1)
        assert neighbour_pairs(kind, seed=1) != neighbour_pairs(kind, seed=2)


def test_shares_are_counts_of_single_readings(tiny: Bert) -> None:
    found = list(called_next(tiny, texts=SMALL, seed=4))
    assert [share.kind for share in found] == list(KINDS)
    for share in found:
        pairs = neighbour_pairs(share.kind, SMALL, seed=4)
        singles = [
            score_next_sentence(tiny, run_bert(tiny, encode(tiny, pair.first, pair.second), ()))
            for pair in pairs
        ]
        called = [one.is_next > 0.5 for one in singles]
        assert (share.called, share.pairs, share.texts) == (sum(called), 9, 2)
        assert share.share == pytest.approx(sum(called) / 9)
        assert share.mean_is_next == pytest.approx(sum(o.is_next for o in singles) / 9, abs=1e-5)
        assert share.low <= share.share <= share.high


def test_the_model_that_ships_tells_topics_apart(embedded: Bert) -> None:
    some = bundled_texts()[::4]
    means = []
    for kind in ("true", "other_text"):
        pairs = [(pair.first, pair.second) for pair in neighbour_pairs(kind, some)]
        means.append(np.mean([score.is_next for score in score_pairs(embedded, pairs)]))
    assert means[0] > means[1] + 0.1


@pytest.mark.parametrize("texts", [[], SMALL[:1], [SMALL[0], NeighbourText("few", WORDS[:4])]])
def test_too_little_to_draw_from_is_refused(texts: list[NeighbourText]) -> None:
    with pytest.raises(InputError, match="two texts of 5 sentences"):
        neighbour_pairs("true", texts)


@given(st.text(max_size=30), st.integers(0, 100))
def test_shuffling_keeps_every_character_but_space(sentence: str, seed: int) -> None:
    mixed = shuffle_words(sentence, np.random.default_rng(seed))
    assert Counter("".join(mixed.split())) == Counter("".join(sentence.split()))


def test_shuffling_finds_another_order_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    assert all(shuffle_words("one two.", rng) == "two one." for _ in range(20))
    assert sorted(shuffle_words("天气很好。", rng)[:-1]) == sorted("天气很好")
    assert shuffle_words("天气很好。", rng) != "天气很好。"
    assert [shuffle_words(one, rng) for one in ("no no", "a", "", "?!")] == ["no no", "a", "", "?!"]


# The figure


def test_the_figure_has_a_bar_and_an_interval_for_each_share() -> None:
    figure = interval_bars(["a<b", "c"], [0.5, 1], [0.4, 0.9], [0.7, 1], DARK, colour=DARK.high)
    bars = figure.data[0]
    assert list(bars.x) == [0.5, 1]
    assert list(bars.error_x.array) == pytest.approx([0.2, 0])
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(figure.layout.yaxis.ticktext) == ["a&lt;b", "c"]
    assert [note.text for note in figure.layout.annotations] == [
        "50.0\N{NO-BREAK SPACE}%",
        "100.0\N{NO-BREAK SPACE}%",
    ]
