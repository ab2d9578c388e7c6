"""The Engine: everybody gets their own answer, and nothing that fails spreads."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace

import pytest

from bert_core.errors import (
    BertLensError,
    EngineClosedError,
    EngineError,
)
from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, ATTENTIONS, HIDDEN_STATES, Asked, BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.serving.engine import Engine, is_memory_error
from tests.kit.recorder import PATIENCE, SENTENCES, Held, Recorder, assert_same

# Answers


def test_one_request_equals_a_direct_run(tiny: Bert, engine: Engine) -> None:
    encoding = encode(tiny, "the cat sat on the mat", "the dog ran")
    assert_same(engine.run(Asked(encoding, ALL)), run_bert(tiny, encoding))


@pytest.mark.parametrize("model", ["tiny", "embedded"])
def test_batched_equals_alone(model: str, request: pytest.FixtureRequest) -> None:
    bert: Bert = request.getfixturevalue(model)
    encodings = [encode(bert, " ".join(["the cat sat"] * n)) for n in (1, 2, 3, 4)]
    recorder = Recorder()
    with Engine(bert, run=recorder) as engine:
        runs = engine.run_many([Asked(encoding, ALL) for encoding in encodings])
    assert max(map(len, recorder.batches)) > 1
    for run, encoding in zip(runs, encodings, strict=True):
        assert_same(run, run_bert(bert, encoding))


def test_sixteen_threads_get_their_own_answers(tiny: Bert, engine: Engine) -> None:
    encodings = [encode(tiny, sentence) for sentence in SENTENCES]
    together = threading.Barrier(len(encodings))

    def ask(encoding: Encoding) -> list[BertRun]:
        together.wait(PATIENCE)
        return [engine.run(Asked(encoding, ALL)), engine.run(Asked(encoding, (ATTENTIONS,)))]

    with ThreadPoolExecutor(len(encodings)) as pool:
        answers = list(pool.map(ask, encodings, timeout=PATIENCE))
    for encoding, runs in zip(encodings, answers, strict=True):
        for run in runs:
            assert run.encoding is encoding
            assert_same(run, run_bert(tiny, encoding, run.kept))


def test_arrays_are_read_only(tiny: Bert, engine: Engine) -> None:
    run = engine.run(Asked(encode(tiny, "the cat"), ALL))
    for array in (run.attentions, run.hidden_states, run.last_hidden_state, run.pooled):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_only_what_was_asked_for_is_kept(tiny: Bert, engine: Engine) -> None:
    for keep in ((), (ATTENTIONS,), (HIDDEN_STATES,), ALL):
        assert engine.run(Asked(encode(tiny, f"keeps {len(keep)} {keep}"), keep)).kept == set(keep)


def test_many_may_each_keep_their_own(tiny: Bert, engine: Engine) -> None:
    keeps = [(), (ATTENTIONS,), (HIDDEN_STATES,)]
    runs = engine.run_many(
        [Asked(encode(tiny, SENTENCES[at]), keep) for at, keep in enumerate(keeps)]
    )
    assert [run.kept for run in runs] == [set(keep) for keep in keeps]


def test_a_list_longer_than_the_queue_is_answered_in_order(tiny: Bert) -> None:
    encodings = [encode(tiny, f"the cat {n}") for n in range(20)]
    with Engine(tiny, max_waiting=8) as engine:
        runs = engine.run_many([Asked(one) for one in encodings], priority="scan")
    assert [run.encoding for run in runs] == encodings


# Giving up


def test_what_nobody_wants_any_more_never_runs(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    unwanted = held.engine.submit(
        Asked(encode(tiny, "left the page"), ALL), still_wanted=lambda: False
    )
    cancelled = held.engine.submit(Asked(encode(tiny, "gave up"), ALL))
    wanted = held.engine.submit(Asked(encode(tiny, "the cat"), ALL), still_wanted=lambda: True)
    assert cancelled.cancel()
    held.let_go()
    wanted.result(PATIENCE)
    with pytest.raises(CancelledError):
        unwanted.result(PATIENCE)
    assert held.recorder.texts == ["hold", "the cat"]


def test_one_who_gives_up_takes_nothing_from_the_others(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    gone = held.engine.submit(Asked(encode(tiny, "the cat"), ALL), still_wanted=lambda: False)
    stays = held.engine.submit(Asked(encode(tiny, "the cat"), ALL))
    held.let_go()
    assert stays.result(PATIENCE).encoding.text == "the cat"
    assert gone.cancelled()


def test_a_question_that_fails_fails_only_its_own_request(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    held = hold()
    bad = held.engine.submit(Asked(encode(tiny, "the cat"), ALL), still_wanted=broken)
    good = held.engine.submit(Asked(encode(tiny, "the dog"), ALL))
    held.let_go()
    assert good.result(PATIENCE).encoding.text == "the dog"
    with pytest.raises(ZeroDivisionError):
        bad.result(PATIENCE)


# Errors


def test_an_error_in_one_reaches_only_that_one(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    held.recorder.fails = lambda texts: KeyError("bad") if "bad" in texts else None
    good, bad, fine = (
        held.engine.submit(Asked(encode(tiny, text), ALL)) for text in ("good", "bad", "fine")
    )
    held.let_go()
    assert good.result(PATIENCE).encoding.text == "good"
    assert fine.result(PATIENCE).encoding.text == "fine"
    with pytest.raises(KeyError):
        bad.result(PATIENCE)
    assert held.recorder.batches[1] == ["good", "bad", "fine"]
    assert held.engine.run(Asked(encode(tiny, "after"), ALL)).encoding.text == "after"


def test_an_input_that_the_model_cannot_run_leaves_its_neighbours_alone(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    sound = encode(tiny, "the cat")
    foreign = replace(sound, ids=(2, 999_999, 999_999, 3))  # as if from another vocabulary
    futures = [held.engine.submit(Asked(encoding, ALL)) for encoding in (sound, foreign)]
    held.let_go()
    assert_same(futures[0].result(PATIENCE), run_bert(tiny, sound))
    with pytest.raises(IndexError):
        futures[1].result(PATIENCE)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 80 TB"),
        RuntimeError("CUDA out of memory. Tried to allocate 80 TiB"),
    ],
)
def test_want_of_memory_is_told_in_a_sentence(
    tiny: Bert, engine: Engine, recorder: Recorder, error: Exception
) -> None:
    recorder.fails = lambda texts: error
    with pytest.raises(EngineError, match="not enough memory") as caught:
        engine.run(Asked(encode(tiny, "the cat"), ALL))
    assert isinstance(caught.value, BertLensError)
    recorder.fails = lambda texts: None
    assert engine.run(Asked(encode(tiny, "the cat"), ALL)).encoding.text == "the cat"


def test_other_errors_are_not_mistaken_for_want_of_memory() -> None:
    assert not is_memory_error(RuntimeError("size mismatch"))
    assert not is_memory_error(ValueError("out of memory"))


# The end


def test_closing_ends_the_thread_and_fails_what_waits(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    waiting = held.engine.submit(Asked(encode(tiny, "the cat"), ALL))
    closing = threading.Thread(target=held.engine.close)
    closing.start()
    with pytest.raises(EngineClosedError):
        waiting.result(PATIENCE)
    held.let_go()
    closing.join(PATIENCE)
    assert held.first.result(PATIENCE).encoding.text == "hold"
    assert not held.engine._worker.is_alive()
    assert held.engine.cached_bytes == 0
    with pytest.raises(EngineClosedError):
        held.engine.submit(Asked(encode(tiny, "the cat"), ALL))
    held.engine.close()


def test_an_engine_with_work_is_not_closed_as_idle(hold: Callable[..., Held]) -> None:
    held = hold()
    assert not held.engine.idle
    assert not held.engine.close_if_idle()
    held.let_go()
    held.first.result(PATIENCE)
    assert held.engine.close_if_idle()
    assert held.engine.closed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_dies_leaves_nobody_waiting(tiny: Bert) -> None:
    def die(*_: object) -> list[BertRun]:
        raise SystemExit

    engine = Engine(tiny, run=die)
    with pytest.raises(EngineClosedError):
        engine.submit(Asked(encode(tiny, "the cat"), ALL)).result(PATIENCE)
    engine._worker.join(PATIENCE)
    assert engine.closed


def test_a_callback_may_close_the_engine(tiny: Bert) -> None:
    engine = Engine(tiny)
    ended = threading.Event()

    def close(_: object) -> None:
        engine.close()
        ended.set()

    engine.submit(Asked(encode(tiny, "the cat"), ALL)).add_done_callback(close)
    assert ended.wait(PATIENCE)
    engine._worker.join(PATIENCE)
    assert not engine._worker.is_alive()


def test_the_interpreter_ends_while_an_engine_is_open_and_works() -> None:
    code = (
        "from tests.kit.tiny import tiny_bert; from bert_core.serving.engine import Engine;"
        "from bert_core.model.tokenization import encode;"
        "from bert_core.model.inference import ALL, Asked;"
        "bert = tiny_bert(); engine = Engine(bert);"
        "engine.run(Asked(encode(bert, 'the cat'), ALL));"
        "[engine.submit(Asked(encode(bert, 'cat ' * n), ALL)) for n in range(100, 150)]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
