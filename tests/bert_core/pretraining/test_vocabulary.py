"""A vocabulary of one's own: the same text gives the same one, and it reads as BERT's does."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from bert_core.errors import InputError
from bert_core.model.wordpiece import load_wordpiece, wordpiece_from_spec
from bert_core.pretraining.documents import read_documents
from bert_core.pretraining.start import train_tokenizer
from bert_core.pretraining.vocabulary import SPECIAL, train_vocabulary, vocabulary_of
from tests.kit.pretraining_texts import write_texts

TEXT = [
    "The walker walked; walking, she talked and talked. Don't!",
    "我是学生。你是老师，学生是我。",
    "Café, naïve, 42 talks.",
] * 20


def test_the_same_text_gives_the_same_vocabulary() -> None:
    pieces = vocabulary_of(train_vocabulary(lambda: TEXT, 120))
    for _ in range(5):
        assert vocabulary_of(train_vocabulary(lambda: TEXT, 120)) == pieces
    assert len(pieces) == len(set(pieces)) <= 120
    assert tuple(pieces[:5]) == SPECIAL


def test_frequent_words_are_whole_and_rare_ones_are_pieces() -> None:
    wordpiece = wordpiece_from_spec(train_vocabulary(lambda: TEXT, 150))
    assert wordpiece.split("Talked").tokens == ["talked"]
    parts = wordpiece.split("walktalk").tokens
    assert len(parts) > 1
    assert "".join(part.removeprefix("##") for part in parts) == "walktalk"
    assert all(part.startswith("##") for part in parts[1:])


def test_chinese_characters_stand_apart_and_accents_go() -> None:
    wordpiece = wordpiece_from_spec(train_vocabulary(lambda: TEXT, 150))
    assert wordpiece.split("我是学生").tokens == ["我", "是", "学", "生"]
    assert wordpiece.split("cafe").tokens == wordpiece.split("Café").tokens
    alone = [piece for piece in wordpiece.vocabulary if any("一" <= c <= "鿿" for c in piece)]
    assert alone
    assert all(len(piece) == 1 for piece in alone)


def test_only_special_tokens_are_special() -> None:
    spec = train_vocabulary(lambda: TEXT, 150)
    assert [token["content"] for token in spec["added_tokens"]] == list(SPECIAL)
    assert wordpiece_from_spec(spec).split("talk ##s [MASK]").tokens[-1] == "[MASK]"


@pytest.mark.parametrize("size", [0, 99, 10**6])
def test_a_size_that_no_vocabulary_has_is_said(size: int) -> None:
    with pytest.raises(InputError, match="A vocabulary has 100 to 100,000 pieces"):
        train_vocabulary(lambda: TEXT, size)


def test_text_without_words_is_said() -> None:
    with pytest.raises(InputError, match="has no words"):
        train_vocabulary(lambda: ["", " "], 200)


def test_its_files_are_read_alike_by_transformers_and_by_this_library(tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts")
    (tmp_path / "model").mkdir()
    train_tokenizer(texts, 140, tmp_path / "model")
    mine = load_wordpiece(tmp_path / "model")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert theirs.model_max_length == 512
    for document in list(read_documents(texts))[:10]:
        for sentence in document.sentences:
            ids = mine.split(sentence).ids
            special = mine.special_ids
            assert theirs(sentence)["input_ids"] == [special["cls"], *ids, special["sep"]]
    listed = (tmp_path / "model" / "vocab.txt").read_text().splitlines()
    assert tuple(listed) == mine.vocabulary


def test_what_is_held_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("A cat sat.\n\nZebras quiz.")
    train_tokenizer(tmp_path / "texts", 100, tmp_path / "model", named=frozenset({"Zebras quiz."}))
    assert "z" not in load_wordpiece(tmp_path / "model").vocabulary
