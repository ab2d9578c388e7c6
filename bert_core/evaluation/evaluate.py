"""How good any BERT is: hidden words, next sentences, and whether it is right as often as it says.

Words are hidden as in pretraining, 15 % of a passage's pieces together (Devlin et al. 2018,
section 3.1), but all by [MASK]; or the same ones each alone, which is easier. Pseudo-perplexity is
the exponential of the mean surprisal of those pieces; where each was alone it is that of Salazar
et al. 2020, section 2.3, https://arxiv.org/abs/1910.14659, on a sample of the pieces. It counts
pieces, so compare it between models of one vocabulary.

Next sentences are judged twice: against B's from other documents, where a topic gives the answer
away, and against B's from elsewhere in the same one, where only order helps. The truth is asked as
often as the other, so guessing is right half of the time. Nothing is hidden in them.

Intervals draw documents again, as `reliability` does texts; the calibration error is from
there too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from bert_core.evaluation.guesses import guess_masks
from bert_core.evaluation.questions import Questions, is_hidden
from bert_core.evaluation.reliability import (
    Calibration,
    Guesses,
    join_guesses,
    summarise_calibration,
)
from bert_core.intervals import Estimate, share_interval
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, encode, with_masks
from bert_core.next_sentence.candidates import score_pairs
from bert_core.pretraining.masks import eligible_tokens
from bert_core.serving.runner import Runner, direct_runner

TOGETHER, ALONE = "together", "alone"

Progress = Callable[[str, int, int], None]
"""Called with what is asked ("masks" or "pairs"), how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Evaluation:
    """What a model made of `Questions`; None where it lacks the head, or was not asked.

    model: its name. masking: "together" or "alone". documents: there were to draw from.
    masks: pieces it was asked for. top_1, top_5: share of which the original was its first guess,
    or among its first five. perplexity: pseudo-perplexity, at least 1. error: expected calibration
    error, in [0, 1]; error_by_chance: what it would be, were each guess right as often as it says.
    pairs: first parts whose B was judged. next_other: share of answers that were right, B's that
    follow and B's from other documents in equal numbers. pairs_elsewhere, next_elsewhere: the same
    with B's from elsewhere in the document, where it is long enough to have them.
    notes: sentences on what it could not be asked, or not in full.
    """

    model: str
    seed: int
    documents: int
    masking: str
    masks: int
    top_1: Estimate | None
    top_5: Estimate | None
    perplexity: Estimate | None
    error: Estimate | None
    error_by_chance: Estimate | None
    pairs: int
    next_other: Estimate | None
    pairs_elsewhere: int
    next_elsewhere: Estimate | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairAnswer:
    """What the next-sentence head says to the B's of one passage: True where it says IsNext.

    elsewhere: None where there is no such B.
    """

    document: int
    following: bool
    other: bool
    elsewhere: bool | None


