"""Norms of what heads move: token by token from the weights, and against the model's own output."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bert_core.attention.norms import value_norms, value_weighted
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import ATTENTIONS, HIDDEN_STATES, BertRun, run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import tiny_bert

Doubles = NDArray[np.float64]


@pytest.fixture(params=["tiny", "embedded"])
def bert(request: pytest.FixtureRequest) -> Bert:
    if request.param == "tiny":
        return with_biases(tiny_bert(5))
    found: Bert = request.getfixturevalue(request.param)
    return found


def with_biases(bert: Bert) -> Bert:
    """A random model's biases are all 0: others, so that one left out or put in is seen."""
    torch.manual_seed(6)
    for layer in bert.model.bert.encoder.layer:
        for part in (layer.attention.self.value, layer.attention.output.dense):
            part.bias.copy_(torch.randn_like(part.bias))
    return bert


def run_of(bert: Bert) -> BertRun:
    return run_bert(bert, encode(bert, "the cat sat on the mat", "it ran"))


def moved(bert: Bert, run: BertRun, layer: int, head: int, key: int) -> Doubles:
    """f(x) of one head and token, (hidden,), by the paper's formula."""
    assert run.hidden_states is not None
    attention = bert.model.bert.encoder.layer[layer].attention
    weight, bias, output = (
        part.double().numpy()
        for part in (
            attention.self.value.weight,
            attention.self.value.bias,
            attention.output.dense.weight,
        )
    )
    size = bert.hidden // bert.heads
    own = slice(head * size, (head + 1) * size)
    value = run.hidden_states[layer][key] @ weight[own].T + bias[own]
    result: Doubles = value @ output[:, own].T
    return result


def test_norms_are_those_of_the_vectors_taken_one_by_one(bert: Bert) -> None:
    run = run_of(bert)
    assert run.attentions is not None
    bare, weighted = value_norms(bert, run), value_weighted(bert, run)
    tokens = len(run.encoding)
    assert bare.shape == (bert.layers, bert.heads, tokens)
    assert weighted.shape == (bert.layers, bert.heads, tokens, tokens)
    for layer, head, key in product(range(bert.layers), range(bert.heads), range(tokens)):
        vector = moved(bert, run, layer, head, key)
        assert bare[layer, head, key] == pytest.approx(np.linalg.norm(vector), rel=1e-4)
        for query in range(0, tokens, 3):
            alpha = float(run.attentions[layer, head, query, key])
            length = np.linalg.norm(alpha * vector)
            assert weighted[layer, head, query, key] == pytest.approx(length, rel=1e-4, abs=1e-9)


def test_the_vectors_and_the_bias_add_up_to_the_models_own_output(bert: Bert) -> None:
    """What the norms measure is the whole of what attention adds, but for that bias."""
    seen: list[Doubles] = []

    def keep(_module: object, _inputs: object, output: torch.Tensor) -> None:
        seen.append(output[0].double().numpy())

    denses = [layer.attention.output.dense for layer in bert.model.bert.encoder.layer]
    hooks = [dense.register_forward_hook(keep) for dense in denses]
    try:
        run = run_of(bert)
    finally:
        for hook in hooks:
            hook.remove()
    assert run.attentions is not None
    tokens = len(run.encoding)
    for layer, output in enumerate(seen):
        total = np.tile(denses[layer].bias.double().numpy(), (tokens, 1))
        for head, key in product(range(bert.heads), range(tokens)):
            alphas = run.attentions[layer, head, :, key].astype(np.float64)
            total += np.outer(alphas, moved(bert, run, layer, head, key))
        np.testing.assert_allclose(total, output, atol=2e-5)
    assert len(seen) == bert.layers


def test_the_bias_of_the_output_is_left_out() -> None:
    bert = tiny_bert()
    before = value_norms(bert, run_of(bert))
    bert.model.bert.encoder.layer[1].attention.output.dense.bias.fill_(9)
    np.testing.assert_array_equal(value_norms(bert, run_of(bert)), before)


def test_normalised_rows_sum_to_one_and_keep_their_proportions(bert: Bert) -> None:
    run = run_of(bert)
    plain, shares = value_weighted(bert, run), value_weighted(bert, run, normalised=True)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(shares * plain.sum(axis=-1, keepdims=True), plain, atol=1e-5)


def test_a_row_that_moves_nothing_stays_zero() -> None:
    bert = tiny_bert()
    own = bert.model.bert.encoder.layer[0].attention.self.value
    own.weight[:8].fill_(0)  # head 0 of 4; its biases are 0 already
    shares = value_weighted(bert, run_of(bert), normalised=True)
    assert not shares[0, 0].any()
    np.testing.assert_allclose(shares[0, 1:].sum(axis=-1), 1, atol=1e-5)


def test_the_run_is_not_written_to_and_the_result_cannot_be(tiny: Bert) -> None:
    run = run_of(tiny)
    assert run.attentions is not None
    before = run.attentions.copy()
    results = [
        value_norms(tiny, run),
        value_weighted(tiny, run),
        value_weighted(tiny, run, normalised=True),
    ]
    np.testing.assert_array_equal(run.attentions, before)
    for result in results:
        assert result.dtype == np.float32
        assert not result.flags.writeable


def test_a_run_that_kept_too_little_is_refused(tiny: Bert) -> None:
    run = run_of(tiny)
    with pytest.raises(InputError, match="kept no hidden states"):
        value_norms(tiny, replace(run, hidden_states=None))
    with pytest.raises(InputError, match="kept no hidden states"):
        value_weighted(tiny, run_bert(tiny, run.encoding, keep=(ATTENTIONS,)))
    with pytest.raises(InputError, match="kept no attentions"):
        value_weighted(tiny, run_bert(tiny, run.encoding, keep=(HIDDEN_STATES,)))
