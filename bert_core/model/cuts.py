"""How many words of a text became how many pieces."""

from dataclasses import dataclass

from bert_core.model.tokenization import Encoding, Word


@dataclass(frozen=True)
class Cuts:
    """What cutting made of a text.

    words, pieces: how many there are; special tokens are neither. split: words of several pieces.
    unknown: words that the vocabulary cannot spell. most: the first of the words with the most
    pieces, None where every word is one piece.
    """

    words: int
    pieces: int
    split: int
    unknown: int
    most: Word | None


def count_cuts(encoding: Encoding, unknown_id: int) -> Cuts:
    """The counts for one input. unknown_id: of [UNK], `WordPiece.special_ids["unk"]`."""
    split = [word for word in encoding.words if len(word.positions) > 1]
    unknown = [
        word for word in encoding.words if encoding.original_ids[word.positions[0]] == unknown_id
    ]
    return Cuts(
        words=len(encoding.words),
        pieces=sum(sequence is not None for sequence in encoding.sequences),
        split=len(split),
        unknown=len(unknown),
        most=max(split, key=lambda word: len(word.positions), default=None),
    )
