"""Making ready for a run of pretraining: a new one in an empty folder, or one that was cut off."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from bert_core.errors import BertLensError, InputError, PretrainingError
from bert_core.model.wordpiece import WordPiece, load_wordpiece
from bert_core.pretraining.corpus import SplitCorpus, open_corpus, prepare_corpus
from bert_core.pretraining.documents import find_texts, read_held_out
from bert_core.pretraining.feed import Feed
from bert_core.pretraining.folder import (
    CORPUS,
    Position,
    cut_log,
    find_checkpoints,
    full_disk_said,
    load_checkpoint,
    put_files,
    read_run,
    tidy,
    write_run,
)
from bert_core.pretraining.learner import Learner
from bert_core.pretraining.recipe import (
    CONFIGS,
    USUAL_CONFIG,
    PretrainingRecipe,
    differences,
    recipe_from_json,
    recipe_to_json,
    usual_rate,
)
from bert_core.pretraining.start import (
    RANDOM,
    blank_model,
    start_model,
    train_tokenizer,
    write_tokenizer,
)
from bert_core.pretraining.workers import Workers

FORMAT = 1
STEPS, EPOCHS = "steps", "epochs"  # the third limit is "minutes"

# What --minutes takes the time of, at most this share of the time there is.
TIMED_STEPS, TIMED_SHARE, FEWEST_TIMED = 50, 0.1, 3

# Of the time there is; the rest goes into checkpoints and measuring.
TRAINING_SHARE = 0.97

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RunRequest:
    """What is asked for. What is None is as usual, or, where a run goes on, as it was.

    texts: the folder of the corpus. out: the run's folder. changes: the recipe's fields that were
    chosen. source: see `start_model`. vocabulary: how many pieces to train one of, for "random".
    limit: (one of "minutes", "steps", "epochs"; how many). held_out_list: see `prepare_corpus`.
    resume: go on where a run was cut off, if one began.
    """

    texts: Path
    out: Path
    changes: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    vocabulary: int | None = None
    limit: tuple[str, float] | None = None
    held_out_list: Path | None = None
    resume: bool = False


@dataclass(eq=False)
class PreparedRun:
    """A run that is ready to go on from `position`, which `train` moves.

    about: what run.json says.
    """

    folder: Path
    about: dict[str, Any]
    recipe: PretrainingRecipe
    steps: int
    corpus: SplitCorpus
    wordpiece: WordPiece
    workers: Workers
    learner: Learner
    feed: Feed
    position: Position


def prepare_run(
    request: RunRequest, workers: Workers, *, progress: Progress | None = None
) -> PreparedRun:
    """A run as it was asked for; the first process writes, the others wait for it.

    progress(bytes done, bytes in all): called while the corpus is cut into pieces.

    Raises:
        InputError: what is asked for cannot be, or the text cannot be read.
        PretrainingError: the folder holds another run, or cannot be written.
        ModelError: the model to start from cannot be loaded.
    """
    about = _led(workers, lambda: _open_folder(request, progress))
    recipe = recipe_from_json(about["recipe"])
    wordpiece = load_wordpiece(request.out)
    corpus = open_corpus(request.out / CORPUS)
    feed = Feed(corpus.training, wordpiece, recipe, workers.rank, workers.count)
    begun = bool(find_checkpoints(request.out)) and "config" in about
    start = (
        # What it began with may be gone by now, and is not needed: the checkpoint has all weights.
        blank_model(about["config"], recipe)
        if begun
        else start_model(about["source"], recipe, wordpiece)
    )
    learner = Learner(start.model, recipe, workers)
    run = PreparedRun(
        request.out, about, recipe, 0, corpus, wordpiece, workers, learner, feed, Position()
    )
    if about["steps"] is None:
        about["steps"] = workers.tell(_count_steps(run))
        about["new"] = list(start.new)
        about["config"] = json.loads(start.model.config.to_json_string(use_diff=False))
        _led(workers, lambda: write_run(request.out, about))
    run.steps = int(about["steps"])
    found = load_checkpoint(request.out, learner)
    if found is not None:
        run.position = replace(found, sessions=found.sessions + 1)
    _led(workers, lambda: cut_log(request.out, run.position.step))
    return run


def _led(workers: Workers, work: Callable[[], Any]) -> Any:
    """What the first process makes of `work`; if it fails, all fail with its sentence."""
    found, error = None, None
    if workers.first:
        try:
            found = work()
        except BertLensError as raised:
            error = raised
    said = workers.tell(None if error is None else str(error))
    if error is not None:
        raise error
    if said is not None:
        raise PretrainingError(said)
    return workers.tell(found)


def _open_folder(request: RunRequest, progress: Progress | None) -> dict[str, Any]:
    """What the run is: as its folder says, or new, with its tokenizer and corpus written.

    A run has begun once it has a number of steps; what was cut off before that starts afresh.
    """
    stored = read_run(request.out)
    if stored is not None and stored["steps"] is None:
        stored = None
    if stored is not None and not request.resume:
        raise PretrainingError(
            f"“{request.out}” holds a run already: go on with --resume, or give another --out."
        )
    about = _new_run(request) if stored is None else _same_run(request, stored)
    listed = Path(about["held_out_list"]) if about["held_out_list"] else None
    find_texts(request.texts)
    with full_disk_said(request.out):
        request.out.mkdir(parents=True, exist_ok=True)
        tidy(request.out)
        if stored is None:
            write_run(request.out, about)
            _write_tokenizer(request, about, listed)
        wordpiece = load_wordpiece(request.out)
        corpus = prepare_corpus(
            request.texts,
            wordpiece,
            request.out / CORPUS,
            held_out_list=listed,
            progress=progress,
        )
    fingerprint = corpus.facts.fingerprint
    if stored is not None and stored["corpus"]["fingerprint"] != fingerprint:
        raise PretrainingError(
            f"The text in “{request.texts}” is not the one that the run in “{request.out}” began "
            "with: give that one, or another --out."
        )
    about["corpus"] = asdict(corpus.facts)
    return about


def _new_run(request: RunRequest) -> dict[str, Any]:
    source = request.source or RANDOM
    if request.limit is None:
        raise InputError("Say how long to train: --minutes, --steps or --epochs.")
    if request.vocabulary is not None and source != RANDOM:
        raise InputError("A model that was trained keeps its vocabulary: leave out --vocabulary.")
    shape = CONFIGS[USUAL_CONFIG] if source == RANDOM else None
    recipe = replace(PretrainingRecipe(shape=shape), **request.changes)
    if "rate" not in request.changes:
        recipe = replace(recipe, rate=usual_rate(recipe.shape))
    listed = request.held_out_list
    if listed is not None:
        read_held_out(listed)
    return {
        "format": FORMAT,
        "source": source,
        "vocabulary": request.vocabulary,
        "recipe": recipe_to_json(recipe),
        "limit": list(request.limit),
        "steps": None,
        "held_out_list": None if listed is None else str(listed.resolve()),
    }


def _same_run(request: RunRequest, stored: dict[str, Any]) -> dict[str, Any]:
    """The run that a folder holds, if nothing else is asked for.

    Raises:
        PretrainingError: something else is.
    """
    recipe = recipe_from_json(stored["recipe"])
    found = differences(replace(recipe, **request.changes), recipe)
    listed = request.held_out_list
    asked = {
        "source": request.source,
        "vocabulary": request.vocabulary,
        "limit": None if request.limit is None else list(request.limit),
        "held_out_list": None if listed is None else str(listed.resolve()),
    }
    found += [
        f"{name}: {wanted}, not {stored[name]}"
        for name, wanted in asked.items()
        if wanted is not None and wanted != stored[name]
    ]
    if found:
        raise PretrainingError(
            f"“{request.out}” holds another run ({'; '.join(found)}): leave those out to go on "
            "with it, or give another --out."
        )
    return stored


def _write_tokenizer(request: RunRequest, about: dict[str, Any], listed: Path | None) -> None:
    def write(folder: Path) -> None:
        if request.vocabulary is None:
            write_tokenizer(about["source"], folder)
        else:
            named = frozenset() if listed is None else read_held_out(listed)
            train_tokenizer(request.texts, request.vocabulary, folder, named=named)

    put_files(request.out, write)


def _count_steps(run: PreparedRun) -> int:
    """How many steps the limit means."""
    kind, amount = run.about["limit"]
    if kind == STEPS:
        return max(1, int(amount))
    if kind == EPOCHS:
        return run.feed.steps_for_epochs(amount)
    began = time.monotonic()
    seconds = time_steps(run, TIMED_SHARE * 60 * amount)
    left = TRAINING_SHARE * 60 * amount - (time.monotonic() - began)
    return max(1, int(left / seconds))


def time_steps(run: PreparedRun, most: float) -> float:
    """Seconds that a step takes, over `TIMED_STEPS` that leave no trace in the model.

    The first step of each length is left out, since it compiles or gets memory. most: seconds
    after which fewer steps will do.
    """
    learner, every = run.learner, run.recipe.long_every
    weights = [weight.detach().clone() for weight in learner.model.parameters()]
    # Both lengths in turn at first, so that a few steps know both.
    numbers = [0, every - 1] * (FEWEST_TIMED + 1) if every else []
    numbers = [*numbers, *range(TIMED_STEPS)][:TIMED_STEPS]
    taken: dict[int, list[float]] = {length: [] for length in run.feed.examples}
    began = time.monotonic()
    for place, number in enumerate(numbers):
        enough = min(map(len, taken.values())) > FEWEST_TIMED
        if run.workers.tell(enough and time.monotonic() - began > most):
            break
        batch, _ = run.feed.whole_batch(number, {})
        started = time.monotonic()
        learner.learn(run.feed.share(batch), place, 100 * TIMED_STEPS)
        taken[run.feed.length_at(number)].append(time.monotonic() - started)
    learner.optimizer.state.clear()
    with torch.no_grad():
        for weight, kept in zip(learner.model.parameters(), weights, strict=True):
            weight.copy_(kept)
    means = {length: fmean(times[1:] or times) for length, times in taken.items() if times}
    usual = means[run.recipe.length]
    rare = means.get(run.recipe.long_length, usual)
    return usual + (rare - usual) / every if every else usual
