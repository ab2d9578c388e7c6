"""What heads look at: weights checked by hand, slow loops, and what chance gets."""

import math
import pickle
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.measures import KINDS, HeadMeasures, measure_heads
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from tests.kit.tiny import tiny_bert

SMALL = tiny_bert()
LAYERS, HEADS = 2, 3
NO_KEYS = ("entropy", "effective_keys", "distance", "span", "broad")

# With words said twice, in two cases, in pieces, a pair, punctuation, a masked word.
READ = [
    encode(SMALL, "the cat sat."),
    encode(SMALL, "The dog, the cat and the zebra; a zebra!", "the DOG ran."),
    encode(SMALL, "a", "b"),
    encode(SMALL, "the bank of the bank", masked=[2]),
    encode(SMALL, "..."),
    encode(SMALL, ""),
]

texts = st.sampled_from(READ)
seeds = st.integers(0, 2**32 - 1)


def made_up(seed: int, size: int) -> NDArray[np.float32]:
    """(layer, head, query, key) weights whose rows sum to 1, some of them 0."""
    random = np.random.default_rng(seed)
    weights = random.exponential(size=(LAYERS, HEADS, size, size)) ** 3
    weights[weights < 0.05] = 0
    weights[..., 0] += 1e-3
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def even(size: int) -> NDArray[np.float32]:
    return np.full((1, 1, size, size), 1 / size, dtype=np.float32)


def looking(encoding: Encoding, target: Callable[[int], int]) -> HeadMeasures:
    """One head in which each query gives all its attention to one key."""
    size = len(encoding)
    weights = np.zeros((1, 1, size, size), dtype=np.float32)
    for query in range(size):
        weights[0, 0, query, target(query)] = 1
    return measure_heads(weights, encoding)


def value(measures: HeadMeasures, name: str) -> float:
    return float(measures.measures[name].values[0, 0])


# By a slow loop


@cache
def keys_of(name: str, encoding: Encoding) -> list[set[int]]:
    """For each query the keys that a share counts, from the encoding's columns."""
    size = len(encoding)

    def said(at: int) -> str | None:
        """The word at a token as typed, None for special tokens and words with a mask."""
        word = encoding.word_at(at)
        if word is None or set(word.positions) & set(encoding.masked):
            return None
        return word.surface.lower()

    def is_mark(at: int) -> bool:
        return said(at) is not None and said(at) in {".", ",", ";", "!"}

    def counts(query: int, key: int) -> bool:
        one, other = encoding.sequences[query], encoding.sequences[key]
        same_piece = (one, encoding.word_ids[query]) == (other, encoding.word_ids[key])
        return {
            "same": key == query,
            "previous": key == query - 1,
            "next": key == query + 1,
            "first": key == 0,
            "sep": encoding.tokens[key] == "[SEP]",
            "punctuation": is_mark(key),
            "same_word": said(query) is not None
            and said(query) == said(key)
            and not is_mark(key)
            and not same_piece,
            "between": None not in (one, other) and one != other,
        }[name]

    return [{key for key in range(size) if counts(query, key)} for query in range(size)]


def by_loop(weights: NDArray, name: str, encoding: Encoding) -> float:
    """A measure of one head, (query, key), as its definition says."""
    size = len(encoding)
    found = []
    counted = [] if name in NO_KEYS else keys_of(name, encoding)
    for query in range(size):
        row = [float(weight) for weight in weights[query]]
        bits = -sum(weight * math.log2(weight) for weight in row if weight > 0)
        if name == "entropy":
            found.append(bits)
        elif name == "effective_keys":
            found.append(2**bits)
        elif name == "distance":
            found.append(sum(weight * (key - query) for key, weight in enumerate(row)))
        elif name == "span":
            found.append(sum(weight * abs(key - query) for key, weight in enumerate(row)))
        elif name == "broad":
            found.append(1 - sum(abs(weight - 1 / size) for weight in row) / 2)
        elif counted[query]:
            found.append(sum(row[key] for key in counted[query]))
    return sum(found) / len(found) if found else math.nan


