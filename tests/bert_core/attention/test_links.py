"""Links between tokens and words, and their chance, each beside a slow loop."""

from collections import defaultdict
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.links import (
    BestWeights,
    LinkChance,
    RankedLink,
    best_by_distance,
    how_often,
    how_often_as_strong,
    link_distance,
    merge,
    rank_links,
)
from bert_core.attention.maps import find_strongest_link
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from tests.bert_core.attention.test_maps import HEADS, LAYERS, made_up, seeds
from tests.kit.tiny import tiny_bert

BERT = tiny_bert()
# "zebra" is five pieces of the tiny model, "dogs" and "playing" two, the others one.
LINES = ["the cat sat on the mat", "zebra and dogs ran", "the dogs playing", "cat", ""]
INPUTS = [encode(BERT, line) for line in LINES]
INPUTS += [encode(BERT, "the cat sat", "dogs ran"), encode(BERT, "the cat sat", masked=[2])]

inputs = st.sampled_from(INPUTS)
units = st.sampled_from(["token", "word"])


def slow_units(encoding: Encoding, unit: str) -> list[tuple[int, list[int]]]:
    """(place in the count, positions) of all tokens or words of the text."""
    if unit == "token":
        return [(at, [at]) for at in range(len(encoding)) if encoding.word_ids[at] is not None]
    return [(number, list(word.positions)) for number, word in enumerate(encoding.words)]


def slow_weight(
    attentions: NDArray[np.float32], layer: int, head: int, queries: list[int], keys: list[int]
) -> float:
    total = 0.0
    for query in queries:
        for key in keys:
            total += float(attentions[layer, head, query, key])
    return total / len(queries)


def slow_best(
    attentions: NDArray[np.float32], encoding: Encoding, unit: str
) -> list[tuple[list[int], list[int], int, float]]:
    """(queries, keys, distance, weight of the best head) of all pairs."""
    found = []
    for (here, queries), (there, keys) in product(slow_units(encoding, unit), repeat=2):
        best = max(
            slow_weight(attentions, layer, head, queries, keys)
            for layer, head in product(range(LAYERS), range(HEADS))
        )
        found.append((queries, keys, there - here, best))
    return found


# Ranking


@given(seed=seeds, data=st.data())
def test_heads_are_ranked_by_added_keys_and_averaged_queries(
    seed: int, data: st.DataObject
) -> None:
    attentions = made_up(seed, 7)
    some = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True)
    queries, keys = data.draw(some), data.draw(some)
    links = rank_links(attentions, queries, keys)
    assert {(link.layer, link.head) for link in links} == set(product(range(LAYERS), range(HEADS)))
    assert [link.rank for link in links] == list(range(1, LAYERS * HEADS + 1))
    for link in links:
        expected = slow_weight(attentions, link.layer, link.head, queries, keys)
        assert link.weight == pytest.approx(expected, abs=1e-9)
        assert 0 <= link.weight <= 1 + 1e-6
    for stronger, weaker in pairwise(links):
        assert stronger.weight >= weaker.weight


def test_a_link_of_two_tokens_is_the_weight_itself() -> None:
    attentions = made_up(3, 5)
    best = rank_links(attentions, [4], [1])[0]
    assert best.weight == attentions[best.layer, best.head, 4, 1] == attentions[:, :, 4, 1].max()


def test_of_equal_heads_the_earlier_comes_first() -> None:
    attentions = np.full((2, 2, 2, 2), 0.5, dtype=np.float32)
    attentions[1, 0] = [[0.25, 0.75], [0.25, 0.75]]
    assert rank_links(attentions, [0], [1]) == (
        RankedLink(1, 0, 0.75, 1),
        RankedLink(0, 0, 0.5, 2),
        RankedLink(0, 1, 0.5, 3),
        RankedLink(1, 1, 0.5, 4),
    )


