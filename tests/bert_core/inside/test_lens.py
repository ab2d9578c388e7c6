"""The heads on every layer: transformers' own states, one layer at a time, counted one by one."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM, BertForPreTraining, BertModel

import bert_core.inside.lens
from bert_core.errors import InputError, MissingHeadError
from bert_core.inside.lens import next_sentence_layers, read_layers, read_layers_at
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.score import score_next_sentence
from tests.kit.tiny import save_tiny, tiny_config, tiny_model

MODELS = ["tiny", "embedded"]
TEXT = "the cat [MASK] on the [MASK] of paris"
CLOSE = 3e-5


@pytest.fixture(params=MODELS)
def bert(request: pytest.FixtureRequest) -> Bert:
    found: Bert = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def references() -> dict[str, BertForPreTraining]:
    """The same two models as transformers loads them."""
    shipped = BertForPreTraining.from_pretrained(EMBEDDED_FOLDER, dtype=torch.float32).eval()
    return {"tiny": tiny_model().eval(), "embedded": shipped}


def run_of(bert: Bert, text: str, pair: str | None = None, masked: tuple[int, ...] = ()) -> BertRun:
    return run_bert(bert, encode(bert, text, pair, masked), ("hidden_states",))


def layers_by_transformers(model: BertForPreTraining, run: BertRun) -> tuple[torch.Tensor, ...]:
    """All hidden states, (layer, token, hidden), of transformers' own pass."""
    with torch.no_grad():
        out = model.bert(
            input_ids=torch.tensor([run.encoding.ids]),
            token_type_ids=torch.tensor([run.encoding.segments]),
            output_hidden_states=True,
        )
    return tuple(states[0] for states in out.hidden_states)


