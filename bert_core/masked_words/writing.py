"""Writing guesses into the text, as somebody would type them, and the words they would make."""

from collections.abc import Iterator, Mapping

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, Readable, encode

CONTINUES = "##"


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
    replaces the one piece. How it is written: see `filled_text`.

    Raises:
        InputError: `position` is not in the text.
    """
    sequence = encoding.sequences[position] if 0 <= position < len(encoding) else None
    if sequence is None:
        raise InputError("Only a word of the text can be replaced.")
    first, *rest = _replaced(encoding, position, piece)
    changed = dict(_rewritten(encoding, {first: piece} | dict.fromkeys(rest, "")))
    sentences, starts = _write(bert, encoding, changed)
    kept = {(encoding.sequences[at], starts[at]) for at in encoding.masked if at not in changed}
    fresh = encode(bert, *sentences)
    places = ((one, fresh.span(at)[0]) for at, one in enumerate(fresh.sequences))
    return encode(bert, *sentences, [at for at, place in enumerate(places) if place in kept])


def filled_text(
    bert: Readable, encoding: Encoding, pieces: Mapping[int, str]
) -> tuple[str, str | None]:
    """Both sentences with `pieces` written at their positions, everything else as it was typed.

    A piece that continues a word is joined to what stands before it, spaces or not; one that
    starts a word is kept apart from what would run into it ("play" and "the" in place of
    "playing": "play the"). A capital stays one where the model ignores case, unless a `[MASK]`
    was typed there.
    """
    return _write(bert, encoding, dict(_rewritten(encoding, pieces)))[0]


def _replaced(encoding: Encoding, position: int, piece: str) -> tuple[int, ...]:
    """The positions that `piece` takes the place of."""
    word = _word_positions(encoding, position)
    if piece.startswith(CONTINUES) or position != word[0]:
        return (position,)
    return word if set(word) <= set(encoding.masked) else (position,)


def _rewritten(encoding: Encoding, pieces: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """What is put in, and tokens that share a character with it (a Hangul syllable has three).

    Of these a masked one goes with the character that hid it.
    """
    inside = [(at, one) for at, one in enumerate(encoding.sequences) if one is not None]
    gone = {
        (one, place) for at, one in inside if at in pieces for place in range(*encoding.offsets[at])
    }
    for at, one in inside:
        if at in pieces:
            yield at, pieces[at]
        elif any((one, place) in gone for place in range(*encoding.offsets[at])):
            yield at, "" if at in encoding.masked else encoding.tokens[at]


def _write(
    bert: Readable, encoding: Encoding, changed: Mapping[int, str]
) -> tuple[tuple[str, str | None], dict[int, int]]:
    """Both sentences with `changed` in them; where each other token begins in its sentence.

    A token for which "" stands is taken out, with what is between it and the one before.
    """
    text, starts = _write_sentence(bert, encoding, changed, 0, encoding.text)
    if encoding.pair is None:
        return (text, None), starts
    pair, others = _write_sentence(bert, encoding, changed, 1, encoding.pair)
    return (text, pair), starts | others


def _write_sentence(
    bert: Readable, encoding: Encoding, changed: Mapping[int, str], sequence: int, source: str
) -> tuple[str, dict[int, int]]:
    written, starts = "", dict[int, int]()
    end, before = 0, ""  # of what is written: its place in the source, and its last token
    for position, one in enumerate(encoding.sequences):
        if one != sequence:
            continue
        start, stop = encoding.span(position)
        gap, surface = source[end:start], source[max(start, end) : stop]
        if position in changed:
            surface = _typed(bert, encoding, position, changed[position])
        if position in changed or position - 1 in changed:
            piece = changed.get(position, _original(bert, encoding, position))
            gap = _gap(bert, before, gap, surface, piece)
        written += gap
        starts[position] = len(written) - max(0, end - start)  # a character may be two tokens'
        written += surface
        end, before = max(end, stop), surface or before
    return written + source[end:], starts


def _typed(bert: Readable, encoding: Encoding, position: int, piece: str) -> str:
    """`piece` as it is typed: without ##, with a capital where one began the word before."""
    plain = piece.removeprefix(CONTINUES)
    original = _original(bert, encoding, position)
    by_hand = original == bert.wordpiece.special_token("mask")
    if by_hand or CONTINUES in (piece[:2], original[:2]):
        return plain
    capital = plain[:1].upper() + plain[1:]
    had_capital = encoding.surface(position)[:1].isupper()
    return capital if had_capital and bert.wordpiece.normalize(capital) == plain else plain


def _original(bert: Readable, encoding: Encoding, position: int) -> str:
    """The piece that the text has there, behind a mask too."""
    return bert.wordpiece.vocabulary[encoding.original_ids[position]]


def _gap(bert: Readable, before: str, gap: str, after: str, piece: str) -> str:
    """What stands between two tokens of which one is new."""
    if not before:
        return gap
    if piece.startswith(CONTINUES) or not piece:
        return ""
    apart, joined = (
        sum(len(set(bert.wordpiece.split(text).word_ids)) for text in texts)
        for texts in ((before, after), (before + gap + after,))
    )
    return f"{gap} " if joined < apart else gap


def _word_positions(encoding: Encoding, position: int) -> tuple[int, ...]:
    word = encoding.word_at(position)
    return (position,) if word is None else word.positions