@given(seed=seeds)
def test_the_links_of_a_word_to_all_that_is_there_sum_to_one(seed: int) -> None:
    attentions = made_up(seed, 6)
    for link in rank_links(attentions, [1, 2], range(6)):
        assert link.weight == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("wrong", [[], [5], [-1], [2, 2]])
def test_positions_that_name_nothing_are_refused(wrong: list[int]) -> None:
    attentions = made_up(0, 5)
    for queries, keys in ((wrong, [1]), ([1], wrong)):
        with pytest.raises(InputError):
            rank_links(attentions, queries, keys)


# Distance


def test_tokens_count_positions_and_words_count_words() -> None:
    encoding = encode(BERT, "the zebra ran")  # [CLS] the z ##e ##b ##r ##a ran [SEP]
    assert link_distance(encoding, [1], [7]) == 6
    assert link_distance(encoding, [7], [1]) == -6
    assert link_distance(encoding, [1], [7], "word") == 2
    assert link_distance(encoding, range(2, 7), [1], "word") == -1
    assert link_distance(encoding, [1], [1]) == link_distance(encoding, [1], [1], "word") == 0


def test_a_separator_is_one_step_for_tokens_and_none_for_words() -> None:
    encoding = encode(BERT, "the cat", "dogs ran")  # [CLS] the cat [SEP] dog ##s ran [SEP]
    assert link_distance(encoding, [2], [4]) == 2
    assert link_distance(encoding, [2], [4, 5], "word") == 1


@pytest.mark.parametrize(
    ("queries", "keys", "unit"),
    [([0], [1], "token"), ([1], [3], "token"), ([1, 2], [4], "token"), ([1], [4], "word")],
)
def test_what_is_no_token_or_word_of_the_text_has_no_distance(
    queries: list[int], keys: list[int], unit: str
) -> None:
    encoding = encode(BERT, "the cat", "dogs ran")
    with pytest.raises(InputError):
        link_distance(encoding, queries, keys, unit)


# Chance


@given(seed=seeds, encoding=inputs, unit=units, data=st.data())
def test_chance_counts_the_other_pairs_as_far_apart(
    seed: int, encoding: Encoding, unit: str, data: st.DataObject
) -> None:
    attentions = made_up(seed, len(encoding))
    pairs = slow_best(attentions, encoding, unit)
    distance = data.draw(st.integers(-8, 8))
    weight = data.draw(st.floats(0, 1, width=32))
    exclude = None
    if pairs:
        queries, keys, distance, _ = data.draw(st.sampled_from(pairs))
        exclude = (queries, keys)
    others = [best for *pair, far, best in pairs if far == distance and tuple(pair) != exclude]
    if any(abs(best - weight) < 1e-6 for best in others):
        return  # rounding may count it either way
    chance = how_often(attentions, encoding, distance, weight, exclude=exclude, unit=unit)
    reaching = sum(best >= weight for best in others)
    assert chance == LinkChance(len(others), reaching)
    assert chance.share == (reaching / len(others) if others else None)


def test_a_link_is_no_evidence_against_itself() -> None:
    encoding = encode(BERT, "the cat sat on")
    attentions = np.full((1, 2, 6, 6), 1 / 6, dtype=np.float32)
    attentions[0, 1, 1] = attentions[0, 1, 3] = [0, 0, 1, 0, 0, 0]  # the -> cat, sat -> cat
    best = rank_links(attentions, [1], [2])[0]
    assert (best.head, best.weight) == (1, 1)
    asked = (attentions, encoding, 1, best.weight)
    assert how_often(*asked) == LinkChance(3, 1)
    assert how_often(*asked, exclude=([1], [2])) == LinkChance(2, 0)
    assert how_often(*asked, exclude=([0], [1])) == LinkChance(3, 1)  # [CLS] is in no pair
    assert how_often(attentions, encoding, -1, 1.0) == LinkChance(3, 1)
    assert how_often(attentions, encoding, 2, 1 / 6) == LinkChance(2, 2)


