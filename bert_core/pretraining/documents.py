"""Text to pretrain on: every .txt below a folder, read document by document, cut into sentences.

A blank line ends a document, and so does the end of a file; a line is a paragraph. Nothing is
held in memory but one document.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bert_core.errors import InputError

# More than any paragraph has; a longer line is not text that somebody wrote.
LONGEST_LINE = 1_000_000

# In characters. A text of more that has no blank line would not fit into memory: it is cut.
LONGEST_DOCUMENT = 10_000_000

# One document in this many is held out. The rule stands in each run's settings and in its card.
HELD_OUT_ONE_IN = 50
HELD_OUT_RULE = (
    f"a document is held out where the blake2b hash (8 bytes, big-endian) of its words, joined by "
    f"single spaces, is divisible by {HELD_OUT_ONE_IN}"
)

# How many words a list of held-out documents names a document by.
BEGINNING_WORDS = 8

# Where a sentence may end: after its mark and what closes it, before white space; the marks of
# Chinese and Japanese need none.
SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+(?=\S)|[。！？]+[」』”’）]*\s*(?=\S)")
OPENING = "\"'“‘«([¿¡—-"
LAST_WORD = re.compile(r"(?:^|[\s(“‘\"'])([^\W\d_]+(?:\.[^\W\d_]+)*)\.$")
ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "prof",
        "rev",
        "hon",
        "gen",
        "col",
        "capt",
        "lieut",
        "sgt",
        "sen",
        "rep",
        "gov",
        "messrs",
        "mme",
        "mlle",
        "jr",
        "sr",
        "vs",
        "etc",
        "cf",
        "e.g",
        "i.e",
        "viz",
        "no",
        "nos",
        "vol",
        "pp",
        "p",
        "fig",
        "ca",
        "inc",
        "ltd",
        "co",
        "corp",
        "dept",
        "approx",
        "a.m",
        "p.m",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)


@dataclass(frozen=True)
class Document:
    """A text whose sentences belong together.

    file: its place below the corpus' folder, with strokes. first_line: where it begins, from 1.
    """

    file: str
    first_line: int
    paragraphs: tuple[str, ...]

    @property
    def beginning(self) -> str:
        """Its first words, by which a list of held-out documents names it."""
        words: list[str] = []
        for paragraph in self.paragraphs:
            words += paragraph.split()
            if len(words) >= BEGINNING_WORDS:
                break
        return " ".join(words[:BEGINNING_WORDS])

    @property
    def sentences(self) -> list[str]:
        """All its sentences, in order."""
        return [part for paragraph in self.paragraphs for part in split_sentences(paragraph)]


def find_texts(folder: Path) -> list[Path]:
    """Every .txt below a folder, in the order of their names.

    Raises:
        InputError: there is no such folder, or no .txt in it.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder “{folder}”: give the one your text is in.")
    found = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not found:
        raise InputError(f"The folder “{folder}” has no text: put files that end in .txt into it.")
    return found


def read_documents(folder: Path) -> Iterator[Document]:
    """The documents of all texts below a folder, one after another.

    Raises:
        InputError: no text, or a file that is none: binary, in another encoding than UTF-8, or
            with a line of more than `LONGEST_LINE` characters.
    """
    for path in find_texts(folder):
        yield from documents_of(path, path.relative_to(folder).as_posix())


def split_sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, by their marks; white space around them goes.

    A mark ends no sentence before a small letter, and a full stop none after an abbreviation or a
    single letter. Good enough to pretrain on, and a hundred times as fast as the library
    sentencesplit, which the app uses for the few sentences that somebody looks at.
    """
    found, start = [], 0
    for match in SENTENCE_END.finditer(paragraph):
        if _ends_sentence(paragraph, start, match):
            found.append(paragraph[start : match.end()].strip())
            start = match.end()
    found.append(paragraph[start:].strip())
    return [sentence for sentence in found if sentence]


def is_held_out(document: Document, named: Collection[str] = ()) -> bool:
    """Whether a document is only measured on: by `HELD_OUT_RULE`, or since a list names it.

    named: beginnings of documents, see `read_held_out`; in whatever file they stand.
    """
    if named and document.beginning in named:
        return True
    words = " ".join(" ".join(paragraph.split()) for paragraph in document.paragraphs)
    digest = hashlib.blake2b(words.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0


def read_held_out(path: Path) -> frozenset[str]:
    """The beginnings of the documents that a held_out.json names.

    Raises:
        InputError: it is not a list of objects with "begins".
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(" ".join(str(entry["begins"]).split()) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"“{path}” cannot be read as a list of held-out documents ({type(error).__name__}): it "
            'is JSON, [{"begins": "the first eight words of a document"}, …].'
        ) from error


def documents_of(path: Path, name: str) -> Iterator[Document]:
    paragraphs: list[str] = []
    first, length = 1, 0
    for number, line in _lines(path, name):
        text = line.strip()
        if paragraphs and (not text or length + len(text) > LONGEST_DOCUMENT):
            yield Document(name, first, tuple(paragraphs))
            paragraphs, length = [], 0
        if text:
            first = first if paragraphs else number
            paragraphs.append(text)
            length += len(text)
    if paragraphs:
        yield Document(name, first, tuple(paragraphs))


def _lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1; "utf-8-sig" drops the mark Windows writes."""
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if "\0" in line:
                    raise InputError(_not_text(name, number))
                if len(line) > LONGEST_LINE:
                    raise InputError(
                        f"Line {number} of “{name}” has more than {LONGEST_LINE:,} characters: "
                        "write one paragraph on each line, and a blank line between documents."
                    )
                yield number, line
    except UnicodeDecodeError as error:
        raise InputError(_wrong_encoding(path, name, number + 1)) from error
    except OSError as error:
        raise InputError(f"“{name}” cannot be read: {error.strerror}.") from error


def _not_text(name: str, line: int) -> str:
    return (
        f"“{name}” is not text: line {line} has a byte that is 0. Take it out of the folder, or "
        "give it another ending than .txt."
    )


def _wrong_encoding(path: Path, name: str, line: int) -> str:
    """Which of two it is: a file that is no text at all, or text in another encoding."""
    with path.open("rb") as file:
        beginning = file.read(4096)
    wide = beginning[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in beginning and not wide:
        return _not_text(name, line)
    written = "UTF-16" if wide else "another encoding, such as Windows-1252 or GB18030"
    return (
        f"“{name}” is not in UTF-8 but in {written} (seen near line {line}): save it as UTF-8, "
        "for instance with iconv -f OLD -t UTF-8."
    )


def _ends_sentence(paragraph: str, start: int, match: re.Match[str]) -> bool:
    if match.group()[0] in "。！？":
        return True
    following = paragraph[match.end() : match.end() + 4].lstrip(OPENING)
    if following[:1].islower():
        return False
    before = paragraph[max(start, match.start() - 16) : match.start() + 1]
    word = LAST_WORD.search(before)
    if word is None or match.group().rstrip()[:2] not in (".",):
        return True
    said = word.group(1)
    return not (len(said) == 1 and said.isupper() and said != "I") and (
        said.lower() not in ABBREVIATIONS
    )
