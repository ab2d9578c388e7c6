"""Pretraining BERT, the step itself: two losses, their gradients, and one step of AdamW.

Devlin et al. 2018, section 3.1 and appendix A.2: the loss is the mean of the masked words' losses
plus the mean of the pairs'. `learn` is the whole of it; what is around it reads text, counts steps
and writes files.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import BertForPreTraining

from bert_core.errors import PretrainingError
from bert_core.pretraining.counter_random import random_bits
from bert_core.pretraining.examples import NO_LABEL, Batch
from bert_core.pretraining.recipe import BFLOAT16, PretrainingRecipe
from bert_core.pretraining.workers import Workers

BETA1 = 0.9
EPSILON = 1e-6
NO_DECAY = ("bias", "LayerNorm.weight")

# Weights that only the pairs' task trains.
PAIR_WEIGHTS = ("bert.pooler.", "cls.seq_relationship.")


@dataclass(frozen=True)
class StepLosses:
    """What a step cost, in nats, before it was taken.

    words: the mean over the chosen tokens. pairs: the mean over the examples, None without that
    task. gradient: its length before it was cut.
    """

    words: float
    pairs: float | None
    gradient: float


class PretrainingLosses(nn.Module):
    """A BERT that answers with the sums of its losses.

    The head for masked words sees the chosen tokens only: with a vocabulary of 30,522 it costs
    more than a small encoder, and at the other tokens nobody reads it.
    """

    def __init__(self, model: BertForPreTraining, has_pairs: bool) -> None:
        super().__init__()
        self.model = model
        self.has_pairs = has_pairs

    def forward(
        self,
        ids: torch.Tensor,
        segments: torch.Tensor,
        attention: torch.Tensor,
        positions: torch.Tensor,
        labels: torch.Tensor,
        pair_labels: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum over the chosen tokens and over the pairs; the arguments are as in `Batch`."""
        found = self.model.bert(ids, attention_mask=attention, token_type_ids=segments)
        hidden = found.last_hidden_state  # (row, token, hidden)
        places = positions[..., None].expand(-1, -1, hidden.shape[-1])
        scores = self.model.cls.predictions(hidden.gather(1, places))  # (row, place, vocab)
        words = cross_entropy(
            scores.flatten(0, 1).float(), labels.flatten(), ignore_index=NO_LABEL, reduction="sum"
        )
        if not self.has_pairs:
            return words, words.new_zeros(())
        pair_scores = self.model.cls.seq_relationship(found.pooler_output)  # (row, 2)
        return words, cross_entropy(pair_scores.float(), pair_labels, reduction="sum")


class Learner:
    """A model that is being pretrained, with all that changes while it is.

    The model is trained in place, on the workers' device, in float32 (or bfloat16 on the way
    through, as the recipe says).
    """

    def __init__(
        self, model: BertForPreTraining, recipe: PretrainingRecipe, workers: Workers
    ) -> None:
        self.model = model.to(workers.device).train()
        self.recipe = recipe
        self.workers = workers
        for name, weight in model.named_parameters():
            weight.requires_grad_(recipe.has_pairs or not name.startswith(PAIR_WEIGHTS))
        self.optimizer = make_optimizer(model, recipe)
        losses: nn.Module = PretrainingLosses(model, recipe.has_pairs)
        if recipe.compiled:
            losses.compile()
        self.losses = workers.share(losses)

    def learn(self, parts: Sequence[Batch], step: int, steps: int) -> StepLosses:
        """Take one step: `step` of `steps`, counted from 0, on this process' parts of the batch.

        Raises:
            PretrainingError: a loss is not a number; no weight was changed.
        """
        self._prepare(step, steps)
        chosen, rows = self.workers.add([sum(part.chosen for part in parts), sum(map(len, parts))])
        words_sum, pairs_sum = self.workers.add(self._pass(parts, max(chosen, 1), rows))
        gradient = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip))
        words_loss, pairs_loss = words_sum / max(chosen, 1), pairs_sum / rows
        if not math.isfinite(words_loss + pairs_loss + gradient):
            raise PretrainingError(
                f"At step {step + 1} the loss is no longer a number: training has gone astray. "
                "Start again with a lower --rate or a longer --warm-up."
            )
        self.optimizer.step()
        return StepLosses(words_loss, pairs_loss if self.recipe.has_pairs else None, gradient)

    def _pass(self, parts: Sequence[Batch], chosen: float, rows: float) -> list[float]:
        """Add up the gradients of the parts; the sums of this process' losses, words and pairs."""
        sums = torch.zeros(2, device=self.workers.device)
        try:
            for number, part in enumerate(parts):
                last = number == len(parts) - 1
                with nullcontext() if last else self.workers.apart(self.losses):
                    with self._precision():
                        words, pairs = self.losses(*self._tensors(part))
                    loss = words / chosen + pairs / rows
                    # Processes take the mean of their gradients, where the sum is wanted.
                    (loss * self.workers.count).backward()
                sums += torch.stack((words.detach(), pairs.detach()))
        except torch.OutOfMemoryError as error:
            raise PretrainingError(
                f"{len(parts[0])} examples of {parts[0].ids.shape[1]} tokens do not fit into the "
                f"memory of {self.workers.device.type}: cut each batch into more parts with "
                "--accumulation, or choose a smaller --batch."
            ) from error
        return sums.tolist()

    def _prepare(self, step: int, steps: int) -> None:
        share = self.recipe.rate_at(step, steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * share
        self.optimizer.zero_grad(set_to_none=True)
        if self.recipe.dropout:
            # From the step's own number, so that a run that was cut off drops the same.
            torch.manual_seed(int(random_bits(self.recipe.seed, step, self.workers.rank)[0] >> 1))

    def _precision(self) -> AbstractContextManager[object]:
        if self.recipe.precision != BFLOAT16:
            return nullcontext()
        return torch.autocast(self.workers.device.type, torch.bfloat16)

    def _tensors(self, part: Batch) -> list[torch.Tensor]:
        arrays = (
            part.ids,
            part.segments,
            part.attention,
            part.positions,
            part.labels,
            part.pair_labels,
        )
        return [torch.from_numpy(array).to(self.workers.device) for array in arrays]


def make_optimizer(model: BertForPreTraining, recipe: PretrainingRecipe) -> torch.optim.AdamW:
    """AdamW over all weights that are trained; biases and LayerNorm's do not decay.

    Each group holds its "highest" learning rate; `Learner` sets the one of each step.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            kind = name.startswith("cls."), not name.endswith(NO_DECAY)
            groups.setdefault(kind, []).append(weight)
    return torch.optim.AdamW(
        [
            {
                "params": weights,
                "weight_decay": recipe.weight_decay if decays else 0.0,
                "highest": (recipe.head_rate or recipe.rate) if in_head else recipe.rate,
            }
            for (in_head, decays), weights in groups.items()
        ],
        lr=recipe.rate,
        betas=(BETA1, recipe.beta2),
        eps=EPSILON,
        fused=all(weight.device.type in ("cpu", "cuda") for weight in model.parameters()),
    )
