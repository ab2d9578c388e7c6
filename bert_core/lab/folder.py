"""A run's folder, through which the process that trains and the one that shows it speak.

settings.json     what the run is
control.json      what it is told: to go on or wait, up to which step, or to stop
seen              touched by whoever looks
status.json       how far it is; written over
facts.json        what was found out before it began
losses.bin        float32 (step, 2): the losses of masked words and of pairs, NaN without them
snapshots/        one .npz for each step at which somebody may look at what it knows
batch.json        the batch of the last step that was taken alone
run/              the run's own folder, see `bert_core.pretraining.folder`
models/step-…/    the model after a step, as the other pages open it
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bert_core.arrays import Floats

SETTINGS, CONTROL, SEEN, STATUS = "settings.json", "control.json", "seen", "status.json"
FACTS, LOSSES, SNAPSHOTS, BATCH = "facts.json", "losses.bin", "snapshots", "batch.json"
RUN, MODELS, OUTPUT = "run", "models", "output.txt"

RUN_ID = re.compile(r"[0-9a-f]{12}")

# Seconds after which nobody looks any longer; the process and the server both hold to it.
ALONE_SECONDS = 120.0

# What a run can be. The last three do not change any more.
WAITING, STARTING, RUNNING, PAUSED = "waiting", "starting", "running", "paused"
FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
ENDED = (FINISHED, STOPPED, FAILED)


@dataclass(frozen=True)
class Control:
    """What a run is told.

    goes: whether it takes steps of its own accord. until: the step up to which it goes all the
    same, one at a time and each with its batch written down. stop: end, with the model as it is.
    """

    goes: bool = True
    until: int = 0
    stop: bool = False


@dataclass(frozen=True)
class Status:
    """How far a run is.

    state: one of those above. step: steps taken. tokens: learnt from so far. tokens_per_second:
    over the last steps. seconds: of training. said: why it failed or was stopped, "" otherwise.
    models: the steps whose model can be opened.
    """

    state: str = WAITING
    step: int = 0
    steps: int = 0
    tokens: int = 0
    tokens_per_second: float = 0.0
    seconds: float = 0.0
    said: str = ""
    models: tuple[int, ...] = ()

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class Facts:
    """What is known before the first step.

    unigram: nats that a held-out token costs somebody who knows only how often each piece occurs.
    parameters: numbers in the model. pieces, words, documents: of the text that is trained on.
    """

    unigram: float
    parameters: int
    vocabulary: int
    pieces: int
    words: int
    documents: int
    held_out_documents: int


def write_json(path: Path, content: Any) -> None:
    """Write a small file that somebody may read at any moment: there whole or not at all."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    made.replace(path)


def read_json(path: Path) -> Any:
    """What `write_json` wrote, None where nothing is."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_control(folder: Path) -> Control:
    found = read_json(folder / CONTROL)
    return Control() if found is None else Control(**found)


def write_control(folder: Path, control: Control) -> None:
    write_json(folder / CONTROL, asdict(control))


def read_status(folder: Path) -> Status:
    found = read_json(folder / STATUS)
    return Status() if found is None else Status(**{**found, "models": tuple(found["models"])})


def write_status(folder: Path, status: Status) -> None:
    write_json(folder / STATUS, asdict(status))


def read_facts(folder: Path) -> Facts | None:
    found = read_json(folder / FACTS)
    return None if found is None else Facts(**found)


def read_losses(folder: Path) -> Floats:
    """(step, 2): the losses so far, of masked words and of pairs, in nats."""
    try:
        raw = (folder / LOSSES).read_bytes()
    except OSError:
        raw = b""
    return np.frombuffer(raw[: len(raw) // 8 * 8], dtype=np.float32).reshape(-1, 2)
