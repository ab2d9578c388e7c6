"""What is expected at each token: against one-mask runs, and a slow loop in transformers."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from transformers import BertForMaskedLM, BertModel

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.likelihood import score_encodings
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.surprisal import (
    TokenSurprisal,
    WordSurprisal,
    predict_each,
    readout,
    readout_size,
    word_surprisals,
)
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode, with_masks
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from tests.kit.recorder import RecordingRunner
from tests.kit.texts import any_text
from tests.kit.tiny import save_tiny, tiny_bert, tiny_model

TEXT = "He put his money in the unbelievable bankruptcies, didn't he?"
CLOSE = 1e-5


@pytest.fixture(scope="module")
def oracle() -> BertForMaskedLM:
    """The model that ships, as transformers builds it."""
    return BertForMaskedLM.from_pretrained(EMBEDDED_FOLDER, dtype=torch.float32).eval()


def slow_bits(model: BertForMaskedLM, encoding: Encoding, hidden: list[int], at: int) -> float:
    """-log2 of the original's probability at `at`, from one pass with these positions masked."""
    ids = [103 if position in hidden else number for position, number in enumerate(encoding.ids)]
    segments = torch.tensor([encoding.segments])
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids]), token_type_ids=segments).logits[0, at]
    shares = torch.softmax(logits.double(), dim=0)
    return -math.log2(float(shares[encoding.original_ids[at]]))


@pytest.mark.parametrize("masked", [(), (4, 8)])
def test_each_prediction_is_that_of_a_run_with_this_one_mask(
    embedded: Bert, masked: tuple[int, ...]
) -> None:
    encoding = encode(embedded, TEXT, None, masked)
    found = list(predict_each(embedded, encoding, 7))
    assert [one.position for one in found] == list(range(1, len(encoding) - 1))
    for one in found:
        alone = with_masks(embedded, encoding, [one.position])
        assert one.encoding == alone
        (expected,) = predict_masked(embedded, run_bert(embedded, alone, ()), 7, [one.position])
        guess = one.prediction
        assert (guess.pieces, guess.original) == (expected.pieces, expected.original)
        assert (guess.original_rank, guess.vocabulary) == (
            expected.original_rank,
            expected.vocabulary,
        )
        assert guess.masked
        np.testing.assert_allclose(guess.probabilities, expected.probabilities, rtol=0, atol=CLOSE)
        assert guess.original_probability == pytest.approx(expected.original_probability, rel=1e-3)


@pytest.mark.parametrize("masked", [(), (8,)])
def test_bits_are_those_of_transformers(
    embedded: Bert, oracle: BertForMaskedLM, masked: tuple[int, ...]
) -> None:
    encoding = encode(embedded, TEXT, "It was not his.", masked)
    each = list(predict_each(embedded, encoding))
    assert [one.bits for one in each] == pytest.approx(
        [slow_bits(oracle, encoding, [one.position], one.position) for one in each], abs=1e-4
    )
    words = list(word_surprisals(embedded, encoding))
    assert [word.positions for word in words] == [word.positions for word in encoding.words]
    assert [word.surface for word in words] == [word.surface for word in encoding.words]
    for word in words:
        expected = [
            slow_bits(oracle, encoding, list(word.positions[place:]), at)
            for place, at in enumerate(word.positions)
        ]
        assert word.bits == pytest.approx(expected, abs=1e-4)
        assert word.total == pytest.approx(sum(expected), abs=3e-4)
    assert max(len(word.positions) for word in words) > 1


def test_words_add_up_to_the_pseudo_likelihood(embedded: Bert) -> None:
    encoding = encode(embedded, TEXT)
    bits = sum(word.total for word in word_surprisals(embedded, encoding))
    (score,) = score_encodings(embedded, [encoding], "within_word_l2r")
    assert score.total == pytest.approx(-bits * math.log(2), abs=1e-4)


