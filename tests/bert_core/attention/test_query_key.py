"""Queries and keys: they give the model's own weights, number by number."""

from itertools import product

import numpy as np
import pytest

from bert_core.attention.query_key import QueryKey, read_query_key
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import ATTENTIONS, HIDDEN_STATES, BertRun, run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import tiny_bert


@pytest.fixture(params=["tiny", "embedded"])
def bert(request: pytest.FixtureRequest) -> Bert:
    found: Bert = request.getfixturevalue(request.param)
    return found


def run_of(bert: Bert) -> BertRun:
    return run_bert(bert, encode(bert, "The cat sat on the mat.", "It ran [MASK] walk."))


def one() -> QueryKey:
    bert = tiny_bert()
    return read_query_key(bert, run_of(bert), layer=1, head=2, query=3)


def test_every_row_of_every_head_is_the_models_own(bert: Bert) -> None:
    run = run_of(bert)
    assert run.attentions is not None
    every = product(range(bert.layers), range(bert.heads), range(len(run.encoding)))
    for layer, head, query in every:
        row = read_query_key(bert, run, layer, head, query)
        assert row.gap <= 1e-6
        np.testing.assert_array_equal(row.attention, run.attentions[layer, head, query])
        np.testing.assert_allclose(row.weights, row.attention, rtol=0, atol=1e-6)
        assert row.weights.sum() == pytest.approx(1, abs=1e-6)


def test_vectors_are_those_of_the_layers_projections(bert: Bert) -> None:
    run = run_of(bert)
    assert run.hidden_states is not None
    size = bert.hidden // bert.heads
    for layer, head in product(range(bert.layers), (0, bert.heads - 1)):
        row = read_query_key(bert, run, layer, head, 2)
        own = bert.model.bert.encoder.layer[layer].attention.self
        for at, number in product(range(len(run.encoding)), (0, size - 1)):
            place = head * size + number
            state = run.hidden_states[layer][at].astype(np.float64)
            key = sum(state * own.key.weight[place].numpy()) + float(own.key.bias[place])
            assert row.keys[at, number] == pytest.approx(key, abs=1e-4)
            if at == row.query:
                query = sum(state * own.query.weight[place].numpy()) + float(own.query.bias[place])
                assert row.query_vector[number] == pytest.approx(query, abs=1e-4)


def test_products_sum_to_scores_and_scores_are_scaled_by_the_root_of_the_width(bert: Bert) -> None:
    run = run_of(bert)
    size = bert.hidden // bert.heads
    for layer, head in product(range(bert.layers), range(bert.heads)):
        row = read_query_key(bert, run, layer, head, 4)
        assert row.query_vector.shape == (size,)
        assert row.keys.shape == row.products.shape == (len(run.encoding), size)
        for key in range(len(run.encoding)):
            by_hand = [float(row.query_vector[at] * row.keys[key, at]) for at in range(size)]
            np.testing.assert_allclose(row.products[key], by_hand, atol=1e-6)
            assert row.scores[key] == pytest.approx(sum(by_hand), abs=1e-4)
            assert row.scaled[key] == pytest.approx(row.scores[key] / size**0.5, abs=1e-6)
        powers = [float(np.exp(np.float64(score))) for score in row.scaled]
        np.testing.assert_allclose(row.weights, np.array(powers) / sum(powers), atol=1e-6)


def test_the_gap_shows_that_a_head_used_other_numbers() -> None:
    run = run_of(tiny_bert(0))
    assert read_query_key(tiny_bert(0), run, 0, 0, 1).gap <= 1e-6
    assert read_query_key(tiny_bert(1), run, 0, 0, 1).gap > 0.01


def test_the_row_is_labelled_and_cannot_be_written_to() -> None:
    bert = tiny_bert()
    row = one()
    assert (row.layer, row.head, row.query) == (1, 2, 3)
    assert row.tokens == run_of(bert).encoding.tokens
    arrays = [value for value in vars(row).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 7
    for array in arrays:
        assert array.dtype == np.float32
        assert not array.flags.writeable


def test_dominant_dimensions_are_the_largest_products_with_their_signs() -> None:
    row = one()
    for key in range(len(row.tokens)):
        left = {at: float(value) for at, value in enumerate(row.products[key])}
        expected = []
        while left:
            top = max(left, key=lambda at: abs(left[at]))
            expected.append((top, left.pop(top)))
        assert row.dominant(key, 3) == expected[:3]
        assert row.dominant(key, 99) == expected
        assert len(row.dominant(key)) == 8
        assert sum(value for _, value in expected) == pytest.approx(row.scores[key], abs=1e-5)
    assert any(value < 0 for _, value in row.dominant(0, 99))


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((2, 0, 0), "There is no layer 3: the last is 2."),
        ((-1, 0, 0), "There is no layer 0: the last is 2."),
        ((0, 4, 0), "There is no head 5: the last is 4."),
        ((0, 0, 3), "There is no token 4: the last is 3."),
        ((0, 0, -1), "There is no token 0: the last is 3."),
    ],
)
def test_a_place_that_is_not_there_is_refused(
    tiny: Bert, place: tuple[int, int, int], sentence: str
) -> None:
    run = run_bert(tiny, encode(tiny, "cat"))
    with pytest.raises(InputError) as error:
        read_query_key(tiny, run, *place)
    assert str(error.value) == sentence
    with pytest.raises(InputError, match="There is no token 4"):
        read_query_key(tiny, run, 0, 0, 0).dominant(3)


@pytest.mark.parametrize("kept", [ATTENTIONS, HIDDEN_STATES])
def test_a_run_that_kept_too_little_is_refused(tiny: Bert, kept: str) -> None:
    run = run_bert(tiny, encode(tiny, "cat"), keep=(kept,))
    with pytest.raises(InputError, match="keep both"):
        read_query_key(tiny, run, 0, 0, 0)
