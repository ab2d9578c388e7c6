"""Scans: every input's result in order, visitors first, and an end in all cases."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, ATTENTIONS, Asked, BertRun
from bert_core.model.tokenization import encode
from bert_core.serving.engine import Engine
from bert_core.serving.scan import AT_ONCE, Scan
from tests.kit.recorder import PATIENCE, SENTENCES, Held, Recorder

MANY = [f"the cat {number}" for number in range(40)]


def text_of(run: BertRun) -> str:
    return run.encoding.text


def ask_each(bert: Bert, texts: list[str], *keep: str) -> list[Asked]:
    return [Asked(encode(bert, text), keep) for text in texts]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if "scan" in thread.name] == []


class Gate:
    """A `reduce` that can be held: it tells that it was called, and waits to be let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, run: BertRun) -> str:
        self.entered.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        return run.encoding.text

    def wait_until_called(self) -> None:
        assert self.entered.acquire(timeout=PATIENCE)


# Results


def test_all_results_are_there_in_order(tiny: Bert, engine: Engine) -> None:
    scan = Scan(engine, ask_each(tiny, MANY), text_of)
    assert scan.wait(PATIENCE)
    assert scan.results == tuple(MANY)
    assert (scan.done, scan.total, scan.skipped, scan.error) == (len(MANY), len(MANY), 0, None)
    assert scan.finished


def test_reduce_gets_what_is_kept_and_no_more(tiny: Bert, engine: Engine) -> None:
    scan = Scan(engine, ask_each(tiny, SENTENCES, ATTENTIONS), lambda run: run.kept)
    assert scan.wait(PATIENCE)
    assert set(scan.results) == {frozenset({ATTENTIONS})}


def test_equal_inputs_have_a_result_each(tiny: Bert, engine: Engine) -> None:
    scan = Scan(engine, ask_each(tiny, ["the cat", "the dog", "the cat"] * 8), text_of)
    assert scan.wait(PATIENCE)
    assert scan.results == ("the cat", "the dog", "the cat") * 8


def test_a_scan_of_nothing_is_finished(engine: Engine) -> None:
    scan = Scan(engine, [], text_of)
    assert scan.wait(PATIENCE)
    assert (scan.results, scan.done, scan.total, scan.error) == ((), 0, 0, None)


def test_results_can_be_read_while_it_works(tiny: Bert, engine: Engine) -> None:
    gate = Gate()
    scan = Scan(engine, ask_each(tiny, MANY), gate)
    for number in range(len(MANY)):
        gate.wait_until_called()
        assert scan.results == tuple(MANY[:number])
        assert scan.done == number
        assert not scan.finished
        gate.go_on.release()
    assert scan.wait(PATIENCE)
    assert scan.results == tuple(MANY)


# Others


