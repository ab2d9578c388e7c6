"""Runners give every input its own run; jobs keep what came, however they end."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import ATTENTIONS, Asked, run_bert
from bert_core.model.tokenization import encode
from bert_core.serving import runner
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.runner import Runner, direct_runner, engine_runner
from bert_core.serving.waiting import StillWanted
from tests.kit.recorder import PATIENCE

TEXTS = ["the cat", "the cat sat on the mat and the dog sat on the cat " * 4, "a", "the dog sat"]


@pytest.fixture(params=["direct", "engine"])
def run(request: pytest.FixtureRequest, tiny: Bert, engine: Engine) -> Runner:
    return direct_runner(tiny) if request.param == "direct" else engine_runner(engine)


def test_every_input_gets_its_own_run_in_order(tiny: Bert, run: Runner) -> None:
    encodings = [encode(tiny, text) for text in TEXTS * 3]
    runs = run([Asked(encoding, {ATTENTIONS}) for encoding in encodings])
    assert [one.encoding for one in runs] == encodings
    for one in runs:
        alone = run_bert(tiny, one.encoding, keep=(ATTENTIONS,))
        np.testing.assert_allclose(one.last_hidden_state, alone.last_hidden_state, atol=2e-6)
        assert one.attentions is not None
        assert alone.attentions is not None
        np.testing.assert_allclose(one.attentions, alone.attentions, atol=2e-6)


def test_nothing_gives_nothing(run: Runner) -> None:
    assert list(run([])) == []


def test_batches_hold_like_lengths_and_no_more_than_they_may(
    tiny: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings = [encode(tiny, "the cat " * length) for length in (1, 30, 2, 29, 1, 1, 1)]
    monkeypatch.setattr(runner, "BATCH_TOKENS", 30)
    batches = list(runner._batches(tiny, [Asked(one) for one in encodings]))
    assert sorted(at for batch in batches for at in batch) == list(range(len(encodings)))
    for batch in batches:
        lengths = [len(encodings[at]) for at in batch]
        assert len(batch) == 1 or len(batch) * max(lengths) <= 30
        assert max(lengths) <= 1.25 * min(lengths) + 8


def test_a_job_keeps_everything_in_order() -> None:
    job = Job(5, lambda wanted: range(5))
    assert job.wait(PATIENCE)
    assert (job.results, job.done, job.error, job.stopped) == ((0, 1, 2, 3, 4), 5, None, False)


def test_a_stopped_job_keeps_what_came_before() -> None:
    let_go = threading.Event()

    def produce(wanted: StillWanted) -> Iterator[int]:
        yield 1
        assert let_go.wait(PATIENCE)
        assert not wanted()
        yield 2
        yield 3

    job = Job(3, produce)
    job.stop()
    let_go.set()
    assert job.wait(PATIENCE)
    assert job.results[0] == 1
    assert 3 not in job.results
    assert (job.error, job.stopped) == (None, True)


def test_a_job_that_waits_for_an_engine_stops_without_an_error(tiny: Bert, engine: Engine) -> None:
    def produce(wanted: StillWanted) -> Iterator[int]:
        run = engine_runner(engine, wanted)
        for at in range(10_000):
            run([Asked(encode(tiny, f"the cat {at}"))])
            yield at

    job = Job(10_000, produce)
    job.stop()
    assert job.wait(PATIENCE)
    assert job.error is None
    assert job.done < 10_000


def test_a_failure_is_a_sentence_and_what_came_before_stays() -> None:
    def asked(wanted: StillWanted) -> Iterator[int]:
        yield 1
        raise InputError("Line 2 is empty.")

    def broken(wanted: StillWanted) -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("oh")

    for produce, words in ((asked, "Line 2 is empty."), (broken, "after 1 of 2")):
        job = Job(2, produce)
        assert job.wait(PATIENCE)
        assert job.results == (1,)
        assert job.error is not None
        assert words in job.error
