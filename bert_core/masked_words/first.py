"""Which guesses come first, for a sentence about them that claims no more than they do."""

from bert_core.masked_words.predict import MaskedPrediction

# “the” is nearly 7 % of English words (Kučera and Francis 1967), 5 % and more of pieces: a first
# guess that is less sure than to say it always stands for nothing. Of 377 pieces that were hidden
# in the bundled texts, 23 had one, and it never was right.
LEAST = 0.05
NEARLY = 1.5  # times less probable than the first guess, at most
MOST = 3  # that can come first together


def count_leaders(guess: MaskedPrediction) -> int:
    """How many guesses come first: the first one, and those `NEARLY` as probable.

    0 where nothing stands out: the first has less than `LEAST`, or more than `MOST` would come
    first. Ask for more than `MOST` guesses.
    """
    first = float(guess.probabilities[0])
    leaders = int((guess.probabilities >= first / NEARLY).sum())
    return leaders if first >= LEAST and leaders <= MOST else 0


def find_written(guess: MaskedPrediction) -> int | tuple[str, float] | None:
    """What the text has there: its place among the guesses, or (piece, probability) if it has none.

    None where a `[MASK]` was typed. As `bert_core.figures.bars.share_bars` frames it.
    """
    if guess.original is None or guess.original_probability is None:
        return None
    if guess.original in guess.pieces:
        return guess.pieces.index(guess.original)
    return guess.original, guess.original_probability
