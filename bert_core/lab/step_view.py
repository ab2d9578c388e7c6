"""One batch as a reader sees it: what was hidden, what became of it, and what each guess cost."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import BertForPreTraining

from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.examples import NO_LABEL, Batch
from bert_core.pretraining.masks import FATES

ROWS_SHOWN = 4


@dataclass(frozen=True)
class Guess:
    """A chosen token. became: one of `FATES`. seen: the piece the model got there. loss: in nats,
    before the step. guess: the model's first guess."""

    position: int
    original: str
    became: str
    seen: str
    guess: str
    loss: float


@dataclass(frozen=True)
class ExampleView:
    """An example of a batch.

    tokens: as the model gets them, padding left out. segments: 0 for A, 1 for B. follows: whether
    B truly follows A, None without that task. says_follows: the probability that the model gives
    to that. pair_loss: in nats.
    """

    tokens: tuple[str, ...]
    segments: tuple[int, ...]
    guesses: tuple[Guess, ...]
    follows: bool | None
    says_follows: float | None
    pair_loss: float | None


@dataclass(frozen=True)
class StepView:
    """A step that was taken alone.

    step: its number, from 1. words_loss, pairs_loss: the means over the whole batch, in nats,
    which the step makes smaller. chosen, examples: what they are means of. shown: its first
    examples.
    """

    step: int
    words_loss: float
    pairs_loss: float | None
    chosen: int
    examples: int
    shown: tuple[ExampleView, ...]


@torch.no_grad()
def view_step(
    model: BertForPreTraining, batch: Batch, wordpiece: WordPiece, step: int, has_pairs: bool
) -> StepView:
    """What a batch costs before the step that learns from it; the model is left as it is."""
    found = model.bert(
        torch.from_numpy(batch.ids),
        attention_mask=torch.from_numpy(batch.attention),
        token_type_ids=torch.from_numpy(batch.segments),
    )
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    scores = model.cls.predictions(found.last_hidden_state[rows, batch.positions[rows, places]])
    labels = torch.from_numpy(batch.labels[rows, places])
    losses = cross_entropy(scores, labels, reduction="none").numpy()  # (chosen,)
    best = scores.argmax(1).numpy()
    pairs = _pair_losses(model, found.pooler_output, batch) if has_pairs else None
    names = wordpiece.vocabulary
    guesses: list[list[Guess]] = [[] for _ in range(len(batch))]
    for number in np.lexsort((batch.positions[rows, places], rows)):
        row, place = rows[number], places[number]
        at = int(batch.positions[row, place])
        guesses[row].append(
            Guess(
                position=at,
                original=names[batch.labels[row, place]],
                became=FATES[batch.fates[row, place]],
                seen=names[batch.ids[row, at]],
                guess=names[best[number]],
                loss=float(losses[number]),
            )
        )
    return StepView(
        step=step,
        words_loss=float(losses.mean()) if len(losses) else 0.0,
        pairs_loss=None if pairs is None else float(pairs[1].mean()),
        chosen=len(losses),
        examples=len(batch),
        shown=tuple(
            _example(batch, row, guesses[row], pairs, wordpiece)
            for row in range(min(ROWS_SHOWN, len(batch)))
        ),
    )


Pairs = tuple[np.ndarray, np.ndarray]


def _pair_losses(model: BertForPreTraining, pooled: torch.Tensor, batch: Batch) -> Pairs:
    """For each example the probability that B follows, and the loss; both (row,)."""
    scores = model.cls.seq_relationship(pooled)
    losses = cross_entropy(scores, torch.from_numpy(batch.pair_labels), reduction="none")
    return scores.softmax(1)[:, 0].numpy(), losses.numpy()


def _example(
    batch: Batch, row: int, guesses: list[Guess], pairs: Pairs | None, wordpiece: WordPiece
) -> ExampleView:
    count = int(batch.attention[row].sum())
    return ExampleView(
        tokens=tuple(wordpiece.vocabulary[piece] for piece in batch.ids[row, :count]),
        segments=tuple(batch.segments[row, :count].tolist()),
        guesses=tuple(guesses),
        follows=None if pairs is None else bool(batch.pair_labels[row] == 0),
        says_follows=None if pairs is None else float(pairs[0][row]),
        pair_loss=None if pairs is None else float(pairs[1][row]),
    )


def to_json(view: StepView) -> dict[str, Any]:
    """The view as what JSON can hold."""
    return asdict(view)


def from_json(content: dict[str, Any]) -> StepView:
    """The view that `to_json` wrote."""
    shown = tuple(
        ExampleView(
            **{
                **one,
                "tokens": tuple(one["tokens"]),
                "segments": tuple(one["segments"]),
                "guesses": tuple(Guess(**guess) for guess in one["guesses"]),
            }
        )
        for one in content["shown"]
    )
    return StepView(**{**content, "shown": shown})
