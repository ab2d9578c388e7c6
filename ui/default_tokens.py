"""Which tokens a page speaks of when nobody has chosen any."""

from bert_core.model.tokenization import Encoding


def text_positions(encoding: Encoding) -> list[int]:
    """Tokens of the text, special tokens left out."""
    return [at for at, sequence in enumerate(encoding.sequences) if sequence is not None]


def word_positions(encoding: Encoding) -> list[int]:
    """Tokens that begin or continue a word with a letter or digit in it."""
    return [
        at
        for at in text_positions(encoding)
        if any(char.isalnum() for char in encoding.surface(at)) and at not in encoding.masked
    ]


def default_mask(encoding: Encoding) -> tuple[int, ...]:
    """What is asked about first: the masks typed in the text, or else sentence A's longest word.

    Not the one it ends with, where no full stop follows: BERT would put the full stop there.
    """
    if encoding.masked:
        return encoding.masked
    known = set(word_positions(encoding))
    first = [word for word in encoding.words if word.sequence == 0]
    choices = [word for word in first[:-1] or first if known.issuperset(word.positions)]
    if not choices:
        return tuple(text_positions(encoding)[-1:])
    return max(choices, key=lambda word: len(word.surface)).positions


def toggle_mask(
    encoding: Encoding, masked: tuple[int, ...], position: int, whole_words: bool
) -> tuple[int, ...]:
    """`masked` with the token at `position`, or its whole word, masked or taken off again."""
    word = encoding.word_at(position)
    clicked = word.positions if word is not None and whole_words else (position,)
    left = set(masked) - set(clicked) if position in masked else {*masked, *clicked}
    return tuple(sorted(left))
