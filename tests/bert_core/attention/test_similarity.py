"""Distances between heads beside a slow loop, and the order that comes of them."""

from itertools import combinations, pairwise
from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention import similarity as head_similarity
from bert_core.attention.similarity import head_distances, sorted_order
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode

LAYERS, HEADS = 2, 3

seeds = st.integers(0, 2**32 - 1)


def made_up(seed: int, size: int) -> NDArray[np.float32]:
    """(layer, head, query, key) weights whose rows sum to 1, some of them 0."""
    random = np.random.default_rng(seed)
    weights = random.exponential(size=(LAYERS, HEADS, size, size)) ** 3
    weights[weights < 0.05] = 0
    weights[..., 0] += 1e-3
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def slow_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean over queries of sqrt(KL(p, m) / 2 + KL(q, m) / 2), m being half of each."""
    total = 0.0
    for row, beside in zip(one.tolist(), other.tolist(), strict=True):
        divergence = 0.0
        for p, q in zip(row, beside, strict=True):
            m = (p + q) / 2
            divergence += p * log2(p / m) / 2 if p else 0
            divergence += q * log2(q / m) / 2 if q else 0
        total += sqrt(max(divergence, 0))
    return total / len(one)


@given(seed=seeds, size=st.integers(1, 7), block=st.sampled_from([1, 60, 1 << 17]))
def test_distances_are_what_a_loop_over_pairs_and_keys_finds(
    seed: int, size: int, block: int
) -> None:
    attentions = made_up(seed, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head_similarity, "BLOCK", block)
        found = head_distances(attentions)
    maps = [attentions[layer, head] for layer in range(LAYERS) for head in range(HEADS)]
    assert found.shape == (len(maps), len(maps))
    for one, other in combinations(range(len(maps)), 2):
        expected = slow_distance(maps[one], maps[other])
        # a root takes rounding in the rows, 1e-7, to 3e-4 where heads are alike
        assert found[one, other] == pytest.approx(expected, abs=1e-5 if expected > 0.1 else 1e-3)
        assert found[one, other] == found[other, one]
    assert not found.diagonal().any()
    assert found.min() >= 0
    assert found.max() <= 1


def test_heads_that_share_no_key_are_at_one_and_equal_heads_at_zero() -> None:
    attentions = np.zeros((1, 3, 2, 2), dtype=np.float32)
    attentions[0, 0, :, 0] = 1
    attentions[0, 1, :, 1] = 1
    attentions[0, 2, :, 0] = 1
    expected = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    np.testing.assert_allclose(head_distances(attentions), expected, atol=1e-7)


def test_queries_count_alike_in_the_mean() -> None:
    """Rows at distance 1 and 0: one half."""
    attentions = np.array([[[[1, 0], [1, 0]], [[0, 1], [1, 0]]]], dtype=np.float32)
    assert head_distances(attentions)[0, 1] == pytest.approx(0.5)


def test_distances_obey_the_triangle(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "The bank of the river."))
    assert run.attentions is not None
    distances = head_distances(run.attentions).astype(np.float64)
    for middle in range(len(distances)):
        around = distances[:, middle, None] + distances[None, middle]
        assert (distances <= around + 1e-6).all()


def test_a_heads_number_is_its_layer_times_the_heads_and_its_own() -> None:
    attentions = made_up(3, 4)
    attentions[1, 2] = attentions[0, 1]
    assert head_distances(attentions)[0 * HEADS + 1, 1 * HEADS + 2] == pytest.approx(0, abs=1e-6)


def test_a_model_of_one_head_has_one_distance() -> None:
    assert head_distances(made_up(0, 3)[:1, :1]).tolist() == [[0.0]]


def test_attentions_are_not_written_to_and_distances_cannot_be() -> None:
    attentions = made_up(1, 5)
    before = attentions.copy()
    distances = head_distances(attentions)
    np.testing.assert_array_equal(attentions, before)
    assert distances.dtype == np.float32
    assert not distances.flags.writeable


@pytest.mark.parametrize("block", [1, 1 << 17])
def test_progress_rises_to_all_pairs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_similarity, "BLOCK", block)
    told: list[tuple[int, int]] = []
    head_distances(made_up(0, 3), progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 15), (9, 15), (12, 15), (14, 15), (15, 15)]


def test_what_progress_raises_ends_the_work() -> None:
    told: list[int] = []

    def enough(done: int, total: int) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        head_distances(made_up(0, 3), enough)
    assert told == [5, 9]


# sorted_order


@given(st.lists(st.integers(-1000, 1000), unique=True, max_size=12))
def test_heads_on_a_line_come_out_in_its_order(places: list[int]) -> None:
    points = np.array(places, dtype=np.float32)
    order = sorted_order(np.abs(points[:, None] - points[None]))
    assert sorted(order) == list(range(len(places)))
    along = [places[head] for head in order]
    assert along in (sorted(places), sorted(places, reverse=True))
    assert order[:1] <= order[-1:]


@given(seed=seeds, groups=st.integers(1, 4), size=st.integers(1, 5))
def test_groups_of_like_heads_stay_together(seed: int, groups: int, size: int) -> None:
    random = np.random.default_rng(seed)
    group = random.permutation(np.repeat(np.arange(groups), size))
    distances = np.where(group[:, None] == group[None], 0.1, 0.6)
    noise = random.uniform(0, 0.1, size=distances.shape)
    distances = (distances + noise + noise.T).astype(np.float32)
    np.fill_diagonal(distances, 0)
    seen = [int(group[head]) for head in sorted_order(distances)]
    changes = sum(one != other for one, other in pairwise(seen))
    assert changes == groups - 1


def slow_order(distances: NDArray[np.float32]) -> list[int]:
    """Average linkage with every average taken afresh from the heads themselves."""
    groups = [[head] for head in range(len(distances))]

    def apart(pair: tuple[list[int], list[int]]) -> float:
        return float(np.mean([[distances[a, b] for b in pair[1]] for a in pair[0]]))

    def ends(pair: tuple[list[int], list[int]]) -> float:
        return float(distances[pair[0][-1], pair[1][0]])

    while len(groups) > 1:
        one, other = min(combinations(groups, 2), key=apart)
        groups = [group for group in groups if group not in (one, other)]
        turned = [(a, b) for a in (one, one[::-1]) for b in (other, other[::-1])]
        left, right = min(turned, key=ends)
        groups.append(left + right)
    return groups[0]


@given(seed=seeds, count=st.integers(1, 8))
def test_the_order_is_that_of_average_linkage(seed: int, count: int) -> None:
    table = np.random.default_rng(seed).uniform(0.1, 1, size=(count, count))
    distances = (table + table.T).astype(np.float32)
    np.fill_diagonal(distances, 0)
    slow = slow_order(distances)
    assert sorted_order(distances) in (slow, slow[::-1])


def test_neighbours_of_a_real_model_are_nearer_than_in_its_own_order(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "The cat sat on the mat.", "It was tired."))
    assert run.attentions is not None
    distances = head_distances(run.attentions)
    before = distances.copy()
    order = sorted_order(distances)
    assert sorted(order) == list(range(72))
    assert distances[order[:-1], order[1:]].mean() < distances.diagonal(1).mean()
    np.testing.assert_array_equal(distances, before)


def test_a_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(InputError, match="square"):
        sorted_order(np.zeros((2, 3), dtype=np.float32))
