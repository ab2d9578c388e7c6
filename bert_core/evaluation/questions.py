"""What a BERT is asked when it is measured: passages, masks and pairs, drawn from text alone.

No tokenizer has a say: lengths are counted in words, and the seed draws documents, sentences and
places. So all models are asked the same pairs; and whether a piece is hidden depends on where it
begins in the text, so that models are asked for the same pieces wherever both begin one, which is
everywhere if they share a vocabulary.

Passages are as in pretraining (Devlin et al. 2018, appendix A.2): sentences gathered until they
fill an example, cut into A and B at a random sentence; other B's begin at any sentence. Departures:
a B that does not follow has as many words as the one that does, so that its length tells nothing;
A is cut at its front and B at its end, so that B follows at once; none is made short on purpose.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from bert_core.arrays import Flags, Integers
from bert_core.errors import InputError
from bert_core.pretraining.counter_random import uniform

# One file's documents; `read_documents` takes folders only.
from bert_core.pretraining.documents import Document, documents_of, read_documents, read_held_out
from bert_core.pretraining.masks import RATE

# As a rule, about 128 pieces with [CLS] and [SEP].
WORDS = 105

# Intervals draw documents again: of fewer, they would say little.
FEWEST_DOCUMENTS = 10

MASKS, PAIRS = 10_000, 1_000

HIDDEN = 2_000_003  # the word that the keys of masks begin with

# A word, a mark, or one Chinese character, which BERT always sets apart.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+|[^\w\s]")

Rng = np.random.Generator


@dataclass(frozen=True)
class Passage:
    """A part of a document, in two parts, and what else could stand in the second one's place.

    document: number of its document, which intervals draw again. first, following: A, and the B
    that follows it. other: a B from another document. elsewhere: one from the same document,
    outside the passage; None where the document is too short. Each B has as many words as
    `following`. joined: words are hidden in A with the B that follows; if not, with `other`.
    """

    document: int
    first: str
    following: str
    other: str
    elsewhere: str | None
    joined: bool

    @property
    def shown(self) -> tuple[str, str]:
        """A and B as they stand where words are hidden."""
        return self.first, self.following if self.joined else self.other


@dataclass(frozen=True)
class Questions:
    """What every model is asked.

    masked: passages in which words are hidden. pairs: those whose B's are judged; of both, one
    has the first of the other's, in the same order. documents: how many there were to draw from.
    """

    seed: int
    documents: int
    masked: tuple[Passage, ...]
    pairs: tuple[Passage, ...]


def read_text(path: Path, held_out: Path | None = None) -> Iterator[Document]:
    """The documents of a text file, or of every .txt below a folder.

    held_out: a held_out.json; only the documents that it names. Where several begin alike, as
    the sections of a textbook may, only those that stand at the list's file and line are meant.

    Raises:
        InputError: a file that is no text in UTF-8, nothing in it, or none of those named.
    """
    named = None if held_out is None else read_held_out(held_out)
    documents = read_documents(path) if path.is_dir() else documents_of(path, path.name)
    found, empty = [], True
    for document in documents:
        empty = False
        if named is None:
            yield document
        elif document.beginning in named:
            found.append(document)
    if empty:
        raise InputError(f"There is no text in “{path}”: it is empty.")
    if held_out is not None:
        if not found:
            raise InputError(f"No document that “{held_out}” names is in “{path}”.")
        yield from _meant(found, held_out)


def draw_questions(
    documents: Iterable[Document], *, masks: int = MASKS, pairs: int = PAIRS, seed: int = 0
) -> Questions:
    """Draw passages until they have about so many masks, and so many pairs; fewer if all are used.

    Every sentence is held in memory. masks: taken as `RATE` of the words, so that a model has a
    few more, and those with the same vocabulary as many. 0 asks none.

    Raises:
        InputError: fewer than `FEWEST_DOCUMENTS` documents of two sentences or more, a negative
            number, or nothing to ask.
    """
    if min(masks, pairs, seed) < 0 or masks == pairs == 0:
        raise InputError("Ask for masks, for pairs or for both; no number may be below 0.")
    text = _gather(documents)
    if len(text) < FEWEST_DOCUMENTS:
        raise InputError(
            f"The text has {len(text)} documents of two sentences or more, and pairs and intervals "
            f"need {FEWEST_DOCUMENTS}: give more text, with a blank line between documents."
        )
    rng = np.random.default_rng(seed)
    spans = _spans(text)
    order = rng.permutation(len(spans))
    sizes = RATE * np.array([text.words(first, stop) for _, first, stop in spans]).clip(max=WORDS)
    # Passages whose predecessors have not enough masks.
    masked = int((np.cumsum(sizes[order]) - sizes[order] < masks).sum())
    chosen = [spans[int(at)] for at in order[: max(masked, pairs)]]
    drawn = [_draw_passage(text, *span, rng) for span in chosen]
    return Questions(seed, len(text), tuple(drawn[:masked]), tuple(drawn[:pairs]))


def is_hidden(seed: int, passage: int, parts: Integers, starts: Integers) -> Flags:
    """(piece,): which pieces of a passage are to be guessed, `RATE` of them on average.

    passage: its number. parts: (piece,), 0 in A and 1 in B. starts: (piece,), the code point in
    that part at which each begins.
    """
    return uniform(seed, HIDDEN, passage, parts, starts) < RATE


def _meant(found: list[Document], held_out: Path) -> list[Document]:
    """Of documents that begin alike those whose places a list gives; all, if it gives none."""
    entries = json.loads(held_out.read_text(encoding="utf-8"))
    places = {(Path(str(one.get("file"))).name, one.get("first_line")) for one in entries}
    by_beginning: dict[str, list[Document]] = {}
    for document in found:
        by_beginning.setdefault(document.beginning, []).append(document)
    meant: list[Document] = []
    for alike in by_beginning.values():
        exact = [one for one in alike if (Path(one.file).name, one.first_line) in places]
        meant += exact if len(alike) > 1 and exact else alike
    return meant


@dataclass(frozen=True, eq=False)
class _Text:
    """Documents one after another.

    sentences: their texts. begins: (sentence + 1,), how many words stand before each.
    bounds: (document + 1,), the number of the first sentence of each.
    """

    sentences: list[str]
    begins: Integers
    bounds: Integers
    left: Integers  # (sentence,), words from its beginning to the end of its document

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def words(self, first: int, stop: int) -> int:
        """How many are in the sentences from `first` to `stop` - 1."""
        return int(self.begins[stop] - self.begins[first])

    def join(self, first: int, stop: int) -> str:
        """Those sentences as one text."""
        return " ".join(self.sentences[first:stop])

    def run(self, first: int, words: int) -> str:
        """So many words from the beginning of a sentence on."""
        stop = int(np.searchsorted(self.begins, self.begins[first] + words))
        joined = self.join(first, stop)
        return joined[: _nth_word(joined, words).end()]


def _gather(documents: Iterable[Document]) -> _Text:
    """The documents that have two sentences or more."""
    sentences: list[str] = []
    bounds = [0]
    for document in documents:
        found = document.sentences
        if len(found) > 1:
            sentences += found
            bounds.append(len(sentences))
    counts = [sum(1 for _ in WORD.finditer(sentence)) for sentence in sentences]
    begins = np.cumsum([0, *counts])
    ends = np.repeat(begins[bounds[1:]], np.diff(bounds))
    return _Text(sentences, begins, np.array(bounds), ends - begins[:-1])


def _spans(text: _Text) -> list[tuple[int, int, int]]:
    """Document, first sentence and the one after the last of each passage, in order."""
    found = []
    for document, (first, end) in enumerate(pairwise(text.bounds.tolist())):
        while end - first > 1:
            stop = int(np.searchsorted(text.begins, text.begins[first] + WORDS))
            stop = min(max(stop, first + 2), end)
            found.append((document, first, stop))
            first = stop
    return found


def _draw_passage(text: _Text, document: int, first: int, stop: int, rng: Rng) -> Passage:
    begin, end = text.bounds[document], text.bounds[document + 1]
    split = int(rng.integers(first + 1, stop))
    a_words, b_words = text.words(first, split), text.words(split, stop)
    a_words = min(a_words, max(WORDS - WORDS // 2, WORDS - b_words))
    outside = text.left.copy()
    outside[begin:end] = 0
    b_words = min(b_words, WORDS - a_words, int(outside.max()))
    other = int(rng.choice(np.flatnonzero(outside >= b_words)))
    before = text.begins[first] - text.begins[begin:first] >= b_words
    after = text.left[stop:end] >= b_words
    apart = np.concatenate([begin + np.flatnonzero(before), stop + np.flatnonzero(after)])
    a = text.join(first, split)
    return Passage(
        document=document,
        first=a[_nth_word(a, text.words(first, split) - a_words + 1).start() :],
        following=text.run(split, b_words),
        other=text.run(other, b_words),
        elsewhere=text.run(int(rng.choice(apart)), b_words) if len(apart) else None,
        joined=bool(rng.integers(2)),
    )


def _nth_word(text: str, number: int) -> re.Match[str]:
    """A word of a text that has as many, from 1."""
    return next(islice(WORD.finditer(text), number - 1, None))
