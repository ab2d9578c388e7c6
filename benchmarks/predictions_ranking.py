"""Ranking sentences beside minicons 0.3.39 (Misra 2022, arXiv 2203.13112); part of `predictions`.

The same weights in float32, the same bundled sentences of 10 to 25 tokens, as many of them in each
call, from the text to a log-probability for each token. minicons runs all variants of a call as
one batch; ours are cut where `likelihood` cuts them, at 64 variants. Both have the same
threads, and attention as each loads it by default: ours eager, theirs SDPA.
"""

from collections.abc import Callable, Sequence
from itertools import chain, cycle
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.report import Figure, interleave, measure_seconds, median
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.scores import METHODS, Method
from bert_core.model.bert import Bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.tokenization import encode
from bert_core.next_sentence.neighbours import bundled_texts
from bert_core.texts.hundred import bundled_hundred

COUNT = 200
SHORTEST, LONGEST = 10, 25  # tokens, with [CLS] and [SEP]
IN_A_CALL = (1, 8)
TOLERANCE = 1e-4

Shares = list[NDArray[np.float64]]  # of each sentence, the log-probabilities of its tokens
Score = Callable[[Sequence[str]], Shares]


def ranking_figures(bert: Bert, rounds: int) -> list[Figure]:
    scorer = make_minicons()
    sentences = choose_sentences(bert)
    figures = []
    for method in METHODS:
        for size in IN_A_CALL:
            ours, theirs = measure_ranking(
                make_ours(bert, method), make_theirs(scorer, method), sentences, size, rounds
            )
            name = f"ranking, {method}, {size} in a call"
            figures.append(Figure(name, ours, theirs, "sentences/s", at_least=1.0))
    return figures


def choose_sentences(bert: Bert) -> list[str]:
    """The first `COUNT` bundled sentences of a fitting length, of all topics."""
    pairs = chain.from_iterable(bundled_hundred())
    texts = chain.from_iterable(text.sentences for text in bundled_texts())
    every = dict.fromkeys(text for text in chain(pairs, texts) if text is not None)
    fitting = [text for text in every if SHORTEST <= len(encode(bert, text)) <= LONGEST]
    if len(fitting) < COUNT:
        raise RuntimeError(f"Only {len(fitting)} bundled sentences are of a fitting length.")
    return fitting[:COUNT]


def make_minicons() -> Any:
    # takes a second, and only these figures need it
    from minicons.scorer import MaskedLMScorer  # type: ignore[import-untyped]

    return MaskedLMScorer(str(EMBEDDED_FOLDER), "cpu", dtype=torch.float32)


def make_ours(bert: Bert, method: Method) -> Score:
    return lambda texts: [one.log_probabilities for one in score_sentences(bert, texts, method)]


def make_theirs(scorer: Any, method: Method) -> Score:
    """Given tokenized text: the tokenizer's method that it calls is gone from transformers 5."""

    def score(texts: Sequence[str]) -> Shares:
        tokenized = scorer.tokenizer(list(texts), padding=True)
        found = scorer.token_score(tokenized, PLL_metric=method)
        return [np.array([share for _, share in row]) for row in found]

    return score


def measure_ranking(
    ours: Score, theirs: Score, sentences: Sequence[str], size: int, rounds: int
) -> tuple[float, float]:
    """Sentences per second of both, median of rounds over all of them; they take turns by calls."""
    calls = [sentences[start : start + size] for start in range(0, len(sentences), size)]
    answers: tuple[Shares, Shares] = ([], [])

    def turn(score: Score, kept: Shares) -> Callable[[], float]:
        texts = cycle(calls)
        return lambda: measure_seconds(lambda: kept.extend(score(next(texts))))

    turns = (turn(score, kept) for score, kept in zip((ours, theirs), answers, strict=True))
    taken = interleave(rounds * len(calls), *turns)
    for mine, said in zip(*answers, strict=True):
        if mine.shape != said.shape or not np.allclose(mine, said, rtol=0, atol=TOLERANCE):
            raise RuntimeError(f"Ours {mine} and theirs {said} differ.")
    first, second = (_rates(seconds, len(calls), len(sentences)) for seconds in taken)
    return median(first), median(second)


def _rates(seconds: Sequence[float], calls: int, sentences: int) -> list[float]:
    """Any `calls` calls in a row cover every sentence once."""
    starts = range(0, len(seconds), calls)
    return [sentences / sum(seconds[start : start + calls]) for start in starts]
