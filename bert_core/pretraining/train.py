"""A run of pretraining: from the text and the recipe to a model in a folder, step by step.

`prepare_run` makes what a run needs, or takes one up again where its last checkpoint left it;
`train` is a generator of what each step brought. Whoever asks for the next step decides that the
run goes on; whoever stops asking has lost nothing that a checkpoint holds. On a CPU a run that
goes on has the losses of one that was never stopped, bit for bit, with the same number of threads;
another number, a GPU, or several processes add up in another order.
"""

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from bert_core.pretraining.examples import Batch
from bert_core.pretraining.feed import feed_ahead
from bert_core.pretraining.folder import LOG, full_disk_said, save_checkpoint
from bert_core.pretraining.held_out import HeldOutFigures, check_held_out, held_out_batches
from bert_core.pretraining.setup import PreparedRun

# Steps over which the speed is measured that is shown.
RECENT = 50

# Lines of the log at most; a longer run logs every so many steps.
LOG_LINES = 20_000


@dataclass(frozen=True)
class StepRecord:
    """What a step brought.

    step: its number, from 1. steps: how many there will be. words_loss, pairs_loss: in nats, see
    `StepLosses`. gradient: its length before it was cut. rate: the learning rate. tokens: learnt
    from so far, padding not counted. tokens_per_second: over the last steps. seconds: of training
    so far. seconds_left: at this speed. held_out: where it was measured after this step.
    checkpoint: whether one was written after it.
    """

    step: int
    steps: int
    words_loss: float
    pairs_loss: float | None
    gradient: float
    rate: float
    tokens: int
    tokens_per_second: float
    seconds: float
    seconds_left: float
    held_out: HeldOutFigures | None = None
    checkpoint: bool = False


@dataclass(frozen=True)
class Pace:
    """How often a run does what takes time; none of it changes what is learnt.

    checkpoint_seconds: between checkpoints. checkpoint_steps: as well every so many steps, 0 for
    never. check_steps: between measurements on what was held out, 0 for only at the end.
    check_examples: how many they take.
    """

    checkpoint_seconds: float = 300.0
    checkpoint_steps: int = 0
    check_steps: int = 0
    check_examples: int = 512


DEFAULT_PACE = Pace()


def train(run: PreparedRun, pace: Pace = DEFAULT_PACE) -> Iterator[StepRecord]:
    """Take the steps that are left, one at each `next`; after the last one a checkpoint is there.

    Raises:
        PretrainingError: a loss is no number any more, or the disk is full. The last checkpoint
            stays as it was.
    """
    keeper = _Keeper(run, pace)
    position = run.position
    with closing(feed_ahead(run.feed, position.step, position.cursors, run.steps)) as batches:
        for parts, cursors in batches:
            step = run.position.step
            losses = run.learner.learn(parts, step, run.steps)
            tokens = int(run.workers.add([sum(part.tokens for part in parts)])[0])
            keeper.count(tokens)
            run.position = replace(
                run.position,
                step=step + 1,
                tokens=run.position.tokens + tokens,
                seconds=keeper.seconds,
                cursors=cursors,
            )
            record = StepRecord(
                step=step + 1,
                steps=run.steps,
                words_loss=losses.words,
                pairs_loss=losses.pairs,
                gradient=losses.gradient,
                rate=run.recipe.rate * run.recipe.rate_at(step, run.steps),
                tokens=run.position.tokens,
                tokens_per_second=keeper.tokens_per_second,
                seconds=keeper.seconds,
                seconds_left=keeper.seconds_left,
            )
            yield keeper.keep(record)


class _Keeper:
    """Watches the clock, and writes what is to be kept: the log, checkpoints, measurements."""

    def __init__(self, run: PreparedRun, pace: Pace) -> None:
        self.run, self.pace = run, pace
        self._checked: list[Batch] | None = None
        self._before = run.position.seconds
        self._began = self._saved = time.monotonic()
        self._recent = deque([(self._began, 0)], maxlen=RECENT + 1)

    def count(self, tokens: int) -> None:
        """A step was taken."""
        self._recent.append((time.monotonic(), tokens))

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    @property
    def tokens_per_second(self) -> float:
        passed = max(self._recent[-1][0] - self._recent[0][0], 1e-9)
        return sum(tokens for _, tokens in list(self._recent)[1:]) / passed

    @property
    def seconds_left(self) -> float:
        passed = self._recent[-1][0] - self._recent[0][0]
        left = self.run.steps - self.run.position.step
        return passed / (len(self._recent) - 1) * left

    def keep(self, record: StepRecord) -> StepRecord:
        """Measure, log and save where it is time to; only the first process does."""
        last = record.step == record.steps
        checks = self.pace.check_steps
        if not self.run.workers.first:
            return record
        if last or (checks and record.step % checks == 0):
            record = replace(record, held_out=self._check())
        every = self.pace.checkpoint_steps
        due = time.monotonic() - self._saved >= self.pace.checkpoint_seconds
        if last or due or (every and record.step % every == 0):
            record = replace(record, checkpoint=True)
        self._log(record)
        if record.checkpoint:
            save_checkpoint(self.run.folder, self.run.learner, self.run.position)
            self._saved = time.monotonic()
        return record

    def _check(self) -> HeldOutFigures | None:
        run = self.run
        if self._checked is None:
            self._checked = held_out_batches(
                run.corpus.held_out, run.wordpiece, run.recipe, self.pace.check_examples
            )
        return check_held_out(run.learner.model, self._checked, run.recipe.has_pairs)

    def _log(self, record: StepRecord) -> None:
        every = max(1, record.steps // LOG_LINES)
        if record.step % every and not record.checkpoint and record.held_out is None:
            return
        path = self.run.folder / LOG
        with full_disk_said(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
