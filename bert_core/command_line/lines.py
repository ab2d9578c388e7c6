"""What the commands of the command line answer to each line, in records that can be written.

Lines come as from `lists.stream_lines`, a few at a time. Those that cannot be read or answered are
given back as a `BrokenLine`, and the others go on.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from bert_core.figures.labels import percent
from bert_core.masked_words.head import require_mlm
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.minimal_pairs import COLUMNS, compare_pairs, summarise_differences
from bert_core.masked_words.predict import MaskedPrediction, predict_masked_in
from bert_core.masked_words.scores import Measure, Method
from bert_core.masked_words.surprisal import predict_each
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, encode
from bert_core.next_sentence.candidates import is_read, score_pairs
from bert_core.serving.runner import direct_runner
from bert_core.texts.lists import BrokenLine, Line, Row, each_row, each_text

AT_ONCE = 32  # lines that are run together
PAIR = ("a", "b")

Lines = Iterable[Line | BrokenLine]


class Note(NamedTuple):
    """What is said beside the records, when all is done."""

    text: str


class Guess(NamedTuple):
    """One of the guesses at one token; `original...` are those of `MaskedPrediction`.

    line: its number in the input. position: of the token, 0 being `[CLS]`. rank: 1 is the first.
    cut: the line was longer than the model reads.
    """

    line: int
    position: int
    original: str | None
    original_probability: float | None
    original_rank: int | None
    rank: int
    piece: str
    probability: float
    cut: bool


class PairAnswer(NamedTuple):
    """Does `b` follow `a`? See `PairScore`."""

    line: int
    a: str
    b: str
    is_next: float
    is_next_logit: float
    not_next_logit: float
    cut: bool


class RankedSentence(NamedTuple):
    """A sentence and its pseudo-log-likelihood; None, and ranked last, where nothing is scored."""

    rank: int
    line: int
    text: str
    total: float | None
    per_token: float | None
    per_word: float | None
    tokens: int
    words: int
    cut: bool


class ComparedPair(NamedTuple):
    """Two sentences, how each scores, and `good_score - bad_score`."""

    line: int
    good: str
    bad: str
    good_score: float | None
    bad_score: float | None
    difference: float | None
    cut: bool


def predict_lines(
    bert: Bert, lines: Lines, top: int, each: bool, at_once: int = AT_ONCE
) -> Iterator[Guess | BrokenLine]:
    """The `top` guesses at every `[MASK]`; with `each` at every token, masked one at a time.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    require_mlm(bert)
    run = direct_runner(bert)
    for rows, broken in _chunks(each_text(lines), at_once):
        yield from broken
        asked = []
        for row in rows:
            encoding = encode(bert, row.fields[0])
            if encoding.words if each else encoding.masked:
                asked.append((row.number, encoding))
            else:
                yield _unasked(row.number, each)
        if each:
            for number, encoding in asked:
                for found in predict_each(bert, encoding, top, run=run):
                    yield from _guesses(number, encoding, found.prediction)
        else:
            runs = run([Asked(encoding) for _, encoding in asked])
            predicted = predict_masked_in(bert, runs, top)
            for (number, encoding), predictions in zip(asked, predicted, strict=True):
                for prediction in predictions:
                    yield from _guesses(number, encoding, prediction)


def score_lines(
    bert: Bert, lines: Lines, at_once: int = AT_ONCE
) -> Iterator[PairAnswer | BrokenLine]:
    """How probable it is that `b` follows `a`.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
    """
    run = direct_runner(bert)
    for rows, broken in _chunks(each_row(lines, PAIR), at_once):
        yield from broken
        empty = [row for row in rows if not all(is_read(bert, one) for one in row.fields)]
        yield from (_unasked(row.number, each=True) for row in empty)
        rows = [row for row in rows if row not in empty]
        scores = score_pairs(bert, [(row.fields[0], row.fields[1]) for row in rows], run)
        for row, score in zip(rows, scores, strict=True):
            yield PairAnswer(
                line=row.number,
                a=score.text,
                b=score.candidate,
                is_next=score.is_next,
                is_next_logit=score.is_next_logit,
                not_next_logit=score.not_next_logit,
                cut=score.cut,
            )


