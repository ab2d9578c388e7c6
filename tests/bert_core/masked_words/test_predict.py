"""What goes behind the mask: transformers' own guesses, and ranks counted one by one."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM, BertForPreTraining, BertModel, BertTokenizer
from transformers.pipelines import FillMaskPipeline

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.head import masked_word_logits
from bert_core.masked_words.predict import MaskedPrediction, predict_masked, predict_masked_in
from bert_core.masked_words.surprisal import predict_each, word_surprisals
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import save_tiny, tiny_model

MODELS = ["tiny", "embedded"]
TEXTS = [
    "The keys to the cabinet [MASK] on the table.",
    "[MASK]",
    "the cat [MASK] on the [MASK] of paris and the [MASK] ran",
    "He put his money in the bank of the [MASK] .",
]
CLOSE = 1e-5
# A float32 softmax over 30,522 words sums to 1.000015 or 1.00003, as the processor has it.
FLOAT32_SOFTMAX = 1e-4


@pytest.fixture(params=MODELS)
def bert(request: pytest.FixtureRequest) -> Bert:
    found: Bert = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same two models as checkpoints that transformers can read."""
    tiny = save_tiny(tmp_path_factory.mktemp("tiny"), tiny_model())
    return {"tiny": tiny, "embedded": EMBEDDED_FOLDER}


@pytest.fixture(scope="module")
def pipelines(folders: dict[str, Path]) -> dict[str, FillMaskPipeline]:
    """transformers' fill-mask on its own model and tokenizer."""
    return {
        name: FillMaskPipeline(
            model=BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval(),
            tokenizer=BertTokenizer.from_pretrained(folder),
            device="cpu",
        )
        for name, folder in folders.items()
    }


def guesses(
    bert: Bert, text: str, masked: tuple[int, ...] = (), k: int = 10
) -> tuple[MaskedPrediction, ...]:
    return predict_masked(bert, run_bert(bert, encode(bert, text, None, masked), ()), k)


def shares_by_transformers(folder: Path, ids: tuple[int, ...], position: int) -> list[float]:
    """The whole vocabulary's probabilities, from the checkpoint's own forward pass."""
    model = BertForPreTraining.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).prediction_logits[0, position]
    shares: list[float] = torch.softmax(logits.double(), dim=-1).tolist()
    return shares


@pytest.mark.parametrize("which", MODELS)
@pytest.mark.parametrize("text", TEXTS)
def test_guesses_are_those_of_the_fill_mask_pipeline(
    which: str,
    text: str,
    pipelines: dict[str, FillMaskPipeline],
    request: pytest.FixtureRequest,
) -> None:
    ours = guesses(request.getfixturevalue(which), text, k=20)
    theirs = pipelines[which](text, top_k=20)
    by_mask = [theirs] if text.count("[MASK]") == 1 else theirs
    assert len(ours) == len(by_mask) == text.count("[MASK]")
    for guess, expected in zip(ours, by_mask, strict=True):
        assert guess.ids.tolist() == [one["token"] for one in expected]
        np.testing.assert_allclose(
            guess.probabilities, [one["score"] for one in expected], rtol=0, atol=FLOAT32_SOFTMAX
        )


def test_a_mask_put_in_is_answered_like_one_that_was_typed(bert: Bert) -> None:
    text = "the cat sat on the mat"
    position = encode(bert, text).tokens.index("on")
    (put,) = guesses(bert, text, (position,))
    (typed,) = guesses(bert, text.replace("on", "[MASK]"))
    assert put.pieces == typed.pieces
    np.testing.assert_allclose(put.probabilities, typed.probabilities, rtol=0, atol=CLOSE)
    assert (put.masked, typed.masked) == (True, True)
    assert (put.original, typed.original) == ("on", None)
    assert (typed.original_probability, typed.original_rank) == (None, None)


