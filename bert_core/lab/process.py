"""A run of the lab, in a process of its own: `python -m bert_core.lab.process FOLDER`.

It trains until it is done, told to stop, or alone: two minutes after nobody looks any longer it
ends. What it is told, and what it says, are files in the folder (`bert_core.lab.folder`).
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from bert_core.errors import BertLensError
from bert_core.lab import folder as files
from bert_core.lab import step_view
from bert_core.lab.folder import ALONE_SECONDS, Control, Status
from bert_core.lab.pretraining import CHECKED_EXAMPLES, facts_of, request_of
from bert_core.lab.settings import LENGTH, LabSettings, from_json
from bert_core.lab.snapshot import save_snapshot, steps_to_look_at, take_snapshot
from bert_core.pretraining.folder import write_whole
from bert_core.pretraining.held_out import check_held_out, held_out_batches
from bert_core.pretraining.result import copy_result, save_result
from bert_core.pretraining.setup import prepare_run
from bert_core.pretraining.train import Pace, StepRecord, train
from bert_core.pretraining.workers import Workers

# Bounds of a run: seconds in all, bytes of memory.
LONGEST_SECONDS = 1_800.0
MOST_MEMORY = 4 * 1024**3

# Seconds between two looks at what it is told, and between two words on how far it is.
LISTEN_SECONDS, SPEAK_SECONDS = 0.05, 0.2

NICE = 5


class LabRun:
    """A run and its folder."""

    def __init__(self, folder: Path, settings: LabSettings) -> None:
        self.folder, self.settings = folder, settings
        self.status = Status(files.STARTING, steps=settings.steps)
        self._spoke = 0.0
        self._until = 0
        self._began = time.monotonic()
        files.write_status(folder, self.status)
        self.run = prepare_run(request_of(settings, folder / files.RUN), Workers())
        self.held_out = held_out_batches(
            self.run.corpus.held_out, self.run.wordpiece, self.run.recipe, CHECKED_EXAMPLES
        )
        (folder / files.SNAPSHOTS).mkdir(exist_ok=True)
        files.write_json(folder / files.FACTS, asdict(facts_of(self.run, self.held_out)))

    def work(self) -> None:
        """Take the steps, and look up between them."""
        run, looks = self.run, set(steps_to_look_at(self.settings.steps))
        self._look()
        records = train(run, Pace(checkpoint_seconds=float("inf")))
        with (self.folder / files.LOSSES).open("ab", buffering=0) as losses:
            while run.position.step < run.steps and self._may_go_on():
                record = self._step(records)
                pairs = np.nan if record.pairs_loss is None else record.pairs_loss
                losses.write(np.array([record.words_loss, pairs], np.float32).tobytes())
                if record.step in looks:
                    self._look()
                self._speak(record)
        self._end()

    def _step(self, records: Iterator[StepRecord]) -> StepRecord:
        """The next step; where it was asked for alone, with its batch written down."""
        position = self.run.position
        if position.step < self._until:
            batch, _ = self.run.feed.whole_batch(position.step, position.cursors)
            shown = step_view.view_step(
                self.run.learner.model,
                batch,
                self.run.wordpiece,
                position.step + 1,
                self.run.recipe.has_pairs,
            )
            files.write_json(self.folder / files.BATCH, step_view.to_json(shown))
        return next(records)

    def _may_go_on(self) -> bool:
        """Wait while it is told to; whether there is a next step."""
        while True:
            told = self._listen()
            self._until = told.until if not told.goes else 0
            why = self._why_to_end(told)
            if why is not None:
                self.status = replace(self.status, state=files.STOPPED, said=why)
                return False
            if told.goes or self.run.position.step < told.until:
                self.status = replace(self.status, state=files.RUNNING)
                return True
            if self.status.state != files.PAUSED:
                self._keep_model()
                self._look()
                self.status = replace(self.status, state=files.PAUSED)
                files.write_status(self.folder, self.status)
            time.sleep(LISTEN_SECONDS)

    def _listen(self) -> Control:
        return files.read_control(self.folder)

    def _why_to_end(self, told: Control) -> str | None:
        if told.stop:
            return ""
        if time.monotonic() - self._began > LONGEST_SECONDS:
            return f"A run takes {LONGEST_SECONDS / 60:.0f} minutes at most."
        with contextlib.suppress(OSError):
            if time.time() - (self.folder / files.SEEN).stat().st_mtime > ALONE_SECONDS:
                return f"Nobody looked for {ALONE_SECONDS / 60:.0f} minutes."
        return None

    def _look(self) -> None:
        """Write down what the model knows now."""
        run = self.run
        figures = check_held_out(run.learner.model, self.held_out, run.recipe.has_pairs)
        save_snapshot(
            self.folder / files.SNAPSHOTS,
            take_snapshot(
                run.learner.model,
                run.wordpiece,
                self.settings.sentences,
                LENGTH,
                run.position.step,
                figures,
            ),
        )

    def _speak(self, record: StepRecord) -> None:
        self.status = replace(
            self.status,
            step=record.step,
            tokens=record.tokens,
            tokens_per_second=record.tokens_per_second,
            seconds=record.seconds,
        )
        if time.monotonic() - self._spoke >= SPEAK_SECONDS or record.step <= self._until:
            files.write_status(self.folder, self.status)
            self._spoke = time.monotonic()

    def _keep_model(self) -> None:
        """The model as it is, for the other pages; a step's model never changes."""
        step = self.run.position.step
        if step in self.status.models:
            return
        save_result(self.run)
        target = self.folder / files.MODELS / f"step-{step}"
        target.parent.mkdir(exist_ok=True)
        write_whole(target, lambda made: copy_result(self.run.folder, made))
        self.status = replace(self.status, models=(*self.status.models, step))

    def _end(self) -> None:
        self._keep_model()
        self._look()
        if self.status.state != files.STOPPED:
            self.status = replace(self.status, state=files.FINISHED)
        files.write_status(self.folder, self.status)


def bound_memory() -> None:
    """Let the process have `MOST_MEMORY` at most, where the system can be asked to."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


def end_with_parent() -> None:
    """End at once where the server is gone: it holds the other end of standard input."""

    def wait() -> None:
        while os.read(0, 4096):  # not through sys.stdin, whose lock would be held at the end
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def main(folder: Path) -> int:
    """Run what the folder's settings say; what goes wrong is said in its status."""
    if hasattr(os, "nice"):
        os.nice(NICE)  # the page comes first
    bound_memory()
    torch.set_num_threads(1)
    run = None
    try:
        settings = from_json((folder / files.SETTINGS).read_text(encoding="utf-8"))
        run = LabRun(folder, settings)
        run.work()
    except BertLensError as error:
        _fail(folder, run, str(error))
        return 1
    except Exception as error:  # the folder is all that speaks to the page
        _fail(folder, run, f"The run broke off ({type(error).__name__}): {str(error)[:200]}")
        raise
    return 0


def _fail(folder: Path, run: LabRun | None, said: str) -> None:
    status = Status() if run is None else run.status
    files.write_status(folder, replace(status, state=files.FAILED, said=said))


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(Path(sys.argv[1])))
