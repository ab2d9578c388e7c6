"""Work that takes longer than a page may: it goes on in a thread, and tells how far it is."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from typing import Generic, TypeVar

from bert_core.errors import BertLensError
from bert_core.serving.waiting import StillWanted

Item = TypeVar("Item")


class Job(Generic[Item]):
    """Collects what `produce` yields, until it ends, fails, or is stopped; what came stays.

    It starts when it is made. `produce` is called once, in the job's thread, with a function that
    says whether the work is still wanted; it may hand that to an `engine_runner`. Properties may
    be read from any thread at any time.

    total: how many items there will be. name: of the thread.
    """

    _ENDED = "The work ended after {done} of {total}"

    def __init__(
        self, total: int, produce: Callable[[StillWanted], Iterable[Item]], name: str = "job"
    ) -> None:
        self.total = total
        self._produce = produce
        self._results: list[Item] = []
        self._error: str | None = None
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._work, daemon=True, name=name)
        self._thread.start()

    @property
    def done(self) -> int:
        """How many items are there."""
        return len(self._results)

    @property
    def results(self) -> tuple[Item, ...]:
        """Those there are so far, in their order."""
        return tuple(self._results)

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        return time.monotonic() - self._began

    @property
    def error(self) -> str | None:
        """Why it ended early, as a sentence; None if it did not, or was stopped."""
        return self._error

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stopped.is_set()

    @property
    def finished(self) -> bool:
        """Whether no more items will come, for whatever reason; its thread is gone."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Give up what is not done yet, and return at once."""
        self._stopped.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is finished, at most `timeout` seconds; says whether it is."""
        self._thread.join(timeout)
        return self.finished

    def _wanted(self) -> bool:
        return not self._stopped.is_set()

    def _work(self) -> None:
        try:
            for item in self._produce(self._wanted):
                self._results.append(item)
                if self.stopped:
                    return
        except CancelledError:
            pass  # no longer wanted: what is done stays
        except BertLensError as error:
            self._error = str(error)
        except Exception as error:  # of `produce`: in a thread nobody else would hear of it
            ended = self._ENDED.format(done=self.done, total=self.total)
            self._error = (
                f"{ended}, because of an error in this program ({type(error).__name__}: {error})."
            )