def test_a_visitor_is_answered_while_a_scan_works(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    wait_for(lambda: held.engine.waiting == AT_ONCE)
    visitor = held.engine.submit(Asked(encode(tiny, "a visitor"), ALL))
    held.let_go()
    assert visitor.result(PATIENCE).encoding.text == "a visitor"
    assert held.recorder.texts[:2] == ["hold", "a visitor"]
    assert scan.wait(PATIENCE)
    assert scan.results == tuple(MANY)


def test_few_inputs_wait_at_once(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    wait_for(lambda: held.engine.waiting == AT_ONCE)
    held.let_go()
    assert scan.wait(PATIENCE)
    assert max(map(len, held.recorder.batches)) <= AT_ONCE


def test_a_full_engine_is_asked_again(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=2)
    others = [
        held.engine.submit(Asked(encode(tiny, f"visitor {number}"), ALL)) for number in range(2)
    ]
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    assert not scan.wait(0.15)  # it has been refused, and lives on
    assert (scan.done, scan.error) == (0, None)
    held.let_go()
    assert scan.wait(PATIENCE)
    assert scan.results == tuple(MANY)
    assert all(other.result(PATIENCE) for other in others)


def test_two_scans_share_an_engine(tiny: Bert, engine: Engine) -> None:
    scans = [Scan(engine, ask_each(tiny, texts), text_of) for texts in (MANY, SENTENCES)]
    assert all(scan.wait(PATIENCE) for scan in scans)
    assert [scan.results for scan in scans] == [tuple(MANY), tuple(SENTENCES)]


# Ends


def test_a_stopped_scan_keeps_what_was_done(tiny: Bert, engine: Engine) -> None:
    gate = Gate()
    scan = Scan(engine, ask_each(tiny, MANY), gate)
    for _ in range(3):
        gate.go_on.release()
    for _ in range(4):
        gate.wait_until_called()
    scan.stop()
    gate.go_on.release()  # the fourth, which was under way
    assert scan.wait(PATIENCE)
    assert scan.results == tuple(MANY[:4])
    assert (scan.done, scan.error) == (4, None)
    scan.stop()


def test_a_stopped_scan_leaves_nothing_to_run(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    wait_for(lambda: held.engine.waiting == AT_ONCE)
    scan.stop()
    assert scan.wait(PATIENCE)  # though the engine still works on something else
    held.let_go()
    held.engine.run(Asked(encode(tiny, "after"), ALL))
    assert held.recorder.texts == ["hold", "after"]
    assert (scan.results, scan.error) == ((), None)


def test_a_scan_that_a_full_engine_refuses_can_be_stopped(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold(max_waiting=1)
    held.engine.submit(Asked(encode(tiny, "visitor"), ALL))
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    scan.stop()
    assert scan.wait(PATIENCE)


def test_a_scan_that_nobody_wants_any_more_stops(tiny: Bert, engine: Engine) -> None:
    gate, gone = Gate(), threading.Event()
    scan = Scan(engine, ask_each(tiny, MANY), gate, still_wanted=lambda: not gone.is_set())
    gate.wait_until_called()
    gone.set()
    gate.go_on.release()
    assert scan.wait(PATIENCE)
    assert (scan.results, scan.error) == (tuple(MANY[:1]), None)


def test_closing_the_engine_ends_a_scan_with_a_sentence(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    scan = Scan(held.engine, ask_each(tiny, MANY), text_of)
    wait_for(lambda: held.engine.waiting == AT_ONCE)
    closing = threading.Thread(target=held.engine.close)
    closing.start()
    assert scan.wait(PATIENCE)
    held.let_go()
    closing.join(PATIENCE)
    assert scan.error is not None
    assert scan.error.endswith(".")
    assert scan.results == ()


def test_a_scan_of_a_closed_engine_says_so(tiny: Bert) -> None:
    engine = Engine(tiny)
    engine.close()
    scan = Scan(engine, ask_each(tiny, MANY), text_of)
    assert scan.wait(PATIENCE)
    assert scan.error == "This model was put away. Load it again."


def test_an_error_in_reduce_ends_the_scan_with_a_sentence(tiny: Bert, engine: Engine) -> None:
    def reduce(run: BertRun) -> int:
        return 1 // (run.encoding.text != MANY[2])

    scan = Scan(engine, ask_each(tiny, MANY), reduce)
    assert scan.wait(PATIENCE)
    assert scan.results == (1, 1)
    assert scan.error is not None
    assert scan.error.startswith("The scan ended after 2 of 40 texts")
    assert "ZeroDivisionError" in scan.error
    engine.run(Asked(encode(tiny, "after"), ALL))
    wait_for(lambda: engine.idle)


def test_an_input_that_the_model_cannot_run_ends_the_scan(tiny: Bert, engine: Engine) -> None:
    inputs = ask_each(tiny, MANY)
    ids = (2, 999_999, 999_999, 999_999, 3)  # as if from another vocabulary
    inputs[1] = Asked(replace(inputs[1].encoding, ids=ids))
    scan = Scan(engine, inputs, text_of)
    assert scan.wait(PATIENCE)
    assert scan.results == (MANY[0],)
    assert scan.error is not None
    assert "IndexError" in scan.error


def test_inputs_that_cannot_be_read_are_skipped_and_counted(
    tiny: Bert, engine: Engine, recorder: Recorder
) -> None:
    def reduce(run: BertRun) -> str:
        if run.encoding.text == MANY[4]:
            raise InputError("There is no word here.")
        return run.encoding.text

    recorder.fails = lambda texts: InputError("Too odd.") if MANY[1] in texts else None
    scan = Scan(engine, ask_each(tiny, MANY), reduce)
    assert scan.wait(PATIENCE)
    assert scan.results == (MANY[0], *MANY[2:4], *MANY[5:])
    assert (scan.skipped, scan.done, scan.error) == (2, len(MANY), None)


def test_a_question_that_fails_ends_the_scan(tiny: Bert, engine: Engine) -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    scan = Scan(engine, ask_each(tiny, MANY), text_of, still_wanted=broken)
    assert scan.wait(PATIENCE)
    assert scan.error is not None


def test_the_interpreter_ends_while_a_scan_works() -> None:
    code = (
        "from tests.kit.tiny import tiny_bert; from bert_core.serving.engine import Engine;"
        "from bert_core.serving.scan import Scan; from bert_core.model.tokenization import encode;"
        "bert = tiny_bert(); engine = Engine(bert);"
        "from bert_core.model.inference import Asked;"
        "inputs = [Asked(encode(bert, 'cat ' * n), {'attentions'}) for n in range(100, 400)];"
        "scan = Scan(engine, inputs, lambda run: run.attentions.mean())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def wait_for(holds: Callable[[], bool]) -> None:
    """Until another thread has brought it about."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 200)):
        if holds():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come about in time")
