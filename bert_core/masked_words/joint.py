"""Several masks filled jointly: all at once, or one after another.

Independent, ordered and most-certain-first filling are those that Jiang et al. 2020 (X-FACTR,
https://arxiv.org/abs/2010.06189, section 4) compare; `beam` has the beam search.

A probability here is one that BERT gives at the moment a mask is filled, and a filling's score is
the sum of their logarithms. It is no probability of the sentence: another order gives the same
words another score, as BERT's answers at single masks need not fit together into any joint
distribution (Young et al. 2022, "On the inconsistencies of conditionals learned by masked
language models", https://arxiv.org/abs/2301.00068).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.masked_words.filling import (
    Choice,
    Filling,
    FillingStep,
    best_choices,
    check_request,
    finish,
    step_of,
)
from bert_core.masked_words.likelihood import score_encodings
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked, BertRun
from bert_core.model.tokenization import Encoding, with_ids
from bert_core.serving.runner import Runner, direct_runner

CERTAIN_FIRST: Final = "certain_first"
LEFT_TO_RIGHT: Final = "left_to_right"

Order = Literal["certain_first", "left_to_right"] | Sequence[int]
"""A rule, or every mask's position in the order of filling."""

Guesses = dict[int, tuple[Choice, ...]]


def fill_independently(
    bert: Bert,
    encoding: Encoding,
    *,
    allowed: Sequence[int] | None = None,
    k: int = 5,
    run: Runner | None = None,
) -> Filling:
    """The best piece at each mask from one pass in which all are masked: what BERT itself gives.

    No mask knows what is put at the others. k: alternatives to keep. allowed: ids to choose from,
    by default `ordinary_ids`.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: there is no mask or more than MAX_MASKS, k is below 1, or `allowed` is empty or
            names what cannot be put in.
    """
    ids = check_request(bert, encoding, allowed, k)
    guesses = _guess_masks(bert, encoding, ids, k, run or direct_runner(bert))
    steps = [_step(guesses, position) for position in encoding.masked]
    return finish(bert, encoding, steps)


def fill_in_turn(
    bert: Bert,
    encoding: Encoding,
    order: Order = CERTAIN_FIRST,
    *,
    allowed: Sequence[int] | None = None,
    k: int = 5,
    run: Runner | None = None,
) -> Filling:
    """The best piece at one mask after another, each seeing those before it: a pass for each.

    order: "certain_first" takes the mask whose best piece is the most probable (the leftmost of
    equals), "left_to_right" the first, and positions are taken as they stand. `allowed`, `k` and
    errors as in `fill_independently`.

    Raises:
        InputError: `order` is neither such a rule nor each mask's position once.
    """
    ids = check_request(bert, encoding, allowed, k)
    places = None if order == CERTAIN_FIRST else check_order(encoding, order)
    runner = run or direct_runner(bert)
    current, steps = encoding, list[FillingStep]()
    while current.masked:
        guesses = _guess_masks(bert, current, ids, k, runner)
        position = places[len(steps)] if places else _most_certain(guesses)
        steps.append(_step(guesses, position))
        current = with_ids(bert, current, {position: steps[-1].id})
    return finish(bert, encoding, steps)


def pseudo_log_likelihoods(
    bert: Bert, fillings: Iterable[Filling], run: Runner | None = None
) -> tuple[float, ...]:
    """For each filling, how probable its whole input is: a number without an order.

    The sum over the tokens of the text of log P(token | all others), each masked alone (Salazar
    et al. 2020, https://arxiv.org/abs/1910.14659, equation 1). A pass for each token.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    inputs = (replace(filling.encoding, original_ids=filling.encoding.ids) for filling in fillings)
    scores = score_encodings(bert, inputs, "original", _alike_once(run or direct_runner(bert)))
    return tuple(score.total or 0.0 for score in scores)


def check_order(encoding: Encoding, order: Order) -> tuple[int, ...]:
    """The masks' positions in the order asked for; errors as in `fill_in_turn`."""
    if order == LEFT_TO_RIGHT:
        return encoding.masked
    if isinstance(order, str) or sorted(order) != list(encoding.masked):
        raise InputError("An order names each masked position once, or is “left_to_right”.")
    return tuple(order)


def _guess_masks(bert: Bert, encoding: Encoding, allowed: Integers, k: int, run: Runner) -> Guesses:
    """The best pieces at each open mask, from one pass."""
    (one,) = run([Asked(encoding)])
    places = encoding.masked
    states = [one.last_hidden_state[position] for position in places]
    return dict(
        zip(places, best_choices(bert, states, places, [allowed] * len(places), k), strict=True)
    )


def _most_certain(guesses: Guesses) -> int:
    return max(guesses, key=lambda position: guesses[position][0].log_probability)


def _step(guesses: Guesses, position: int) -> FillingStep:
    waiting = tuple(choices[0] for choices in guesses.values())
    return step_of(guesses[position][0], guesses[position], waiting)


def _alike_once(run: Runner) -> Runner:
    """A runner for inputs handed in together of which some are alike: fillings that differ at one
    mask only are the same input once it is masked."""

    def run_distinct(asked: Sequence[Asked]) -> Sequence[BertRun]:
        distinct = {one.numbers: one for one in asked}
        found = dict(zip(distinct, run([*distinct.values()]), strict=True))
        return [found[one.numbers] for one in asked]

    return run_distinct
