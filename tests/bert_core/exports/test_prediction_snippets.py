"""The programs that a visitor takes along make the page's predictions, with this library and
without it, whatever was typed."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from transformers import AutoTokenizer, BertForMaskedLM

from bert_core.exports.prediction_snippets import masked_words_snippet, next_sentence_snippet
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.next_sentence.score import score_next_sentence
from tests.kit import texts
from tests.kit.programs import ODD, executed, models_read_once, save_oddly
from tests.kit.tiny import save_tiny, tiny_bert

CLOSE = 1e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_oddly(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module", autouse=True)
def _each_model_is_read_once() -> Iterator[None]:
    with models_read_once(AutoTokenizer, BertForMaskedLM):
        yield


def check_score(bert: Bert, model: str, encoding: Encoding) -> None:
    names, printed = executed(next_sentence_snippet(model, encoding))
    expected = score_next_sentence(bert, run_bert(bert, encoding, ()))
    assert names["score"].is_next == pytest.approx(expected.is_next, abs=CLOSE)
    answers = [expected.is_next, expected.not_next]
    logits = [expected.is_next_logit, expected.not_next_logit]
    np.testing.assert_allclose(names["shares"], answers, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(names["logits"], logits, rtol=0, atol=10 * CLOSE)
    assert len(printed) == 2


def check_guesses(bert: Bert, model: str, encoding: Encoding, k: int) -> None:
    names, printed = executed(masked_words_snippet(model, encoding, k))
    expected = predict_masked(bert, run_bert(bert, encoding, ()), k)
    assert [one.position for one in names["guesses"]] == list(encoding.masked)
    assert names["positions"] == list(encoding.masked)
    assert len(expected) == len(names["pieces"]) == len(printed) / 2
    for ours, shares, pieces, guess in zip(
        names["guesses"], names["shares"], names["pieces"], expected, strict=True
    ):
        assert ours.pieces == guess.pieces == tuple(pieces)
        np.testing.assert_allclose(ours.probabilities, guess.probabilities, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(shares, guess.probabilities, rtol=0, atol=CLOSE)


def masked_twice(bert: Bert, text: str, pair: str | None = None) -> Encoding:
    encoding = encode(bert, text, pair)
    free = [at for at, sequence in enumerate(encoding.sequences) if sequence is not None]
    return encode(bert, text, pair, masked=free[:2])


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_programs_predict_the_same_for_odd_texts(text: str, tiny: Bert, folder: Path) -> None:
    pair = masked_twice(tiny, text, text[::-1] + " end")
    check_score(tiny, str(folder), pair)
    check_guesses(tiny, str(folder), pair, 3)
    check_guesses(tiny, str(folder), masked_twice(tiny, text), 3)


def test_programs_read_the_embedded_model(embedded: Bert) -> None:
    encoding = encode(embedded, "She opened the door.", 'The room was "dark".', masked=[4, 8])
    check_score(embedded, "embedded", encoding)
    check_guesses(embedded, "embedded", encoding, 10)


def test_programs_cut_long_texts_where_the_page_did(tiny: Bert, folder: Path) -> None:
    encoding = masked_twice(tiny, "the cat " * 200, "a dog " * 190)
    assert len(encoding) == 512
    check_score(tiny, str(folder), encoding)
    check_guesses(tiny, str(folder), encoding, 2)


def test_programs_read_a_pair_with_a_model_of_one_segment(tmp_path: Path) -> None:
    bert = tiny_bert(type_vocab_size=1)
    save_tiny(tmp_path, bert.model)
    encoding = masked_twice(bert, "the cat", "a dog")
    check_score(bert, str(tmp_path), encoding)
    check_guesses(bert, str(tmp_path), encoding, 2)


def test_guesses_are_no_more_than_the_vocabulary(tiny: Bert, folder: Path) -> None:
    check_guesses(tiny, str(folder), encode(tiny, "the cat sat", masked=[2]), 100_000)


def test_a_text_without_masks_has_no_guesses(tiny: Bert, folder: Path) -> None:
    check_guesses(tiny, str(folder), encode(tiny, "the cat sat"), 3)


def test_ordinary_sentences_are_given_as_text(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat", "a dog", masked=[1])
    for code in (
        next_sentence_snippet("bert-base-uncased", encoding),
        masked_words_snippet("bert-base-uncased", encoding, 5),
    ):
        assert code.count("'the cat', 'a dog'") == 2
        assert "token_type_ids" not in code
        assert max(map(len, code.splitlines())) <= 100


@settings(max_examples=30)
@given(texts.any_text, texts.any_text, texts.any_text)
def test_no_text_becomes_code(tiny: Bert, model: str, text: str, pair: str) -> None:
    plain = encode(tiny, "the cat", "a dog", masked=[1])
    for snippet in (next_sentence_snippet, lambda name, one: masked_words_snippet(name, one, 3)):
        known = [
            shape(snippet(name, replace(plain, text=one)))
            for name in ("x", "~", "embedded")
            for one in ("the cat", "[SEP]")
        ]
        assert shape(snippet(model, replace(plain, text=text, pair=pair))) in known


def shape(code: str) -> list[str]:
    """The code without its names, numbers and strings."""
    return [type(node).__name__ for node in ast.walk(ast.parse(code))]
