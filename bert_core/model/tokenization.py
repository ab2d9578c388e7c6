"""Text to WordPieces: `encode`, and what it keeps about where each piece came from.

The one rule for special tokens typed by a user: `[MASK]` masks; `[CLS]`, `[SEP]`, `[PAD]` and
`[UNK]` are ordinary text. Cutting at the model's limit and adding the special tokens are done
here, so the tokenizer's shared state is never changed and threads may share it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from tokenizers import Encoding as RawEncoding

from bert_core.errors import InputError
from bert_core.model.wordpiece import WordPiece

# No reading uses more than 512 pieces; this bounds the work on a pasted book.
MAX_CHARACTERS = 20_000

SEEN = re.compile(r"\S+")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Readable(Protocol):
    """What `encode` needs of a model: `Bert` has it, and so may a test's stand-in."""

    @property
    def wordpiece(self) -> WordPiece: ...

    @property
    def max_tokens(self) -> int: ...

    @property
    def segment_count(self) -> int: ...


@dataclass(frozen=True)
class Encoding:
    """One input of BERT, piece by piece. All tuples have one entry for each token.

    text, pair: the sentences as read: lone surrogates replaced, nothing else changed.
    ids: what the model sees, the mask's id where masked; original_ids: without the masks that
        were put in (a `[MASK]` typed in the text stays one).
    tokens: text of `ids`. segments: 0 for A, 1 for B.
    sequences: 0 in A, 1 in B, None for added special tokens.
    word_ids: number of the word within its sentence, None for added special tokens.
    offsets: (start, end) in code points into `text` or `pair`; (0, 0) for special tokens.
    masked: positions that carry the mask's id, ascending.
    cut_at: for A and B, the code point from which the text was not read, None if all was.
    dropped: stretches of A and B that no piece was made from although they are no space, as
        (sequence, start, end): marks at the end of a word, characters that nobody sees.
    """

    text: str
    pair: str | None
    ids: tuple[int, ...]
    original_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    segments: tuple[int, ...]
    sequences: tuple[int | None, ...]
    word_ids: tuple[int | None, ...]
    offsets: tuple[tuple[int, int], ...]
    masked: tuple[int, ...]
    cut_at: tuple[int | None, int | None] = (None, None)
    dropped: tuple[tuple[int, int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def has_pair(self) -> bool:
        """Whether there is a second sentence, and a piece in it."""
        return self.pair is not None and 1 in self.sequences

    @cached_property
    def words(self) -> tuple["Word", ...]:
        """The words in order of appearance, special tokens left out."""
        groups: dict[tuple[int, int], list[int]] = {}
        for position, (sequence, word) in enumerate(
            zip(self.sequences, self.word_ids, strict=True)
        ):
            if sequence is not None and word is not None:
                groups.setdefault((sequence, word), []).append(position)
        return tuple(
            Word(self.surface(positions[0], positions[-1]), sequence, tuple(positions))
            for (sequence, _), positions in groups.items()
        )

    def word_at(self, position: int) -> "Word | None":
        """The word that the token at `position` is a piece of, None for special tokens."""
        return next((word for word in self.words if position in word.positions), None)

    def surface(self, first: int, last: int | None = None) -> str:
        """What was typed of the token at `first`, or of those up to the one at `last`."""
        source = self.pair if self.sequences[first] == 1 else self.text
        end = self.span(first if last is None else last)[1]
        return (source or "")[self.span(first)[0] : end]

    def span(self, position: int) -> tuple[int, int]:
        """(start, end) of all that was typed of a token: with what was dropped beside it.

        What stands between two pieces belongs to the first one.
        """
        start, end = self.offsets[position]
        sequence = self.sequences[position]
        if sequence is None:
            return start, end
        has_one_before = self.sequences[position - 1] == sequence
        before = self.offsets[position - 1][1] if has_one_before else -1
        for where, first, last in self.dropped:
            if where == sequence and last == start and first > before:
                start = first
            elif where == sequence and first == end:
                end = last
        return start, end


@dataclass(frozen=True)
class Word:
    """One word of the text: what was typed, its sentence (0 or 1), and its tokens' positions."""

    surface: str
    sequence: int
    positions: tuple[int, ...]


def encode(
    bert: Readable, text: str, pair: str | None = None, masked: Iterable[int] = ()
) -> Encoding:
    """`[CLS] text [SEP]`, or `[CLS] text [SEP] pair [SEP]`, as BERT reads it.

    Longer inputs are cut at `bert.max_tokens`, a pair from the end of its longer sentence until
    it fits (Devlin et al. 2018, `_truncate_seq_pair` of the reference code); `cut_at` says where.
    A pair of spaces only is no pair. `masked` are token positions to put the mask at.

    Raises:
        InputError: a masked position is outside the text or on an added special token.
    """
    text = readable(text)
    pair = readable(pair) if pair is not None and pair.strip() else None
    sources = [text] if pair is None else [text, pair]
    parts = [bert.wordpiece.split(source[:MAX_CHARACTERS]) for source in sources]
    budget = bert.max_tokens - 1 - len(parts)
    kept = _fit([len(part) for part in parts], budget)
    read = _join(bert.wordpiece, parts, kept, bert.segment_count)
    mask_id = bert.wordpiece.special_ids["mask"]
    asked = _checked_positions(masked, read["sequences"])
    ids = tuple(mask_id if at in asked else number for at, number in enumerate(read["ids"]))
    cuts = [_cut_at(*one) for one in zip(sources, parts, kept, strict=True)]
    return Encoding(
        text=text,
        pair=pair,
        ids=ids,
        original_ids=read["ids"],
        tokens=tuple(bert.wordpiece.vocabulary[number] for number in ids),
        segments=read["segments"],
        sequences=read["sequences"],
        word_ids=read["word_ids"],
        offsets=read["offsets"],
        masked=tuple(at for at, number in enumerate(ids) if number == mask_id),
        cut_at=(cuts[0], cuts[1] if len(cuts) > 1 else None),
        dropped=tuple(
            (sequence, *stretch)
            for sequence, one in enumerate(zip(sources, parts, kept, cuts, strict=True))
            for stretch in _dropped(bert.wordpiece, *one)
        ),
    )


def with_ids(bert: Readable, encoding: Encoding, changed: Mapping[int, int]) -> Encoding:
    """The same input with other ids at some positions; its text and original ids stay.

    Raises:
        InputError: a position is outside the text or on an added special token.
    """
    _checked_positions(changed, encoding.sequences)
    ids = tuple(changed.get(at, number) for at, number in enumerate(encoding.ids))
    mask_id = bert.wordpiece.special_ids["mask"]
    return replace(
        encoding,
        ids=ids,
        tokens=tuple(bert.wordpiece.vocabulary[number] for number in ids),
        masked=tuple(at for at, number in enumerate(ids) if number == mask_id),
    )


def with_masks(bert: Readable, encoding: Encoding, positions: Iterable[int]) -> Encoding:
    """The same input with the mask at these positions too; errors as in `with_ids`."""
    return with_ids(bert, encoding, dict.fromkeys(positions, bert.wordpiece.special_ids["mask"]))


def _join(wordpiece: WordPiece, parts: list[RawEncoding], kept: list[int], segments: int) -> dict:
    """The columns of `[CLS] A [SEP]`, then `B [SEP]`."""
    cls, sep = wordpiece.special_ids["cls"], wordpiece.special_ids["sep"]
    rows: list[tuple] = [(cls, 0, None, None, (0, 0))]
    for sequence, (part, count) in enumerate(zip(parts, kept, strict=True)):
        segment = min(sequence, segments - 1)
        columns = zip(part.ids[:count], part.word_ids[:count], part.offsets[:count], strict=True)
        rows += [(number, segment, sequence, word, span) for number, word, span in columns]
        rows.append((sep, segment, None, None, (0, 0)))
    names = ("ids", "segments", "sequences", "word_ids", "offsets")
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _fit(lengths: list[int], budget: int) -> list[int]:
    """How many tokens of each part to keep: one at a time off the longer, B on a tie."""
    if sum(lengths) <= budget:
        return list(lengths)
    if len(lengths) == 1:
        return [budget]
    first, second = lengths
    if min(first, second) > budget // 2:  # both lose some, and A has the odd one
        return [budget - budget // 2, budget // 2]
    return [first, budget - first] if first < second else [budget - second, second]


def _dropped(
    wordpiece: WordPiece, source: str, part: RawEncoding, count: int, cut: int | None
) -> Iterator[tuple[int, int]]:
    """Stretches of a sentence that are neither space nor in any piece."""
    end = 0
    bounds = [*part.offsets[:count], (len(source) if cut is None else cut,) * 2]
    for start, after in bounds:
        for found in SEEN.finditer(source, end, max(start, end)):
            if not wordpiece.normalize(found[0]).strip():
                yield found.span()
        end = max(end, after)


def _cut_at(source: str, part: RawEncoding, count: int) -> int | None:
    if count < len(part):
        return int(part.offsets[count][0])
    return MAX_CHARACTERS if len(source) > MAX_CHARACTERS else None


def _checked_positions(masked: Iterable[int], sequences: tuple[int | None, ...]) -> set[int]:
    asked = set(masked)
    for position in asked:
        if not 0 <= position < len(sequences) or sequences[position] is None:
            raise InputError(
                f"There is no word at token {position}: only tokens of the text can be masked."
            )
    return asked


def readable(text: str) -> str:
    """`text` with lone surrogates, which no encoding can hold, replaced one for one."""
    return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
