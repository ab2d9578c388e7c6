"""Which of the waiting inputs run together: like lengths, bounded in bytes and in seconds."""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol, TypeVar, get_args

from bert_core.model.bert import Bert
from bert_core.model.inference import ATTENTIONS, HIDDEN_STATES, Asked

# Who asks, the most urgent first: a page that somebody waits for; its readout, which is drawn when
# the page stands; work that shows how far it is.
Priority = Literal["visitor", "readout", "scan"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)

# How long a batch of each kind may take, as far as its speed is known: somebody who comes while
# it runs waits for all of it.
BATCH_SECONDS: dict[Priority, float] = {"visitor": 0.5, "readout": 0.08, "scan": 0.1}

# Tokens in a batch before the first was measured: right for BERT-base on two slow cores.
FIRST_TOKENS: dict[Priority, float] = {"visitor": 320, "readout": 128, "scan": 64}

# Below so many tokens a pass of a readout takes longer to begin than to run.
LEAST_TOKENS = 96

FLOAT_BYTES = 4


class Candidate(Protocol):
    """What the rule has to know of an input that waits.

    call: number of the call that asked for it last; inputs of one call are one sentence's.
    """

    @property
    def asked(self) -> Asked: ...

    @property
    def priority(self) -> Priority: ...

    @property
    def call(self) -> int: ...


C = TypeVar("C", bound=Candidate)


def alike(shortest: int, longest: int) -> bool:
    """Whether these lengths may share a batch: padding stays under a fifth, or 8 tokens a row."""
    return longest <= 1.25 * shortest + 8


def estimate_bytes(bert: Bert, rows: int, tokens: int, keep: Collection[str]) -> int:
    """Memory that a batch of (rows, tokens) takes at its peak, an upper estimate.

    What is kept counts twice, as the model's tensors and as the arrays that are made from them.
    One layer at work holds its scores before, with the mask, and after softmax, and its
    projections, residuals and feed-forward states.
    """
    square = bert.heads * tokens * tokens
    state = tokens * bert.hidden
    wide = tokens * int(bert.model.config.intermediate_size)
    numbers = 3 * square + 8 * state + 2 * wide
    if ATTENTIONS in keep:
        numbers += 2 * bert.layers * square
    if HIDDEN_STATES in keep:
        numbers += 2 * (bert.layers + 1) * state
    return rows * numbers * FLOAT_BYTES


class BatchRule:
    """Picks the next batch, and learns from each how many tokens a batch may have."""

    def __init__(self, bert: Bert, max_bytes: int) -> None:
        self._bert = bert
        self._max_bytes = max_bytes
        self._max_tokens = dict(FIRST_TOKENS)
        self._held_back = False
        self._last: Priority = "scan"

    def pick(self, waiting: Sequence[C]) -> list[C]:
        """Visitors first, then readouts and scans in turn; and the company that suits the first.

        Of readouts the newest sentence comes first, of the others who has waited longest. Never
        empty where somebody waits: a single input runs however large it is.
        """
        asked = {one.priority for one in waiting}
        if not asked:
            return []
        self._last = self._next(asked)
        candidates = [one for one in waiting if one.priority == self._last]
        self._held_back = False
        if self._last == "readout":
            return self._fill(sorted(candidates, key=lambda one: -one.call))
        batch = candidates[:1]
        for other in candidates[1:]:
            if self._suits([*batch, other]):
                batch.append(other)
        return batch

    def learn(self, priority: Priority, tokens: int, seconds: float) -> None:
        """Take note that the batch picked last, of `tokens` with padding, took `seconds`."""
        limit, target = self._max_tokens[priority], BATCH_SECONDS[priority]
        if seconds > target:
            least = LEAST_TOKENS if priority == "readout" else 0
            fitting = max(tokens * target / seconds, least)
            self._max_tokens[priority] = min(limit, max(fitting, limit / 2))
        elif self._held_back and seconds < 0.7 * target:
            self._max_tokens[priority] = limit * 1.5

    def _next(self, asked: Collection[Priority]) -> Priority:
        if self._last == "readout" and "visitor" not in asked and "scan" in asked:
            return "scan"
        return min(asked, key=PRIORITIES.index)

    def _fill(self, candidates: Sequence[C]) -> list[C]:
        """The first of the readouts, as many as fit: they share a pass whatever their lengths."""
        batch, tokens, longest = [candidates[0]], len(candidates[0].asked.encoding), 0
        for other in candidates[1:]:
            length = len(other.asked.encoding)
            longest = max(longest, length)
            rows = len(batch) + 1
            if estimate_bytes(self._bert, rows, longest, other.asked.keep) > self._max_bytes:
                break
            if tokens + length > self._max_tokens["readout"]:
                self._held_back = True
                break
            batch.append(other)
            tokens += length
        return batch

    def _suits(self, batch: list[C]) -> bool:
        lengths = [len(one.asked.encoding) for one in batch]
        longest = max(lengths)
        keep = frozenset[str]().union(*(one.asked.keep for one in batch))
        if (
            not alike(min(lengths), longest)
            or estimate_bytes(self._bert, len(batch), longest, keep) > self._max_bytes
        ):
            return False
        in_time = len(batch) * longest <= self._max_tokens[batch[0].priority]
        self._held_back |= not in_time
        return in_time
