"""Pretraining beside transformers' Trainer, and whether making batches keeps the model waiting.

A model from nothing of the embedded one's shape. Both take the same steps: the same weights,
batches, clipping, decay and schedule, no dropout, the same attention. They take turns of a few
steps, and the loss is compared step for step. The text is made up of sentences of random words,
which is as good as any for speed; what is learnt from it says nothing.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch

from benchmarks.pretraining_lab import below_unigram, clicks
from benchmarks.pretraining_trainer import TrainerSteps
from benchmarks.report import Figure, interleave, median, publish
from benchmarks.sentences import make_sentence
from bert_core.pretraining.examples import Batch, Cursor
from bert_core.pretraining.feed import Cursors, Feed, feed_ahead
from bert_core.pretraining.learner import Learner
from bert_core.pretraining.recipe import CONFIGS, FLOAT32, PRECISIONS, Shape, recipe_to_json
from bert_core.pretraining.setup import PreparedRun, RunRequest, prepare_run
from bert_core.pretraining.start import RANDOM, start_model
from bert_core.pretraining.workers import Workers

THREADS = 2
SHAPE = Shape(6, 384, 12)
TEXT_BYTES = 2_000_000

TURN = 4  # steps that one takes before it is the other's turn
ROUNDS = 4  # turns, besides one to warm up
COMPARED = 20  # steps, from the first one, whose losses are compared
FASTER = 1.3
TOLERANCE = 1e-4

EPOCHS = 9  # made without a model
MOST_PER_MILLION = 1.0  # seconds of one core for a million tokens
FED = {"2 x 128": (CONFIGS["tiny"], 24), "6 x 384": (SHAPE, 6)}  # shapes, and steps of each
MOST_WAITING = 1.0  # percent; what is asked is none, and a queue takes its time


@dataclass(eq=False)
class Bench:
    """What all sections share: a run that is ready, a folder to write in, what was asked for.

    details: what goes into the results beside the figures.
    """

    run: PreparedRun
    folder: Path
    options: argparse.Namespace
    details: dict[str, Any] = field(default_factory=dict)


class OurSteps:
    """A model that `Learner` trains, a turn of steps at a time.

    losses: of each step so far, words and pairs together, in nats.
    """

    def __init__(self, learner: Learner, batches: Sequence[Batch], turn: int) -> None:
        self.learner, self.batches, self.turn = learner, batches, turn
        self.losses: list[float] = []

    def take_turn(self) -> float:
        """Take the next steps; seconds."""
        first = len(self.losses)
        began = perf_counter()
        for step in range(first, first + self.turn):
            found = self.learner.learn([self.batches[step]], step, len(self.batches))
            self.losses.append(found.words + (found.pairs or 0.0))
        return perf_counter() - began


def write_text(folder: Path, seed: int) -> None:
    """Documents of 10 to 40 sentences of 4 to 30 words, about `TEXT_BYTES` in all."""
    source, size, documents = random.Random(seed), 0, []
    while size < TEXT_BYTES:
        sentences = [
            make_sentence(source, source.randint(6, 32)).capitalize() + "."
            for _ in range(source.randint(10, 40))
        ]
        documents.append("\n".join(sentences))
        size += len(documents[-1]) + 2
    folder.mkdir()
    (folder / "made_up.txt").write_text("\n\n".join(documents), encoding="utf-8")


def prepare(folder: Path, seed: int) -> PreparedRun:
    """A run with the usual recipe on that text, its corpus cut; no step is taken."""
    write_text(folder / "texts", seed)
    request = RunRequest(
        texts=folder / "texts",
        out=folder / "run",
        changes={"shape": SHAPE, "seed": seed},
        source=RANDOM,
        limit=("steps", 1),
    )
    return prepare_run(request, Workers())


def new_learner(run: PreparedRun, **changes: Any) -> Learner:
    """One that took no step, with the same weights every time for the same shape."""
    recipe = replace(run.recipe, **changes)
    return Learner(start_model(RANDOM, recipe, run.wordpiece).model, recipe, run.workers)


def make_batches(feed: Feed, steps: int) -> list[Batch]:
    batches: list[Batch] = []
    cursors: Cursors = {}
    for step in range(steps):
        batch, cursors = feed.whole_batch(step, cursors)
        batches.append(batch)
    return batches


# Steps beside the Trainer's


def step_figures(bench: Bench) -> list[Figure]:
    """Tokens a second, and how far the losses are apart, in each precision."""
    rounds, compiled = bench.options.rounds, bench.options.compiled
    batches = make_batches(bench.run.feed, (rounds + 1) * TURN)
    figures = []
    for precision in bench.options.precision:
        ours = {
            f"{precision}{', ours compiled' if one else ''}": OurSteps(
                new_learner(bench.run, precision=precision, compiled=one), batches, TURN
            )
            for one in ((False, True) if compiled else (False,))
        }
        theirs = new_trainer(bench, precision, batches)
        turns = [*(steps.take_turn for steps in ours.values()), theirs.take_turn]
        *taken, other = (rates(batches, seconds) for seconds in interleave(rounds, *turns))
        for (name, steps), mine in zip(ours.items(), taken, strict=True):
            speed = median(mine), median(other)
            figures.append(Figure(f"steps, {name}", *speed, "tokens/s", at_least=FASTER))
            figures.append(loss_figure(name, precision, steps.losses, theirs.losses))
            bench.details[f"steps, {name}"] = {"ours": mine, "trainer": other}
    return figures


def new_trainer(bench: Bench, precision: str, batches: Sequence[Batch]) -> TrainerSteps:
    recipe = replace(bench.run.recipe, precision=precision)
    model = start_model(RANDOM, recipe, bench.run.wordpiece).model
    return TrainerSteps(model, recipe, batches, bench.folder / "trainer", TURN)


def rates(batches: Sequence[Batch], seconds: Sequence[float]) -> list[float]:
    """Tokens a second of each turn but the first one, padding not counted."""
    turns = [batches[at : at + TURN] for at in range(TURN, len(batches), TURN)]
    tokens = [sum(batch.tokens for batch in turn) for turn in turns]
    return [count / taken for count, taken in zip(tokens, seconds, strict=True)]


def loss_figure(
    name: str, precision: str, ours: Sequence[float], theirs: Sequence[float]
) -> Figure:
    """The largest difference in the first steps, beside how far the Trainer's loss fell in them."""
    apart = [abs(mine - other) for mine, other in zip(ours, theirs, strict=True)][:COMPARED]
    fall = theirs[0] - theirs[len(apart) - 1]
    title = f"losses apart in {len(apart)} steps, beside their fall, {name}"
    most = TOLERANCE if precision == FLOAT32 else None
    return Figure(title, max(apart), fall, "nats", limit=most)


