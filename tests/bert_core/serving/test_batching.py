"""Which inputs share a batch, and how the rule learns from the time that they took."""

from dataclasses import dataclass, replace

import pytest

from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, ATTENTIONS, HIDDEN_STATES, Asked
from bert_core.model.tokenization import encode
from bert_core.serving.batching import (
    BATCH_SECONDS,
    LEAST_TOKENS,
    PRIORITIES,
    BatchRule,
    Priority,
    alike,
    estimate_bytes,
)


@dataclass(frozen=True, eq=False)
class Waiting:
    asked: Asked
    priority: Priority
    call: int = 0


def make(bert: Bert, lengths: list[int], priority: Priority = "visitor") -> list[Waiting]:
    """Inputs of so many tokens."""
    return [Waiting(Asked(encode(bert, "a " * (tokens - 2))), priority) for tokens in lengths]


def lengths(batch: list[Waiting]) -> list[int]:
    return [len(one.asked.encoding) for one in batch]


@pytest.fixture
def rule(tiny: Bert) -> BatchRule:
    return BatchRule(tiny, 10**9)


def test_nobody_waits_nothing_is_picked(rule: BatchRule) -> None:
    assert rule.pick([]) == []


def test_the_first_decides_the_length_of_the_others(tiny: Bert, rule: BatchRule) -> None:
    waiting = make(tiny, [40, 100, 50, 41, 5])
    assert lengths(rule.pick(waiting)) == [40, 50, 41]
    assert not alike(100, 134)
    assert alike(100, 133)


def test_the_longest_and_the_shortest_are_alike_too(tiny: Bert, rule: BatchRule) -> None:
    waiting = make(tiny, [40, 55, 30, 34])  # 34 suits 40, but not 55
    assert lengths(rule.pick(waiting)) == [40, 55]


def test_a_single_input_runs_however_large_it_is(tiny: Bert) -> None:
    waiting = make(tiny, [512, 512])
    assert len(BatchRule(tiny, 1).pick(waiting)) == 1


def test_more_kept_is_more_memory(tiny: Bert) -> None:
    sizes = [estimate_bytes(tiny, 2, 64, keep) for keep in ((), (HIDDEN_STATES,), ALL)]
    assert sizes == sorted(set(sizes))
    assert estimate_bytes(tiny, 4, 64, ALL) == 2 * estimate_bytes(tiny, 2, 64, ALL)
    kept = 2 * tiny.layers * tiny.heads * 64 * 64 * 4
    assert estimate_bytes(tiny, 1, 64, (ATTENTIONS,)) - estimate_bytes(tiny, 1, 64, ()) == kept


@pytest.mark.parametrize("priority", PRIORITIES)
def test_batches_grow_while_they_are_fast_and_shrink_when_they_are_not(
    tiny: Bert, rule: BatchRule, priority: Priority
) -> None:
    waiting = make(tiny, [16] * 256, priority)
    first = len(rule.pick(waiting))
    for _ in range(4):
        rule.learn(priority, 16 * len(rule.pick(waiting)), BATCH_SECONDS[priority] / 10)
    fast = len(rule.pick(waiting))
    for _ in range(8):
        rule.learn(priority, 16 * len(rule.pick(waiting)), BATCH_SECONDS[priority] * 3)
    slow = len(rule.pick(waiting))
    assert slow < first < fast < 256


def test_a_fast_batch_that_nothing_held_back_teaches_nothing(tiny: Bert, rule: BatchRule) -> None:
    crowd = make(tiny, [16] * 256)
    before = len(rule.pick(crowd))
    for _ in range(20):
        rule.learn("visitor", 16 * len(rule.pick(make(tiny, [16, 16]))), 0.001)
    assert len(rule.pick(crowd)) == before


def readout(bert: Bert, tokens: list[int], call: int) -> list[Waiting]:
    return [replace(one, call=call) for one in make(bert, tokens, "readout")]


def test_of_readouts_the_newest_sentence_comes_first_and_older_ones_fill_the_pass(
    tiny: Bert, rule: BatchRule
) -> None:
    old, new = readout(tiny, [10] * 20, 1), readout(tiny, [40, 12], 2)
    picked = rule.pick([*old, *new])
    assert picked == [*new, *old[: len(picked) - 2]]  # whatever their lengths
    assert 2 < len(picked) < 22


def test_visitors_come_before_readouts_and_readouts_take_turns_with_scans(
    tiny: Bert, rule: BatchRule
) -> None:
    (visitor,), (scan,) = make(tiny, [8]), make(tiny, [8], "scan")
    (ask,) = readout(tiny, [8], 1)
    assert rule.pick([scan, ask, visitor]) == [visitor]
    turns = [rule.pick([scan, ask])[0].priority for _ in range(4)]
    assert turns == ["readout", "scan", "readout", "scan"]
    assert [rule.pick([ask])[0] for _ in range(2)] == [ask, ask]
    assert rule.pick([scan, ask, visitor]) == [visitor]


def test_a_pass_of_readouts_stays_within_its_bytes(tiny: Bert) -> None:
    room = estimate_bytes(tiny, 2, 8, ())
    assert len(BatchRule(tiny, room).pick(readout(tiny, [8] * 5, 1))) == 2


def test_readouts_never_get_smaller_than_what_a_pass_is_worth(tiny: Bert, rule: BatchRule) -> None:
    for _ in range(20):
        rule.learn("readout", 128, 60.0)
    picked = rule.pick(readout(tiny, [16] * 64, 1))
    assert len(picked) == LEAST_TOKENS // 16


def test_scans_are_smaller_than_what_visitors_get(tiny: Bert, rule: BatchRule) -> None:
    sizes = {p: len(rule.pick(make(tiny, [16] * 64, p))) for p in BATCH_SECONDS}
    assert sizes["scan"] < sizes["visitor"]
