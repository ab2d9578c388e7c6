"""The picture of q and k, and of differences between maps, carries the numbers it was given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.attention.query_key import QueryKey, read_query_key
from bert_core.figures.query_key import query_key_figure, shown_keys
from bert_core.figures.thumbnails import pool_differences
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.palette import COLOUR_POWER, DARK, LIGHT, Palette
from tests.bert_core.figures.test_figures import numbers, sent

TITLES = ("q and k", "<b>product</b>", "weights")


def reading_of(bert: Bert, text: str, query: int = 1) -> QueryKey:
    return read_query_key(bert, run_bert(bert, encode(bert, text)), 1, 2, query)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_q_k_products_and_weights_are_those_of_the_head(tiny: Bert, colours: Palette) -> None:
    reading = reading_of(tiny, "the cat sat on the mat")
    keys, query, products, weights = sent(query_key_figure(reading, colours, TITLES))["data"]
    np.testing.assert_allclose(numbers(keys["z"]), reading.keys)
    np.testing.assert_allclose(numbers(query["z"]), reading.query_vector[None])
    np.testing.assert_allclose(numbers(products["z"]), reading.products)
    np.testing.assert_allclose(numbers(weights["x"]), reading.weights)
    for trace in (keys, query, products):
        assert trace["zmin"] == -trace["zmax"]  # colour is about zero


def test_of_many_keys_those_with_most_attention_are_drawn_in_order(tiny: Bert) -> None:
    reading = reading_of(tiny, "dog " * 60)
    kept = shown_keys(reading, most=7)
    assert kept == sorted(kept)
    assert len(kept) == 7
    left_out = set(range(len(reading.tokens))) - set(kept)
    assert min(reading.attention[kept]) >= max(reading.attention[list(left_out)])
    figure = sent(query_key_figure(reading, LIGHT, TITLES, most=7))
    assert numbers(figure["data"][2]["z"]).shape == (7, 8)


def test_a_token_that_looks_like_markup_is_text(tiny: Bert) -> None:
    reading = reading_of(tiny, "<b> cat")
    labels = sent(query_key_figure(reading, LIGHT, TITLES))["layout"]["yaxis"]["ticktext"]
    assert labels[2] == "&lt;"
    assert "<b>" not in labels[1:]


@given(st.integers(1, 150), st.integers(0, 5))
def test_each_block_of_differences_keeps_its_largest_of_either_sign(size: int, seed: int) -> None:
    differences = np.random.default_rng(seed).uniform(-1, 1, (1, size, size)).astype(np.float32)
    pooled = pool_differences(differences)[0]
    block = -(-size // 64)
    for row in range(len(pooled)):
        for column in range(len(pooled)):
            cells = differences[0, row * block :, column * block :][:block, :block]
            largest = cells.flat[np.abs(cells).argmax()]
            wanted = 128 + np.sign(largest) * 127 * abs(largest) ** COLOUR_POWER
            assert abs(int(pooled[row, column]) - wanted) <= 0.51


def test_no_difference_is_the_background() -> None:
    assert (pool_differences(np.zeros((2, 3, 3), np.float32)) == 128).all()
    ends = np.array([[[1.0, -1.0]]], np.float32)
    assert pool_differences(ends).tolist() == [[[255, 1]]]
