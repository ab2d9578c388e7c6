"""Attention rollout beside the paper's sum over paths."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.rollout import attention_rollout
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode


def made_up(seed: int, layers: int, heads: int, size: int) -> NDArray[np.float32]:
    """(layer, head, query, key) weights whose rows sum to 1."""
    weights = np.random.default_rng(seed).exponential(size=(layers, heads, size, size)) ** 3
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def path_sum(
    attentions: NDArray[np.float32], top: int, residual: float, query: int, key: int
) -> float:
    """Products of the shares along every path from `query` after layer `top` to input `key`."""
    _, heads, size, _ = attentions.shape
    total = 0.0
    for inner in product(range(size), repeat=top):
        path = (query, *inner, key)  # from the top down
        share = 1.0
        for step, (at, to) in enumerate(pairwise(path)):
            weights = [float(attentions[top - step, head, at, to]) for head in range(heads)]
            share *= (1 - residual) * sum(weights) / heads + residual * (at == to)
        total += share
    return total


def test_two_layers_worked_out_by_hand() -> None:
    first = [[1.0, 0.0], [1.0, 0.0]]  # everyone looks at token 0
    second = [[0.0, 1.0], [0.0, 1.0]]  # everyone looks at token 1
    rolled = attention_rollout(np.array([[first], [second]], dtype=np.float32))
    # A'_0 = [[1, 0], [.5, .5]], A'_1 = [[.5, .5], [0, 1]]. Token 0 after layer 1 is half itself,
    # which is all input 0, and half token 1, which is half input 0: 1/2 + 1/4.
    assert rolled[0].tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert rolled[1].tolist() == [[0.75, 0.25], [0.5, 0.5]]


def test_layers_in_the_wrong_order_would_be_another_result() -> None:
    attentions = np.array(
        [[[[1.0, 0.0], [1.0, 0.0]]], [[[0.0, 1.0], [0.0, 1.0]]]], dtype=np.float32
    )
    upside_down = attention_rollout(attentions[::-1])[1]
    assert not np.allclose(attention_rollout(attentions)[1], upside_down)


@given(
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(1, 3),
    heads=st.integers(1, 3),
    size=st.integers(1, 4),
    residual=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
def test_rollout_is_the_sum_over_all_paths(
    seed: int, layers: int, heads: int, size: int, residual: float
) -> None:
    attentions = made_up(seed, layers, heads, size)
    rolled = attention_rollout(attentions, residual)
    assert rolled.shape == (layers, size, size)
    for layer, query, key in product(range(layers), range(size), range(size)):
        expected = path_sum(attentions, layer, residual, query, key)
        assert rolled[layer, query, key] == pytest.approx(expected, abs=1e-6)


def test_half_of_a_layer_is_residual_unless_told_otherwise() -> None:
    attentions = made_up(3, 4, 2, 5)
    np.testing.assert_array_equal(attention_rollout(attentions), attention_rollout(attentions, 0.5))


def test_with_nothing_but_residual_every_token_stays_itself() -> None:
    for layer in attention_rollout(made_up(1, 3, 2, 4), residual=1):
        np.testing.assert_array_equal(layer, np.eye(4))


def test_with_no_residual_one_layer_is_the_mean_of_its_heads() -> None:
    attentions = made_up(2, 1, 3, 4)
    np.testing.assert_allclose(attention_rollout(attentions, 0)[0], attentions[0].mean(0), 1e-6)


def test_rows_of_a_real_run_sum_to_one_and_stay_as_they_are(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "The bank of the river.", "He sat there."))
    assert run.attentions is not None
    before = run.attentions.copy()
    rolled = attention_rollout(run.attentions)
    np.testing.assert_allclose(rolled.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_array_equal(run.attentions, before)
    assert rolled.dtype == np.float32
    assert not rolled.flags.writeable


@pytest.mark.parametrize("residual", [-0.1, 1.1, float("nan")])
def test_a_residual_that_is_no_share_is_refused(residual: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        attention_rollout(made_up(0, 1, 1, 2), residual)
