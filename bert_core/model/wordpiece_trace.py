"""How WordPiece cuts one word: greedy, longest piece first, step by step.

The algorithm is the one of Devlin et al. 2018, section 3 (`WordpieceTokenizer` of the reference
code), written out so that it can be shown; tests hold it to the tokenizer's own result.
"""

from dataclasses import dataclass

from bert_core.model.tokenization import Encoding
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
    added: whether it is a token that was added to the vocabulary, and is never cut.
    """

    surface: str
    normalized: str
    steps: tuple[TraceStep, ...]
    unknown: str | None
    added: bool = False

    @property
    def pieces(self) -> tuple[str, ...]:
        return tuple(step.piece for step in self.steps if step.piece is not None)


def trace_word(wordpiece: WordPiece, surface: str) -> WordTrace:
    """The cuts that make pieces of `surface`, a single word as `Encoding.words` gives it."""
    if (whole := _added(wordpiece, surface)) is not None:
        return WordTrace(surface, whole, (TraceStep(whole, whole, 1),), unknown=None, added=True)
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


def changed_words(wordpiece: WordPiece, encoding: Encoding) -> list[tuple[str, str]]:
    """What normalisation changed, as typed and as it became, in the order of the text.

    Words of one sentence before those of the other; behind them what it left nothing of and no
    word holds, with "". Added tokens are never changed.
    """
    words = [word.surface for word in encoding.words if _added(wordpiece, word.surface) is None]
    changed = [(word, wordpiece.normalize(word).strip()) for word in words]
    spans = [(one, encoding.span(at)) for at, one in enumerate(encoding.sequences)]
    for sequence, start, end in encoding.dropped:
        if all(one != sequence or not (a <= start and end <= b) for one, (a, b) in spans):
            source = encoding.pair if sequence == 1 else encoding.text
            changed.append(((source or "")[start:end], ""))
    return [(word, after) for word, after in changed if after != word]


def dropped_characters(wordpiece: WordPiece, surface: str) -> str:
    """The characters of a word that normalisation leaves nothing of, each once."""
    return "".join(dict.fromkeys(char for char in surface if not wordpiece.normalize(char)))


def _added(wordpiece: WordPiece, surface: str) -> str | None:
    """The added token that a word is, as the vocabulary has it."""
    if not wordpiece.added:
        return None
    found = wordpiece.split(surface)
    is_one = len(found) == 1 and found.ids[0] in wordpiece.added.values()
    return wordpiece.vocabulary[found.ids[0]] if is_one else None


def _longest_piece(wordpiece: WordPiece, word: str, start: int) -> tuple[str | None, int]:
    prefix = wordpiece.backend.model.continuing_subword_prefix if start else ""
    for end in range(len(word), start, -1):
        if wordpiece.id_of(prefix + word[start:end]) is not None:
            return prefix + word[start:end], end
    return None, start
