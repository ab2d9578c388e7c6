"""A folder of text as pieces on disk: cut once, read through the page cache ever after.

Three arrays in a folder, memory-mapped: the pieces of all sentences in a row, where each sentence
begins among them, and at which sentence each document begins. A gigabyte of text is half a
gigabyte of pieces, and takes no more memory than a hundredth of it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b, file_digest
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.documents import (
    HELD_OUT_RULE,
    Document,
    find_texts,
    is_held_out,
    read_documents,
    read_held_out,
)

# Characters of documents that are held at once.
CHUNK = 1_000_000

# In pieces. A longer sentence is cut, since an example would drop what does not fit into it.
LONGEST_SENTENCE = 128

ABOUT, PIECES, SENTENCES, DOCUMENTS = "about.json", "pieces.bin", "sentences.bin", "documents.bin"
HELD_OUT = "held_out.json"

PARTS = ("training", "held_out")

# Few enough that what the tokenizer says of them fits into some dozen megabytes.
SENTENCES_AT_ONCE = 10_000

Progress = Callable[[int, int], None]
Pieces = list[list[int]]


@dataclass(frozen=True)
class CorpusFacts:
    """What a corpus is; the counts are of what is trained on, those of `held_out_…` of the rest.

    fingerprint: differs wherever the texts, the vocabulary or what is held out differ.
    """

    fingerprint: str
    files: int
    documents: int
    sentences: int
    pieces: int
    words: int
    unknown: int
    held_out_documents: int
    held_out_pieces: int
    held_out_rule: str


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents as pieces.

    pieces: (piece,), ids. sentences: (sentence + 1,), where each begins in `pieces`, and the end.
    documents: (document + 1,), the first sentence of each, and the end.
    """

    pieces: NDArray[np.unsignedinteger]
    sentences: Integers
    documents: Integers

    def __len__(self) -> int:
        return len(self.documents) - 1


@dataclass(frozen=True, eq=False)
class SplitCorpus:
    """A corpus in two: what is trained on, and what is only measured on."""

    training: Corpus
    held_out: Corpus
    facts: CorpusFacts


def prepare_corpus(
    texts: Path,
    wordpiece: WordPiece,
    cache: Path,
    *,
    held_out_list: Path | None = None,
    progress: Progress | None = None,
) -> SplitCorpus:
    """The corpus of all texts below a folder, from `cache` where it was cut before.

    held_out_list: a held_out.json whose documents are held out besides those of the rule.
    progress(bytes done, bytes in all): called after each chunk.

    Raises:
        InputError: the texts cannot be read, see `read_documents`, or there is too little.
    """
    fingerprint = _fingerprint(texts, wordpiece, held_out_list)
    if _read_fingerprint(cache) != fingerprint:
        named = read_held_out(held_out_list) if held_out_list else frozenset()
        _write(texts, wordpiece, cache, named, fingerprint, progress)
    return open_corpus(cache)


def open_corpus(cache: Path) -> SplitCorpus:
    """The corpus that `prepare_corpus` left in a folder."""
    about = json.loads((cache / ABOUT).read_text(encoding="utf-8"))
    dtype = np.dtype(about["dtype"])
    training, held_out = (_open_part(cache / part, dtype) for part in PARTS)
    return SplitCorpus(training, held_out, CorpusFacts(**about["facts"]))


def _open_part(folder: Path, dtype: np.dtype) -> Corpus:
    return Corpus(
        pieces=_mapped(folder / PIECES, dtype),
        sentences=_mapped(folder / SENTENCES, np.dtype(np.int64)),
        documents=_mapped(folder / DOCUMENTS, np.dtype(np.int64)),
    )


