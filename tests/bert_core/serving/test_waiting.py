"""What waits in an engine: equal inputs share a run, order and room are kept, and a cache."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bert_core.errors import EngineBusyError
from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, AT_MASKS, ATTENTIONS, HIDDEN_STATES, Asked, run_bert
from bert_core.model.tokenization import encode
from bert_core.serving.engine import Engine
from tests.kit.recorder import PATIENCE, SENTENCES, Held, Recorder, assert_same

# Sharing


def test_equal_inputs_run_once(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(cache_bytes=0)
    futures = [held.engine.submit(Asked(encode(tiny, "the cat sat"), ALL)) for _ in range(5)]
    futures += [held.engine.submit(Asked(encode(tiny, "hold"), ALL)) for _ in range(5)]
    assert held.engine.waiting == 1
    held.let_go()
    for future in futures:
        assert future.result(PATIENCE).kept == set(ALL)
    assert held.recorder.batches == [["hold"], ["the cat sat"]]


def test_a_request_that_needs_more_than_the_running_one_keeps_runs_again(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    less = held.engine.submit(Asked(encode(tiny, "the cat"), (ATTENTIONS,)))
    more = held.engine.submit(Asked(encode(tiny, "the cat"), (HIDDEN_STATES,)))
    running = held.engine.submit(Asked(encode(tiny, "hold")))
    held.let_go()
    assert less.result(PATIENCE).kept == {ATTENTIONS}
    assert more.result(PATIENCE).kept == {HIDDEN_STATES}
    assert running.result(PATIENCE).kept == set()
    assert held.recorder.keeps == [[frozenset(ALL)], [frozenset(ALL)]]


def test_a_running_batch_that_keeps_too_little_is_not_joined(tiny: Bert) -> None:
    recorder = Recorder(held=True)
    with Engine(tiny, run=recorder) as engine:
        little = engine.submit(Asked(encode(tiny, "the cat")))
        recorder.wait_until_running()
        much = engine.submit(Asked(encode(tiny, "the cat"), ALL))
        recorder.gate.set()
        assert little.result(PATIENCE).kept == set()
        assert much.result(PATIENCE).kept == set(ALL)
    assert recorder.batches == [["the cat"], ["the cat"]]


def test_each_caller_gets_their_own_encoding(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    typed = [encode(tiny, text) for text in ("Hello world", "hello world", "HELLO  world")]
    assert len({encoding.ids for encoding in typed}) == 1
    futures = [held.engine.submit(Asked(encoding, ALL)) for encoding in typed]
    held.let_go()
    for encoding, future in zip(typed, futures, strict=True):
        assert future.result(PATIENCE).encoding is encoding
    later = encode(tiny, "hElLo world")
    assert held.engine.run(Asked(later, ALL)).encoding is later
    assert held.recorder.texts == ["hold", "Hello world"]


def test_segments_tell_inputs_apart(tiny: Bert, engine: Engine) -> None:
    first = encode(tiny, "the cat sat")
    second = replace(first, segments=tuple(1 for _ in first.segments))
    a, b = engine.run(Asked(first, ALL)), engine.run(Asked(second, ALL))
    assert not np.allclose(a.last_hidden_state, b.last_hidden_state)


# The cache


def test_what_was_run_is_answered_without_the_worker(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold()
    held.let_go()
    known = held.engine.run(Asked(encode(tiny, "the cat sat"), ALL))
    held.recorder.gate.clear()
    held.engine.submit(Asked(encode(tiny, "the worker is busy with this"), ALL))
    again = held.engine.submit(Asked(encode(tiny, "the cat sat"), ALL))
    assert again.done()
    assert again.result().attentions is known.attentions


def test_a_run_that_keeps_more_serves_less_without_a_copy(tiny: Bert, engine: Engine) -> None:
    encoding = encode(tiny, "the cat sat")
    more = engine.run(Asked(encoding, ALL))
    less = engine.run(Asked(encoding, (ATTENTIONS,)))
    assert less.kept == {ATTENTIONS}
    assert less.attentions is more.attentions


def test_a_run_that_keeps_less_does_not_serve_more(
    tiny: Bert, engine: Engine, recorder: Recorder
) -> None:
    encoding = encode(tiny, "the cat sat")
    engine.run(Asked(encoding, (ATTENTIONS,)))
    engine.run(Asked(encoding, (HIDDEN_STATES,)))
    assert len(recorder.batches) == 2
    both = engine.run(Asked(encoding, ALL))
    assert len(recorder.batches) == 2
    assert_same(both, run_bert(tiny, encoding))


def test_the_cache_stays_within_its_bytes_and_forgets_the_longest_unused(
    tiny: Bert, recorder: Recorder
) -> None:
    texts = ["a cat", "a dog", "a mat", "a bank"]
    one = run_bert(tiny, encode(tiny, texts[0])).bytes
    with Engine(tiny, cache_bytes=3 * one, run=recorder) as engine:
        for text in texts[:3]:
            engine.run(Asked(encode(tiny, text), ALL))
        engine.run(Asked(encode(tiny, "a cat"), ALL))  # used again: "a dog" is the oldest now
        engine.run(Asked(encode(tiny, "a bank"), ALL))
        assert engine.cached_bytes == 3 * one
        assert recorder.texts == texts
        for text in ("a cat", "a mat", "a bank"):
            engine.run(Asked(encode(tiny, text), ALL))
        assert recorder.texts == texts
        engine.run(Asked(encode(tiny, "a dog"), ALL))
        assert recorder.texts == [*texts, "a dog"]


def test_a_run_larger_than_the_cache_is_answered_and_not_kept(tiny: Bert) -> None:
    with Engine(tiny, cache_bytes=1000) as engine:
        assert engine.run(Asked(encode(tiny, "the cat sat on the mat"), ALL)).attentions is not None
        assert engine.cached_bytes == 0


# Order, batches and room


def test_inputs_of_like_length_share_a_batch_and_others_do_not(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    short, long = ["a", "a b", "a b c"], [" ".join("a" * n) for n in (60, 61, 62)]
    mixed = [text for pair in zip(short, long, strict=True) for text in pair]
    futures = [held.engine.submit(Asked(encode(tiny, text))) for text in mixed]
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    assert held.recorder.batches == [["hold"], short, long]


def test_a_batch_stays_within_its_bytes(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(batch_bytes=1)
    futures = [held.engine.submit(Asked(encode(tiny, text), ALL)) for text in SENTENCES[:4]]
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    assert all(len(batch) == 1 for batch in held.recorder.batches)


def test_visitors_come_before_scans_and_scans_run_in_small_batches(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    scan = [f"scan {n} a b c d e f g h i j k l m n o p" for n in range(8)]
    scans = [held.engine.submit(Asked(encode(tiny, text)), priority="scan") for text in scan]
    visitors = [held.engine.submit(Asked(encode(tiny, text))) for text in ("the cat", "the dog")]
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
    others = [held.engine.submit(Asked(encode(tiny, "a b c")), priority="scan")]
    others += [held.engine.submit(Asked(encode(tiny, "the cat")), priority="scan")]
    visitor = held.engine.submit(Asked(encode(tiny, "the cat")))
    held.let_go()
    for future in (*others, visitor):
        future.result(PATIENCE)
    assert held.recorder.batches == [["hold"], ["the cat"], ["a b c"]]


def test_a_full_queue_says_busy_and_takes_nothing(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=4)
    futures = [held.engine.submit(Asked(encode(tiny, text), ALL)) for text in SENTENCES[:3]]
    with pytest.raises(EngineBusyError, match="Too many people"):
        held.engine._submit([Asked(encode(tiny, t)) for t in SENTENCES[3:5]], "visitor", None)
    assert held.engine.waiting == 3
    futures.append(held.engine.submit(Asked(encode(tiny, SENTENCES[3]), ALL)))
    with pytest.raises(EngineBusyError):
        held.engine.submit(Asked(encode(tiny, SENTENCES[4]), ALL))
    futures.append(
        held.engine.submit(Asked(encode(tiny, SENTENCES[0]), ALL))
    )  # equal to one that waits
    held.let_go()
    assert [future.result(PATIENCE).encoding.text for future in futures] == [
        *SENTENCES[:4],
        SENTENCES[0],
    ]


def test_scans_leave_half_of_the_queue_to_visitors(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=4)
    for text in SENTENCES[:2]:
        held.engine.submit(Asked(encode(tiny, text), ALL), priority="scan")
    with pytest.raises(EngineBusyError):
        held.engine.submit(Asked(encode(tiny, SENTENCES[2]), ALL), priority="scan")
    held.engine.submit(Asked(encode(tiny, SENTENCES[2]), ALL))


def test_readouts_have_a_room_of_their_own(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=1)
    for number in range(16):
        asked = Asked(encode(tiny, f"{number} [MASK]"), {AT_MASKS})
        held.engine.submit(asked, priority="readout")
    with pytest.raises(EngineBusyError):
        held.engine.submit(Asked(encode(tiny, "[MASK]"), {AT_MASKS}), priority="readout")
    held.engine.submit(Asked(encode(tiny, SENTENCES[0]), ALL))


def test_the_newest_readout_is_run_first_and_a_visitor_before_it(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold()
    texts = ["old [MASK]", "old [MASK] too", "new [MASK]"]
    asked = [Asked(encode(tiny, text), {AT_MASKS}) for text in texts]
    futures = held.engine._submit(asked[:2], "readout", None)
    futures += held.engine._submit(asked[2:], "readout", None)
    futures.append(held.engine.submit(Asked(encode(tiny, "a visitor"))))
    held.let_go()
    for future in futures:
        future.result(PATIENCE)
    assert held.recorder.batches[1:] == [["a visitor"], ["new [MASK]", *texts[:2]]]


def test_a_run_of_masks_neither_serves_a_whole_one_nor_is_served_by_it(
    tiny: Bert, engine: Engine, recorder: Recorder
) -> None:
    encoding = encode(tiny, "the [MASK] sat")
    whole, at_masks = Asked(encoding), Asked(encoding, {AT_MASKS})
    for asked in (whole, at_masks, whole, at_masks):
        assert engine.run(asked).kept == set(asked.keep)
    assert len(recorder.batches) == 2


def test_readouts_that_nobody_wants_any_more_make_room_at_once(
    hold: Callable[..., Held], tiny: Bert
) -> None:
    held = hold(max_waiting=4)
    gone = threading.Event()
    asked = [Asked(encode(tiny, f"{number} [MASK]"), {AT_MASKS}) for number in range(64)]
    old = held.engine._submit(asked[:63], "readout", lambda: not gone.is_set())
    new = held.engine._submit(asked[63:], "readout", None)
    gone.set()
    held.let_go()
    new[0].result(PATIENCE)
    assert all(future.cancelled() for future in old)
    assert held.recorder.batches[1:] == [["63 [MASK]"]]
    assert held.engine.waiting == 0


def test_what_was_given_up_makes_room(hold: Callable[..., Held], tiny: Bert) -> None:
    held = hold(max_waiting=2)
    for text in SENTENCES[:2]:
        held.engine.submit(Asked(encode(tiny, text), ALL)).cancel()
    held.engine.submit(Asked(encode(tiny, SENTENCES[2]), ALL))
    assert held.engine.waiting == 1
