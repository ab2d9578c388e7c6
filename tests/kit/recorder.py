"""A stand-in for `run_batch` that notes what it runs and can be held, and an engine held by it."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, AT_MASKS, Asked, BertRun, run_batch
from bert_core.model.tokenization import Encoding, encode
from bert_core.serving.engine import Engine
from bert_core.serving.runner import direct_runner

PATIENCE = 20.0  # seconds after which a test that hangs is called a failure
SENTENCES = [f"the {'cat' if n % 2 else 'dog'} {n} sat on the mat" for n in range(16)]


class Recorder:
    """Runs batches as `run_batch` does, notes their texts, and can be held before each."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.keeps: list[list[frozenset[str]]] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.fails: Callable[[list[str]], Exception | None] = lambda texts: None
        if not held:
            self.gate.set()

    def __call__(self, bert: Bert, asked: Sequence[Asked]) -> list[BertRun]:
        texts = [one.encoding.text for one in asked]
        self.batches.append(texts)
        self.keeps.append([frozenset(one.keep) for one in asked])
        self.entered.release()
        if not self.gate.wait(PATIENCE):
            raise TimeoutError("the test forgot to open the gate")
        error = self.fails(texts)
        if error is not None:
            raise error
        return run_batch(bert, asked)

    @property
    def texts(self) -> list[str]:
        """All that was run, in order."""
        return [text for batch in self.batches for text in batch]

    def wait_until_running(self) -> None:
        assert self.entered.acquire(timeout=PATIENCE)


class Held:
    """An engine whose worker is inside a first batch ("hold") until `let_go`."""

    def __init__(self, bert: Bert, **options: int) -> None:
        self.bert = bert
        self.recorder = Recorder(held=True)
        self.engine = Engine(bert, run=self.recorder, **options)
        self.first = self.engine.submit(Asked(encode(bert, "hold"), ALL))
        self.recorder.wait_until_running()

    def let_go(self) -> None:
        self.recorder.gate.set()


class RecordingRunner:
    """Runs inputs in this thread, as `direct_runner` does, and keeps what it was asked for.

    asked: the inputs of each call.
    """

    def __init__(self, bert: Bert) -> None:
        self._run = direct_runner(bert)
        self.asked: list[list[Encoding]] = []

    def __call__(self, asked: Sequence[Asked]) -> Sequence[BertRun]:
        assert all({*one.keep} <= {AT_MASKS} for one in asked)
        self.asked.append([one.encoding for one in asked])
        return self._run(asked)

    @property
    def sizes(self) -> list[int]:
        """How many inputs each call had."""
        return [len(asked) for asked in self.asked]


def assert_same(ours: BertRun, expected: BertRun, tolerance: float = 1e-5) -> None:
    assert ours.kept == expected.kept
    for part in (*ALL, "last_hidden_state", "pooled", "next_sentence_logits"):
        left, right = getattr(ours, part), getattr(expected, part)
        if right is not None:
            assert left.shape == right.shape
            np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)
