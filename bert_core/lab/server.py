"""The lab of a server: it starts runs in processes of their own, a few at once, the others wait.

A run is named by an id that nobody can guess; who has it may look, and tell the run what to do.
"""

import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bert_core.errors import LabBusyError
from bert_core.lab import folder as files
from bert_core.lab.archive import unpack_model, unpacked_size
from bert_core.lab.folder import ALONE_SECONDS, RUN_ID, Status
from bert_core.lab.roots import make_root
from bert_core.lab.settings import LabSettings, to_json

# What the name of a model that was trained here begins with.
PREFIX = "lab:"

ROOT = Path(__file__).resolve().parents[2]

# Runs that may wait for their turn; and folders that are kept, and how long nobody may look at one.
MOST_WAITING = 60
MOST_KEPT = 100
KEPT_SECONDS = 6 * 3600.0

# What may pass until a process that was told to end, or should have ended alone, is made to.
GRACE_SECONDS = 15.0

BROUGHT = ".brought-"  # begins the name of a model that is not looked through yet
# Bytes of models that were brought: of one visitor, and of all together.
MOST_OF_ONE = 500_000_000
MOST_OF_ALL = 2_000_000_000
WATCH_SECONDS = 0.5


@dataclass(eq=False)
class Run:
    """A run. process: None until it is its turn. owner: who brought it. brought: its bytes."""

    id: str
    folder: Path
    settings: LabSettings
    process: "subprocess.Popen[bytes] | None" = None
    owner: str = ""
    brought: int = 0

    @property
    def status(self) -> Status:
        return files.read_status(self.folder)

    def seen(self) -> float:
        """When somebody last looked."""
        try:
            return (self.folder / files.SEEN).stat().st_mtime
        except OSError:
            return 0.0


