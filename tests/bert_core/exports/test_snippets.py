"""The code that a visitor takes along does what the page did, whatever they typed."""

import ast
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from transformers import AutoTokenizer, BertModel

from bert_core.attention.maps import read_attention
from bert_core.exports.snippets import lens_snippet, transformers_snippet
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from tests.kit import texts
from tests.kit.programs import ODD, executed, models_read_once, save_oddly
from tests.kit.tiny import save_tiny, tiny_bert

SNIPPETS = (lens_snippet, transformers_snippet)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_oddly(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module", autouse=True)
def _each_model_is_read_once() -> Iterator[None]:
    with models_read_once(AutoTokenizer, BertModel):
        yield


def weights_of(bert: Bert, encoding: Encoding, *choice: Any, **hidden: Any) -> NDArray[np.float32]:
    run = run_bert(bert, encoding, ("attentions",))
    assert run.attentions is not None
    return read_attention(run.attentions, encoding.tokens, *choice, **hidden).weights


def check(code: str, expected: NDArray[np.float32]) -> dict[str, Any]:
    names, _ = executed(code)
    assert names["weights"].shape == expected.shape
    np.testing.assert_allclose(names["weights"], expected, rtol=0, atol=1e-6)
    return names


@pytest.mark.parametrize("snippet", SNIPPETS)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_code_gets_the_same_weights_for_odd_texts(
    snippet: Any, text: str, tiny: Bert, folder: Path
) -> None:
    for pair in (None, text[::-1] + " end"):
        encoding = encode(tiny, text, pair)
        encoding = encode(tiny, text, pair, masked=_maskable(encoding)[:2])
        names = check(snippet(str(folder), encoding, 1, 2), weights_of(tiny, encoding, 1, 2))
        shown = names["shown"].tokens if snippet is lens_snippet else names["tokens"]
        assert tuple(shown) == encoding.tokens


def _maskable(encoding: Encoding) -> list[int]:
    return [at for at, sequence in enumerate(encoding.sequences) if sequence is not None]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_code_reads_the_embedded_model(snippet: Any, embedded: Bert) -> None:
    encoding = encode(embedded, "The cat's “mat”\n", "It \\ ran.", masked=[2])
    code = snippet("embedded", encoding, 3, 7)
    assert "Layer 4, head 8" in code
    check(code, weights_of(embedded, encoding, 3, 7))


@pytest.mark.parametrize("snippet", SNIPPETS)
@pytest.mark.parametrize("choice", [(None, None), (1, None), (0, 3)])
@pytest.mark.parametrize(
    "hidden",
    [{}, {"hidden": [0, 4]}, {"hidden": [0, 4], "renormalise": True}],
    ids=["all", "hidden", "rest"],
)
def test_code_takes_means_and_leaves_hidden_tokens_out(
    snippet: Any, choice: tuple[Any, Any], hidden: dict[str, Any], tiny: Bert, folder: Path
) -> None:
    encoding = encode(tiny, "the cat sat")
    expected = weights_of(tiny, encoding, *choice, **hidden)
    names = check(snippet(str(folder), encoding, *choice, **hidden), expected)
    left = [token for at, token in enumerate(encoding.tokens) if at not in hidden.get("hidden", ())]
    shown = names["shown"].tokens if snippet is lens_snippet else names["tokens"]
    assert list(shown) == left


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_code_cuts_long_texts_where_the_page_did(snippet: Any, tiny: Bert, folder: Path) -> None:
    encoding = encode(tiny, "the cat " * 200, "a dog " * 190)
    assert len(encoding) == 512
    check(snippet(str(folder), encoding, 0, 0), weights_of(tiny, encoding, 0, 0))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_code_reads_a_pair_with_a_model_of_one_segment(snippet: Any, tmp_path: Path) -> None:
    bert = tiny_bert(type_vocab_size=1)
    save_tiny(tmp_path, bert.model)
    encoding = encode(bert, "the cat", "a dog")
    check(snippet(str(tmp_path), encoding, 0, 1), weights_of(bert, encoding, 0, 1))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_folder_at_home_is_found(
    snippet: Any, tiny: Bert, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", os.fspath(folder.parent))
    monkeypatch.setenv("USERPROFILE", os.fspath(folder.parent))
    encoding = encode(tiny, "the cat")
    code = snippet("~/bert", encoding, 0, 1)
    assert os.fspath(folder.parent) not in code
    check(code, weights_of(tiny, encoding, 0, 1))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_an_ordinary_text_is_given_as_text(snippet: Any, tiny: Bert) -> None:
    code = snippet("bert-base-uncased", encode(tiny, "the cat", "a dog", masked=[1]), 0, 0)
    assert "'the cat', 'a dog'" in code
    assert "'bert-base-uncased'" in code
    assert "token_type_ids" not in code
    assert max(map(len, code.splitlines())) <= 100


@settings(max_examples=40)
@given(texts.any_text, texts.any_text, texts.any_text)
def test_no_text_becomes_code(tiny: Bert, model: str, text: str, pair: str) -> None:
    plain = encode(tiny, "the cat", "a dog")
    shapes = {
        snippet: [
            _shape(snippet(name, replace(plain, text=one), 0, 0))
            for name in ("x", "~", "embedded")
            for one in ("the cat", "[SEP]")
        ]
        for snippet in SNIPPETS
    }
    for snippet, known in shapes.items():
        assert _shape(snippet(model, replace(plain, text=text, pair=pair), 0, 0)) in known


def _shape(code: str) -> list[str]:
    """The code without its names, numbers and strings."""
    return [type(node).__name__ for node in ast.walk(ast.parse(code))]
