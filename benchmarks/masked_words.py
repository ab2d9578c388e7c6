"""The five likeliest words behind one mask: ours beside transformers' fill-mask pipeline.

Both from the text to the words, with the same weights, a new sentence each time.
"""

import argparse
import random
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
import torch
from transformers import BertForMaskedLM, BertTokenizer, pipeline

from benchmarks.report import Figure, interleave, measure_seconds, median, publish
from benchmarks.sentences import make_sentence
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode

LENGTHS = (16, 64)
GUESSES = 5
ROUNDS = 100


def make_ours() -> Callable[[str], MaskedPrediction]:
    bert = load_bert()

    def predict(text: str) -> MaskedPrediction:
        run = run_bert(bert, encode(bert, text), keep=())
        return predict_masked(bert, run, k=GUESSES)[0]

    return predict


def make_theirs() -> Callable[[str], list[dict[str, Any]]]:
    model = BertForMaskedLM.from_pretrained(EMBEDDED_FOLDER, dtype=torch.float32).eval()
    tokenizer = BertTokenizer.from_pretrained(EMBEDDED_FOLDER)
    fill: Any = pipeline("fill-mask", model=model, tokenizer=tokenizer, top_k=GUESSES)
    return lambda text: list(fill(text))


def make_masked(sentences: random.Random, tokens: int) -> str:
    """A sentence of `tokens` tokens with a mask in its middle."""
    words = make_sentence(sentences, tokens).split()
    words[len(words) // 2] = "[MASK]"
    return " ".join(words)


def check_equal(ours: MaskedPrediction, theirs: list[dict[str, Any]]) -> None:
    """Raise where the two do not say the same."""
    scores = [guess["score"] for guess in theirs]
    if not np.allclose(ours.probabilities, scores, rtol=1e-3, atol=1e-6):
        raise RuntimeError(f"Ours {ours.probabilities} and theirs {scores} differ.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    ours, theirs = make_ours(), make_theirs()
    figures = []
    for tokens in LENGTHS:
        sentences = random.Random(tokens)
        texts = [make_masked(sentences, tokens) for _ in range(50)]
        check_equal(ours(texts[0]), theirs(texts[0]))

        def timed(predict: Callable[[str], object], texts: list[str] = texts) -> Any:
            turn = cycle(texts)
            return lambda: measure_seconds(lambda: predict(next(turn))) * 1000

        taken = interleave(rounds, timed(ours), timed(theirs), warm_up=10)
        figures.append(
            Figure(f"{tokens} tokens", median(taken[0]), median(taken[1]), "ms", at_most=1.0)
        )
    publish(
        "masked_words",
        f"predict_masked beside the fill-mask pipeline: embedded model, top {GUESSES}, medians",
        figures,
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
