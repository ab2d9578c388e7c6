"""Filling masks with a beam: the fillings that stay among the best at every step.

Its scores are those of `joint`, whose docstring says why they are no probabilities of the
sentence. A beam finds the highest score for certain only where it is so wide that it drops nothing;
a wider one may even miss what a narrower one found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.masked_words.filling import (
    Choice,
    Filling,
    FillingStep,
    best_choices,
    check_request,
    finish,
    states_at,
    step_of,
)
from bert_core.masked_words.joint import LEFT_TO_RIGHT, Order, check_order
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, with_ids
from bert_core.serving.runner import Runner, direct_runner

MAX_WIDTH = 128


@dataclass(frozen=True)
class Start:
    """Where a search begins: an input, its masks in the order of filling, and for each of these
    the ids it may take."""

    encoding: Encoding
    order: tuple[int, ...]
    allowed: tuple[Integers, ...]


@dataclass(frozen=True)
class Path:
    """How far one filling has come; log_probability: sum over its steps."""

    encoding: Encoding
    steps: tuple[FillingStep, ...] = ()
    log_probability: float = 0.0


def beam_search(
    bert: Bert,
    encoding: Encoding,
    width: int = 5,
    order: Order = LEFT_TO_RIGHT,
    *,
    allowed: Sequence[int] | None = None,
    k: int = 5,
    run: Runner | None = None,
) -> tuple[Filling, ...]:
    """The `width` fillings left of a beam of that width, the highest score first.

    All are filled in one order, "left_to_right" or the positions as given: scores of different
    orders cannot be compared. Of width 1 it is `fill_in_turn`, of the number of allowed pieces it
    is exhaustive for two masks. Runs one pass for the first mask, then up to `width` for each.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: `width` is not in 1 to MAX_WIDTH, or what `fill_in_turn` refuses; also the
            order "certain_first", which differs from path to path.
    """
    ids = check_request(bert, encoding, allowed, k)
    check_width(width)
    places = check_order(encoding, order)
    start = Start(encoding, places, (ids,) * len(places))
    (paths,) = search(bert, [start], width, k, run or direct_runner(bert))
    return tuple(finish(bert, encoding, path.steps) for path in paths)


def check_width(width: int) -> None:
    """Raises InputError where a beam cannot be so wide."""
    if not 1 <= width <= MAX_WIDTH:
        raise InputError(f"A beam keeps between 1 and {MAX_WIDTH} fillings.")


def search(
    bert: Bert, starts: Sequence[Start], width: int, k: int, run: Runner
) -> list[list[Path]]:
    """For each start its paths to the end, the best first; all starts share their batches."""
    beams = [[Path(start.encoding)] for start in starts]
    for depth in range(max((len(start.order) for start in starts), default=0)):
        open_ = [at for at, start in enumerate(starts) if depth < len(start.order)]
        asked = [(at, path) for at in open_ for path in beams[at]]
        places = [starts[at].order[depth] for at, _ in asked]
        states = states_at(
            run, [(path.encoding, place) for (_, path), place in zip(asked, places, strict=True)]
        )
        ids = [starts[at].allowed[depth] for at, _ in asked]
        guesses = best_choices(bert, states, places, ids, max(width, k))
        for beam in open_:
            grown = [
                (path, choices)
                for (at, path), choices in zip(asked, guesses, strict=True)
                if at == beam
            ]
            beams[beam] = _grow(bert, grown, width, k)
    return beams


def _grow(
    bert: Bert, paths: Sequence[tuple[Path, tuple[Choice, ...]]], width: int, k: int
) -> list[Path]:
    """The best `width` of all ways to go on."""
    ways = [
        (path.log_probability + choice.log_probability, path, choice, choices[:k])
        for path, choices in paths
        for choice in choices[:width]
    ]
    ways.sort(key=lambda way: -way[0])
    return [
        Path(
            encoding=with_ids(bert, path.encoding, {choice.position: choice.id}),
            steps=(*path.steps, step_of(choice, alternatives)),
            log_probability=score,
        )
        for score, path, choice, alternatives in ways[:width]
    ]
