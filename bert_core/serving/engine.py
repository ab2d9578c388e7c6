"""Many who ask, one model: a queue in front of `run_batch`.

One worker thread runs what waits in batches of like length; when idle it never waits for company.
Equal inputs run once. What was run stays in a cache that is bounded in bytes.
"""

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType

import torch

from bert_core.errors import EngineClosedError, EngineError
from bert_core.model.bert import Bert
from bert_core.model.inference import AT_MASKS, Asked, BertRun, run_batch
from bert_core.serving.batching import BatchRule, Priority
from bert_core.serving.run_cache import RunCache, run_key
from bert_core.serving.waiting import Job, Request, RequestQueue, StillWanted

CACHE_BYTES = 512 * 2**20
BATCH_BYTES = 256 * 2**20
MAX_WAITING = 256
MAX_PATIENCE = 0.002  # seconds
SHORT_PASS = 1_000_000_000  # multiply-adds; 94 tokens of the embedded model, 11 of BERT-base

RunBatch = Callable[[Bert, Sequence[Asked]], list[BertRun]]


class Engine:
    """Answers requests for runs of one model, from any number of threads.

    cache_bytes: memory for runs that were asked for last; 0 for none.
    batch_bytes: memory that one batch may take, by estimate; a single input always runs.
    max_waiting: inputs of visitors that may wait, equal ones counted once; of scans half as many.
    run: what runs a batch.
    """

    def __init__(
        self,
        bert: Bert,
        *,
        cache_bytes: int = CACHE_BYTES,
        batch_bytes: int = BATCH_BYTES,
        max_waiting: int = MAX_WAITING,
        run: RunBatch = run_batch,
    ) -> None:
        self.bert = bert
        self._run_batch = run
        self._rule = BatchRule(bert, batch_bytes)
        self._queue = RequestQueue(RunCache(cache_bytes), max_waiting)
        self._changed = threading.Condition()
        self._closed = False
        self._answered = 0  # callers of the last batch, who may be about to ask again
        self._patience = 0.0  # seconds to wait for them, where others wait already
        # torch counts threads for each thread: the worker's are those of whoever makes the engine.
        self._torch_threads = torch.get_num_threads()
        self._encoder_size = sum(part.numel() for part in bert.model.bert.encoder.parameters())
        self._worker = threading.Thread(target=self._work, daemon=True, name=f"engine {bert.name}")
        # A daemon thread that is inside torch when the interpreter ends can abort the process.
        atexit.register(self.close)
        self._worker.start()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """Inputs that wait, equal ones counted once."""
        return len(self._queue)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        with self._changed:
            return self._queue.idle

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def cached_bytes(self) -> int:
        """Memory that the cached runs take now."""
        return self._queue.cache.bytes

    @property
    def bytes(self) -> int:
        """Memory that weights and cache may take."""
        return self.bert.bytes + self._queue.cache.max_bytes

    def submit(
        self,
        asked: Asked,
        *,
        priority: Priority = "visitor",
        still_wanted: StillWanted | None = None,
    ) -> "Future[BertRun]":
        """Ask for a run; its future is settled at once where the cache has it.

        still_wanted: asked, from another thread, before the input is run; where it says no, the
            future is cancelled.

        Raises:
            EngineBusyError: too many wait.
            EngineClosedError: the engine was closed.
        """
        return self._submit([asked], priority, still_wanted)[0]

    def run(
        self,
        asked: Asked,
        *,
        priority: Priority = "visitor",
        still_wanted: StillWanted | None = None,
    ) -> BertRun:
        """`submit`, and wait for it; raises CancelledError if it was no longer wanted."""
        return self.run_many([asked], priority=priority, still_wanted=still_wanted)[0]

    def run_many(
        self,
        asked: Sequence[Asked],
        *,
        priority: Priority = "visitor",
        still_wanted: StillWanted | None = None,
    ) -> list[BertRun]:
        """Submit several together, so that they share batches, and wait for all of them.

        Long lists are handed in by portions, so that others find room between them.
        """
        portion = max(1, self._queue.room(priority) // 4)
        runs: list[BertRun] = []
        for start in range(0, len(asked), portion):
            futures = self._submit(asked[start : start + portion], priority, still_wanted)
            try:
                runs += [future.result() for future in futures]
            finally:
                for future in futures:
                    future.cancel()  # does nothing to those that are done
        return runs

    def close(self) -> None:
        """End the worker; what runs is finished, what waits fails with EngineClosedError."""
        self._end()
        if threading.current_thread() is not self._worker:
            self._worker.join()

    def close_if_idle(self) -> bool:
        """Close unless something waits or runs; says whether it did."""
        with self._changed:
            if not self._queue.idle:
                return False
            self._closed = True
        self.close()
        return True

    def _submit(
        self,
        asked: Sequence[Asked],
        priority: Priority,
        still_wanted: StillWanted | None,
    ) -> "list[Future[BertRun]]":
        """Take all of them or none: answer from the cache, join an equal input, or queue."""
        requests = [Request(one, run_key(self.bert, one), still_wanted) for one in asked]
        with self._changed:
            if self._closed:
                raise EngineClosedError("This model was put away. Load it again.")
            found = self._queue.accept(requests, priority)
            self._changed.notify()
        for request, run in zip(requests, found, strict=True):
            if run is not None:
                request.answer(run)
        return [request.future for request in requests]

    def _work(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._end()
            with self._changed:
                lost = self._queue.clear(running=True)
            for job in lost:
                job.fail(EngineClosedError("The engine broke down. Load the model again."))

    def _step(self) -> bool:
        """Wait for a batch and run it; False once the engine is closed."""
        with self._changed:
            while not self._queue and not self._closed:
                self._patience = 0.0
                self._changed.wait()
            # Those who were just answered often ask again at once: without a moment for them, one
            # early comer would run alone in every second batch.
            crowd = len(self._queue) + self._answered
            self._changed.wait_for(
                lambda: self._closed or len(self._queue) >= crowd, self._patience
            )
            waiting = self._queue.waiting_requests()
        # Asked outside the lock, since the answer is the callers' own code; and of all who wait,
        # so that nobody is refused for want of room that those who went away still take.
        unwanted = {request for request in waiting if not request.is_wanted()}
        with self._changed:
            if self._closed:
                return False
            dropped = self._queue.drop(unwanted)
            jobs = self._queue.take(self._rule)
        for request in dropped:
            request.let_go()
        start = time.perf_counter()
        if jobs:
            self._run_jobs(jobs)
        self._answered = len(jobs)
        self._patience = min(MAX_PATIENCE, (time.perf_counter() - start) / 20)
        return True

    def _run_jobs(self, jobs: list[Job]) -> None:
        outcome = self._attempt(jobs)
        if isinstance(outcome, Exception) and len(jobs) > 1:
            for job in jobs:  # so that one bad input does not fail its neighbours
                self._run_jobs([job])
            return
        with self._changed:
            for at, job in enumerate(jobs):
                self._queue.finish(job, None if isinstance(outcome, Exception) else outcome[at])
        for at, job in enumerate(jobs):
            if isinstance(outcome, Exception):
                job.fail(outcome)
            else:
                job.answer(outcome[at])

    def _attempt(self, jobs: list[Job]) -> list[BertRun] | Exception:
        """The runs, or what went wrong; an error about memory lets go of the tensors it holds."""
        tokens = _padded_tokens([job.asked for job in jobs])
        torch.set_num_threads(self._threads_for(tokens))
        start = time.perf_counter()
        try:
            runs = self._run_batch(self.bert, [job.asked for job in jobs])
        except Exception as error:  # reaches those who asked; the worker lives on
            if not is_memory_error(error):
                return error
        else:
            seconds = time.perf_counter() - start
            self._rule.learn(jobs[0].priority, tokens, seconds)
            return runs
        if self.bert.device.type == "cuda":
            torch.cuda.empty_cache()
        longest = max(len(job.asked.encoding) for job in jobs)
        return EngineError(
            f"There is not enough memory to run {longest} tokens on {self.bert.device.type}. "
            "Try a shorter text or a smaller model."
        )

    def _threads_for(self, tokens: int) -> int:
        """torch's threads for a batch: in a short pass they wait for each other more than they
        work, as soon as the browser or other visitors want the cores too."""
        short = self._encoder_size * tokens < SHORT_PASS
        return max(1, self._torch_threads // 2) if short else self._torch_threads

    def _end(self) -> None:
        with self._changed:
            self._closed = True
            waiting = self._queue.clear()
            self._queue.cache.clear()
            self._changed.notify_all()
        atexit.unregister(self.close)
        for job in waiting:
            job.fail(EngineClosedError("This model was put away while you waited. Try again."))


def _padded_tokens(asked: Sequence[Asked]) -> int:
    """Tokens that a pass over these inputs has, with their padding."""
    lengths = [len(one.encoding) for one in asked]
    if all(AT_MASKS in one.keep for one in asked):
        return sum(lengths)  # nothing is padded there
    return len(lengths) * max(lengths)


def is_memory_error(error: Exception) -> bool:
    """Whether a batch failed for want of memory: each device says it in its own way."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    words = str(error).lower()
    said = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(phrase in words for phrase in said)
