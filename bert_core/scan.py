"""Many inputs, one small result of each: work that goes on while pages come and go."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

from bert_core.engine import Engine
from bert_core.engine_queue import StillWanted
from bert_core.errors import BertLensError, EngineBusyError, InputError
from bert_core.inference import BertRun, check_keep
from bert_core.tokenization import Encoding

AT_ONCE = 8  # inputs handed in together: enough for a batch, few enough to leave others room
RETRY_SECONDS = 0.05  # until a full engine is asked again

Result = TypeVar("Result")


class Scan(Generic[Result]):
    """Runs inputs through an engine, behind its visitors, and keeps what `reduce` makes of each.

    It starts when it is made and works in a thread of its own, which ends with the last input, a
    failure, `stop`, or the engine. Properties may be read from any thread at any time.

    keep: what `reduce` needs of a run. reduce: called in the scan's thread, one run after the
        other; the runs themselves are let go. still_wanted: asked from other threads; the scan
        stops where it says no.

    Raises:
        InputError: `keep` names what no run has.
    """

    def __init__(
        self,
        engine: Engine,
        encodings: Sequence[Encoding],
        keep: Collection[str],
        reduce: Callable[[BertRun], Result],
        *,
        still_wanted: StillWanted | None = None,
    ) -> None:
        self._engine = engine
        self._encodings = tuple(encodings)
        self._keep = check_keep(keep)
        self._reduce = reduce
        self._asked = still_wanted
        self._results: list[Result] = []
        self._skipped = 0
        self._error: str | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pending: deque[Future[BertRun]] = deque()  # handed in, in order; under the lock
        name = f"scan {engine.bert.name}"
        self._thread = threading.Thread(target=self._work, daemon=True, name=name)
        self._thread.start()

    @property
    def total(self) -> int:
        """How many inputs there are."""
        return len(self._encodings)

    @property
    def done(self) -> int:
        """How many of them are behind it, the skipped ones too."""
        return len(self._results) + self._skipped

    @property
    def skipped(self) -> int:
        """How many could not be read, and have no result."""
        return self._skipped

    @property
    def results(self) -> tuple[Result, ...]:
        """Those there are so far, in the order of the inputs."""
        return tuple(self._results)

    @property
    def error(self) -> str | None:
        """Why it ended early, as a sentence; None if it did not, or was stopped."""
        return self._error

    @property
    def stopped(self) -> bool:
        """Whether it takes up no more inputs: it has ended, or will with what is under way."""
        return self._stopped.is_set()

    @property
    def finished(self) -> bool:
        """Whether no more results will come, for whatever reason; its thread is gone."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Give up what is not done yet, and return at once."""
        with self._lock:
            self._stopped.set()
            for future in self._pending:
                future.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is finished, at most `timeout` seconds; says whether it is."""
        self._thread.join(timeout)
        return self.finished

    def _work(self) -> None:
        waiting = deque(self._encodings)
        try:
            while (waiting or self._pending) and self._wanted():
                self._hand_in(waiting)
                self._take_in()
        except CancelledError:
            pass  # no longer wanted: what is done stays
        except BertLensError as error:
            self._error = str(error)
        except Exception as error:  # of `reduce`, or of the model on this one input
            self._error = (
                f"The scan ended after {self.done} of {self.total} texts, because of an error "
                f"in this program ({type(error).__name__}: {error})."
            )
        finally:
            self.stop()

    def _wanted(self) -> bool:
        return not self._stopped.is_set() and (self._asked is None or self._asked())

    def _hand_in(self, waiting: deque[Encoding]) -> None:
        """Submit the next inputs, as many as may be under way and as the engine has room for."""
        with self._lock:
            while waiting and len(self._pending) < AT_ONCE and not self._stopped.is_set():
                try:
                    future = self._engine.submit(
                        waiting[0], self._keep, priority="scan", still_wanted=self._wanted
                    )
                except EngineBusyError:
                    return
                self._pending.append(future)
                waiting.popleft()

    def _take_in(self) -> None:
        """Wait for the input that was handed in first; a moment, where none could be."""
        if not self._pending:
            self._stopped.wait(RETRY_SECONDS)
            return
        try:
            result = self._reduce(self._pending[0].result())
        except InputError:
            self._skipped += 1
        else:
            self._results.append(result)
        with self._lock:
            self._pending.popleft()
