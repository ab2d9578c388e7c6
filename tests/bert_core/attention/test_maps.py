"""Reading attention: means, hidden tokens, strongest links, each beside a slow loop."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.maps import (
    AttentionMap,
    find_strongest_link,
    head_name,
    read_attention,
)
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode

LAYERS, HEADS = 3, 2

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 9)


def made_up(seed: int, size: int) -> NDArray[np.float32]:
    """(layer, head, query, key) weights whose rows sum to 1, some of them 0."""
    random = np.random.default_rng(seed)
    weights = random.exponential(size=(LAYERS, HEADS, size, size)) ** 3
    weights[weights < 0.05] = 0
    weights[..., 0] += 1e-3
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def names(size: int) -> list[str]:
    return [f"t{at % 3}" for at in range(size)]  # some of them equal


@given(seed=seeds, size=sizes)
def test_one_head_is_shown_as_it_is(seed: int, size: int) -> None:
    attentions = made_up(seed, size)
    for layer, head in product(range(LAYERS), range(HEADS)):
        shown = read_attention(attentions, names(size), layer, head)
        np.testing.assert_array_equal(shown.weights, attentions[layer, head])
        assert (shown.layer, shown.head, shown.renormalised) == (layer, head, False)
        assert shown.tokens == tuple(names(size))
        assert shown.positions == tuple(range(size))


@given(seed=seeds, size=sizes)
def test_means_are_sums_over_heads_divided_by_their_number(seed: int, size: int) -> None:
    attentions = made_up(seed, size)
    everything = np.zeros((size, size))
    for layer in range(LAYERS):
        of_layer = np.zeros((size, size))
        for head in range(HEADS):
            of_layer += attentions[layer, head]
        everything += of_layer
        shown = read_attention(attentions, names(size), layer)
        np.testing.assert_allclose(shown.weights, of_layer / HEADS, atol=1e-6)
        assert (shown.layer, shown.head) == (layer, None)
    shown = read_attention(attentions, names(size))
    np.testing.assert_allclose(shown.weights, everything / (LAYERS * HEADS), atol=1e-6)
    assert (shown.layer, shown.head) == (None, None)


@given(seed=seeds, size=sizes, data=st.data())
def test_hidden_tokens_leave_both_axes_and_change_nothing_else(
    seed: int, size: int, data: st.DataObject
) -> None:
    attentions = made_up(seed, size)
    hidden = data.draw(st.sets(st.integers(0, size - 1), max_size=size - 1))
    shown = read_attention(attentions, names(size), 1, 0, hidden=sorted(hidden))
    left = [at for at in range(size) if at not in hidden]
    assert shown.positions == tuple(left)
    assert shown.tokens == tuple(names(size)[at] for at in left)
    assert shown.weights.shape == (len(left), len(left))
    for row, query in enumerate(left):
        for column, key in enumerate(left):
            assert shown.weights[row, column] == attentions[1, 0, query, key]


@given(seed=seeds, size=st.integers(2, 9))
def test_renormalised_rows_share_out_the_rest_and_sum_to_one(seed: int, size: int) -> None:
    attentions = made_up(seed, size)
    plain = read_attention(attentions, names(size), 0, 1, hidden=[0])
    shared = read_attention(attentions, names(size), 0, 1, hidden=[0], renormalise=True)
    assert shared.renormalised
    for row, raw in zip(shared.weights, plain.weights, strict=True):
        if raw.sum() > 0:
            assert row.sum() == pytest.approx(1, abs=1e-5)
            np.testing.assert_allclose(row * raw.sum(), raw, atol=1e-6)
        else:
            assert not row.any()


def test_a_row_of_which_nothing_is_left_stays_zero() -> None:
    attentions = np.zeros((1, 1, 2, 2), dtype=np.float32)
    attentions[..., 0] = 1
    shown = read_attention(attentions, ["[CLS]", "a"], 0, 0, hidden=[0], renormalise=True)
    assert shown.weights.tolist() == [[0.0]]


def test_reading_writes_nothing_into_the_run(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, "the cat sat"))
    assert run.attentions is not None
    before = run.attentions.copy()
    for layer, head in ((None, None), (0, None), (1, 2)):
        read_attention(
            run.attentions, run.encoding.tokens, layer, head, hidden=[0], renormalise=True
        )
    np.testing.assert_array_equal(run.attentions, before)


def test_rows_of_a_real_run_sum_to_one_whatever_is_averaged(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "The bank of the river.", "He sat there."))
    assert run.attentions is not None
    for layer, head in ((None, None), (5, None), (2, 11)):
        shown = read_attention(run.attentions, run.encoding.tokens, layer, head)
        np.testing.assert_allclose(shown.weights.sum(axis=1), 1, atol=1e-5)
        assert shown.weights.shape == (len(shown.tokens), len(shown.tokens))


def by_hand(weights: list[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    """The largest first, the earlier one where two are equal."""
    left: list[tuple[int, float]] = list(weights)
    best: list[tuple[int, float]] = []
    while left and len(best) < k:
        top = left[0]
        for candidate in left:
            if candidate[1] > top[1]:
                top = candidate
        best.append(top)
        left.remove(top)
    return best


@given(seed=seeds, size=st.integers(2, 9), k=st.integers(1, 12))
def test_what_a_token_attends_to_is_its_row_and_what_attends_to_it_its_column(
    seed: int, size: int, k: int
) -> None:
    attentions = made_up(seed, size)
    shown = read_attention(attentions, names(size), 2, 1, hidden=[0])
    for position in shown.positions:
        row = [(key, float(attentions[2, 1, position, key])) for key in shown.positions]
        column = [(query, float(attentions[2, 1, query, position])) for query in shown.positions]
        assert shown.attends_to(position, k) == by_hand(row, k)
        assert shown.attended_by(position, k) == by_hand(column, k)


def test_a_hidden_token_has_no_row() -> None:
    shown = AttentionMap(np.ones((1, 1), dtype=np.float32), ("a",), (3,), 0, 0)
    assert shown.attends_to(3) == [(3, 1.0)]
    with pytest.raises(ValueError, match="not in tuple"):
        shown.attends_to(0)


@given(
    seed=seeds,
    size=st.integers(1, 9),
    layer=st.sampled_from([None, 0, 2]),
    head=st.sampled_from([None, 0, 1]),
    distance=st.integers(0, 4),
    data=st.data(),
)
def test_the_strongest_link_is_what_a_search_of_all_heads_finds(
    seed: int, size: int, layer: int | None, head: int | None, distance: int, data: st.DataObject
) -> None:
    attentions = made_up(seed, size)
    query = data.draw(st.integers(0, size - 1))
    keys = data.draw(st.lists(st.integers(0, size - 1), unique=True))
    found = find_strongest_link(
        attentions, query, keys, layer=layer, head=head, min_distance=distance
    )
    weights = {
        (at_layer, at_head, key): float(attentions[at_layer, at_head, query, key])
        for at_layer, at_head, key in product(range(LAYERS), range(HEADS), keys)
        if layer in (None, at_layer) and head in (None, at_head) and abs(key - query) >= distance
    }
    if not weights:
        assert found is None
        return
    assert found is not None
    assert found.query == query
    assert found.weight == max(weights.values())
    assert weights[found.layer, found.head, found.key] == found.weight


def test_neighbours_are_no_link_unless_asked_for() -> None:
    attentions = np.array([[[[0.1, 0.7, 0.2]] * 3]], dtype=np.float32)
    far, near = (
        find_strongest_link(attentions, 0, [0, 1, 2], min_distance=distance) for distance in (2, 1)
    )
    assert far is not None
    assert near is not None
    assert (far.key, near.key) == (2, 1)


def test_heads_are_named_from_one() -> None:
    assert head_name(0, 0) == "layer 1, head 1"
    assert head_name(5, 11) == "layer 6, head 12"
    assert head_name(2, None) == "layer 3, mean of its heads"
    assert head_name(None, None) == "all layers and heads, mean"


@pytest.mark.parametrize(
    ("layer", "head", "sentence"),
    [
        (LAYERS, 0, "There is no layer 4: the model has 3."),
        (-1, 0, "There is no layer 0: the model has 3."),
        (0, HEADS, "There is no head 3: a layer has 2."),
        (0, -1, "There is no head 0: a layer has 2."),
        (None, 0, "Name the layer of the head as well."),
    ],
)
def test_a_head_that_is_not_there_is_refused(
    layer: int | None, head: int | None, sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        read_attention(made_up(0, 4), names(4), layer, head)
    assert str(error.value) == sentence


def test_labels_that_do_not_fit_and_nothing_left_to_show_are_refused() -> None:
    with pytest.raises(InputError, match="3 tokens cannot label 4 rows"):
        read_attention(made_up(0, 4), names(3), 0, 0)
    with pytest.raises(InputError, match="Every token is hidden"):
        read_attention(made_up(0, 2), names(2), 0, 0, hidden=[0, 1])