# Batches


def batch_figures(bench: Bench) -> list[Figure]:
    """How long a model waits for batches, and how long they take to make beside it."""
    figures, learning = [], []
    for name, (shape, steps) in FED.items():
        waited, learnt, tokens = measure_waiting(bench, shape, steps)
        share = 100 / (waited + learnt)
        shares = waited * share, learnt * share
        figures.append(
            Figure(f"waited for batches, beside learning, {name}", *shares, "%", limit=MOST_WAITING)
        )
        learning.append(learnt / tokens * 1e6)
    made = measure_making(bench)
    bench.details["tokens made a second, each epoch"] = [1e6 / seconds for seconds in made]
    title = f"a million tokens made, one thread, beside learnt, {next(iter(FED))}"
    figures.append(Figure(title, median(made), learning[0], "s", limit=MOST_PER_MILLION))
    return figures


def measure_waiting(bench: Bench, shape: Shape, steps: int) -> tuple[float, float, int]:
    """Seconds that a run of its own waited and learnt, and tokens that it learnt from."""
    learner, tokens = new_learner(bench.run, shape=shape), 0
    waited = learnt = 0.0
    with closing(feed_ahead(bench.run.feed, 0, {}, steps)) as batches:
        for step in range(steps):
            asked = perf_counter()
            parts, _ = next(batches)
            got = perf_counter()
            learner.learn(parts, step, steps)
            waited, learnt = waited + got - asked, learnt + perf_counter() - got
            tokens += sum(part.tokens for part in parts)
    return waited, learnt, tokens


def measure_making(bench: Bench) -> list[float]:
    """Seconds for a million tokens in each of some epochs, its plan counted in."""
    feed, length, found = bench.run.feed, bench.run.recipe.length, []
    for epoch in range(1, EPOCHS + 1):  # the feed knows the plan of epoch 0 already
        cursors, tokens = {length: Cursor(epoch)}, 0
        began = perf_counter()
        while cursors[length].epoch == epoch:
            batch, cursors = feed.whole_batch(0, cursors)
            tokens += batch.tokens
        found.append((perf_counter() - began) / tokens * 1e6)
    return found


def lab_figures(_: Bench) -> list[Figure]:
    """The lab and its page, which have a run of their own."""
    return [below_unigram(), clicks()]


SECTIONS: tuple[Callable[[Bench], list[Figure]], ...] = (step_figures, batch_figures, lab_figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=[FLOAT32])
    parser.add_argument("--compiled", action="store_true", help="ours compiled as well; needs gcc")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as folder:
        bench = Bench(prepare(Path(folder), options.seed), Path(folder), options)
        figures = [figure for section in SECTIONS for figure in section(bench)]
    recipe = bench.run.recipe
    publish(
        "pretraining",
        f"Pretraining: 6 x 384 from nothing, {recipe.batch} x {recipe.length} tokens, "
        f"{THREADS} threads, medians",
        figures,
        rounds={"turns": options.rounds, "steps_in_a_turn": TURN, "epochs": EPOCHS},
        text="made up: sentences of random frequent words",
        recipe=recipe_to_json(recipe),
        details=bench.details,
    )


if __name__ == "__main__":
    main()
