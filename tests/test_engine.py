"""The Engine: what is shared between those who ask, and what never is."""

import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
import pytest

from bert_core.engine import Engine, is_memory_error
from bert_core.errors import (
    BertLensError,
    EngineBusyError,
    EngineClosedError,
    EngineError,
    InputError,
)
from bert_core.inference import ALL, ATTENTIONS, HIDDEN_STATES, BertRun, run_batch, run_bert
from bert_core.model import Bert
from bert_core.tokenization import Encoding, encode

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

    def __call__(
        self, bert: Bert, encodings: Sequence[Encoding], keeps: Sequence[Collection[str]]
    ) -> list[BertRun]:
        texts = [encoding.text for encoding in encodings]
        self.batches.append(texts)
        self.keeps.append([frozenset(keep) for keep in keeps])
        self.entered.release()
        if not self.gate.wait(PATIENCE):
            raise TimeoutError("the test forgot to open the gate")
        error = self.fails(texts)
        if error is not None:
            raise error
        return run_batch(bert, encodings, keeps)

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
        self.first = self.engine.submit(encode(bert, "hold"))
        self.recorder.wait_until_running()

    def let_go(self) -> None:
        self.recorder.gate.set()


@pytest.fixture
def hold(tiny: Bert) -> Iterator[Callable[..., Held]]:
    made: list[Held] = []

    def make(**options: int) -> Held:
        made.append(Held(tiny, **options))
        return made[-1]

    yield make
    for held in made:
        held.let_go()
        held.engine.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(tiny: Bert, recorder: Recorder) -> Iterator[Engine]:
    with Engine(tiny, run=recorder) as made:
        yield made


def assert_same(ours: BertRun, expected: BertRun, tolerance: float = 1e-5) -> None:
    assert ours.kept == expected.kept
    for part in (*ALL, "last_hidden_state", "pooled", "next_sentence_logits"):
        left, right = getattr(ours, part), getattr(expected, part)
        if right is not None:
            assert left.shape == right.shape
            np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)


# Answers


def test_one_request_equals_a_direct_run(tiny: Bert, engine: Engine) -> None:
    encoding = encode(tiny, "the cat sat on the mat", "the dog ran")
    assert_same(engine.run(encoding), run_bert(tiny, encoding), tolerance=0)


@pytest.mark.parametrize("model", ["tiny", "embedded"])
def test_batched_equals_alone(model: str, request: pytest.FixtureRequest) -> None:
    bert: Bert = request.getfixturevalue(model)
    encodings = [encode(bert, " ".join(["the cat sat"] * n)) for n in (1, 2, 3, 4)]
    recorder = Recorder()
    with Engine(bert, run=recorder) as engine:
        runs = engine.run_many(encodings)
    assert max(map(len, recorder.batches)) > 1
    for run, encoding in zip(runs, encodings, strict=True):
        assert_same(run, run_bert(bert, encoding))


def test_sixteen_threads_get_their_own_answers(tiny: Bert, engine: Engine) -> None:
    encodings = [encode(tiny, sentence) for sentence in SENTENCES]
    together = threading.Barrier(len(encodings))

    def ask(encoding: Encoding) -> list[BertRun]:
        together.wait(PATIENCE)
        return [engine.run(encoding), engine.run(encoding, (ATTENTIONS,))]

    with ThreadPoolExecutor(len(encodings)) as pool:
        answers = list(pool.map(ask, encodings, timeout=PATIENCE))
    for encoding, runs in zip(encodings, answers, strict=True):
        for run in runs:
            assert run.encoding is encoding
            assert_same(run, run_bert(tiny, encoding, run.kept))


def test_arrays_are_read_only(tiny: Bert, engine: Engine) -> None:
    run = engine.run(encode(tiny, "the cat"))
    for array in (run.attentions, run.hidden_states, run.last_hidden_state, run.pooled):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_only_what_was_asked_for_is_kept(tiny: Bert, engine: Engine) -> None:
    for keep in ((), (ATTENTIONS,), (HIDDEN_STATES,), ALL):
        assert engine.run(encode(tiny, f"keeps {len(keep)} {keep}"), keep).kept == set(keep)


