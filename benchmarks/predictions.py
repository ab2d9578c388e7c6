"""What masked words are read with, beside what else there is: in this process and in the browser.

The hover map (every token of a sentence masked alone) beside transformers' fill-mask pipeline
called once for each mask, new sentences each time. The logit lens at one mask beside a forward
pass that keeps nothing, on a model of BERT-base's shape with random weights. Ranking beside
minicons: see `predictions_ranking`. What is pointed at and the scatter of the vocabulary, from the
hand to the picture: see `predictions_pages`. Numbers that should be equal are compared, and the
run ends where they are not.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks.attention_views import save_base_shape
from benchmarks.masked_words import GUESSES, make_masked, make_theirs
from benchmarks.predictions_pages import pages_figures
from benchmarks.predictions_ranking import ranking_figures
from benchmarks.report import Figure, interleave, measure_seconds, median, publish
from benchmarks.sentences import make_sentence
from bert_core.inside.lens import LayerReading, read_layers
from bert_core.masked_words.surprisal import TokenSurprisal, predict_each
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import HIDDEN_STATES, BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner

ROUNDS = 15
RANKING_ROUNDS = 3
WARM_UP = 2
TOKENS = 32
MOST_OF_PIPELINE = 1 / 2.5
LENS_TOKENS = (16, 32)
LENS_AT_ONCE = 10  # sentences in one measure: a pass alone is short beside what else runs
MOST_LENS = 1.5  # forward passes
TOLERANCE = 1e-4

Map = list[TokenSurprisal]
Fills = list[list[dict[str, Any]]]  # of each mask, what the pipeline says


def map_directly(bert: Bert, text: str) -> Map:
    return list(predict_each(bert, encode(bert, text), GUESSES))


def map_as_a_job(engine: Engine, text: str) -> Map:
    """As a page has it computed: behind visitors, in a thread of its own."""
    encoding = encode(engine.bert, text)
    job: Job[TokenSurprisal] = Job(
        len(encoding) - 2,
        lambda wanted: predict_each(
            engine.bert, encoding, GUESSES, run=engine_runner(engine, wanted)
        ),
    )
    job.wait()
    if job.error:
        raise RuntimeError(job.error)
    return list(job.results)


def fill_each(fill: Callable[[str], list[dict[str, Any]]], text: str) -> Fills:
    """The pipeline called once for each word; each is one token."""
    words = text.split()
    masked = (" ".join([*words[:at], "[MASK]", *words[at + 1 :]]) for at in range(len(words)))
    return [fill(one) for one in masked]


def hover_figures(bert: Bert, sentences: random.Random, rounds: int) -> list[Figure]:
    texts = [make_sentence(sentences, TOKENS) for _ in range(rounds + WARM_UP)]
    fill = make_theirs()
    with Engine(bert) as engine:
        ways: tuple[Callable[[str], Any], ...] = (
            lambda text: map_directly(bert, text),
            lambda text: map_as_a_job(engine, text),
            lambda text: fill_each(fill, text),
        )
        answers: tuple[list[Any], ...] = tuple([] for _ in ways)
        turns = [_keeping(way, texts, kept) for way, kept in zip(ways, answers, strict=True)]
        *ours, theirs = interleave(rounds, *turns, warm_up=WARM_UP)
    for direct, job, fills in zip(*answers, strict=True):
        check_fills(direct, fills)
        check_fills(job, fills)
    name = f"hover map, {TOKENS} tokens"
    return [
        Figure(way, median(taken), median(theirs), "s", at_most=MOST_OF_PIPELINE)
        for way, taken in zip((name, f"{name}, as a job"), ours, strict=True)
    ]


def check_fills(ours: Sequence[TokenSurprisal], theirs: Fills) -> None:
    """Raise where a guess is not as probable in both; near-ties may stand in either order."""
    for one, guesses in zip(ours, theirs, strict=True):
        shares = one.prediction.probabilities
        found = dict(zip(one.prediction.ids.tolist(), shares, strict=True))
        said = [guess["score"] for guess in guesses]
        mine = [found.get(guess["token"], shares[-1]) for guess in guesses]
        if not np.allclose(mine, said, rtol=0, atol=TOLERANCE):
            raise RuntimeError(f"At {one.position} ours {mine} and theirs {said} differ.")


def lens_figures(bert: Bert, sentences: random.Random, rounds: int) -> list[Figure]:
    """The pass that the lens needs is counted with it."""
    figures = []
    for tokens in LENS_TOKENS:
        texts = [make_masked(sentences, tokens) for _ in range(LENS_AT_ONCE)]
        encodings = [encode(bert, text) for text in texts]
        check_lens(bert, encodings[0], read_lens(bert, encodings[0]))

        def turn(work: Callable[[Bert, Encoding], object], of: list[Encoding] = encodings) -> Any:
            return lambda: measure_seconds(lambda: [work(bert, one) for one in of]) / len(of)

        taken = interleave(rounds, turn(read_lens), turn(bare_pass), warm_up=WARM_UP)
        ours, theirs = (median(one) * 1000 for one in taken)
        name = f"logit lens, {bert.layers} layers, {tokens} tokens"
        figures.append(Figure(name, ours, theirs, "ms", at_most=MOST_LENS))
    return figures


def read_lens(bert: Bert, encoding: Encoding) -> LayerReading:
    run = run_bert(bert, encoding, keep=(HIDDEN_STATES,))
    return read_layers(bert, run, encoding.masked[0])


def bare_pass(bert: Bert, encoding: Encoding) -> BertRun:
    return run_bert(bert, encoding, keep=())


def check_lens(bert: Bert, encoding: Encoding, reading: LayerReading) -> None:
    """Raise where it is not what transformers' own pass and head say, layer by layer."""
    ids, segments = (torch.tensor([row]) for row in (encoding.ids, encoding.segments))
    with torch.inference_mode():
        out = bert.model(input_ids=ids, token_type_ids=segments, output_hidden_states=True)
        at = reading.position
        logits = bert.model.cls.predictions(torch.stack([s[0, at] for s in out.hidden_states]))
        logits[-1] = out.prediction_logits[0, at]  # the last one as the model itself gives it
        logs = torch.log_softmax(logits, dim=-1).numpy()
    expected = np.take_along_axis(logs, reading.ids, axis=1)
    found = np.log(reading.probabilities)
    if not np.allclose(found, expected, rtol=0, atol=TOLERANCE):
        raise RuntimeError(f"The lens is off by {np.abs(found - expected).max():.1e}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--ranking-rounds", type=int, default=RANKING_ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sentences = random.Random(options.seed)
    bert = load_bert()
    details: dict[str, Any] = {}
    figures = hover_figures(bert, sentences, options.rounds)
    with TemporaryDirectory() as folder:
        save_base_shape(Path(folder))
        figures += lens_figures(load_bert(folder), sentences, options.rounds)
    figures += ranking_figures(bert, options.ranking_rounds)
    figures += pages_figures(bert, sentences, options.rounds, details)
    publish(
        "predictions",
        "Masked words: guesses, layers, ranking and pages; embedded model, lens BERT-base shape",
        figures,
        rounds=options.rounds,
        ranking_rounds=options.ranking_rounds,
        pages=details,
    )


def _keeping(
    way: Callable[[str], Any], texts: Sequence[str], kept: list[Any]
) -> Callable[[], float]:
    """Seconds for another of `texts` each time; what was found is kept."""
    turn = cycle(texts)
    return lambda: measure_seconds(lambda: kept.append(way(next(turn))))


if __name__ == "__main__":
    main()