def habit(weights: NDArray) -> NDArray[np.float64]:
    """(query, key) weights that know nothing but how far a key is from its query."""
    size = len(weights)
    means = {
        offset: sum(
            float(weights[query, query + offset])
            for query in range(size)
            if 0 <= query + offset < size
        )
        / (size - abs(offset))
        for offset in range(1 - size, size)
    }
    rows = np.array([[means[key - query] for key in range(size)] for query in range(size)])
    return rows / rows.sum(axis=1, keepdims=True)


@settings(max_examples=25)
@given(seed=seeds, encoding=texts)
def test_every_measure_is_what_its_definition_gives(seed: int, encoding: Encoding) -> None:
    attentions = made_up(seed, len(encoding))
    measures = measure_heads(attentions, encoding).measures
    assert list(measures) == list(KINDS)
    for name, measure in measures.items():
        assert (measure.name, measure.unit) == (name, KINDS[name].unit)
        assert measure.values.shape == (LAYERS, HEADS)
        for layer in range(LAYERS):
            for head in range(HEADS):
                expected = by_loop(attentions[layer, head], name, encoding)
                assert measure.values[layer, head] == pytest.approx(expected, abs=2e-5, nan_ok=True)


@settings(max_examples=25)
@given(seed=seeds, encoding=texts)
def test_the_profile_is_the_measure_of_weights_that_know_only_offsets(
    seed: int, encoding: Encoding
) -> None:
    attentions = made_up(seed, len(encoding))
    measures = measure_heads(attentions, encoding).measures
    for name, measure in measures.items():
        if not KINDS[name].content:
            assert measure.profile is None
            continue
        assert measure.profile is not None
        for layer in range(LAYERS):
            for head in range(HEADS):
                expected = by_loop(habit(attentions[layer, head]), name, encoding)
                found = measure.profile[layer, head]
                assert found == pytest.approx(expected, abs=2e-5, nan_ok=True)


@pytest.mark.parametrize("encoding", READ, ids=lambda encoding: encoding.text or "nothing")
def test_uniform_is_what_even_attention_gets_from_the_same_measure(encoding: Encoding) -> None:
    size = len(encoding)
    found = measure_heads(even(size), encoding).measures
    other = measure_heads(made_up(1, size), encoding).measures
    for name, measure in found.items():
        expected = by_loop(even(size)[0, 0], name, encoding)
        assert measure.uniform == pytest.approx(expected, abs=1e-5, nan_ok=True)
        assert measure.uniform == pytest.approx(measure.values[0, 0], abs=1e-6, nan_ok=True)
        assert measure.uniform == pytest.approx(other[name].uniform, abs=1e-6, nan_ok=True)
        if measure.profile is not None:
            assert measure.profile[0, 0] == pytest.approx(expected, abs=1e-5, nan_ok=True)


# By hand


def test_even_attention_has_the_numbers_of_the_textbook() -> None:
    encoding = READ[1]
    size = len(encoding)
    found = measure_heads(even(size), encoding)
    assert value(found, "entropy") == pytest.approx(math.log2(size), abs=1e-5)
    assert value(found, "effective_keys") == pytest.approx(size, abs=1e-4)
    assert value(found, "distance") == pytest.approx(0, abs=1e-5)
    assert value(found, "span") == pytest.approx((size**2 - 1) / (3 * size), abs=1e-5)
    assert value(found, "broad") == pytest.approx(1, abs=1e-5)
    for name in ("same", "previous", "next", "first"):
        assert value(found, name) == pytest.approx(1 / size, abs=1e-6)
    assert value(found, "sep") == pytest.approx(2 / size, abs=1e-6)