def evaluate(
    bert: Bert,
    questions: Questions,
    run: Runner | None = None,
    *,
    alone: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Ask a model everything its heads can answer.

    alone: hide the same pieces one at a time, which takes about twenty times as long.
    """
    run = run or direct_runner(bert)
    progress = progress or (lambda *_: None)
    found = list(guess_hidden(bert, questions, run, alone, progress)) if bert.has_mlm else []
    words = summarise_calibration(found, seed=questions.seed) if found else None
    said = list(judge_pairs(bert, questions, run, progress)) if bert.has_nsp else []
    apart = [one for one in said if one.elsewhere is not None]
    return Evaluation(
        model=bert.name,
        seed=questions.seed,
        documents=questions.documents,
        masking=ALONE if alone else TOGETHER,
        masks=words.masks if words else 0,
        top_1=words.top_1 if words else None,
        top_5=words.top_5 if words else None,
        perplexity=_perplexity(words) if words else None,
        error=words.error if words else None,
        error_by_chance=words.error_by_chance if words else None,
        pairs=len(said),
        next_other=_share_right(said, [not one.other for one in said], questions.seed),
        pairs_elsewhere=len(apart),
        next_elsewhere=_share_right(apart, [not one.elsewhere for one in apart], questions.seed),
        notes=tuple(_notes(bert, questions, bool(found), bool(apart))),
    )


def hide_words(
    bert: Bert, questions: Questions, alone: bool = False
) -> Iterator[tuple[int, Encoding, tuple[int, ...]]]:
    """Document, input with masks, and their positions, of all that the model is asked.

    A passage in which the model can be asked for nothing is passed over.
    """
    for number, passage in enumerate(questions.masked):
        encoding = encode(bert, *passage.shown)
        eligible = np.flatnonzero(eligible_tokens(bert, encoding))
        parts = np.array([encoding.sequences[at] for at in eligible], dtype=np.int64)
        starts = np.array([encoding.offsets[at][0] for at in eligible], dtype=np.int64)
        hidden = eligible[is_hidden(questions.seed, number, parts, starts)].tolist()
        for places in [[at] for at in hidden] if alone else [hidden] if hidden else []:
            yield passage.document, with_masks(bert, encoding, places), tuple(places)


def guess_hidden(
    bert: Bert, questions: Questions, run: Runner, alone: bool, progress: Progress
) -> Iterator[Guesses]:
    """The guesses behind all masks, document after document.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head; nothing is run.
    """
    asked = list(hide_words(bert, questions, alone))
    sizes = [len(places) for *_, places in asked]
    total = sum(sizes)
    lots: list[Guesses] = []
    for lot in guess_masks(bert, (one[1:] for one in asked), run):
        lots.append(lot)
        progress("masks", sum(map(len, lots)), total)
    if not lots:
        return
    owners = np.repeat([one[0] for one in asked], sizes)
    found = join_guesses(lots)
    for document in np.unique(owners):
        yield found.at(owners == document)


def judge_pairs(
    bert: Bert, questions: Questions, run: Runner, progress: Progress
) -> Iterator[PairAnswer]:
    """What the head says to the B's of each passage.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
    """
    pairs = [
        (one.first, second)
        for one in questions.pairs
        for second in (one.following, one.other, one.elsewhere)
        if second is not None
    ]
    said = (score.difference > 0 for score in score_pairs(bert, pairs, run))
    for done, one in enumerate(questions.pairs, start=1):
        answers = list(islice(said, 2 if one.elsewhere is None else 3))
        progress("pairs", done, len(questions.pairs))
        yield PairAnswer(one.document, answers[0], answers[1], (*answers, None)[2])


def _perplexity(words: Calibration) -> Estimate:
    mean = words.surprisal
    return Estimate(*(float(np.exp(nats)) for nats in (mean.value, mean.low, mean.high)))


def _share_right(said: list[PairAnswer], refused: list[bool], seed: int) -> Estimate | None:
    """Share of right answers: IsNext to what follows, and NotNext (`refused`) to what does not."""
    if not said:
        return None
    _, texts = np.unique([one.document for one in said], return_inverse=True)
    rights = np.array([one.following for one in said], dtype=np.int64) + np.array(refused)
    right, asked = np.bincount(texts, rights).astype(np.int64), 2 * np.bincount(texts)
    return Estimate(float(right.sum() / asked.sum()), *share_interval(right, asked, seed))


def _notes(bert: Bert, questions: Questions, guessed: bool, apart: bool) -> Iterator[str]:
    if not bert.has_mlm and questions.masked:
        yield f"“{bert.name}” has no masked-word head: it was not asked for words."
    elif not guessed and questions.masked:
        yield f"“{bert.name}” knows no piece of this text that it could be asked for."
    if not bert.has_nsp and questions.pairs:
        yield f"“{bert.name}” has no next-sentence head: it was not asked for pairs."
    elif not apart and questions.pairs:
        yield "No document is long enough to have another B in it."
    cut = sum(encode(bert, *one.shown).cut_at != (None, None) for one in questions.masked)
    if cut and bert.has_mlm:
        yield (
            f"“{bert.name}” reads {bert.max_tokens} tokens at most: {cut:,} of "
            f"{len(questions.masked):,} passages with masks were cut."
        )