class Lab:
    """All runs of a server. at_once: how many of them train at the same time."""

    def __init__(self, at_once: int, root: Path | None = None) -> None:
        self.at_once = at_once
        self.root = make_root() if root is None else root
        self._runs: dict[str, Run] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="lab")
        self._watcher.start()

    def start(self, settings: LabSettings) -> str:
        """Begin a run, or have it wait for its turn; returns its id.

        Raises:
            LabBusyError: too many wait already.
        """
        with self._lock:
            if sum(run.process is None and not run.status.ended for run in self._all()) >= (
                MOST_WAITING
            ):
                raise LabBusyError(
                    f"{MOST_WAITING} runs wait for their turn already. Try again in a few minutes, "
                    "or look at one with somebody else: its link shows it to both."
                )
            run = self._add(settings)
            (run.folder / files.SETTINGS).write_text(to_json(settings), encoding="utf-8")
            files.write_status(run.folder, Status(steps=settings.steps))
            self._make_room()
            self._start_next()
            return run.id

    def find(self, run_id: str) -> Run | None:
        """A run, which is thereby looked at; None where this server has none of that id."""
        with self._lock:
            run = self._runs.get(run_id)
        if run is not None:
            with suppress(OSError):
                (run.folder / files.SEEN).touch()
        return run

    def waiting_before(self, run_id: str) -> int:
        """How many runs wait for their turn in front of this one."""
        with self._lock:
            waiting = [run.id for run in self._waiting()]
        return waiting.index(run_id) if run_id in waiting else 0

    def go_on(self, run_id: str) -> None:
        """Let a run take steps of its own accord."""
        self._tell(run_id, goes=True, until=0)

    def pause(self, run_id: str) -> None:
        self._tell(run_id, goes=False, until=0)

    def step(self, run_id: str) -> None:
        """Let a run that waits take one step, and write down the batch of it."""
        run = self.find(run_id)
        if run is not None:
            self._tell(run_id, goes=False, until=run.status.step + 1)

    def stop(self, run_id: str) -> None:
        """End a run; its model stays as it is then."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is not None and run.process is None and not run.status.ended:
                files.write_status(run.folder, replace(run.status, state=files.STOPPED))
        self._tell(run_id, stop=True)

    def model_folder(self, source: str) -> Path | None:
        """The folder of a model that was trained here, for a `source` of `model_source`."""
        run_id, _, step = source.removeprefix(PREFIX).partition("/")
        if not (source.startswith(PREFIX) and RUN_ID.fullmatch(run_id) and step.isdecimal()):
            return None
        folder = self.root / run_id / files.MODELS / f"step-{int(step)}"
        return folder if folder.is_dir() else None

    def bring(self, packed: bytes, owner: str = "") -> str:
        """Take a model that was packed by `pack_model`, here or elsewhere; returns its `source`.

        What is refused leaves nothing.

        Raises:
            InputError: it is no such file.
            LabBusyError: `owner`, or all together, brought as much as this server keeps.
        """
        size = unpacked_size(packed)
        with self._lock:
            self._make_room()
            kept = [(run.owner, run.brought) for run in self._all()]
        if size + sum(bytes_ for who, bytes_ in kept if who == owner) > MOST_OF_ONE:
            raise LabBusyError(
                f"You brought as many models as this server keeps for one visitor, "
                f"{MOST_OF_ONE // 10**6} MB. Come back in a few hours, or take a smaller one."
            )
        if size + sum(bytes_ for _, bytes_ in kept) > MOST_OF_ALL:
            raise LabBusyError(
                "This server keeps as many models as it has room for. Come back in a few hours."
            )
        made = self.root / f"{BROUGHT}{secrets.token_hex(6)}"
        unpack_model(packed, made / files.MODELS / "step-0")
        files.write_status(made, Status(files.FINISHED, models=(0,)))
        (made / files.SEEN).touch()
        with self._lock:
            run_id = secrets.token_hex(6)
            run = Run(run_id, self.root / run_id, LabSettings(), owner=owner, brought=size)
            made.rename(run.folder)
            self._runs[run_id] = run
        return model_source(run.id, 0)

    def close(self) -> None:
        """End all runs, and forget them with all that they left."""
        self._closed.set()
        self._watcher.join()
        with self._lock:
            for run in self._all():
                self._kill(run)
            self._runs.clear()
        shutil.rmtree(self.root, ignore_errors=True)

    def _add(self, settings: LabSettings) -> Run:
        run_id = secrets.token_hex(6)
        run = Run(run_id, self.root / run_id, settings)
        run.folder.mkdir(parents=True)
        (run.folder / files.SEEN).touch()
        self._runs[run_id] = run
        return run

    def _all(self) -> list[Run]:
        return list(self._runs.values())

    def _waiting(self) -> Iterator[Run]:
        return (run for run in self._all() if run.process is None and not run.status.ended)

    def _tell(self, run_id: str, **told: Any) -> None:
        run = self.find(run_id)
        if run is not None:
            files.write_control(run.folder, replace(files.read_control(run.folder), **told))

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            with suppress(OSError), self._lock:
                self._notice_ends()
                self._start_next()

    def _notice_ends(self) -> None:
        """End what nobody looks at, and say so of a process that died without a word."""
        now = time.time()
        for run in self._all():
            alone = now - run.seen() > ALONE_SECONDS
            if run.process is None:
                if alone and not run.status.ended:
                    files.write_status(run.folder, replace(run.status, state=files.STOPPED))
                continue
            if run.process.poll() is not None:
                if not run.status.ended:
                    files.write_status(run.folder, died(run))
            elif alone and now - run.seen() > ALONE_SECONDS + GRACE_SECONDS:
                self._kill(run)

    def _start_next(self) -> None:
        busy = sum(run.process is not None and run.process.poll() is None for run in self._all())
        for run in list(self._waiting())[: max(self.at_once - busy, 0)]:
            files.write_status(run.folder, replace(run.status, state=files.STARTING))
            run.process = spawn(run.folder)

    def _make_room(self) -> None:
        """Delete the folders of runs that ended, where nobody looked for long or there are many."""
        ended = sorted((run for run in self._all() if run.status.ended), key=Run.seen)
        many = len(self._runs) - MOST_KEPT
        for number, run in enumerate(ended):
            if number < many or time.time() - run.seen() > KEPT_SECONDS:
                del self._runs[run.id]
                shutil.rmtree(run.folder, ignore_errors=True)

    def _kill(self, run: Run) -> None:
        if run.process is not None and run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def model_source(run_id: str, step: int) -> str:
    """The name under which the model after a step is opened on the other pages."""
    return f"{PREFIX}{run_id}/{step}"


def spawn(folder: Path) -> "subprocess.Popen[bytes]":
    """A process for the run in a folder, which computes in one thread."""
    alone = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    with (folder / files.OUTPUT).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "bert_core.lab.process", str(folder)],
            cwd=ROOT,
            env={**os.environ, **alone},
            stdin=subprocess.PIPE,  # closed by the system where this process dies: then it ends
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def died(run: Run) -> Status:
    """What is said of a run whose process ended without a word, such as for want of memory."""
    return replace(
        run.status,
        state=files.FAILED,
        said="The process of this run ended by itself; perhaps there was too little memory. "
        "Choose a smaller model and start again.",
    )
