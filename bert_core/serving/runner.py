"""How an analysis gets the many runs it needs: in this thread, or behind an engine's visitors."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from bert_core.errors import EngineBusyError
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_batch
from bert_core.model.tokenization import Encoding
from bert_core.serving.batching import Priority, alike, estimate_bytes

BATCH_BYTES = 256_000_000  # memory of one batch, by estimate
BATCH_TOKENS = 2048  # with padding; a CPU is no faster with more
RETRY_SECONDS = 0.05  # until an engine that is full is asked again


class Runner(Protocol):
    """Runs inputs and returns their runs in the same order."""

    def __call__(
        self, encodings: Sequence[Encoding], keep: Collection[str] = ()
    ) -> Sequence[BertRun]: ...


class SharedModel(Protocol):
    """What a runner needs of an `Engine`, so that no analysis rests on one."""

    def run_many(
        self,
        encodings: Sequence[Encoding],
        keep: Collection[str],
        *,
        priority: Priority,
        still_wanted: Callable[[], bool] | None,
    ) -> Sequence[BertRun]: ...


def direct_runner(bert: Bert) -> Runner:
    """Runs batches of like lengths in the thread that asks; for notebooks and the command line."""

    def run(encodings: Sequence[Encoding], keep: Collection[str] = ()) -> Sequence[BertRun]:
        found: dict[int, BertRun] = {}
        for batch in _batches(bert, encodings, keep):
            runs = run_batch(bert, [encodings[at] for at in batch], [keep] * len(batch))
            found.update(zip(batch, runs, strict=True))
        return [found[at] for at in range(len(encodings))]

    return run


def engine_runner(engine: SharedModel, still_wanted: Callable[[], bool] | None = None) -> Runner:
    """Runs through an `Engine`, after its visitors, and waits where it is full.

    The runner raises CancelledError once `still_wanted` says no.
    """

    def run(encodings: Sequence[Encoding], keep: Collection[str] = ()) -> Sequence[BertRun]:
        while True:
            try:
                return engine.run_many(encodings, keep, priority="scan", still_wanted=still_wanted)
            except EngineBusyError:
                if still_wanted is not None and not still_wanted():
                    raise
                time.sleep(RETRY_SECONDS)

    return run


def _batches(
    bert: Bert, encodings: Sequence[Encoding], keep: Collection[str]
) -> Iterator[list[int]]:
    """Places of inputs that run together, the longest first."""
    batch: list[int] = []
    for at in sorted(range(len(encodings)), key=lambda at: -len(encodings[at])):
        if batch:
            longest, rows = len(encodings[batch[0]]), len(batch) + 1
            if not (
                alike(len(encodings[at]), longest)
                and rows * longest <= BATCH_TOKENS
                and estimate_bytes(bert, rows, longest, keep) <= BATCH_BYTES
            ):
                yield batch
                batch = []
        batch.append(at)
    if batch:
        yield batch