def test_many_may_each_keep_their_own(tiny: Bert, engine: Engine) -> None:
    keeps = [(), (ATTENTIONS,), (HIDDEN_STATES,)]
    runs = engine.run_many([encode(tiny, text) for text in SENTENCES[:3]], keeps=keeps)
    assert [run.kept for run in runs] == [set(keep) for keep in keeps]


def test_a_list_longer_than_the_queue_is_answered_in_order(tiny: Bert) -> None:
    encodings = [encode(tiny, f"the cat {n}") for n in range(20)]
    with Engine(tiny, max_waiting=8) as engine:
        runs = engine.run_many(encodings, (), priority="scan")
    assert [run.encoding for run in runs] == encodings


def test_an_unknown_part_is_refused_before_it_waits(tiny: Bert, engine: Engine) -> None:
    with pytest.raises(InputError):
        engine.submit(encode(tiny, "the cat"), ("gradients",))
    assert engine.idle


# Sharing


def test_equal_inputs_run_once(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(cache_bytes=0)
    futures = [held.engine.submit(encode(tiny, "the cat sat")) for _ in range(5)]
    futures += [held.engine.submit(encode(tiny, "hold")) for _ in range(5)]
    assert held.engine.waiting == 1
    held.let_go()
    for future in futures:
        assert future.result(PATIENCE).kept == set(ALL)
    assert held.recorder.batches == [["hold"], ["the cat sat"]]


def test_a_request_that_needs_more_than_the_running_one_keeps_runs_again(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    less = held.engine.submit(encode(tiny, "the cat"), (ATTENTIONS,))
    more = held.engine.submit(encode(tiny, "the cat"), (HIDDEN_STATES,))
    running = held.engine.submit(encode(tiny, "hold"), ())
    held.let_go()
    assert less.result(PATIENCE).kept == {ATTENTIONS}
    assert more.result(PATIENCE).kept == {HIDDEN_STATES}
    assert running.result(PATIENCE).kept == set()
    assert held.recorder.keeps == [[frozenset(ALL)], [frozenset(ALL)]]


def test_a_running_batch_that_keeps_too_little_is_not_joined(tiny: Bert) -> None:
    recorder = Recorder(held=True)
    with Engine(tiny, run=recorder) as engine:
        little = engine.submit(encode(tiny, "the cat"), ())
        recorder.wait_until_running()
        much = engine.submit(encode(tiny, "the cat"), ALL)
        recorder.gate.set()
        assert little.result(PATIENCE).kept == set()
        assert much.result(PATIENCE).kept == set(ALL)
    assert recorder.batches == [["the cat"], ["the cat"]]


def test_each_caller_gets_their_own_encoding(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    typed = [encode(tiny, text) for text in ("Hello world", "hello world", "HELLO  world")]
    assert len({encoding.ids for encoding in typed}) == 1
    futures = [held.engine.submit(encoding) for encoding in typed]
    held.let_go()
    for encoding, future in zip(typed, futures, strict=True):
        assert future.result(PATIENCE).encoding is encoding
    later = encode(tiny, "hElLo world")
    assert held.engine.run(later).encoding is later
    assert held.recorder.texts == ["hold", "Hello world"]


def test_segments_tell_inputs_apart(tiny: Bert, engine: Engine) -> None:
    from dataclasses import replace

    first = encode(tiny, "the cat sat")
    second = replace(first, segments=tuple(1 for _ in first.segments))
    a, b = engine.run(first), engine.run(second)
    assert not np.allclose(a.last_hidden_state, b.last_hidden_state)


# The cache


def test_what_was_run_is_answered_without_the_worker(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    held.let_go()
    known = held.engine.run(encode(tiny, "the cat sat"))
    held.recorder.gate.clear()
    held.engine.submit(encode(tiny, "the worker is busy with this"))
    again = held.engine.submit(encode(tiny, "the cat sat"))
    assert again.done()
    assert again.result().attentions is known.attentions


def test_a_run_that_keeps_more_serves_less_without_a_copy(tiny: Bert, engine: Engine) -> None:
    encoding = encode(tiny, "the cat sat")
    more = engine.run(encoding, ALL)
    less = engine.run(encoding, (ATTENTIONS,))
    assert less.kept == {ATTENTIONS}
    assert less.attentions is more.attentions


def test_a_run_that_keeps_less_does_not_serve_more(
    tiny: Bert, engine: Engine, recorder: Recorder
) -> None:
    encoding = encode(tiny, "the cat sat")
    engine.run(encoding, (ATTENTIONS,))
    engine.run(encoding, (HIDDEN_STATES,))
    assert len(recorder.batches) == 2
    both = engine.run(encoding, ALL)
    assert len(recorder.batches) == 2
    assert_same(both, run_bert(tiny, encoding))


def test_the_cache_stays_within_its_bytes_and_forgets_the_longest_unused(
    tiny: Bert, recorder: Recorder
) -> None:
    texts = ["a cat", "a dog", "a mat", "a bank"]
    one = run_bert(tiny, encode(tiny, texts[0])).bytes
    with Engine(tiny, cache_bytes=3 * one, run=recorder) as engine:
        for text in texts[:3]:
            engine.run(encode(tiny, text))
        engine.run(encode(tiny, "a cat"))  # used again: "a dog" is the oldest now
        engine.run(encode(tiny, "a bank"))
        assert engine.cached_bytes == 3 * one
        assert recorder.texts == texts
        for text in ("a cat", "a mat", "a bank"):
            engine.run(encode(tiny, text))
        assert recorder.texts == texts
        engine.run(encode(tiny, "a dog"))
        assert recorder.texts == [*texts, "a dog"]


def test_a_run_larger_than_the_cache_is_answered_and_not_kept(tiny: Bert) -> None:
    with Engine(tiny, cache_bytes=1000) as engine:
        assert engine.run(encode(tiny, "the cat sat on the mat")).attentions is not None
        assert engine.cached_bytes == 0


# Order, batches and room


def test_inputs_of_like_length_share_a_batch_and_others_do_not(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    short, long = ["a", "a b", "a b c"], [" ".join("a" * n) for n in (60, 61, 62)]
    mixed = [text for pair in zip(short, long, strict=True) for text in pair]
    futures = [held.engine.submit(encode(tiny, text), ()) for text in mixed]
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    assert held.recorder.batches == [["hold"], short, long]


def test_a_batch_stays_within_its_bytes(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(batch_bytes=1)
    futures = [held.engine.submit(encode(tiny, text)) for text in SENTENCES[:4]]
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    assert all(len(batch) == 1 for batch in held.recorder.batches)


def test_visitors_come_before_scans_and_scans_run_in_small_batches(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    scan = [f"scan {n} a b c d e f g h i j k l m n o p" for n in range(8)]
    scans = [held.engine.submit(encode(tiny, text), (), priority="scan") for text in scan]
    visitors = [held.engine.submit(encode(tiny, text), ()) for text in ("the cat", "the dog")]
    held.let_go()
    for future in (*scans, *visitors):
        future.result(PATIENCE)
    assert held.recorder.batches[1] == ["the cat", "the dog"]
    assert held.recorder.texts[3:] == scan
    assert len(held.recorder.batches[2]) < len(scan)


def test_a_scan_that_a_visitor_asks_for_too_is_a_visitors(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    others = [held.engine.submit(encode(tiny, "a b c"), (), priority="scan")]
    others += [held.engine.submit(encode(tiny, "the cat"), (), priority="scan")]
    visitor = held.engine.submit(encode(tiny, "the cat"), ())
    held.let_go()
    for future in (*others, visitor):
        future.result(PATIENCE)
    assert held.recorder.batches == [["hold"], ["the cat"], ["a b c"]]


def test_a_full_queue_says_busy_and_takes_nothing(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=4)
    futures = [held.engine.submit(encode(tiny, text)) for text in SENTENCES[:3]]
    with pytest.raises(EngineBusyError, match="Too many people"):
        held.engine._submit([encode(tiny, t) for t in SENTENCES[3:5]], [(), ()], "visitor", None)
    assert held.engine.waiting == 3
    futures.append(held.engine.submit(encode(tiny, SENTENCES[3])))
    with pytest.raises(EngineBusyError):
        held.engine.submit(encode(tiny, SENTENCES[4]))
    futures.append(held.engine.submit(encode(tiny, SENTENCES[0])))  # equal to one that waits
    held.let_go()
    assert [future.result(PATIENCE).encoding.text for future in futures] == [
        *SENTENCES[:4],
        SENTENCES[0],
    ]


def test_scans_leave_half_of_the_queue_to_visitors(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=4)
    for text in SENTENCES[:2]:
        held.engine.submit(encode(tiny, text), priority="scan")
    with pytest.raises(EngineBusyError):
        held.engine.submit(encode(tiny, SENTENCES[2]), priority="scan")
    held.engine.submit(encode(tiny, SENTENCES[2]))


def test_what_was_given_up_makes_room(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=2)
    for text in SENTENCES[:2]:
        held.engine.submit(encode(tiny, text)).cancel()
    held.engine.submit(encode(tiny, SENTENCES[2]))
    assert held.engine.waiting == 1


# Giving up


def test_what_nobody_wants_any_more_never_runs(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    unwanted = held.engine.submit(encode(tiny, "left the page"), still_wanted=lambda: False)
    cancelled = held.engine.submit(encode(tiny, "gave up"))
    wanted = held.engine.submit(encode(tiny, "the cat"), still_wanted=lambda: True)
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
    gone = held.engine.submit(encode(tiny, "the cat"), still_wanted=lambda: False)
    stays = held.engine.submit(encode(tiny, "the cat"))
    held.let_go()
    assert stays.result(PATIENCE).encoding.text == "the cat"
    assert gone.cancelled()


def test_a_question_that_fails_fails_only_its_own_request(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    held = hold()
    bad = held.engine.submit(encode(tiny, "the cat"), still_wanted=broken)
    good = held.engine.submit(encode(tiny, "the dog"))
    held.let_go()
    assert good.result(PATIENCE).encoding.text == "the dog"
    with pytest.raises(ZeroDivisionError):
        bad.result(PATIENCE)


# Errors


def test_an_error_in_one_reaches_only_that_one(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    held.recorder.fails = lambda texts: KeyError("bad") if "bad" in texts else None
    good, bad, fine = (held.engine.submit(encode(tiny, text)) for text in ("good", "bad", "fine"))
    held.let_go()
    assert good.result(PATIENCE).encoding.text == "good"
    assert fine.result(PATIENCE).encoding.text == "fine"
    with pytest.raises(KeyError):
        bad.result(PATIENCE)
    assert held.recorder.batches[1] == ["good", "bad", "fine"]
    assert held.engine.run(encode(tiny, "after")).encoding.text == "after"


def test_an_input_that_the_model_cannot_run_leaves_its_neighbours_alone(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    from dataclasses import replace

    held = hold()
    sound = encode(tiny, "the cat")
    foreign = replace(sound, ids=(2, 999_999, 999_999, 3))  # as if from another vocabulary
    futures = [held.engine.submit(encoding) for encoding in (sound, foreign)]
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
        engine.run(encode(tiny, "the cat"))
    assert isinstance(caught.value, BertLensError)
    recorder.fails = lambda texts: None
    assert engine.run(encode(tiny, "the cat")).encoding.text == "the cat"


def test_other_errors_are_not_mistaken_for_want_of_memory() -> None:
    assert not is_memory_error(RuntimeError("size mismatch"))
    assert not is_memory_error(ValueError("out of memory"))


# The end


def test_closing_ends_the_thread_and_fails_what_waits(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    waiting = held.engine.submit(encode(tiny, "the cat"))
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
        held.engine.submit(encode(tiny, "the cat"))
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
        engine.submit(encode(tiny, "the cat")).result(PATIENCE)
    engine._worker.join(PATIENCE)
    assert engine.closed


def test_a_callback_may_close_the_engine(tiny: Bert) -> None:
    engine = Engine(tiny)
    ended = threading.Event()

    def close(_: object) -> None:
        engine.close()
        ended.set()

    engine.submit(encode(tiny, "the cat")).add_done_callback(close)
    assert ended.wait(PATIENCE)
    engine._worker.join(PATIENCE)
    assert not engine._worker.is_alive()


def test_the_interpreter_ends_while_an_engine_is_open_and_works() -> None:
    code = (
        "from tests.tiny import tiny_bert; from bert_core.engine import Engine;"
        "from bert_core.tokenization import encode; bert = tiny_bert(); engine = Engine(bert);"
        "engine.run(encode(bert, 'the cat'));"
        "[engine.submit(encode(bert, ' '.join(['cat'] * n))) for n in range(100, 150)]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
