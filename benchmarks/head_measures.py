"""All measures of all heads, beside a forward pass; part of `attention_views`' figures."""

import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.report import Figure, measure_seconds, median
from bert_core.attention.measures import measure_heads
from bert_core.model.bert import Bert
from bert_core.model.tokenization import encode

MOST_SECONDS = {128: 60.0, 512: 1000.0}  # tokens, and milliseconds
MOST_MEMORY = 2.0  # times the attentions, they themselves included


def measures_figures(
    bert: Bert,
    sentence: Callable[[int], str],
    forward: Callable[[int, int], float],
    rounds: int,
) -> list[Figure]:
    """Time and memory for each length.

    sentence: makes one of so many tokens. forward: seconds of a forward pass over so many tokens,
    median of so many rounds.
    """
    figures = []
    for tokens, most in MOST_SECONDS.items():
        taken, peak, size = measure_measures(bert, sentence(tokens), rounds)
        name = f"all measures, {tokens} tokens"
        figures.append(Figure(name, taken, forward(tokens, rounds) * 1000, "ms", limit=most))
        figures.append(Figure(f"{name}, memory", peak, size, "MB", at_most=MOST_MEMORY))
    return figures


def measure_measures(bert: Bert, sentence: str, rounds: int) -> tuple[float, float, float]:
    """`measure_heads`: median milliseconds; megabytes at the peak, and of the attentions alone."""
    encoding = encode(bert, sentence)
    tokens = len(encoding)
    shape = (bert.layers, bert.heads, tokens, tokens)
    scores = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    attentions = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    work = partial(measure_heads, attentions, encoding)
    work()
    seconds = median([measure_seconds(work) for _ in range(rounds)])
    tracemalloc.start()
    work()
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = attentions.nbytes
    return seconds * 1000, (size + extra) / 1e6, size / 1e6
