"""Text to pretrain on: documents, sentences, what is held out, and files that are none."""

import json
import re
from pathlib import Path

import pytest

from bert_core.errors import InputError
from bert_core.pretraining import documents as pretraining_text
from bert_core.pretraining.documents import (
    HELD_OUT_ONE_IN,
    Document,
    is_held_out,
    read_documents,
    read_held_out,
    split_sentences,
)
from tests.kit.pretraining_texts import write_texts


def read(folder: Path, content: str | bytes, name: str = "a.txt") -> list[Document]:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return list(read_documents(folder))


def fails(folder: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, content)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


# Documents


def test_a_blank_line_ends_a_document_and_a_line_is_a_paragraph(tmp_path: Path) -> None:
    text = "\n\nOne. Two.\nThree.\n \t\n\nFour.\n"
    assert read(tmp_path, text) == [
        Document("a.txt", 3, ("One. Two.", "Three.")),
        Document("a.txt", 7, ("Four.",)),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_all_systems_are_read(tmp_path: Path, ending: str) -> None:
    text = ending.join(["One.", "", "Two.", "Three."])
    assert [one.paragraphs for one in read(tmp_path, text)] == [("One.",), ("Two.", "Three.")]


def test_the_mark_that_windows_writes_is_no_letter(tmp_path: Path) -> None:
    (found,) = read(tmp_path, b"\xef\xbb\xbfOne.")
    assert found.paragraphs == ("One.",)


def test_every_txt_below_the_folder_is_read_in_order_and_nothing_else(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts", 6)
    (tmp_path / "texts" / "notes.md").write_text("Not this.")
    files = [one.file for one in read_documents(tmp_path / "texts")]
    assert files == ["deeper/second.txt"] * 3 + ["first.txt"] * 3


def test_the_end_of_a_file_ends_a_document(tmp_path: Path) -> None:
    read(tmp_path, "One.", "a.txt")
    assert len(read(tmp_path, "Two.", "b.txt")) == 2


def test_a_document_that_would_not_fit_into_memory_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretraining_text, "LONGEST_DOCUMENT", 20)
    found = read(tmp_path, "\n".join(["nine char"] * 5))
    assert [len(one.paragraphs) for one in found] == [2, 2, 1]


# Files that are no text


def test_a_folder_that_is_not_there_and_one_without_text_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        list(read_documents(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="has no text"):
        list(read_documents(tmp_path))


def test_a_binary_file_is_named_with_its_line(tmp_path: Path) -> None:
    assert "“a.txt” is not text: line 2" in fails(tmp_path, b"fine\n\x00\x01\x02")
    assert "is not text" in fails(tmp_path, b"\x7fELF\x02\x01\x00\x00\xff\xfe\x80")


def test_text_in_another_encoding_is_named(tmp_path: Path) -> None:
    assert "UTF-8" in fails(tmp_path, "café olé".encode("latin-1"))
    assert "UTF-16" in fails(tmp_path, "hello".encode("utf-16"))
    assert "UTF-8" in fails(tmp_path, "你好，世界".encode("gb18030"))


def test_one_endless_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_text, "LONGEST_LINE", 100)
    assert "Line 2 of “a.txt” has more than 100" in fails(tmp_path, "short\n" + "x" * 101)
    assert read(tmp_path, "x" * 100)


# Sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["He met Mr. Smith at 5 p.m. on Monday.", "“Really?” said J. R. Brown.", '"Yes!"', "So."],
        ["It was I.", "We saw it…", "Then (as said.) no more."],
        ["See e.g. Figure 3, p. 5.", "2 came.", "And then?!", "Nothing"],
        ["你好。", "“好！”", "他说。"],
    ],
)
def test_sentences_end_where_they_end(sentences: list[str]) -> None:
    between = "" if sentences[0].startswith("你") else " "
    assert split_sentences(between.join(sentences)) == sentences


def test_no_character_is_lost_but_white_space(tmp_path: Path) -> None:
    text = "A b.  C? “D.” e.g. F。G ! H...i. J.\tK"
    assert re.sub(r"\s", "", "".join(split_sentences(text))) == re.sub(r"\s", "", text)
    assert split_sentences("  ") == []


# What is held out


def test_one_document_in_fifty_is_held_out_by_its_words_alone() -> None:
    documents = [Document("a.txt", 1, (f"Number {n}.", "And more.")) for n in range(5000)]
    out = [is_held_out(one) for one in documents]
    assert 60 < sum(out) < 140
    assert HELD_OUT_ONE_IN == 50
    moved = [Document("b.txt", 9, (f"Number  {n}. And", "more.")) for n in range(5000)]
    assert [is_held_out(one) for one in moved] == out


def test_documents_that_a_list_names_stay_out(tmp_path: Path) -> None:
    text = "one two three\nfour five six seven eight nine ten"
    (document,) = read(tmp_path, text)
    assert document.beginning == "one two three four five six seven eight"
    listed = tmp_path / "held_out.json"
    listed.write_text(json.dumps([{"file": "x", "first_line": 1, "begins": document.beginning}]))
    named = read_held_out(listed)
    assert is_held_out(document, named)
    assert not is_held_out(Document("a.txt", 1, ("something else",)), named)


@pytest.mark.parametrize("content", ["", "{}x", "[1]", '[{"file": "x"}]'])
def test_a_list_that_is_none_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "held_out.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read as a list"):
        read_held_out(tmp_path / "held_out.json")
