"""Choosing pieces for masks: what may stand there, how probable each is, what a filling is.

Shared by `joint`, `beam` and `several_pieces`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from typing import TypeVar

import numpy as np
import torch

from bert_core.arrays import Floats, Integers
from bert_core.errors import InputError
from bert_core.masked_words.head import MOST_ROWS, log_shares, masked_word_logits, require_mlm
from bert_core.masked_words.writing import filled_text
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, with_ids
from bert_core.serving.runner import Runner

MAX_MASKS = 8  # each costs a run, in a beam one for each of its paths
AT_ONCE = 64  # inputs handed to a runner together

Result = TypeVar("Result")


@dataclass(frozen=True)
class Choice:
    """One piece at one mask, and the logarithm of its share of the whole vocabulary there."""

    position: int
    id: int
    piece: str
    log_probability: float

    @property
    def probability(self) -> float:
        """In [0, 1]."""
        return exp(self.log_probability)


@dataclass(frozen=True)
class FillingStep(Choice):
    """The piece that was put in, and what was known at that moment.

    alternatives: the most probable pieces at this mask, that one among them unless it ranks
        lower. waiting: the best piece at each mask that was still open, this one among them, by
        position; () in a beam, which asks about one mask at a time.
    """

    alternatives: tuple[Choice, ...]
    waiting: tuple[Choice, ...]


@dataclass(frozen=True)
class Filling:
    """All masks of an input filled.

    positions: of the masks, ascending; ids, pieces: what was put there.
    order: the positions as they were filled; steps: in that order.
    log_probability: sum over the steps, at the moment of each, at most 0; see the module.
    encoding: the input with the pieces in place. text, pair: its sentences as one would type them.
    """

    positions: tuple[int, ...]
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    order: tuple[int, ...]
    steps: tuple[FillingStep, ...]
    log_probability: float
    encoding: Encoding
    text: str
    pair: str | None


def ordinary_ids(bert: Bert) -> Integers:
    """All ids that may stand in a text: special tokens, `[unused]` and nameless ones left out."""
    special = set(bert.wordpiece.special_ids.values())
    return np.array(
        [
            number
            for number, piece in enumerate(bert.wordpiece.vocabulary)
            if piece and number not in special and not piece.startswith("[unused")
        ],
        dtype=np.int64,
    )


def check_request(
    bert: Bert, encoding: Encoding, allowed: Sequence[int] | None, k: int
) -> Integers:
    """The ids to choose from; errors as in `fill_independently`."""
    require_mlm(bert)
    if not 1 <= len(encoding.masked) <= MAX_MASKS:
        raise InputError(
            f"Mask one to {MAX_MASKS} pieces of the text: {len(encoding.masked)} are masked."
        )
    if k < 1:
        raise InputError("Ask for at least one alternative.")
    ordinary = ordinary_ids(bert)
    if allowed is None:
        return ordinary
    chosen = np.unique(np.asarray(allowed, dtype=np.int64))
    if not len(chosen) or not np.isin(chosen, ordinary).all():
        raise InputError("Allow at least one piece, and only pieces that may stand in a text.")
    return chosen


def states_at(run: Runner, asked: Sequence[tuple[Encoding, int]]) -> list[Floats]:
    """The last layer's state of one token of each input, (hidden,)."""
    found = []
    for start in range(0, len(asked), AT_ONCE):
        chunk = asked[start : start + AT_ONCE]
        runs = run([Asked(encoding) for encoding, _ in chunk])
        # Copies: a view would keep each whole run alive.
        found += [
            one.last_hidden_state[position].copy()
            for one, (_, position) in zip(runs, chunk, strict=True)
        ]
    return found


def best_choices(
    bert: Bert,
    states: Sequence[Floats],
    positions: Sequence[int],
    allowed: Sequence[Integers],
    k: int,
) -> list[tuple[Choice, ...]]:
    """For each state the `k` most probable of its allowed ids, the most probable first."""

    def read(at: int, logs: torch.Tensor) -> tuple[Choice, ...]:
        best = torch.topk(logs[torch.from_numpy(allowed[at])], min(k, len(allowed[at])))
        numbers = allowed[at][best.indices.numpy()].tolist()
        return tuple(
            Choice(positions[at], number, bert.wordpiece.vocabulary[number], score)
            for number, score in zip(numbers, best.values.tolist(), strict=True)
        )

    return _for_rows(bert, states, read)


def finish(bert: Bert, encoding: Encoding, steps: Sequence[FillingStep]) -> Filling:
    """The filling that `steps` make of `encoding`."""
    put = {step.position: step for step in steps}
    chosen = [put[position] for position in sorted(put)]
    text, pair = filled_text(bert, encoding, {step.position: step.piece for step in chosen})
    return Filling(
        positions=tuple(step.position for step in chosen),
        ids=tuple(step.id for step in chosen),
        pieces=tuple(step.piece for step in chosen),
        order=tuple(step.position for step in steps),
        steps=tuple(steps),
        log_probability=sum(step.log_probability for step in steps),
        encoding=with_ids(bert, encoding, {step.position: step.id for step in chosen}),
        text=text,
        pair=pair,
    )


def step_of(
    choice: Choice, alternatives: Sequence[Choice], waiting: Sequence[Choice] = ()
) -> FillingStep:
    """The step that takes `choice`."""
    return FillingStep(
        choice.position,
        choice.id,
        choice.piece,
        choice.log_probability,
        tuple(alternatives),
        tuple(waiting),
    )


def _for_rows(
    bert: Bert, states: Sequence[Floats], read: Callable[[int, torch.Tensor], Result]
) -> list[Result]:
    """What `read(number, logarithms)` makes of each state's (vocab,) log-probabilities."""
    found = []
    for start in range(0, len(states), MOST_ROWS):
        logs = log_shares(masked_word_logits(bert, np.stack(states[start : start + MOST_ROWS])))
        found += [read(start + at, row) for at, row in enumerate(logs)]
    return found
