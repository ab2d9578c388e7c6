"""Many inputs, one small result of each: work that goes on while pages come and go."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

from bert_core.errors import EngineBusyError, InputError
from bert_core.model.inference import Asked, BertRun
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.waiting import StillWanted

AT_ONCE = 8  # inputs handed in together: enough for a batch, few enough to leave others room
RETRY_SECONDS = 0.05  # until a full engine is asked again

Result = TypeVar("Result")


class Scan(Job[Result]):
    """Runs inputs through an engine, behind its visitors, and keeps what `reduce` makes of each.

    A job that ends with the last input, a failure, `stop`, or the engine.

    reduce: called in the scan's thread, one run after the
        other; the runs themselves are let go. still_wanted: asked from other threads; the scan
        stops where it says no.
    """

    _ENDED = "The scan ended after {done} of {total} texts"

    def __init__(
        self,
        engine: Engine,
        asked: Sequence[Asked],
        reduce: Callable[[BertRun], Result],
        *,
        still_wanted: StillWanted | None = None,
    ) -> None:
        self._engine = engine
        self._asked = tuple(asked)
        self._reduce = reduce
        self._still_wanted = still_wanted
        self._skipped = 0
        self._lock = threading.Lock()
        self._pending: deque[Future[BertRun]] = deque()  # handed in, in order; under the lock
        super().__init__(len(self._asked), self._read_all, f"scan {engine.bert.name}")

    @property
    def done(self) -> int:
        """How many inputs are behind it, the skipped ones too."""
        return super().done + self._skipped

    @property
    def skipped(self) -> int:
        """How many could not be read, and have no result."""
        return self._skipped

    def stop(self) -> None:
        with self._lock:
            super().stop()
            for future in self._pending:
                future.cancel()

    def _wanted(self) -> bool:
        return super()._wanted() and (self._still_wanted is None or self._still_wanted())

    def _read_all(self, wanted: StillWanted) -> Iterator[Result]:
        waiting = deque(self._asked)
        try:
            while (waiting or self._pending) and wanted():
                self._hand_in(waiting)
                yield from self._take_in()
        finally:
            self.stop()  # nobody waits for what is under way

    def _hand_in(self, waiting: deque[Asked]) -> None:
        """Submit the next inputs, as many as may be under way and as the engine has room for."""
        with self._lock:
            while waiting and len(self._pending) < AT_ONCE and not self._stopped.is_set():
                try:
                    future = self._engine.submit(
                        waiting[0], priority="scan", still_wanted=self._wanted
                    )
                except EngineBusyError:
                    return
                self._pending.append(future)
                waiting.popleft()

    def _take_in(self) -> Iterator[Result]:
        """Wait for the input that was handed in first; a moment, where none could be."""
        if not self._pending:
            self._stopped.wait(RETRY_SECONDS)
            return
        try:
            result = self._reduce(self._pending[0].result())
        except InputError:
            self._skipped += 1
        else:
            yield result
        with self._lock:
            self._pending.popleft()