def test_excluding_a_link_takes_away_one_pair_that_reaches_it(tiny: Bert) -> None:
    encoding = encode(tiny, "zebra and dogs ran on the mat")
    attentions = run_bert(tiny, encoding).attentions
    assert attentions is not None
    for unit in ("token", "word"):
        everything = slow_units(encoding, unit)
        for (_, queries), (_, keys) in product(everything, repeat=2):
            weight = rank_links(attentions, queries, keys)[0].weight
            distance = link_distance(encoding, queries, keys, unit)
            with_it = how_often(attentions, encoding, distance, weight * (1 - 1e-6), unit=unit)
            without = how_often(
                attentions,
                encoding,
                distance,
                weight * (1 - 1e-6),
                exclude=(queries, keys),
                unit=unit,
            )
            assert with_it.pairs == without.pairs + 1
            assert with_it.reaching == without.reaching + 1


def test_a_pair_with_no_other_as_far_apart_has_no_share() -> None:
    encoding = encode(BERT, "the cat")
    assert how_often(made_up(1, 4), encoding, 1, 0.5, exclude=([1], [2])).share is None
    assert how_often(made_up(1, 4), encoding, 9, 0.5).share is None


def test_weights_of_another_input_are_refused() -> None:
    encoding = encode(BERT, "the cat")
    for ask in (
        lambda: how_often(made_up(1, 7), encoding, 1, 0.5),
        lambda: best_by_distance(made_up(1, 7), encoding),
    ):
        with pytest.raises(InputError, match="another input"):
            ask()


# How sure it is


def slow_wilson(reaching: int, pairs: int) -> list[float]:
    """The Wilson interval as the shares p for which |k/n - p| = z * sqrt(p(1 - p)/n)."""
    square = 1.959964**2 / pairs
    share = reaching / pairs
    roots = np.roots([1 + square, -(2 * share + square), share**2])
    return sorted(float(root) for root in roots.real)


@given(pairs=st.integers(1, 2000), data=st.data())
def test_the_interval_holds_all_shares_that_the_count_does_not_speak_against(
    pairs: int, data: st.DataObject
) -> None:
    reaching = data.draw(st.integers(0, pairs))
    chance = LinkChance(pairs, reaching)
    assert chance.interval == pytest.approx(slow_wilson(reaching, pairs), abs=1e-6)


@pytest.mark.parametrize(
    ("pairs", "reaching", "verdict"),
    [
        (759, 47, "rare"),  # 6.2 %, at most 8.1 %
        (759, 59, "rare"),  # 7.8 %, at most 9.9 %
        (759, 60, "open"),
        (759, 90, "open"),
        (759, 94, "common"),  # 12.4 %, at least 10.2 %
        (34, 0, "few"),
        (35, 0, "rare"),
        (12, 1, "few"),
        (12, 8, "common"),
        (0, 0, "few"),
    ],
)
def test_a_link_says_something_where_surely_fewer_than_a_tenth_have_one(
    pairs: int, reaching: int, verdict: str
) -> None:
    assert LinkChance(pairs, reaching).verdict == verdict


def test_without_pairs_nothing_is_known_of_the_share() -> None:
    assert LinkChance(0, 0).interval is None


# The strongest link of a token


@given(seed=seeds, size=st.integers(1, 9), data=st.data())
def test_chance_of_a_strongest_link_is_how_many_other_tokens_have_one(
    seed: int, size: int, data: st.DataObject
) -> None:
    attentions = made_up(seed, size)
    some = st.lists(st.integers(0, size - 1), min_size=1, unique=True)
    positions = sorted(data.draw(some))
    query = data.draw(st.sampled_from(range(size)))
    weight = float(np.float32(data.draw(st.floats(0, 1, width=32))))
    strongest = [
        found.weight
        for other in positions
        if other != query
        and (found := find_strongest_link(attentions, other, positions)) is not None
    ]
    chance = how_often_as_strong(attentions, positions, query, weight)
    assert chance == LinkChance(len(strongest), sum(one >= weight for one in strongest))


