"""The text that somebody would type for an input whose masks are filled."""

from collections.abc import Iterator, Mapping

from bert_core.masked_words.writing import CONTINUES
from bert_core.model.tokenization import Encoding, Readable


def filled_text(
    bert: Readable, encoding: Encoding, pieces: Mapping[int, str]
) -> tuple[str, str | None]:
    """Both sentences with `pieces` written at their positions, everything else as it was typed.

    A piece that continues a word is joined to what stands before it; one that starts a word is
    kept apart from what would run into it ("play" and "the" in place of "playing": "play the").
    A capital stays one where the model ignores case, unless a `[MASK]` was typed there.
    """
    text = _filled(bert, encoding, pieces, 0, encoding.text)
    if encoding.pair is None:
        return text, None
    return text, _filled(bert, encoding, pieces, 1, encoding.pair)


def _filled(
    bert: Readable, encoding: Encoding, pieces: Mapping[int, str], sequence: int, source: str
) -> str:
    changed = dict(_rewritten(encoding, pieces, sequence))
    parts: list[str] = []
    end, before = 0, ""  # of what is written: its place in the source, and its last token
    for position, (start, stop) in enumerate(encoding.offsets):
        if encoding.sequences[position] != sequence:
            continue
        gap, surface = source[end:start], source[max(start, end) : stop]
        if position in changed:
            surface = _written(bert, encoding, position, changed[position])
        if position in changed or position - 1 in changed:
            piece = changed.get(position, encoding.tokens[position])
            gap = _gap(bert, before, gap, surface, piece)
        parts += [gap, surface]
        end, before = max(end, stop), surface
    return "".join([*parts, source[end:]])


def _rewritten(
    encoding: Encoding, pieces: Mapping[int, str], sequence: int
) -> Iterator[tuple[int, str]]:
    """What is put in, and tokens that share a character with it (a Hangul syllable has three)."""
    inside = [at for at, one in enumerate(encoding.sequences) if one == sequence]
    gone = {place for at in inside if at in pieces for place in range(*encoding.offsets[at])}
    for at in inside:
        if at in pieces:
            yield at, pieces[at]
        elif not gone.isdisjoint(range(*encoding.offsets[at])):
            yield at, encoding.tokens[at]


def _written(bert: Readable, encoding: Encoding, position: int, piece: str) -> str:
    """`piece` as it is typed: without ##, with a capital where one began the word before."""
    plain = piece.removeprefix(CONTINUES)
    original = bert.wordpiece.vocabulary[encoding.original_ids[position]]
    typed = original == bert.wordpiece.special_token("mask")
    if typed or CONTINUES in (piece[:2], original[:2]):
        return plain
    capital = plain[:1].upper() + plain[1:]
    had_capital = encoding.surface(position)[:1].isupper()
    return capital if had_capital and bert.wordpiece.normalize(capital) == plain else plain


def _gap(bert: Readable, before: str, gap: str, after: str, piece: str) -> str:
    """What stands between two tokens of which one is new."""
    if not before:
        return gap
    if piece.startswith(CONTINUES):
        return ""
    apart, joined = (
        sum(len(set(bert.wordpiece.split(text).word_ids)) for text in texts)
        for texts in ((before, after), (before + gap + after,))
    )
    return f"{gap} " if joined < apart else gap
