"""One forward pass: transformers' own numbers, the caller's labels, and nothing to write to."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from transformers import BertForPreTraining

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import (
    ALL,
    ATTENTIONS,
    HIDDEN_STATES,
    Asked,
    BertRun,
    run_batch,
    run_bert,
)
from bert_core.model.tokenization import Encoding, encode
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert, tiny_model

MODELS = ["tiny", "embedded"]
INPUTS = [
    ("the cat sat on the mat", None),
    ("The bank of the river.", "He sat [MASK] the bank."),
    ("", None),
    ("中文 and cafés", "x"),
]


@pytest.fixture(params=MODELS)
def bert(request: pytest.FixtureRequest) -> Bert:
    found: Bert = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def reference() -> dict[str, BertForPreTraining]:
    """The same models as transformers loads them."""
    embedded = BertForPreTraining.from_pretrained(
        EMBEDDED_FOLDER, attn_implementation="eager", dtype=torch.float32
    )
    return {"embedded": embedded.eval(), "tiny": tiny_model().eval()}


def assert_close(ours: np.ndarray | None, theirs: torch.Tensor | np.ndarray | None) -> None:
    assert ours is not None
    assert theirs is not None
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("which", MODELS)
@pytest.mark.parametrize(("text", "pair"), INPUTS)
def test_a_run_equals_transformers_own(
    which: str,
    text: str,
    pair: str | None,
    reference: dict[str, BertForPreTraining],
    request: pytest.FixtureRequest,
) -> None:
    bert: Bert = request.getfixturevalue(which)
    encoding = encode(bert, text, pair)
    ours = run_bert(bert, encoding)
    with torch.no_grad():
        theirs = reference[which](
            input_ids=torch.tensor([encoding.ids]),
            token_type_ids=torch.tensor([encoding.segments]),
            output_attentions=True,
            output_hidden_states=True,
        )
    assert_close(ours.attentions, torch.stack(theirs.attentions)[:, 0])
    assert_close(ours.hidden_states, torch.stack(theirs.hidden_states)[:, 0])
    assert_close(ours.last_hidden_state, theirs.hidden_states[-1][0])
    assert_close(ours.next_sentence_logits, theirs.seq_relationship_logits[0])


def test_pooled_is_what_the_next_sentence_head_reads(bert: Bert) -> None:
    run = run_bert(bert, encode(bert, "the cat", "the dog"))
    head = bert.model.cls.seq_relationship
    assert run.pooled is not None
    assert_close(run.next_sentence_logits, head(torch.tensor(run.pooled)))
    assert np.abs(run.pooled).max() < 1


def test_alone_or_in_a_padded_batch_is_the_same(bert: Bert) -> None:
    encodings = [encode(bert, text, pair) for text, pair in INPUTS]
    runs = run_batch(bert, [Asked(encoding, ALL) for encoding in encodings])
    for run, encoding in zip(runs, encodings, strict=True):
        alone = run_bert(bert, encoding)
        for part in (*ALL, "last_hidden_state", "pooled", "next_sentence_logits"):
            assert_close(getattr(run, part), getattr(alone, part))


def test_each_of_a_batch_keeps_what_was_asked_for_it(tiny: Bert) -> None:
    keeps = [(), (ATTENTIONS,), (HIDDEN_STATES,), ALL]
    runs = run_batch(tiny, [Asked(encode(tiny, "the cat"), keep) for keep in keeps])
    assert [run.kept for run in runs] == [set(keep) for keep in keeps]


def test_what_no_run_has_cannot_be_asked_for(tiny: Bert) -> None:
    with pytest.raises(InputError, match="keeps attentions or hidden_states, not gradients"):
        Asked(encode(tiny, "the cat"), ("gradients", ATTENTIONS))


def test_what_is_asked_equals_what_asks_the_same_and_can_be_a_key(tiny: Bert) -> None:
    lower, upper = encode(tiny, "the cat"), encode(tiny, "The Cat")
    same = [Asked(lower, ALL), Asked(lower, [*reversed(ALL)]), Asked(lower, {*ALL})]
    assert len(set(same)) == 1
    assert len({*same, Asked(lower), Asked(upper, ALL)}) == 3
    assert Asked(lower).numbers == Asked(upper, ALL).numbers
    others = ("the dog", None), ("the", "cat"), ("the [MASK]", None)
    assert (
        len({Asked(encode(tiny, *text)).numbers for text in others} - {Asked(lower).numbers}) == 3
    )


@given(text=any_text, pair=any_text)
@settings(max_examples=40)
def test_shapes_fit_the_labels_and_rows_sum_to_one(text: str, pair: str) -> None:
    bert = SMALL
    run = run_bert(bert, encode(bert, text, pair))
    tokens = len(run.encoding.tokens)
    assert run.attentions is not None
    assert run.hidden_states is not None
    assert run.attentions.shape == (bert.layers, bert.heads, tokens, tokens)
    assert run.hidden_states.shape == (bert.layers + 1, tokens, bert.hidden)
    np.testing.assert_allclose(run.attentions.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_array_equal(run.hidden_states[-1], run.last_hidden_state)


SMALL = tiny_bert()


def test_the_longest_input_runs(bert: Bert) -> None:
    run = run_bert(bert, encode(bert, "the cat sat " * 400), ())
    assert run.last_hidden_state.shape == (512, bert.hidden)


def arrays(run: BertRun) -> list[np.ndarray]:
    parts = (run.last_hidden_state, run.attentions, run.hidden_states, run.pooled)
    return [part for part in (*parts, run.next_sentence_logits) if part is not None]


def test_arrays_are_float32_read_only_and_hold_no_more_than_they_show(tiny: Bert) -> None:
    texts = ("a", "a " * 200)
    short = run_batch(tiny, [Asked(encode(tiny, text), ALL) for text in texts])[0]
    assert len(arrays(short)) == 5
    for array in arrays(short):
        assert array.dtype == np.float32
        assert not array.flags.writeable
        assert array.base is None  # a view would keep the padded batch alive
    beside = short.bytes - sum(array.nbytes for array in arrays(short)[:4])
    assert 1_000 < beside < 2_000


@pytest.mark.parametrize("keep", [("gradients",), ("attentions", "weights"), "attentions"])
def test_an_unknown_part_is_refused(tiny: Bert, keep: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="attentions or hidden_states"):
        run_bert(tiny, encode(tiny, "a"), keep)


def test_numbers_may_be_labelled_anew_only_for_the_same_input(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, "hello"))
    other: Encoding = encode(tiny, "Hello")
    again = run.relabelled(other)
    assert again.encoding is other
    assert again.attentions is run.attentions
    with pytest.raises(InputError):
        run.relabelled(encode(tiny, "world"))


def test_running_changes_nothing_in_the_model(tiny: Bert) -> None:
    before = {name: weight.clone() for name, weight in tiny.model.state_dict().items()}
    first = run_bert(tiny, encode(tiny, "the cat"))
    second = run_bert(tiny, encode(tiny, "the cat"))
    assert_close(first.last_hidden_state, second.last_hidden_state)
    for name, weight in tiny.model.state_dict().items():
        assert torch.equal(weight, before[name])
