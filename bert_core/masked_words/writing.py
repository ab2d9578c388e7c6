"""Putting a guess into the sentence, and the word a guess would make there."""

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, encode

CONTINUES = "##"

Anchor = tuple[int | None, int]
"""A place in the text: sentence (0 or 1) and code point."""


def word_with(encoding: Encoding, position: int, piece: str) -> str:
    """The word that `piece` would make with its neighbours; "…" stands for a masked one."""
    parts = [piece]
    left = position
    while parts[0].startswith(CONTINUES) and encoding.sequences[left - 1] is not None:
        left -= 1
        parts.insert(0, "…" if left in encoding.masked else encoding.tokens[left])
    last = _replaced(encoding, position, piece)[-1]
    rest = [right for right in _word_positions(encoding, position) if right > last]
    parts += ["…" if right in encoding.masked else encoding.tokens[right] for right in rest]
    return "".join(part.removeprefix(CONTINUES) for part in parts)


def put_in(bert: Bert, encoding: Encoding, position: int, piece: str) -> Encoding:
    """The input with `piece` written into the text at `position`, its other masks kept.

    A guess that starts a word replaces the whole word if all of it is masked; any other guess
    replaces the one piece. One that continues a word is joined to what stands before it, spaces or
    not; one that starts a word is kept apart from what would run into it ("didn't": "didn a t").

    Raises:
        InputError: `position` is not in the text.
    """
    sequence = encoding.sequences[position] if 0 <= position < len(encoding) else None
    if sequence is None:
        raise InputError("Only a word of the text can be replaced.")
    span = _replaced(encoding, position, piece)
    start, end = encoding.offsets[span[0]][0], encoding.offsets[span[-1]][1]
    gone = {(sequence, place) for place in range(start, end)}
    if piece.startswith(CONTINUES) and encoding.sequences[span[0] - 1] is not None:
        start = min(start, encoding.offsets[span[0] - 1][1])
    sentences = [encoding.text, encoding.pair or ""]
    before, after = sentences[sequence][:start], sentences[sequence][end:]
    written = _written(bert, encoding, position, piece)
    if not piece.startswith(CONTINUES):
        ends_word = span[-1] + 1 not in _word_positions(encoding, position)
        left = " " if _run_together(bert, before, written) else ""
        right = " " if ends_word and _run_together(bert, written, after) else ""
        written = f"{left}{written}{right}"
    sentences[sequence] = before + written + after
    text, pair = sentences[0], sentences[1] if encoding.pair is not None else None
    shift = len(written) - (end - start)
    others = [at for at in encoding.masked if _anchor(encoding, at) not in gone]
    kept = {_moved(encoding, at, (sequence, start), shift) for at in others}
    fresh = encode(bert, text, pair)
    return encode(bert, text, pair, [at for at in range(len(fresh)) if _anchor(fresh, at) in kept])


def _replaced(encoding: Encoding, position: int, piece: str) -> tuple[int, ...]:
    """The positions that `piece` takes the place of."""
    word = _word_positions(encoding, position)
    if piece.startswith(CONTINUES) or position != word[0]:
        return (position,)
    return word if set(word) <= set(encoding.masked) else (position,)


def _written(bert: Bert, encoding: Encoding, position: int, piece: str) -> str:
    """`piece` as it is typed: without ##, with a capital where one stood and case is ignored."""
    plain = piece.removeprefix(CONTINUES)
    if piece.startswith(CONTINUES) or position != _word_positions(encoding, position)[0]:
        return plain
    capital = plain[:1].upper() + plain[1:]
    had_capital = encoding.surface(position)[:1].isupper() and position not in _typed(encoding)
    return capital if had_capital and bert.wordpiece.normalize(capital) == plain else plain


def _run_together(bert: Bert, before: str, after: str) -> bool:
    """Whether the last word of `before` and the first of `after` become one, side by side."""
    apart, joined = (
        sum(len(set(bert.wordpiece.split(text).word_ids)) for text in texts)
        for texts in ((before, after), (before + after,))
    )
    return joined < apart


def _word_positions(encoding: Encoding, position: int) -> tuple[int, ...]:
    word = encoding.word_at(position)
    return (position,) if word is None else word.positions


def _typed(encoding: Encoding) -> set[int]:
    """Positions where the text itself says `[MASK]`."""
    return {at for at in encoding.masked if encoding.ids[at] == encoding.original_ids[at]}


def _anchor(encoding: Encoding, position: int) -> Anchor | None:
    sequence = encoding.sequences[position]
    return None if sequence is None else (sequence, encoding.offsets[position][0])


def _moved(encoding: Encoding, position: int, edit: Anchor, shift: int) -> Anchor:
    """Where the token at `position` starts after the text grew by `shift` at `edit`."""
    sequence, start = encoding.sequences[position], encoding.offsets[position][0]
    return (sequence, start + shift if sequence == edit[0] and start > edit[1] else start)
