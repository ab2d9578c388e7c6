"""A run's folder: what it is, its checkpoints, and its log, written so that a kill breaks nothing.

A checkpoint is a folder that is written under another name, brought to the disk, and renamed: it
is there whole or not at all. The last two are kept.

    run.json                what the run is; a folder that has one belongs to that run
    log.jsonl               one object a line: steps, and measurements on what was held out
    run.lock                held by the process that trains
    checkpoints/step-…/     model, optimizer, state
    corpus/                 the text in pieces
    the rest                the result: config.json, weights, tokenizer, README.md, held_out.json
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bert_core.errors import PretrainingError
from bert_core.pretraining.examples import Cursor
from bert_core.pretraining.learner import Learner

RUN, LOG, CHECKPOINTS, CORPUS = "run.json", "log.jsonl", "checkpoints", "corpus"
LOCK = "run.lock"
PREFIX, UNFINISHED = "step-", "unfinished-"
MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
KEPT = 2

# safetensors lets nobody but the owner read what it writes.
READABLE = 0o644


@dataclass(frozen=True)
class Position:
    """How far a run is.

    step: steps taken. tokens: learnt from, padding not counted. seconds: of training, over all
    its sessions; `sessions` counts them. cursors: where each length's examples stand.
    """

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    sessions: int = 1
    cursors: dict[int, Cursor] = field(default_factory=dict)


def save_checkpoint(folder: Path, learner: Learner, position: Position) -> Path:
    """A checkpoint of the run in `folder`; older ones but one go.

    Raises:
        PretrainingError: the disk is full, or cannot be written; the older ones are as they were.
    """
    names = {weight: name for name, weight in learner.model.named_parameters()}
    weights = {name: weight.detach().cpu() for weight, name in names.items()}
    moments = {
        f"{names[weight]}/{kind}": state[kind].detach().cpu()
        for weight, state in learner.optimizer.state.items()
        for kind in MOMENTS
    }

    def write(at: Path) -> None:
        save_file(weights, at / MODEL)
        save_file(moments, at / OPTIMIZER)
        (at / STATE).write_text(json.dumps(asdict(position)), encoding="utf-8")

    target = folder / CHECKPOINTS / f"{PREFIX}{position.step:09d}"
    write_whole(target, write)
    for old in find_checkpoints(folder)[KEPT:]:
        # A folder is deleted file by file; under its own name it would seem whole meanwhile.
        going = old.with_name(f"{UNFINISHED}{old.name}")
        old.rename(going)
        shutil.rmtree(going, ignore_errors=True)
    return target


def find_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, the newest first."""
    return sorted((folder / CHECKPOINTS).glob(f"{PREFIX}*"), reverse=True)


def load_checkpoint(folder: Path, learner: Learner) -> Position | None:
    """Put the newest checkpoint that can be read into the learner; None where there is none."""
    for checkpoint in find_checkpoints(folder):
        try:
            weights = load_file(checkpoint / MODEL)
            moments = load_file(checkpoint / OPTIMIZER)
            state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError, SafetensorError):  # damaged since: the one before will do
            continue
        _put(learner, weights, moments)
        cursors = {int(length): Cursor(**cursor) for length, cursor in state["cursors"].items()}
        return Position(**{**state, "cursors": cursors})
    return None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The run's folder for this process alone; the system lets it go where the process dies.

    Raises:
        PretrainingError: another process has it, or it cannot be written.
    """
    with full_disk_said(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise PretrainingError(
                f"Another process trains in “{folder}”: wait for it, or give another --out."
            ) from error
    try:
        yield
    finally:
        lock.release()


def tidy(folder: Path) -> None:
    """Remove what a kill left half written."""
    for left in [*folder.glob(f"{UNFINISHED}*"), *(folder / CHECKPOINTS).glob(f"{UNFINISHED}*")]:
        shutil.rmtree(left, ignore_errors=True)


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """A folder at `target`, filled by `write`, there whole or not at all."""
    made = target.with_name(f"{UNFINISHED}{target.name}")
    with full_disk_said(target):
        shutil.rmtree(made, ignore_errors=True)
        try:
            made.mkdir(parents=True)
            write(made)
            for path in made.iterdir():
                _bring_to_disk(path)
            _bring_to_disk(made)
            if target.exists():
                shutil.rmtree(target)
            made.rename(target)
            _bring_to_disk(target.parent)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise


def put_files(folder: Path, write: Callable[[Path], object]) -> None:
    """Files in a folder that is there already, each replaced in one go."""
    made = folder / f"{UNFINISHED}files"
    with full_disk_said(folder):
        shutil.rmtree(made, ignore_errors=True)
        try:
            made.mkdir(parents=True)
            write(made)
            for path in sorted(made.iterdir()):
                path.chmod(READABLE)
                _bring_to_disk(path)
                path.replace(folder / path.name)
            _bring_to_disk(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def full_disk_said(place: Path) -> Iterator[None]:
    """Errors of the disk as sentences.

    Raises:
        PretrainingError: in their place.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        code = getattr(error, "errno", None)
        # safetensors tells of the system's error in words only.
        full = code in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
        reason = "the disk is full" if full else str(error).split("\n")[0]
        raise PretrainingError(
            f"“{place}” cannot be written: {reason}. The last checkpoint is whole: make room and "
            "go on with --resume."
        ) from error


def read_run(folder: Path) -> dict[str, Any] | None:
    """What the run in a folder is; None where no run began.

    Raises:
        PretrainingError: the folder holds files, and none that says which run they are of.
    """
    path = folder / RUN
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise PretrainingError(f"“{path}” cannot be read: give another --out.") from error
    left_over = {CORPUS, LOCK, f"{UNFINISHED}files"}
    if folder.exists() and (
        not folder.is_dir() or {path.name for path in folder.iterdir()} - left_over
    ):
        raise PretrainingError(
            f"“{folder}” holds other files: give --out a folder that is new or empty."
        )
    return None


def write_run(folder: Path, content: dict[str, Any]) -> None:
    """Say what the run in a folder is."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    put_files(folder, lambda at: (at / RUN).write_text(text, encoding="utf-8"))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The log's objects; a line that was cut off by a kill is left out."""
    found = []
    try:
        lines = (folder / LOG).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def cut_log(folder: Path, step: int) -> None:
    """Drop what was logged after a step, which will be taken again."""
    kept = [json.dumps(entry) + "\n" for entry in read_log(folder) if entry["step"] <= step]
    put_files(folder, lambda at: (at / LOG).write_text("".join(kept), encoding="utf-8"))


def _put(
    learner: Learner, weights: dict[str, torch.Tensor], moments: dict[str, torch.Tensor]
) -> None:
    with torch.no_grad():
        for name, weight in learner.model.named_parameters():
            weight.copy_(weights[name])
    learner.optimizer.state.clear()
    for name, weight in learner.model.named_parameters():
        if f"{name}/{MOMENTS[0]}" in moments:
            learner.optimizer.state[weight] = {
                kind: moments[f"{name}/{kind}"].to(weight.device) for kind in MOMENTS
            }


def _bring_to_disk(path: Path) -> None:
    """Have the system write what it holds of a file or folder; Windows knows no folders here."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
