"""Steps of training with transformers' Trainer on batches made before; part of `pretraining`.

What would slow it down is off: it logs nothing, saves nothing, reports to nobody, looks for no
NaN, and gets its batches as they are, as tensors with both labels. Its optimizer and its schedule
are those of ours, handed to it. What it sets up before its first step and tidies up after its last
one is not counted.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, IterableDataset
from transformers import (
    BertForPreTraining,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from bert_core.pretraining.examples import NO_LABEL, Batch
from bert_core.pretraining.learner import make_optimizer
from bert_core.pretraining.recipe import BFLOAT16, PretrainingRecipe

Tensors = dict[str, torch.Tensor]


def to_tensors(batch: Batch) -> Tensors:
    """A batch by the names of `BertForPreTraining.forward`; labels: (row, token)."""
    labels = np.full(batch.ids.shape, NO_LABEL)
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    labels[rows, batch.positions[rows, places]] = batch.labels[rows, places]
    arrays = {
        "input_ids": batch.ids,
        "attention_mask": batch.attention,
        "token_type_ids": batch.segments,
        "labels": labels,
        "next_sentence_label": batch.pair_labels,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Handed(IterableDataset[Tensors]):
    """The batches of a turn, each once; `asked` is when the first one was asked for."""

    def __init__(self, batches: Sequence[Tensors]) -> None:
        self.batches = batches
        self.asked = 0.0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Tensors]:
        self.asked = perf_counter()
        yield from self.batches


class StepClock(TrainerCallback):
    """Knows when the last step ended."""

    ended = 0.0

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ended = perf_counter()


class KeepingTrainer(Trainer):
    """A Trainer that is handed its batches, and keeps each step's loss."""

    handed: Handed

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.losses: list[torch.Tensor] = []

    def get_train_dataloader(self) -> DataLoader[Tensors]:
        return DataLoader(self.handed, batch_size=None, collate_fn=_as_it_is)

    def training_step(self, *args: Any, **options: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*args, **options)
        self.losses.append(loss)
        return loss


class TrainerSteps:
    """A model that the Trainer trains, some steps at a time, as `recipe` says.

    folder: where it may write, though it writes nothing. turn: steps at a time.
    """

    def __init__(
        self,
        model: BertForPreTraining,
        recipe: PretrainingRecipe,
        batches: Sequence[Batch],
        folder: Path,
        turn: int,
    ) -> None:
        self.batches = [to_tensors(batch) for batch in batches]
        self.turn = turn
        optimizer = make_optimizer(model, recipe)
        schedule = LambdaLR(optimizer, lambda step: recipe.rate_at(step, len(batches)))
        options = TrainingArguments(
            output_dir=str(folder),
            max_steps=turn,
            per_device_train_batch_size=recipe.batch,
            max_grad_norm=recipe.clip,
            bf16=recipe.precision == BFLOAT16,
            use_cpu=True,
            logging_strategy="no",
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        self.clock = StepClock()
        self.trainer = KeepingTrainer(
            model=model, args=options, callbacks=[self.clock], optimizers=(optimizer, schedule)
        )
        self.trainer.remove_callback(PrinterCallback)

    @property
    def losses(self) -> list[float]:
        """Of each step so far, words and pairs together, in nats."""
        return [float(loss) for loss in self.trainer.losses]

    def take_turn(self) -> float:
        """Take the next steps; seconds from asking for the first batch to the last one learnt."""
        first = len(self.trainer.losses)
        self.trainer.handed = Handed(self.batches[first : first + self.turn])
        self.trainer.train()
        return self.clock.ended - self.trainer.handed.asked


def _as_it_is(batch: Any) -> Any:
    return batch