def test_a_head_that_looks_one_back_is_all_previous_and_nothing_else() -> None:
    encoding = encode(SMALL, "the cat sat on the mat")  # [CLS], six words, [SEP]
    found = looking(encoding, lambda query: max(query - 1, 0))
    assert value(found, "previous") == 1  # the first token has none, and does not count
    assert value(found, "next") == 0
    assert value(found, "same") == pytest.approx(1 / 8)  # the first token's
    assert value(found, "entropy") == 0
    assert value(found, "effective_keys") == 1
    assert value(found, "distance") == pytest.approx(-7 / 8)
    assert value(found, "span") == pytest.approx(7 / 8)
    assert value(found, "first") == pytest.approx(2 / 8)
    assert value(found, "sep") == 0
    assert value(found, "broad") == pytest.approx(1 / 8)
    assert value(found, "same_word") == 0


def test_next_and_same_are_told_from_previous() -> None:
    encoding = encode(SMALL, "the cat sat")
    ahead = looking(encoding, lambda query: min(query + 1, 4))
    assert (value(ahead, "next"), value(ahead, "previous")) == (1, 0)
    itself = looking(encoding, lambda query: query)
    assert (value(itself, "same"), value(itself, "span")) == (1, 0)


def test_all_separators_count_and_the_first_token_is_none() -> None:
    encoding = encode(SMALL, "the cat", "sat")  # [CLS] the cat [SEP] sat [SEP]
    found = looking(encoding, lambda query: (3, 5)[query % 2])
    assert (value(found, "sep"), value(found, "first")) == (1, 0)
    assert value(looking(encoding, lambda _: 0), "first") == 1


def test_equal_words_are_found_in_any_case_and_in_the_other_sentence() -> None:
    encoding = encode(SMALL, "The cat sat", "a THE")
    at = encoding.tokens.index("the"), 6
    assert [encoding.surface(place) for place in at] == ["The", "THE"]
    found = looking(encoding, lambda query: {1: 6, 6: 1}.get(query, 0))
    assert value(found, "same_word") == 1
    assert found.measures["same_word"].uniform == pytest.approx(1 / len(encoding))


def test_the_pieces_of_one_word_are_not_the_same_word_said_again() -> None:
    encoding = encode(SMALL, "zaz ran")
    assert encoding.tokens[1:4] == ("z", "##a", "##z")
    assert math.isnan(value(looking(encoding, lambda query: query), "same_word"))


def test_a_word_the_model_cannot_see_is_no_word_said_again() -> None:
    hidden = encode(SMALL, "the cat and the cat", masked=[2])
    found = looking(hidden, lambda query: {1: 4, 4: 1}.get(query, 0))  # "the" alone is left
    assert value(found, "same_word") == 1
    typed = encode(SMALL, "[MASK] and [MASK]")
    assert math.isnan(value(looking(typed, lambda _: 0), "same_word"))


def test_repeated_punctuation_is_punctuation_and_no_word() -> None:
    encoding = encode(SMALL, "a, b, c.")
    found = looking(encoding, lambda _: 2)
    assert encoding.tokens[2] == ","
    assert value(found, "punctuation") == 1
    assert found.measures["punctuation"].uniform == pytest.approx(3 / len(encoding))
    assert math.isnan(value(found, "same_word"))


def test_only_tokens_of_sentences_look_between_sentences() -> None:
    encoding = encode(SMALL, "the cat", "sat")  # 0 [CLS], 1, 2, 3 [SEP], 4, 5 [SEP]
    crossing = looking(encoding, lambda query: {1: 4, 2: 4, 4: 2}.get(query, query))
    assert value(crossing, "between") == 1
    # Even attention: the two words of A have one key of six in B, that of B two in A.
    assert crossing.measures["between"].uniform == pytest.approx((1 + 1 + 2) / 6 / 3)
    assert value(looking(encoding, lambda query: (4, 1)[query in (4, 5)]), "between") == 1


def test_what_a_text_does_not_have_is_nan_and_never_zero() -> None:
    found = measure_heads(even(5), encode(SMALL, "the cat sat"))
    for name in ("punctuation", "same_word", "between"):
        measure = found.measures[name]
        assert measure.profile is not None
        for numbers in (measure.values, measure.profile, measure.baseline):
            assert np.isnan(numbers).all()
        assert math.isnan(measure.uniform)
    others = [measure for measure in found.measures.values() if not KINDS[measure.name].content]
    assert not any(np.isnan(measure.values).any() for measure in others)