def rank_lines(
    bert: Bert, lines: Lines, method: Method, by: Measure
) -> Iterator[RankedSentence | BrokenLine]:
    """All sentences, the most probable first; when interrupted, those scored so far.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    waiting: deque[Row] = deque()  # read, not scored yet
    broken: list[BrokenLine] = []
    found: list[RankedSentence] = []
    interrupt = None
    try:
        for score in score_sentences(bert, _texts(each_text(lines), waiting, broken), method):
            row = waiting.popleft()
            found.append(
                RankedSentence(
                    rank=0,
                    line=row.number,
                    text=row.fields[0],
                    total=score.total,
                    per_token=score.per_token,
                    per_word=score.per_word,
                    tokens=len(score.positions),
                    words=score.words,
                    cut=_is_cut(score.encoding),
                )
            )
            yield from broken
            broken.clear()
    except KeyboardInterrupt as error:
        interrupt = error
    yield from broken
    found.sort(key=lambda one: _descending(getattr(one, by)))
    for rank, one in enumerate(found, start=1):
        yield one._replace(rank=rank)
    if interrupt is not None:
        raise interrupt


def compare_lines(
    bert: Bert, lines: Lines, method: Method, by: Measure, at_once: int = AT_ONCE
) -> Iterator[ComparedPair | BrokenLine | Note]:
    """The good and the bad sentence of each row, and at last how often the good one wins.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    require_mlm(bert)
    run = direct_runner(bert)
    differences: list[float | None] = []
    for rows, broken in _chunks(each_row(lines, COLUMNS), at_once):
        yield from broken
        compared = compare_pairs(bert, [row.fields for row in rows], method, run, by)
        for row, pair in zip(rows, compared, strict=True):
            differences.append(pair.difference)
            yield ComparedPair(
                line=row.number,
                good=row.fields[0],
                bad=row.fields[1],
                good_score=pair.good.by(by),
                bad_score=pair.bad.by(by),
                difference=pair.difference,
                cut=_is_cut(pair.good.encoding) or _is_cut(pair.bad.encoding),
            )
    said = _summary(differences)
    if said is not None:
        yield said


def _summary(differences: Sequence[float | None]) -> Note | None:
    summary = summarise_differences(differences)
    if summary.share is None or summary.low is None or summary.high is None:
        return None
    return Note(
        f"The good sentence is the more probable one in {summary.better} of {summary.pairs} "
        f"pairs: {percent(summary.share)}, 95 % interval {percent(summary.low)} to "
        f"{percent(summary.high)}."
    )


def _chunks(
    found: Iterable[Row | BrokenLine], size: int
) -> Iterator[tuple[list[Row], list[BrokenLine]]]:
    """A few lines at a time: those that could be read, and the others."""
    coming = iter(found)
    while some := list(islice(coming, size)):
        yield (
            [one for one in some if isinstance(one, Row)],
            [one for one in some if isinstance(one, BrokenLine)],
        )


def _texts(
    found: Iterable[Row | BrokenLine], waiting: deque[Row], broken: list[BrokenLine]
) -> Iterator[str]:
    """The text of each line; notes in `waiting` which line it is from."""
    for one in found:
        if isinstance(one, BrokenLine):
            broken.append(one)
        else:
            waiting.append(one)
            yield one.fields[0]


def _unasked(number: int, each: bool) -> BrokenLine:
    if each:
        return BrokenLine(number, f"Line {number} has nothing in it that the model reads.")
    return BrokenLine(
        number,
        f"Line {number} has no [MASK] among what the model reads: put one where a word is to be "
        "guessed, or ask with --each.",
    )


def _guesses(number: int, encoding: Encoding, prediction: MaskedPrediction) -> Iterator[Guess]:
    ranked = zip(prediction.pieces, prediction.probabilities.tolist(), strict=True)
    for rank, (piece, probability) in enumerate(ranked, start=1):
        yield Guess(
            line=number,
            position=prediction.position,
            original=prediction.original,
            original_probability=prediction.original_probability,
            original_rank=prediction.original_rank,
            rank=rank,
            piece=piece,
            probability=probability,
            cut=_is_cut(encoding),
        )


def _is_cut(encoding: Encoding) -> bool:
    return encoding.cut_at != (None, None)


def _descending(score: float | None) -> float:
    """A key that puts the greatest first and None last."""
    return float("inf") if score is None else -score
