"""Pairs of sentences that differ in one thing: which of the two does BERT find more probable?

Sentences are scored by their pseudo-log-likelihood (Salazar et al. 2020, arXiv
1910.14659); a share of pairs comes with its Wilson score interval (Wilson 1927, Journal of the
American Statistical Association 22).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bert_core.errors import InputError
from bert_core.intervals import wilson_interval
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.scores import (
    MEASURES,
    Measure,
    Method,
    SentenceScore,
)
from bert_core.model.bert import Bert
from bert_core.serving.runner import Runner
from bert_core.texts.lists import ParsedList, read_rows

COLUMNS = ("good", "bad")


@dataclass(frozen=True, eq=False)
class PairComparison:
    """The two sentences of one pair. measure: what they are compared by."""

    good: SentenceScore
    bad: SentenceScore
    measure: Measure

    @property
    def difference(self) -> float | None:
        """Above 0 where the first is the more probable, in natural logarithms; None where one of
        the two has nothing to score."""
        good, bad = self.good.by(self.measure), self.bad.by(self.measure)
        return None if good is None or bad is None else good - bad


@dataclass(frozen=True)
class PairSummary:
    """How often the first sentence of a pair is the more probable one.

    pairs: how many could be compared. better, ties: of these, where the first is more probable,
        and where both are alike. skipped: pairs with a sentence that has nothing to score.
    share: better / pairs; low, high: its 95 % Wilson interval. None where there are no pairs.
    """

    pairs: int
    better: int
    ties: int
    skipped: int
    share: float | None
    low: float | None
    high: float | None


def read_pairs(source: str | bytes) -> ParsedList:
    """Rows of (good, bad) from a pasted list or a CSV; see `read_rows`."""
    return read_rows(source, COLUMNS)


def compare_pairs(
    bert: Bert,
    pairs: Iterable[Sequence[str]],
    method: Method = "within_word_l2r",
    run: Runner | None = None,
    measure: Measure = "total",
) -> Iterator[PairComparison]:
    """Each of `pairs`, a good sentence and a bad one, in order.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: there is no such method or measure, or a pair is not two sentences.
    """
    if measure not in MEASURES:
        raise InputError(f"Pairs are compared by {', '.join(MEASURES)}, not “{measure}”.")
    pairs = [tuple(pair) for pair in pairs]
    if any(len(pair) != 2 for pair in pairs):
        raise InputError("Each pair needs two sentences: a good one and a bad one.")
    scores = score_sentences(bert, [text for pair in pairs for text in pair], method, run)
    return (PairComparison(good, next(scores), measure) for good in scores)


def summarise_pairs(comparisons: Iterable[PairComparison]) -> PairSummary:
    """Counts of those there are so far, and the share that the model gets right."""
    return summarise_differences(one.difference for one in comparisons)


def summarise_differences(found: Iterable[float | None]) -> PairSummary:
    """`summarise_pairs` where only each one's `difference` was kept."""
    found = list(found)
    differences = [difference for difference in found if difference is not None]
    pairs, better = len(differences), sum(difference > 0 for difference in differences)
    low, high = wilson_interval(better, pairs) if pairs else (None, None)
    return PairSummary(
        pairs=pairs,
        better=better,
        ties=sum(difference == 0 for difference in differences),
        skipped=len(found) - pairs,
        share=better / pairs if pairs else None,
        low=low,
        high=high,
    )
