"""Words of several pieces behind one mask.

A mask holds one piece, so that a word which the vocabulary lacks cannot stand there. Here two or
three masks take its place and are filled from left to right, the first with a piece that starts a
word, the others with ones that continue it.

How many masks there are tells BERT how many pieces the word has: probabilities for two lengths
answer two different questions, and are no fair comparison. The sum of logarithms favours short
words, having fewer terms; the mean favours long ones, whose last pieces are often all but certain
once the first is there.

Chinese words are no words here: BERT reads every character as a word of its own, so that one of
several pieces is never regular there. Type a `[MASK]` for each character and fill them jointly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.masked_words.beam import Path, Start, check_width, search
from bert_core.masked_words.filling import ordinary_ids
from bert_core.masked_words.head import require_mlm
from bert_core.masked_words.writing import CONTINUES
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding
from bert_core.serving.runner import Runner, direct_runner

MAX_PIECES = 3


@dataclass(frozen=True)
class WordCandidate:
    """One word that may stand behind the mask.

    word: as it is written; pieces, ids: what it is made of.
    probabilities: of each piece at the moment it was put in, in [0, 1].
    log_probability: the sum of their logarithms; mean_log_probability: that for each piece.
    regular: whether the tokenizer reads the written word as these pieces. Where it does not ("the"
        and "##y" for "they"), BERT was hardly ever shown them side by side.
    """

    word: str
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    probabilities: tuple[float, ...]
    log_probability: float
    mean_log_probability: float
    regular: bool


def word_candidates(
    bert: Bert,
    encoding: Encoding,
    position: int,
    *,
    lengths: Sequence[int] = (1, 2, 3),
    width: int = 10,
    by: Literal["sum", "mean"] = "sum",
    run: Runner | None = None,
) -> tuple[WordCandidate, ...]:
    """Words of each of `lengths` pieces for the mask at `position`, at most `width` of each.

    Found by a beam of `width` from left to right within the word. Other masks stay open. by: the
    score they are sorted by, the highest first; neither compares lengths fairly, see the module.
    For a word of several pieces, all of them masked, any of its positions may be named.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: there is no wholly masked word at `position`, a length is not in 1 to
            MAX_PIECES, there is no room for the longest, or `width` is one no beam has.
    """
    require_mlm(bert)
    check_width(width)
    if not lengths or any(not 1 <= length <= MAX_PIECES for length in lengths):
        raise InputError(f"Ask for words of 1 to {MAX_PIECES} pieces.")
    word = _masked_word(encoding, position)
    spare = bert.max_tokens - len(encoding) + len(word)
    if max(lengths) > spare:
        raise InputError(
            f"The text leaves no room for a word of {max(lengths)} pieces: shorten it by "
            f"{max(lengths) - spare}, or ask for shorter words."
        )
    firsts, others = _starting_and_continuing(bert)
    starts = [
        Start(
            encoding=_with_masks_for(bert, encoding, word, length),
            order=tuple(range(word[0], word[0] + length)),
            allowed=(firsts, *[others] * (length - 1)),
        )
        for length in sorted(set(lengths))
        if length == 1 or len(others)
    ]
    beams = search(bert, starts, width, 1, run or direct_runner(bert))
    found = [_candidate(bert, path) for beam in beams for path in beam]
    found.sort(key=lambda one: -(one.log_probability if by == "sum" else one.mean_log_probability))
    return tuple(found)


def _masked_word(encoding: Encoding, position: int) -> tuple[int, ...]:
    """The positions of the word that `position` is in, all of which are masked."""
    word = encoding.word_at(position)
    if word is None or not set(word.positions) <= set(encoding.masked):
        raise InputError(f"There is no masked word at token {position}: mask a whole word.")
    return word.positions


def _with_masks_for(bert: Bert, encoding: Encoding, word: tuple[int, ...], count: int) -> Encoding:
    """The input with `count` masks in place of a word, all of them made from its whole text.

    Made from the columns and not from a text with `[MASK]` in it, which would be read anew and
    might be cut elsewhere.
    """
    first, last = word[0], word[-1]
    mask = bert.wordpiece.special_ids["mask"]
    shift = count - len(word)
    span = (encoding.offsets[first][0], encoding.offsets[last][1])

    def widen(column: tuple, value: object) -> tuple:
        return (*column[:first], *[value] * count, *column[last + 1 :])

    kept = [at for at in encoding.masked if at not in word]
    moved = [at + shift if at > last else at for at in kept]
    return replace(
        encoding,
        ids=widen(encoding.ids, mask),
        # The word that stood there may have had another number of pieces.
        original_ids=widen(encoding.original_ids, mask),
        tokens=widen(encoding.tokens, bert.wordpiece.special_token("mask")),
        segments=widen(encoding.segments, encoding.segments[first]),
        sequences=widen(encoding.sequences, encoding.sequences[first]),
        word_ids=widen(encoding.word_ids, encoding.word_ids[first]),
        offsets=widen(encoding.offsets, span),
        masked=tuple(sorted([*moved, *range(first, first + count)])),
    )


def _starting_and_continuing(bert: Bert) -> tuple[Integers, Integers]:
    """Ids of the pieces that start a word, and of those that continue one."""
    ids = ordinary_ids(bert)
    pieces = [bert.wordpiece.vocabulary[number] for number in ids]
    inside = np.array([piece.startswith(CONTINUES) for piece in pieces], dtype=bool)
    return ids[~inside], ids[inside]


def _candidate(bert: Bert, path: Path) -> WordCandidate:
    pieces = tuple(step.piece for step in path.steps)
    ids = tuple(step.id for step in path.steps)
    word = "".join([pieces[0], *(piece.removeprefix(CONTINUES) for piece in pieces[1:])])
    return WordCandidate(
        word=word,
        pieces=pieces,
        ids=ids,
        probabilities=tuple(step.probability for step in path.steps),
        log_probability=path.log_probability,
        mean_log_probability=path.log_probability / len(pieces),
        regular=tuple(bert.wordpiece.split(word).ids) == ids,
    )
