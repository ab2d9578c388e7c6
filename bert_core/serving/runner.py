"""How an analysis gets the many runs it needs: in this thread, or behind an engine's visitors."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from bert_core.errors import EngineBusyError
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked, BertRun, run_batch
from bert_core.serving.batching import Priority, alike, estimate_bytes

BATCH_BYTES = 256_000_000  # memory of one batch, by estimate
BATCH_TOKENS = 2048  # with padding; a CPU is no faster with more
RETRY_SECONDS = 0.05  # until an engine that is full is asked again


class Runner(Protocol):
    """Runs inputs and returns their runs in the same order."""

    def __call__(self, asked: Sequence[Asked]) -> Sequence[BertRun]: ...


class SharedModel(Protocol):
    """What a runner needs of an `Engine`, so that no analysis rests on one."""

    def run_many(
        self,
        asked: Sequence[Asked],
        *,
        priority: Priority,
        still_wanted: Callable[[], bool] | None,
    ) -> Sequence[BertRun]: ...


def direct_runner(bert: Bert) -> Runner:
    """Runs batches of like lengths in the thread that asks; for notebooks and the command line."""

    def run(asked: Sequence[Asked]) -> Sequence[BertRun]:
        found: dict[int, BertRun] = {}
        for batch in _batches(bert, asked):
            runs = run_batch(bert, [asked[at] for at in batch])
            found.update(zip(batch, runs, strict=True))
        return [found[at] for at in range(len(asked))]

    return run


def engine_runner(
    engine: SharedModel,
    still_wanted: Callable[[], bool] | None = None,
    priority: Priority = "scan",
) -> Runner:
    """Runs through an `Engine`, after its visitors, and waits where it is full.

    priority: "readout" or "scan", see `batching`.

    The runner raises CancelledError once `still_wanted` says no.
    """

    def run(asked: Sequence[Asked]) -> Sequence[BertRun]:
        while True:
            try:
                return engine.run_many(asked, priority=priority, still_wanted=still_wanted)
            except EngineBusyError:
                if still_wanted is not None and not still_wanted():
                    raise
                time.sleep(RETRY_SECONDS)

    return run


def _batches(bert: Bert, asked: Sequence[Asked]) -> Iterator[list[int]]:
    """Places of inputs that run together, the longest first."""
    lengths = [len(one.encoding) for one in asked]
    batch: list[int] = []
    kept = frozenset[str]()  # by any of the batch, with the next one
    for at in sorted(range(len(asked)), key=lambda at: -lengths[at]):
        kept |= frozenset(asked[at].keep)
        if batch:
            longest, rows = lengths[batch[0]], len(batch) + 1
            if not (
                alike(lengths[at], longest)
                and rows * longest <= BATCH_TOKENS
                and estimate_bytes(bert, rows, longest, kept) <= BATCH_BYTES
            ):
                yield batch
                batch, kept = [], frozenset(asked[at].keep)
        batch.append(at)
    if batch:
        yield batch