class _Writer:
    """Appends documents to the three arrays of one part, and counts what it gets."""

    def __init__(self, folder: Path, dtype: np.dtype, unknown_id: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.documents = self.sentences = self.pieces = self.words = self.unknown = 0
        self._dtype = dtype
        self._unknown_id = unknown_id
        self._files = {name: (folder / name).open("wb") for name in (PIECES, SENTENCES, DOCUMENTS)}
        self._files[SENTENCES].write(np.int64(0).tobytes())
        self._files[DOCUMENTS].write(np.int64(0).tobytes())

    def add(self, document: Document, sentences: Pieces) -> None:
        """A document, and the pieces of each of its sentences, none of them empty."""
        ends = self.pieces + np.cumsum([len(one) for one in sentences], dtype=np.int64)
        ids = np.fromiter(chain.from_iterable(sentences), self._dtype)
        self._files[PIECES].write(ids.tobytes())
        self._files[SENTENCES].write(ends.tobytes())
        self.pieces = int(ends[-1])
        self.sentences += len(sentences)
        self.documents += 1
        self._files[DOCUMENTS].write(np.int64(self.sentences).tobytes())
        self.words += sum(len(paragraph.split()) for paragraph in document.paragraphs)
        self.unknown += int((ids == self._unknown_id).sum())

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def _write(
    texts: Path,
    wordpiece: WordPiece,
    cache: Path,
    named: frozenset[str],
    fingerprint: str,
    progress: Progress | None,
) -> None:
    """Write the arrays, and last `ABOUT`, whose being there says that they are whole."""
    (cache / ABOUT).unlink(missing_ok=True)
    dtype = np.dtype(np.uint16 if len(wordpiece.vocabulary) <= 2**16 else np.uint32)
    unknown_id = wordpiece.special_ids["unk"]
    training, held_out = (_Writer(cache / part, dtype, unknown_id) for part in PARTS)
    listed = []
    done, total = 0, sum(path.stat().st_size for path in find_texts(texts))
    for chunk in _chunks(read_documents(texts)):
        for document, sentences in zip(chunk, _cut(wordpiece, chunk), strict=True):
            done += sum(len(paragraph.encode()) + 1 for paragraph in document.paragraphs)
            if sentences and is_held_out(document, named):
                held_out.add(document, sentences)
                listed.append(_entry(document))
            elif sentences:
                training.add(document, sentences)
        if progress is not None:
            progress(min(done, total), total)
    training.close()
    held_out.close()
    if not training.documents:
        raise InputError(f"The texts in “{texts}” hold no words: there is nothing to train on.")
    facts = _facts(fingerprint, len(find_texts(texts)), training, held_out, named)
    (cache / HELD_OUT).write_text(_json(listed), encoding="utf-8")
    about = _json({"dtype": dtype.name, "facts": asdict(facts)})
    (cache / ABOUT).write_text(about, encoding="utf-8")


def _facts(
    fingerprint: str, files: int, training: _Writer, held_out: _Writer, named: frozenset[str]
) -> CorpusFacts:
    return CorpusFacts(
        fingerprint=fingerprint,
        files=files,
        documents=training.documents,
        sentences=training.sentences,
        pieces=training.pieces,
        words=training.words,
        unknown=training.unknown,
        held_out_documents=held_out.documents,
        held_out_pieces=held_out.pieces,
        held_out_rule=HELD_OUT_RULE + (", or where a list names it" if named else ""),
    )


def _chunks(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """The documents in lists of about `CHUNK` characters."""
    chunk: list[Document] = []
    size = 0
    for document in documents:
        chunk.append(document)
        size += sum(map(len, document.paragraphs))
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _cut(wordpiece: WordPiece, documents: list[Document]) -> Iterator[Pieces]:
    """For each document the pieces of its sentences, long ones in parts, empty ones left out."""
    for document in documents:
        sentences = document.sentences
        found: Pieces = []
        # A document may be ten times as long as a chunk, and the tokenizer's answers are large.
        for start in range(0, len(sentences), SENTENCES_AT_ONCE):
            for ids in wordpiece.split_many(sentences[start : start + SENTENCES_AT_ONCE]):
                found += [
                    ids[at : at + LONGEST_SENTENCE] for at in range(0, len(ids), LONGEST_SENTENCE)
                ]
        yield found


def _entry(document: Document) -> dict[str, Any]:
    return {
        "file": document.file,
        "first_line": document.first_line,
        "begins": document.beginning,
    }


def _fingerprint(texts: Path, wordpiece: WordPiece, held_out_list: Path | None) -> str:
    digest = blake2b(digest_size=16)
    rules = (HELD_OUT_RULE, LONGEST_SENTENCE, wordpiece.vocabulary, wordpiece.backend.to_str())
    digest.update(repr(rules).encode())
    if held_out_list is not None:
        digest.update(repr(sorted(read_held_out(held_out_list))).encode())
    for path in find_texts(texts):
        digest.update(repr(path.relative_to(texts).as_posix()).encode())
        with path.open("rb") as file:
            digest.update(file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def _read_fingerprint(cache: Path) -> str | None:
    try:
        about = json.loads((cache / ABOUT).read_text(encoding="utf-8"))
        return str(about["facts"]["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mapped(path: Path, dtype: np.dtype) -> NDArray[Any]:
    """An array on disk; an empty file, which cannot be mapped, is an empty array."""
    if path.stat().st_size == 0:
        return np.zeros(0, dtype=dtype)
    return cast(NDArray[Any], np.memmap(path, dtype=dtype, mode="r"))


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