@pytest.mark.parametrize("which", MODELS)
def test_each_layer_is_the_head_on_that_layers_state(
    which: str, references: dict[str, BertForPreTraining], request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    run = run_of(bert, TEXT)
    position = run.encoding.masked[1]
    dog = bert.wordpiece.id_of("dog")
    assert dog is not None
    reading = read_layers(bert, run, position, k=4, targets=[dog])
    states = layers_by_transformers(references[which], run)
    assert len(states) == bert.layers + 1 == len(reading.pieces) == len(reading.entropies)
    for layer, state in enumerate(states):
        with torch.no_grad():
            logits = references[which].cls.predictions(state[position])
        shares = torch.softmax(logits.double(), dim=-1).tolist()
        order = sorted(range(len(shares)), key=lambda at: -shares[at])[:4]
        assert reading.ids[layer].tolist() == order
        assert reading.pieces[layer] == tuple(bert.wordpiece.vocabulary[at] for at in order)
        np.testing.assert_allclose(
            reading.probabilities[layer], [shares[at] for at in order], rtol=0, atol=CLOSE
        )
        bits = -sum(share * math.log2(share) for share in shares if share)
        assert reading.entropies[layer] == pytest.approx(bits, abs=1e-3)
        for row, number in enumerate(reading.followed_ids):
            log = reading.log_probabilities[row, layer]
            assert log == pytest.approx(math.log(shares[number]), abs=1e-3)
            better = sum(share > shares[number] for share in shares)
            # Shares that differ in the last digit only may change places.
            assert abs(reading.ranks[row, layer] - 1 - better) <= 2


def test_the_last_layer_is_the_models_own_guess(bert: Bert) -> None:
    run = run_of(bert, TEXT)
    for guess in predict_masked(bert, run, 7):
        reading = read_layers(bert, run, guess.position, k=7)
        assert reading.pieces[-1] == guess.pieces
        assert reading.followed[0] == guess.pieces[0]
        assert reading.ranks[0, -1] == 1
        np.testing.assert_allclose(reading.probabilities[-1], guess.probabilities, atol=CLOSE)


def test_the_written_word_is_followed_and_nothing_twice(bert: Bert) -> None:
    encoding = encode(bert, "the cat sat on the mat")
    position = encoding.tokens.index("mat")
    run = run_of(bert, encoding.text, None, (position,))
    (guess,) = predict_masked(bert, run, 1)
    mat = encoding.ids[position]
    first = int(guess.ids[0])
    reading = read_layers(bert, run, position, targets=[mat, first])
    assert len(set(reading.followed)) == len(reading.followed)
    assert reading.original is not None
    assert reading.followed[reading.original] == "mat" == guess.original
    assert reading.ranks[reading.original, -1] == guess.original_rank
    assert reading.masked
    typed = read_layers(bert, run_of(bert, "the [MASK]"), 2)
    assert typed.original is None
    assert len(typed.followed) == 1


def test_the_answer_is_first_from_where_it_settles_and_was_not_just_before(bert: Bert) -> None:
    run = run_of(bert, "he put his money in the bank and walked on")
    for reading in read_layers_at(bert, run, range(len(run.encoding))):
        first = [ids[0] == reading.followed_ids[0] for ids in reading.ids]
        assert all(first[reading.settled :])
        assert reading.settled == 0 or not first[reading.settled - 1]


def test_drift_is_the_angle_to_the_last_state_and_its_length(bert: Bert) -> None:
    run = run_of(bert, TEXT)
    reading = read_layers(bert, run, 3)
    assert run.hidden_states is not None
    last = [float(value) for value in run.hidden_states[-1, 3]]
    for layer in range(bert.layers + 1):
        state = [float(value) for value in run.hidden_states[layer, 3]]
        length = math.sqrt(sum(value * value for value in state))
        product = sum(one * other for one, other in zip(state, last, strict=True))
        assert reading.norms[layer] == pytest.approx(length)
        assert reading.cosines[layer] == pytest.approx(
            product / length / math.sqrt(sum(value * value for value in last)), abs=1e-6
        )
    assert reading.cosines[-1] == pytest.approx(1)


def test_the_embeddings_of_a_mask_know_its_position_only(bert: Bert) -> None:
    one, other = (run_of(bert, f"{first} cat [MASK]") for first in ("the", "a"))
    readings = [read_layers(bert, run, 3) for run in (one, other)]
    np.testing.assert_allclose(readings[0].probabilities[0], readings[1].probabilities[0])
    assert not np.allclose(readings[0].probabilities[-1], readings[1].probabilities[-1])


def test_several_positions_are_read_as_each_alone(
    tiny: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tiny, TEXT)
    positions = [5, 1, 2, 3, 0]
    together = read_layers_at(tiny, run, positions)
    asked: list[int] = []
    head = bert_core.inside.lens.masked_word_logits

    def counted(bert: Bert, states: np.ndarray) -> torch.Tensor:
        asked.append(len(states))
        return head(bert, states)

    monkeypatch.setattr("bert_core.inside.lens.masked_word_logits", counted)
    monkeypatch.setattr("bert_core.inside.lens.MOST_ROWS", 7)
    in_parts = read_layers_at(tiny, run, positions)
    assert asked == [6, 6, 3]
    for position, one, part in zip(positions, together, in_parts, strict=True):
        alone = read_layers(tiny, run, position)
        assert one.position == part.position == alone.position == position
        for other in (one, part):
            assert other.pieces == alone.pieces
            np.testing.assert_allclose(other.log_probabilities, alone.log_probabilities, atol=1e-5)
    assert read_layers_at(tiny, run, []) == ()


def test_all_guesses_of_a_layer_sum_to_one(tiny: Bert) -> None:
    reading = read_layers(tiny, run_of(tiny, "the [MASK]"), 2, k=10**6)
    np.testing.assert_allclose(reading.probabilities.sum(axis=1), 1)
    assert (np.diff(reading.probabilities, axis=1) <= 0).all()


@pytest.mark.parametrize("which", MODELS)
def test_next_sentence_by_layer_is_pooler_and_head_on_each_cls(
    which: str, references: dict[str, BertForPreTraining], request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    model = references[which]
    run = run_of(bert, "the cat sat", "the dog ran")
    found = next_sentence_layers(bert, run)
    for layer, state in enumerate(layers_by_transformers(model, run)):
        with torch.no_grad():
            dense = model.bert.pooler.dense
            pooled = torch.tanh(dense.weight @ state[0] + dense.bias)
            logits = model.cls.seq_relationship(pooled).tolist()
        assert found.logits[layer].tolist() == pytest.approx(logits, abs=1e-4)
        is_next = 1 / (1 + math.exp(logits[1] - logits[0]))
        assert found.is_next[layer] == pytest.approx(is_next, abs=CLOSE)
    score = score_next_sentence(bert, run)
    assert found.is_next[-1] == pytest.approx(score.is_next, abs=1e-6)
    assert found.logits[-1].tolist() == pytest.approx(
        [score.is_next_logit, score.not_next_logit], abs=1e-5
    )


@pytest.mark.parametrize(
    ("positions", "k", "targets", "message"),
    [
        ([99], 5, (), "tokens that are in the sentence"),
        ([-1], 5, (), "tokens that are in the sentence"),
        ([1], 0, (), "at least one guess"),
        ([1], 5, (10**6,), "an id from 0 to"),
        ([1], 5, (7, 7), "each word once"),
    ],
)
def test_what_is_not_there_is_refused(
    tiny: Bert, positions: list[int], k: int, targets: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_layers_at(tiny, run_of(tiny, "the cat"), positions, k, targets)


def test_a_run_without_hidden_states_is_refused(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, "the cat", "the dog"), ())
    with pytest.raises(InputError, match="keep its hidden states"):
        read_layers(tiny, run, 1)
    with pytest.raises(InputError, match="keep its hidden states"):
        next_sentence_layers(tiny, run)


def test_one_sentence_alone_has_no_next_one(tiny: Bert) -> None:
    with pytest.raises(InputError, match="needs two"):
        next_sentence_layers(tiny, run_of(tiny, "the cat"))


def test_a_checkpoint_without_a_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path / "bare", bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        read_layers(bert, run_of(bert, "the cat"), 1)
    masked = BertForMaskedLM._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path / "masked", masked)), "cpu")
    with pytest.raises(MissingHeadError, match="no next-sentence head"):
        next_sentence_layers(bert, run_of(bert, "the cat", "the dog"))