def test_a_head_that_looks_two_back_gets_no_credit_for_the_words_it_meets_there() -> None:
    encoding = encode(SMALL, "the cat " * 40)
    back = looking(encoding, lambda query: max(query - 2, 0))
    measure = back.measures["same_word"]
    assert measure.profile is not None
    assert value(back, "same_word") > 0.9  # by the rhythm of the text
    assert measure.profile[0, 0] > value(back, "same_word") - 0.03  # the first two cannot
    assert measure.uniform < 0.5 < measure.baseline[0, 0]


def test_a_head_that_finds_words_wherever_they_are_beats_its_profile() -> None:
    encoding = encode(SMALL, "bank is a dog of the cat on mat and bank ran the play")
    words = list(encoding.tokens)

    def elsewhere(query: int) -> int:
        others = [at for at, word in enumerate(words) if word == words[query] and at != query]
        return others[0] if others else 0

    measure = looking(encoding, elsewhere).measures["same_word"]
    assert measure.values[0, 0] == 1
    assert measure.baseline[0, 0] < 0.5


# In a real run


def test_a_real_run_is_measured_and_not_changed(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "He sat by the river, the old river.", "He sat."))
    assert run.attentions is not None
    before = run.attentions.copy()
    found = measure_heads(run.attentions, run.encoding)
    np.testing.assert_array_equal(run.attentions, before)
    assert found.tokens == run.encoding.tokens
    for name, measure in found.measures.items():
        for layer, head in ((0, 2), (3, 7), (5, 11)):
            expected = by_loop(run.attentions[layer, head], name, run.encoding)
            assert measure.values[layer, head] == pytest.approx(expected, abs=2e-5)
        if measure.unit == "share":
            assert measure.values.min() >= 0
            assert measure.values.max() <= 1 + 1e-5


def test_weights_in_any_memory_order_are_read() -> None:
    encoding = READ[1]
    attentions = made_up(3, len(encoding))
    turned = np.asfortranarray(attentions)
    one, other = (measure_heads(weights, encoding).measures for weights in (attentions, turned))
    for name in KINDS:
        np.testing.assert_allclose(one[name].values, other[name].values, atol=1e-6)


def test_long_texts_lose_no_digits() -> None:
    encoding = encode(SMALL, "the cat sat on a mat, and " * 100)
    assert len(encoding) == 512
    attentions = made_up(0, 512)[:1, :1]
    found = measure_heads(attentions, encoding)
    weights = attentions[0, 0].astype(np.float64)
    distances = weights @ np.arange(512) - np.arange(512)
    commas = [at for at, token in enumerate(encoding.tokens) if token == ","]
    assert value(found, "distance") == pytest.approx(distances.mean(), abs=1e-3)
    assert value(found, "punctuation") == pytest.approx(
        weights[:, commas].sum(axis=1).mean(), abs=1e-5
    )
    assert value(found, "sep") == pytest.approx(weights[:, 511].mean(), abs=1e-6)


def test_results_can_be_stored() -> None:
    found = measure_heads(even(5), encode(SMALL, "the cat sat"))
    again = pickle.loads(pickle.dumps(found))
    assert again.tokens == found.tokens
    np.testing.assert_array_equal(again.measures["span"].values, found.measures["span"].values)


def test_every_measure_names_its_source() -> None:
    assert all(kind.source for kind in KINDS.values())
    assert {name for name, kind in KINDS.items() if kind.content} == {
        "punctuation",
        "same_word",
        "between",
    }


def test_weights_of_another_text_are_refused() -> None:
    with pytest.raises(InputError, match="5 tokens cannot label 4 rows"):
        measure_heads(even(4), encode(SMALL, "the cat sat"))
