"""An `Encoding` as the browser's token strip wants it: plain data, every text shortened."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from typing import Any
from zlib import crc32

from bert_core.model.tokenization import Encoding

TITLE_LENGTH = 200
CUT_LENGTH = 120
SURFACE_LENGTH = 24

SENTENCES = ("A", "B")


# What the lines of a strip with details are called; `lines` are those under the piece.
LEGEND = {
    "surface": "as typed",
    "piece": "piece",
    "lines": ["id", "position", "characters", "segment"],
}


def strip_groups(
    encoding: Encoding,
    *,
    detail: bool = False,
    notes: Sequence[str] | None = None,
    describe: Callable[[Encoding, int], str] | None = None,
    specials_clickable: bool = False,
    flips: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """The strip from left to right: one group for each word, added token and cut remainder.

    A group has `kind` ("a", "b", "special" or "cut"); a cut has `text`, the others `surface` and
    `pieces`. What was not read of a sentence stands after its last token, before its [SEP].
    """
    groups: list[dict[str, Any]] = []
    sentence = 0
    for positions in _word_groups(encoding):
        sequence = encoding.sequences[positions[0]]
        if sequence is None and positions[0] > 0:  # a [SEP] closes the sentence
            groups += _cut(encoding, sentence)
            sentence += 1
        pieces = [
            _piece(encoding, at, detail, notes, describe or describe_token, specials_clickable)
            for at in positions
        ]
        kind = "special" if sequence is None else "ab"[sequence]
        typed = "" if sequence is None else encoding.surface(positions[0], positions[-1])
        if flips is not None:
            pieces = [{**piece, "flip": shorten(flips[piece["at"]])} for piece in pieces]
        groups.append({"kind": kind, "surface": _above(typed, pieces), "pieces": pieces})
    return groups


def cut_remainder(encoding: Encoding, sentence: int) -> str | None:
    """What was not read of sentence 0 or 1, whole; None where all of it was read."""
    start = encoding.cut_at[sentence]
    source = encoding.pair if sentence == 1 else encoding.text
    return None if start is None or source is None else source[start:]


def describe_token(encoding: Encoding, position: int) -> str:
    """What the token at `position` is, in one line."""
    token, sequence = encoding.tokens[position], encoding.sequences[position]
    if sequence is None:
        return f"token {position}: {token}, added by the tokenizer"
    where = f"token {position}, sentence {SENTENCES[sequence]}: {token}"
    typed = shorten(encoding.surface(position))
    if position in encoding.masked and typed != token:
        return f"{where}, in the text “{typed}”"
    return where if typed in (token, token.removeprefix("##")) else f"{where}, typed “{typed}”"


def shorten(text: str, length: int = TITLE_LENGTH) -> str:
    """`text`, or its first `length` characters and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def fingerprint(ids: Sequence[int]) -> str:
    """A short name of a text: equal for equal token ids, and for hardly any others."""
    return f"{len(ids)}:{crc32(repr(tuple(ids)).encode()):08x}"


def checked_picks(encoding: Encoding, picked: Collection[int]) -> list[int]:
    """The positions in `picked` that the encoding has, ascending."""
    return sorted(at for at in set(picked) if 0 <= at < len(encoding))


def _word_groups(encoding: Encoding) -> Iterator[list[int]]:
    """Positions of each word; an added special token is a group of its own."""
    words = list(zip(encoding.sequences, encoding.word_ids, strict=True))

    def name(position: int) -> tuple:
        return (*words[position], position) if words[position][0] is None else words[position]

    for _, positions in groupby(range(len(encoding)), key=name):
        yield list(positions)


def _piece(
    encoding: Encoding,
    position: int,
    detail: bool,
    notes: Sequence[str] | None,
    describe: Callable[[Encoding, int], str],
    specials_clickable: bool,
) -> dict[str, Any]:
    piece: dict[str, Any] = {
        "at": position,
        "text": shorten(encoding.tokens[position]),
        "title": shorten(describe(encoding, position)),
    }
    if position in encoding.masked:
        piece["masked"] = True
    if encoding.sequences[position] is None and not specials_clickable:
        piece["still"] = True
    if notes is not None:
        piece["note"] = shorten(notes[position])
    if detail:
        piece["lines"] = _detail_lines(encoding, position)
    return piece


def _detail_lines(encoding: Encoding, position: int) -> list[str]:
    start, end = encoding.offsets[position]
    offsets = "·" if encoding.sequences[position] is None else f"{start}–{end}"
    segment = SENTENCES[encoding.segments[position]]
    return [str(encoding.ids[position]), str(position), offsets, segment]


def _above(typed: str, pieces: list[dict[str, Any]]) -> str:
    """A word as typed, no longer than its pieces are: a word of 10,000 letters is one `[UNK]`."""
    return shorten(typed, max(SURFACE_LENGTH, sum(len(piece["text"]) for piece in pieces)))


def _cut(encoding: Encoding, sentence: int) -> list[dict[str, Any]]:
    rest = cut_remainder(encoding, sentence)
    if not (rest and rest.strip()):
        return []
    return [{"kind": "cut", "text": shorten(" ".join(rest[: 4 * CUT_LENGTH].split()), CUT_LENGTH)}]
