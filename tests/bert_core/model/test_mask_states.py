"""The states at masks alone: against whole runs, one by one, whatever shares a pass."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, AT_MASKS, ATTENTIONS, Asked, run_batch, run_bert
from bert_core.model.mask_states import run_at
from bert_core.model.tokenization import encode, with_masks
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert

CLOSE = 1e-5
TEXTS = [
    ("the cat sat on the mat", None, [2]),
    ("the dog", "the cat sat on the river bank and ran", [1, 2, 9]),
    ("a", None, []),
    ("the cat sat on the mat", "it ran", [1, 8]),
    ("paris is the [MASK] of france " * 8, None, [3]),
    ("the dog sat on the mat", None, [4]),
]


@pytest.fixture(params=["tiny", "embedded"])
def bert(request: pytest.FixtureRequest) -> Bert:
    bert: Bert = request.getfixturevalue(request.param)
    return bert


def test_states_at_masks_are_those_of_a_whole_run_alone(bert: Bert) -> None:
    encodings = [encode(bert, *one) for one in TEXTS]
    runs = run_batch(bert, [Asked(encoding, {AT_MASKS}) for encoding in encodings])
    for run, encoding in zip(runs, encodings, strict=True):
        assert run.encoding is encoding
        alone = run_bert(bert, encoding, ()).last_hidden_state
        assert run.last_hidden_state.shape == (len(encoding.masked), bert.hidden)
        np.testing.assert_allclose(
            run.last_hidden_state, alone[list(encoding.masked)], rtol=0, atol=CLOSE
        )


def test_one_batch_may_hold_both_kinds(tiny: Bert) -> None:
    encodings = [encode(tiny, *one) for one in TEXTS]
    keeps = [(AT_MASKS,), ALL, (AT_MASKS,), (), (ATTENTIONS,), (AT_MASKS,)]
    runs = run_batch(tiny, [Asked(*one) for one in zip(encodings, keeps, strict=True)])
    for run, encoding, keep in zip(runs, encodings, keeps, strict=True):
        assert run.encoding is encoding
        assert run.kept == set(keep)
        alone = run_bert(tiny, encoding, ())
        found = run.states_at(encoding.masked)
        np.testing.assert_allclose(found, alone.states_at(encoding.masked), rtol=0, atol=CLOSE)


@settings(max_examples=25)
@given(st.lists(st.tuples(any_text, st.integers(0, 300)), min_size=1, max_size=6))
def test_any_tokens_of_any_texts_are_answered_in_order(
    asked: list[tuple[str, int]],
) -> None:
    encodings = [encode(SMALL, text[:150]) for text, _ in asked]
    places = [
        [number % len(encoding), 0] for encoding, (_, number) in zip(encodings, asked, strict=True)
    ]
    found = run_at(SMALL, encodings, places)
    for states, encoding, at in zip(found, encodings, places, strict=True):
        alone = run_bert(SMALL, encoding, ()).last_hidden_state
        np.testing.assert_allclose(states.numpy(), alone[at], rtol=0, atol=CLOSE)


SMALL = tiny_bert()


def test_another_activation_and_other_norms_are_heeded() -> None:
    changes = {"hidden_act": "relu", "layer_norm_eps": 1e-2, "num_hidden_layers": 1}
    assert set(changes) <= set(BertConfig().to_dict())
    bert = tiny_bert(**changes)
    encoding = encode(bert, "the cat sat", None, [2])
    (run,) = run_batch(bert, [Asked(encoding, {AT_MASKS})])
    expected = run_bert(bert, encoding, ()).last_hidden_state[[2]]
    np.testing.assert_allclose(run.last_hidden_state, expected, rtol=0, atol=CLOSE)


def test_the_longest_input_runs(bert: Bert) -> None:
    encoding = encode(bert, "the cat sat " * 400, None, [511 - 1])
    (run,) = run_batch(bert, [Asked(encoding, {AT_MASKS})])
    expected = run_bert(bert, encoding, ()).last_hidden_state[[510]]
    np.testing.assert_allclose(run.last_hidden_state, expected, rtol=0, atol=CLOSE)


def test_only_masks_can_be_read_from_such_a_run(tiny: Bert) -> None:
    (run,) = run_batch(tiny, [Asked(encode(tiny, "the cat sat", None, [2, 3]), {AT_MASKS})])
    np.testing.assert_array_equal(run.states_at([3, 2]), run.last_hidden_state[::-1])
    with pytest.raises(InputError, match="Only the states at masks"):
        run.states_at([1])
    assert (run.pooled, run.next_sentence_logits, run.attentions) == (None, None, None)


def test_the_memory_of_many_such_runs_is_not_told_too_small(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat " * 20)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    runs = [
        run_batch(tiny, [Asked(with_masks(tiny, encoding, [at]), {AT_MASKS})])[0]
        for at in range(1, 41)
    ]
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.5 * taken < sum(run.bytes for run in runs) < 2 * taken


def test_states_at_masks_are_not_asked_for_with_other_parts(tiny: Bert) -> None:
    with pytest.raises(InputError, match="kept alone"):
        Asked(encode(tiny, "the cat"), {AT_MASKS, ATTENTIONS})