@pytest.mark.parametrize("which", MODELS)
@pytest.mark.parametrize("word", ["the", "dog", "world"])
def test_rank_and_share_of_the_written_word_are_counted_over_the_whole_vocabulary(
    which: str, word: str, folders: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    encoding = encode(bert, f"the cat saw {word} there")
    position = encoding.tokens.index(word, 3)
    masked = encode(bert, encoding.text, None, [position])
    (guess,) = predict_masked(bert, run_bert(bert, masked, ()), 3)
    shares = shares_by_transformers(folders[which], masked.ids, position)
    written = bert.wordpiece.id_of(word)
    assert written is not None
    better = 0
    for share in shares:
        if share > shares[written]:
            better += 1
    assert guess.original == word
    assert guess.original_rank == better + 1
    assert guess.original_probability == pytest.approx(shares[written], abs=CLOSE)
    assert guess.vocabulary == len(shares)


def test_all_guesses_together_are_the_whole_vocabulary_in_falling_order(tiny: Bert) -> None:
    size = tiny.model.config.vocab_size
    (guess,) = guesses(tiny, "the [MASK] ran", k=10 * size)
    assert sorted(guess.ids) == list(range(size))
    assert guess.probabilities.sum() == pytest.approx(1, abs=CLOSE)
    assert (np.diff(guess.probabilities) <= 0).all()
    assert guess.pieces == tuple(tiny.wordpiece.vocabulary[number] for number in guess.ids)


@pytest.mark.parametrize("k", [1, 3, 50])
def test_as_many_guesses_as_asked_for_and_fewer_are_the_first_of_more(tiny: Bert, k: int) -> None:
    (few,), (many,) = (guesses(tiny, "the [MASK] ran", k=count) for count in (k, 50))
    assert len(few.pieces) == len(few.ids) == len(few.probabilities) == k
    assert few.pieces == many.pieces[:k]


def test_a_token_that_is_not_masked_is_answered_from_what_the_model_sees(
    bert: Bert, folders: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    encoding = encode(bert, "the cat sat on the mat")
    position = encoding.tokens.index("sat")
    (guess,) = predict_masked(bert, run_bert(bert, encoding, ()), 3, [position])
    which = "tiny" if bert is request.getfixturevalue("tiny") else "embedded"
    shares = shares_by_transformers(folders[which], encoding.ids, position)
    assert (guess.masked, guess.position, guess.original) == (False, position, "sat")
    assert guess.ids.tolist() == np.argsort([-share for share in shares])[:3].tolist()
    assert guess.original_probability == pytest.approx(shares[encoding.ids[position]], abs=CLOSE)


def test_answers_stand_in_the_order_of_the_positions(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat sat on the mat", None, [2, 5])
    run = run_bert(tiny, encoding, ())
    assert [guess.position for guess in predict_masked(tiny, run)] == [2, 5]
    asked = predict_masked(tiny, run, positions=[5, 1, 2])
    assert [(guess.position, guess.masked) for guess in asked] == [(5, True), (1, False), (2, True)]


def test_without_a_mask_there_is_nothing_to_guess(tiny: Bert) -> None:
    assert guesses(tiny, "the cat") == ()


def test_the_head_answers_for_the_states_of_one_layer_or_another(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, "the [MASK] ran"))
    assert run.hidden_states is not None
    last, first = (masked_word_logits(tiny, run.hidden_states[layer]) for layer in (-1, 0))
    assert last.shape == first.shape == (len(run.encoding), tiny.model.config.vocab_size)
    position = run.encoding.masked[0]
    (guess,) = predict_masked(tiny, run, 1)
    assert int(last[position].argmax()) == guess.ids[0]
    assert not torch.allclose(last, first)


def test_rows_without_a_piece_are_never_offered(tmp_path: Path) -> None:
    wider = tiny_model(vocab_size=tiny_model().config.vocab_size + 5)
    bert = load_bert(str(save_tiny(tmp_path, wider)), "cpu")
    (guess,) = guesses(bert, "the [MASK]", k=1000)
    size = bert.model.config.vocab_size
    assert sorted(guess.ids.tolist()) == list(range(size - 5))
    assert guess.vocabulary == size  # they have their share all the same
    assert 1 - guess.probabilities.sum() > 0


def test_a_probability_too_small_for_any_number_has_finite_bits(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.cls.predictions.bias[0] = 3_000  # e^-3000 is 0 in float64
    bert = load_bert(str(save_tiny(tmp_path, model)), "cpu")
    (guess,) = predict_each(bert, encode(bert, "cat"))
    assert guess.prediction.original_probability == 0
    assert guess.bits == pytest.approx(3_000 / math.log(2), rel=0.02)
    (word,) = word_surprisals(bert, encode(bert, "cat"))
    assert word.total == pytest.approx(guess.bits, rel=1e-6)


def test_many_inputs_are_guessed_at_once_as_one_by_one(
    bert: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bert_core.masked_words.head.MOST_ROWS", 2)
    runs = [run_bert(bert, encode(bert, text), ()) for text in [*TEXTS, "no mask"]]
    found = list(predict_masked_in(bert, runs, 3))
    assert [len(one) for one in found] == [1, 1, 3, 1, 0]
    for run, together in zip(runs, found, strict=True):
        for one, alone in zip(together, predict_masked(bert, run, 3), strict=True):
            assert (one.position, one.pieces) == (alone.position, alone.pieces)
            np.testing.assert_allclose(one.probabilities, alone.probabilities, atol=CLOSE)
    with pytest.raises(InputError, match="at least one guess"):
        predict_masked_in(bert, runs, 0)


@pytest.mark.parametrize(("k", "positions"), [(0, [1]), (-3, [1]), (5, [99]), (5, [-1]), (5, [5])])
def test_no_guesses_and_no_such_token_are_refused(tiny: Bert, k: int, positions: list[int]) -> None:
    run = run_bert(tiny, encode(tiny, "the cat [MASK]"), ())
    assert len(run.encoding) == 5
    with pytest.raises(InputError, match="at least one guess, at tokens that are in"):
        predict_masked(tiny, run, k, positions)


def test_a_checkpoint_without_the_head_says_so_rather_than_guess(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head, so it cannot guess"):
        guesses(bert, "the [MASK]")