def test_a_typed_mask_has_guesses_but_no_bits(tiny: Bert) -> None:
    encoding = encode(tiny, "the [MASK] ran")
    each = list(predict_each(tiny, encoding))
    assert [one.bits is None for one in each] == [False, True, False]
    assert len(each[1].prediction.pieces) == 5
    assert each[1].encoding == encoding
    assert [word.surface for word in word_surprisals(tiny, encoding)] == ["the", "ran"]


def test_answers_come_in_the_order_that_was_asked_for(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat sat on the mat and the dog ran")
    run = RecordingRunner(tiny)
    found = predict_each(tiny, encoding, 3, [4, 1, 10, 2], run)
    assert sum(run.sizes) == 0
    assert [one.position for one in found] == [4, 1, 10, 2]
    assert run.sizes == [4]
    assert list(predict_each(tiny, encoding, positions=[])) == []


def test_long_texts_are_run_by_portions(tiny: Bert, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = encode(tiny, "the cat sat on a mat " * 15)
    run = RecordingRunner(tiny)
    whole = [one.bits for one in predict_each(tiny, encoding, run=run)]
    assert run.sizes == [64, 26]
    monkeypatch.setattr("bert_core.masked_words.likelihood.CHUNK_TOKENS", 3 * len(encoding))
    run = RecordingRunner(tiny)
    assert [one.bits for one in predict_each(tiny, encoding, run=run)] == pytest.approx(
        whole, abs=1e-4
    )
    assert set(run.sizes) == {3}


def test_what_was_predicted_is_not_run_again_for_words(tiny: Bert) -> None:
    encoding = encode(tiny, "the cats sat walking", None, [1])
    assert len(encoding) == 8  # cat ##s, walk ##ing
    each = list(predict_each(tiny, encoding))
    run = RecordingRunner(tiny)
    words = list(word_surprisals(tiny, encoding, run, each))
    assert sum(run.sizes) == 2  # the first pieces of the two longer words
    fresh = RecordingRunner(tiny)
    expected = [word.bits for word in word_surprisals(tiny, encoding, fresh)]
    assert sum(fresh.sizes) == 6
    for word, bits in zip(words, expected, strict=True):
        assert word.bits == pytest.approx(bits, abs=1e-4)


def test_what_was_predicted_of_another_text_is_not_taken(tiny: Bert) -> None:
    other = list(predict_each(tiny, encode(tiny, "the dog ran")))
    encoding = encode(tiny, "the cat ran")
    run = RecordingRunner(tiny)
    found = [word.total for word in word_surprisals(tiny, encoding, run, other)]
    # The two inputs that are alike once the animal is masked ask for different animals.
    assert sum(run.sizes) == 3
    assert found == pytest.approx([word.total for word in word_surprisals(tiny, encoding)])


@pytest.mark.parametrize("text", [TEXT, "the [MASK] sat", "unbelievable"])
@pytest.mark.parametrize("masked", [(), (1,)])
def test_a_readout_says_what_tokens_and_words_say_apart(
    embedded: Bert, text: str, masked: tuple[int, ...]
) -> None:
    encoding = encode(embedded, text, "It was not his.", masked)
    run = RecordingRunner(embedded)
    found = list(readout(embedded, encoding, 3, run))
    assert len(run.sizes) == 1
    assert len(found) == readout_size(embedded, encoding)
    tokens = [one for one in found if isinstance(one, TokenSurprisal)]
    for one, alone in zip(tokens, predict_each(embedded, encoding, 3), strict=True):
        assert one.encoding == alone.encoding
        assert one.prediction.pieces == alone.prediction.pieces
        np.testing.assert_allclose(
            one.prediction.probabilities, alone.prediction.probabilities, rtol=0, atol=CLOSE
        )
        assert one.bits == (None if alone.bits is None else pytest.approx(alone.bits, abs=1e-4))
    words = [one for one in found if isinstance(one, WordSurprisal)]
    for word, apart in zip(words, word_surprisals(embedded, encoding), strict=True):
        assert (word.surface, word.positions) == (apart.surface, apart.positions)
        assert word.bits == pytest.approx(apart.bits, abs=1e-4)


def test_no_input_of_a_readout_is_run_twice(tiny: Bert) -> None:
    run = RecordingRunner(tiny)
    list(readout(tiny, encode(tiny, "the cats sat walking"), run=run))
    asked = [encoding.ids for encoding in run.asked[0]]
    assert len(asked) == len(set(asked)) == 6 + 2  # cat ##s, walk ##ing


def test_a_readout_of_64_tokens_is_asked_for_at_once_and_a_longer_one_by_portions_of_words(
    tiny: Bert,
) -> None:
    for text, tokens in (("a " * 62, 64), ("a" * 62, 64), ("cats " * 31, 64)):
        encoding = encode(tiny, text)
        assert len(encoding) == tokens
        run = RecordingRunner(tiny)
        list(readout(tiny, encoding, run=run))
        assert len(run.sizes) == 1
    encoding = encode(tiny, "the cats sat on a mat " * 20)
    run = RecordingRunner(tiny)
    answers = readout(tiny, encoding, run=run)
    assert run.sizes == []
    first = next(answers)
    assert isinstance(first, TokenSurprisal)
    assert len(run.sizes) == 1
    found = [first, *answers]
    assert len(run.sizes) > 1
    assert all(size * len(encoding) <= 2_000 for size in run.sizes)
    seen: set[int] = set()
    for one in found:
        if isinstance(one, WordSurprisal):
            assert seen >= set(one.positions)  # a word comes once its tokens are there
        else:
            seen.add(one.position)
    assert len(found) == readout_size(tiny, encoding) == 140 + 120


def test_a_readout_without_guesses_is_refused_at_once(tiny: Bert) -> None:
    with pytest.raises(InputError, match="at least one guess"):
        readout(tiny, encode(tiny, "the cat"), 0)


def test_an_engine_gives_the_same_and_a_job_collects_it(tiny: Bert) -> None:
    encoding = encode(tiny, "the cats sat on the river bank")
    with Engine(tiny) as engine:
        job = Job(
            len(encoding) - 2,
            lambda wanted: predict_each(tiny, encoding, run=engine_runner(engine, wanted)),
        )
        assert job.wait(30)
    assert job.error is None
    direct = [one.bits for one in predict_each(tiny, encoding)]
    assert [one.bits for one in job.results] == pytest.approx(direct, abs=1e-4)


SHARED = tiny_bert()


@settings(max_examples=30)
@given(any_text)
def test_any_text_is_predicted(text: str) -> None:
    encoding = encode(SHARED, text[:200])
    each = list(predict_each(SHARED, encoding, 2))
    assert [one.position for one in each] == list(range(1, len(encoding) - 1))
    known = [one for one in each if one.bits is not None]
    assert all(one.bits is not None and 0 <= one.bits < math.inf for one in known)
    words = list(word_surprisals(SHARED, encoding, known=each))
    assert sum(len(word.bits) for word in words) == len(known)
    assert all(len(word.bits) == len(word.positions) for word in words)


@pytest.mark.parametrize(("k", "positions"), [(0, [1]), (3, [0]), (3, [4]), (3, [99]), (3, [-1])])
def test_no_guesses_and_no_such_token_are_refused_at_once(
    tiny: Bert, k: int, positions: list[int]
) -> None:
    encoding = encode(tiny, "the cat ran")
    with pytest.raises(InputError, match=r"at least one guess|no word at token"):
        predict_each(tiny, encoding, k, positions)


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    encoding = encode(bert, "the cat")
    for ask in (predict_each, word_surprisals, readout):
        with pytest.raises(MissingHeadError, match="no masked-word head"):
            ask(bert, encoding)
