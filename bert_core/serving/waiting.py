"""What waits in an Engine and what runs: requests, joined where their inputs are equal."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from bert_core.errors import EngineBusyError
from bert_core.model.inference import Asked, BertRun
from bert_core.serving.batching import PRIORITIES, BatchRule, Priority
from bert_core.serving.run_cache import RunCache, RunKey, trim_run

StillWanted = Callable[[], bool]

# Inputs that may wait, for each that a page may let wait. A sentence's readout is one input for
# each of its tokens, and each visitor has one.
SHARE: dict[Priority, float] = {"visitor": 1, "readout": 16, "scan": 0.5}


@dataclass(eq=False)
class Request:
    """What one caller waits for."""

    asked: Asked
    key: RunKey
    still_wanted: StillWanted | None
    future: "Future[BertRun]" = field(default_factory=Future)
    _failure: Exception | None = None

    def is_wanted(self) -> bool:
        """Whether somebody still waits."""
        if self.future.cancelled():
            return False
        try:
            return self.still_wanted is None or self.still_wanted()
        except Exception as error:  # the caller's own function: theirs to see
            self._failure = error
            return False

    def let_go(self) -> None:
        """Settle the future of what is not wanted and waits no longer."""
        if self._failure is not None:
            self.fail(self._failure)
            return
        self.future.cancel()
        self.future.set_running_or_notify_cancel()

    def answer(self, run: BertRun) -> None:
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(trim_run(run, self.asked.keep).relabelled(self.asked.encoding))

    def fail(self, error: Exception) -> None:
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass(eq=False)
class Job:
    """One input, for all who ask for it; what it keeps is what any of them asks for.

    call: number of the call that asked for it last.
    """

    key: RunKey
    asked: Asked
    call: int
    priority: Priority = "scan"
    requests: list[Request] = field(default_factory=list)

    def add(self, request: Request, priority: Priority, call: int) -> None:
        self.asked = replace(self.asked, keep={*self.asked.keep, *request.asked.keep})
        self.requests.append(request)
        self.priority = min(priority, self.priority, key=PRIORITIES.index)
        self.call = call

    def answer(self, run: BertRun) -> None:
        for request in self.requests:
            request.answer(run)

    def fail(self, error: Exception) -> None:
        for request in self.requests:
            request.fail(error)


class RequestQueue:
    """The requests of one engine and the runs that answer some of them at once.

    Not safe for threads: the engine holds a lock around each call.
    """

    def __init__(self, cache: RunCache, max_waiting: int) -> None:
        self.cache = cache
        self.max_waiting = max_waiting
        self._waiting: dict[RunKey, Job] = {}  # in order of arrival
        self._running: dict[RunKey, Job] = {}
        self._calls = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        return not self._waiting and not self._running

    def accept(self, requests: Sequence[Request], priority: Priority) -> list[BertRun | None]:
        """Take all or none; returns for each the run that the cache has for it.

        Raises:
            EngineBusyError: there is no room for those that are new.
        """
        found = [self.cache.get(request.key, request.asked.keep) for request in requests]
        others = [request for request, run in zip(requests, found, strict=True) if run is None]
        self._check_room(others, priority)
        self._calls += 1
        for request in others:
            job = self._joined(request)
            if job is None:
                job = Job(request.key, request.asked, self._calls)
                self._waiting[request.key] = job
            job.add(request, priority, self._calls)
        return found

    def take(self, rule: BatchRule) -> list[Job]:
        """The next batch, which runs from now on."""
        jobs = rule.pick(list(self._waiting.values()))
        for job in jobs:
            self._running[job.key] = self._waiting.pop(job.key)
        return jobs

    def waiting_requests(self) -> list[Request]:
        return [request for job in self._waiting.values() for request in job.requests]

    def drop(self, unwanted: set[Request]) -> list[Request]:
        """Forget these requests; returns those that still waited."""
        dropped = [request for request in self.waiting_requests() if request in unwanted]
        for job in list(self._waiting.values()) if dropped else ():
            job.requests = [request for request in job.requests if request not in unwanted]
            if not job.requests:
                del self._waiting[job.key]
        return dropped

    def finish(self, job: Job, run: BertRun | None) -> None:
        """`job` no longer runs, and nobody joins it any more; `run` is cached."""
        del self._running[job.key]
        if run is not None:
            self.cache.put(job.key, run)

    def clear(self, *, running: bool = False) -> list[Job]:
        """Forget what waits, and with `running` what runs; returns it."""
        jobs = [*self._waiting.values(), *(self._running.values() if running else ())]
        self._waiting.clear()
        if running:
            self._running.clear()
        return jobs

    def room(self, priority: Priority) -> int:
        """How many inputs that are asked for like this may wait."""
        return max(1, int(self.max_waiting * SHARE[priority]))

    def _count(self, priority: Priority) -> int:
        return sum(job.priority == priority for job in self._waiting.values())

    def _joined(self, request: Request) -> Job | None:
        """The job that will answer `request` too, if there is one."""
        running = self._running.get(request.key)
        if running is not None and set(request.asked.keep) <= set(running.asked.keep):
            return running
        return self._waiting.get(request.key)

    def _check_room(self, requests: Sequence[Request], priority: Priority) -> None:
        limit = self.room(priority)
        if self._count(priority) + len(requests) > limit:
            for job in list(self._waiting.values()):
                if all(request.future.cancelled() for request in job.requests):
                    del self._waiting[job.key]
        fresh = {request.key for request in requests if self._joined(request) is None}
        if fresh and self._count(priority) + len(fresh) > limit:
            raise EngineBusyError("Too many people are asking at once. Try again in a moment.")
