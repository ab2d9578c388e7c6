"""Lists that users paste or upload: one text, or one row of several, on each line.

A line that cannot be read is reported by its number, and the others go on. `read_lines` takes each
line as it is; `read_rows` splits it at tabs, at `|||`, or as a line of CSV (RFC 4180, section 2,
but for line breaks inside quotes: a row is one line). `each_text` and `each_row` do the same for
lines that come one at a time, as from `stream_lines`, and never hold more than one of them.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import count, islice
from typing import NamedTuple

from bert_core.errors import InputError

LIMIT = 1000

# More than any text of 512 tokens needs; a longer line is a file of another kind.
LONGEST_LINE = 5_000

NEWLINE = re.compile(r"\r\n|\r|\n")
APART = re.compile(r"\t|\|\|\|")
QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*')
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # in bytes: what is not UTF-8, once decoded
NOTHING = "The list is empty: write one sentence, or one row, on each line."
COMMAS = (",", ";")  # the second is what spreadsheets write where a comma is in numbers
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LOOKED_AT = 256  # bytes at the beginning, in which UTF-16 without a mark shows

Line = tuple[int, str]
"""Number, from 1, and text without its end."""


@dataclass(frozen=True)
class Row:
    """What one line says. number: of the line, from 1. fields: without spaces around them."""

    number: int
    fields: tuple[str, ...]


class BrokenLine(NamedTuple):
    """A line that cannot be read. problem: a sentence that says why."""

    number: int
    problem: str


@dataclass(frozen=True)
class ParsedList:
    """What was read, in order, and what was not."""

    lines: tuple[Row, ...]
    broken: tuple[BrokenLine, ...]


def read_lines(source: str | bytes) -> ParsedList:
    """One text on each line, as it is: quotes, commas and tabs in it stay. Blank lines are dropped.

    source: pasted text, or the bytes of a text file in UTF-8 or UTF-16; `LIMIT` lines of
    `LONGEST_LINE` characters are read.

    Raises:
        InputError: there is nothing in it.
    """
    return _collect(each_text(numbered_lines(source)))


def read_rows(source: str | bytes, columns: Sequence[str]) -> ParsedList:
    """One field for each of `columns` on each line, in their order, none of them empty.

    Where the first line names all of `columns` ("good", or "sentence_good"), in any order and
    among others, it is a header, and says where they are; without a header a line has these and no
    others. Quotes around a whole field go. Else as `read_lines`.
    """
    return _collect(each_row(numbered_lines(source), columns))


def numbered_lines(source: str | bytes) -> Iterator[Line]:
    """The lines of a list that are not blank."""
    # Windows writes this mark at the start of a file; it is no letter.
    text = _decoded(source).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    return ((number, line) for number, line in enumerate(NEWLINE.split(text), 1) if line.strip())


def stream_lines(file: BufferedReader) -> Iterator[Line | BrokenLine]:
    """`numbered_lines` of an open file or pipe, which is read no further than it is asked for.

    Of a line that is too long, such as a file without line breaks, only the length is kept.
    """
    wide = _wide(file.peek(LOOKED_AT)[:LOOKED_AT])
    text = TextIOWrapper(
        file, encoding=wide or "utf-8-sig", errors="replace" if wide else "surrogateescape"
    )
    try:
        for number in count(1):
            line = part = text.readline(LONGEST_LINE + 1)
            length = len(line)
            while part and not part.endswith("\n"):
                part = text.readline(LONGEST_LINE)
                length += len(part)
            length -= part.endswith("\n")
            if not line:
                return
            if length > LONGEST_LINE:
                yield _broken(number, _LineError(_too_long(length)))
            elif line.strip():
                yield number, line.removesuffix("\n")
    finally:
        text.detach()  # else it would close the file


def each_text(lines: Iterable[Line | BrokenLine]) -> Iterator[Row | BrokenLine]:
    """`read_lines` of one line after another."""
    return _each(lines, lambda line: (_checked(line).strip(),))


def each_row(
    lines: Iterable[Line | BrokenLine], columns: Sequence[str]
) -> Iterator[Row | BrokenLine]:
    """`read_rows` of one line after another."""
    comma, places = "", None

    def read(line: str) -> tuple[str, ...] | None:
        nonlocal comma, places
        if not comma:
            comma, places = _layout(line, columns)
            if places is not None:
                return None
        return _read_row(_checked(line), comma, places, columns)

    return _each(lines, read)


class _LineError(Exception):
    """What is wrong with a line, as the end of the sentence "Line 3 ..."."""


def _decoded(source: str | bytes) -> str:
    if isinstance(source, str):
        return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", source)
    wide = _wide(source[:LOOKED_AT])
    if wide:
        return source.decode(wide, errors="replace")
    return source.decode("utf-8", errors="surrogateescape")


def _wide(beginning: bytes) -> str:
    """The kind of UTF-16 that bytes are in, by their mark or by where their zeros are, or ""."""
    if beginning.startswith(UTF_16):
        return "utf-16"
    high, low = beginning[::2], beginning[1::2]
    for zeros, others, name in ((low, high, "utf-16-le"), (high, low, "utf-16-be")):
        # Latin letters, blanks and line ends have a zero beside them; UTF-8 of a text has none.
        if zeros.count(0) * 4 > len(zeros) and zeros.count(0) > others.count(0):
            return name
    return ""


def _collect(found: Iterator[Row | BrokenLine]) -> ParsedList:
    """The first `LIMIT` of what was read; raises InputError where there is nothing."""
    first = list(islice(found, LIMIT))
    if not first:
        raise InputError(NOTHING)
    rows = tuple(one for one in first if isinstance(one, Row))
    broken = [one for one in first if isinstance(one, BrokenLine)]
    after = next(found, None)
    if after is not None:
        why = f"Line {after.number} and those after it were left out: {LIMIT} lines are read."
        broken.append(BrokenLine(after.number, why))
    return ParsedList(rows, tuple(broken))


def _each(
    lines: Iterable[Line | BrokenLine], read: Callable[[str], tuple[str, ...] | None]
) -> Iterator[Row | BrokenLine]:
    """What `read` makes of each line; None for one that is to be passed over."""
    for line in lines:
        if isinstance(line, BrokenLine):
            yield line
            continue
        try:
            fields = read(line[1])
        except _LineError as error:
            yield _broken(line[0], error)
        else:
            if fields is not None:
                yield Row(line[0], fields)


def _broken(number: int, error: _LineError) -> BrokenLine:
    return BrokenLine(number, f"Line {number} {error}.")


def _too_long(length: int) -> str:
    return f"has {length} characters; a line may have {LONGEST_LINE}"


def _checked(line: str) -> str:
    if len(line) > LONGEST_LINE:
        raise _LineError(_too_long(len(line)))
    if LONE_SURROGATE.search(line):
        raise _LineError("has letters that are not in UTF-8: save the file as “CSV UTF-8”")
    return line


def _read_row(
    line: str, comma: str, places: Sequence[int] | None, columns: Sequence[str]
) -> tuple[str, ...]:
    fields = _split(line, comma)
    while len(fields) > len(columns) and not fields[-1]:
        fields.pop()  # a spreadsheet's empty columns
    if places is not None:
        fields = [fields[place] if place < len(fields) else "" for place in places]
    elif len(fields) != len(columns):
        raise _LineError(
            f"is not {len(columns)} parts ({', '.join(columns)}), with a tab, ||| or a comma "
            f"between them, but {len(fields)}"
        )
    for name, field in zip(columns, fields, strict=True):
        if not field:
            raise _LineError(f"has nothing for “{name}”")
    return tuple(fields)


def _layout(first: str, columns: Sequence[str]) -> tuple[str, list[int] | None]:
    """What separates fields where no tab does, and where the columns are if a header says it."""
    exact = None
    for comma in COMMAS:
        try:
            fields = _split(first, comma)
        except _LineError:
            continue
        names = [field.lower().removeprefix("sentence_") for field in fields]
        if all(column in names for column in columns):
            return comma, [names.index(column) for column in columns]
        if exact is None and len(fields) == len(columns):
            exact = comma
    return exact or COMMAS[0], None


def _split(line: str, comma: str) -> list[str]:
    """The fields of a line: between tabs or |||, where it has them, else as in CSV."""
    if APART.search(line):
        return [_unquoted(field) for field in APART.split(line)]
    try:
        (fields,) = csv.reader([line], delimiter=comma, skipinitialspace=True, strict=True)
    except csv.Error:
        raise _LineError(
            "has a quotation mark that is not closed, or text behind it: inside quotes, write "
            'two of them ("") for one'
        ) from None
    return [field.strip() for field in fields]


def _unquoted(field: str) -> str:
    match = QUOTED.fullmatch(field)
    return (field if match is None else match[1].replace('""', '"')).strip()