def test_a_strongest_link_reaches_itself_from_any_other_token_only() -> None:
    attentions = np.zeros((1, 2, 5, 5), dtype=np.float32)
    attentions[0, 1, 1, 4] = attentions[0, 0, 2, 4] = 0.5
    attentions[0, 0, 3, 4] = 0.9  # a neighbour
    assert how_often_as_strong(attentions, [1, 2, 3, 4], 1, 0.5) == LinkChance(3, 1)
    assert how_often_as_strong(attentions, [1, 2, 3, 4], 0, 0.5) == LinkChance(4, 2)
    assert how_often_as_strong(attentions, [1, 2], 1, 0.0) == LinkChance(0, 0)


# Many texts


@given(seed=seeds, encoding=inputs, unit=units)
def test_the_summary_of_a_text_holds_every_pair(seed: int, encoding: Encoding, unit: str) -> None:
    attentions = made_up(seed, len(encoding))
    expected = defaultdict(list)
    for _, _, distance, best in slow_best(attentions, encoding, unit):
        expected[distance].append(best)
    summary = best_by_distance(attentions, encoding, unit=unit)
    assert list(summary.by_distance) == sorted(expected)
    for distance, weights in expected.items():
        np.testing.assert_allclose(summary.by_distance[distance], sorted(weights), atol=1e-6)
        assert summary.by_distance[distance].dtype == np.float32
    assert (summary.unit, summary.texts) == (unit, 1)


@given(seed=seeds, encoding=inputs, unit=units, weight=st.floats(0, 1))
def test_the_summary_of_a_text_answers_as_the_text_does(
    seed: int, encoding: Encoding, unit: str, weight: float
) -> None:
    attentions = made_up(seed, len(encoding))
    summary = best_by_distance(attentions, encoding, unit=unit)
    for distance in range(-10, 11):
        direct = how_often(attentions, encoding, distance, weight, unit=unit)
        assert summary.reaching(distance, weight) == direct
        assert summary.share_reaching(distance, weight) == direct.share


@given(seed=seeds, chosen=st.lists(inputs, max_size=4), weight=st.floats(0, 1))
def test_merged_summaries_count_all_their_pairs(
    seed: int, chosen: list[Encoding], weight: float
) -> None:
    parts = [
        best_by_distance(made_up(seed + number, len(one)), one) for number, one in enumerate(chosen)
    ]
    merged = merge(parts)
    assert merged.texts == len(parts)
    for distance in range(-10, 11):
        counts = [part.reaching(distance, weight) for part in parts]
        pairs, reaching = sum(one.pairs for one in counts), sum(one.reaching for one in counts)
        assert merged.reaching(distance, weight) == LinkChance(pairs, reaching)
    step_by_step = merge([])
    for part in parts:
        step_by_step = merge([step_by_step, part])
    for distance, weights in merged.by_distance.items():
        np.testing.assert_array_equal(step_by_step.by_distance[distance], weights)


def test_a_weight_equal_to_the_one_asked_about_reaches_it() -> None:
    summary = BestWeights({1: np.array([0.1, 0.3, 0.3, 0.9], dtype=np.float32)})
    assert summary.reaching(1, float(np.float32(0.3))) == LinkChance(4, 3)
    assert summary.reaching(1, 0.3) == LinkChance(4, 3)
    assert summary.share_reaching(1, 0.95) == 0
    assert summary.share_reaching(2, 0.1) is None


def test_merging_nothing_gives_no_pairs() -> None:
    assert merge([]).texts == 0
    assert merge([]).share_reaching(1, 0.1) is None


def test_tokens_and_words_are_not_merged() -> None:
    encoding = encode(BERT, "the cat")
    parts = [best_by_distance(made_up(1, 4), encoding, unit=unit) for unit in ("token", "word")]
    with pytest.raises(InputError):
        merge(parts)
    for part in parts:
        assert merge([merge([]), part]).unit == part.unit
