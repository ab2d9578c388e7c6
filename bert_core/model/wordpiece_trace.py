"""How WordPiece cuts one word: greedy, longest piece first, step by step.

The algorithm is the one of Devlin et al. 2018, section 3 (`WordpieceTokenizer` of the reference
code), written out so that it can be shown; tests hold it to the tokenizer's own result.
"""

from dataclasses import dataclass

from bert_core.model.tokenization import Encoding, Word
from bert_core.model.wordpiece import WordPiece


@dataclass(frozen=True)
class TraceStep:
    """One cut: of `rest`, `piece` is the longest start in the vocabulary, found at try `tries`.

    piece is None where no start of `rest` is in the vocabulary.
    """

    rest: str
    piece: str | None
    tries: int


@dataclass(frozen=True)
class WordTrace:
    """A word's way into pieces.

    surface: as typed. normalized: after cleaning, case and accents.
    steps: the cuts; empty where the word is longer than the tokenizer reads.
    unknown: the character that made it `[UNK]`, "" where its length did, None where it is known.
    """

    surface: str
    normalized: str
    steps: tuple[TraceStep, ...]
    unknown: str | None

    @property
    def pieces(self) -> tuple[str, ...]:
        return tuple(step.piece for step in self.steps if step.piece is not None)


def trace_word(wordpiece: WordPiece, surface: str) -> WordTrace:
    """The cuts that make pieces of `surface`, a single word as `Encoding.words` gives it."""
    normalized = wordpiece.normalize(surface).strip()
    if len(normalized) > wordpiece.longest_word:
        return WordTrace(surface, normalized, (), unknown="")
    steps: list[TraceStep] = []
    start = 0
    while start < len(normalized):
        piece, end = _longest_piece(wordpiece, normalized, start)
        tries = len(normalized) - end + 1 if piece else len(normalized) - start
        steps.append(TraceStep(normalized[start:], piece, tries))
        if piece is None:
            return WordTrace(surface, normalized, tuple(steps), unknown=normalized[start])
        start = end
    return WordTrace(surface, normalized, tuple(steps), unknown=None)


def changed_words(wordpiece: WordPiece, encoding: Encoding) -> list[tuple[Word, str]]:
    """The words that normalisation changed, each with what became of it, masks left out."""
    mask = wordpiece.special_token("mask")
    words = ((word, wordpiece.normalize(word.surface).strip()) for word in encoding.words)
    return [(word, after) for word, after in words if after != word.surface != mask]


def _longest_piece(wordpiece: WordPiece, word: str, start: int) -> tuple[str | None, int]:
    prefix = wordpiece.backend.model.continuing_subword_prefix if start else ""
    for end in range(len(word), start, -1):
        if wordpiece.id_of(prefix + word[start:end]) is not None:
            return prefix + word[start:end], end
    return None, start
