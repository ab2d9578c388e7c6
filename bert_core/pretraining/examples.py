"""Batches to learn from: [CLS] A [SEP] B [SEP], with tokens hidden, as arrays.

What is in a batch depends on the corpus, the settings and where in the run it stands, and on
nothing else: not on the batches before it, the number of processes, or the machine.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.batch_masks import MaskRule, draw_batch_masks
from bert_core.pretraining.corpus import Corpus
from bert_core.pretraining.counter_random import random_bits
from bert_core.pretraining.masks import MASKED, RANDOM, count_to_choose
from bert_core.pretraining.pairs import PairPlan, plan_pairs

# cross_entropy passes over this label.
NO_LABEL = -100

# The word that the keys of masks begin with, so that they share no number with those of pairs.
MASKS = 1_000_003


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples as the model gets them.

    ids, segments, attention: (row, token); attention is 1 before the padding. positions, labels,
    fates: (row, place), the chosen tokens, their original ids, and numbers into `FATES`; places
    that are not used hold position 0, label -100 and fate -1. pair_labels: (row,), 0 where B
    follows A, 1 where not, -1 without that task.
    """

    ids: Integers
    segments: Integers
    attention: Integers
    positions: Integers
    labels: Integers
    fates: Integers
    pair_labels: Integers

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: slice) -> "Batch":
        """Some of its rows."""
        return Batch(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def chosen(self) -> int:
        """How many tokens are to be guessed."""
        return int((self.labels != NO_LABEL).sum())

    @property
    def tokens(self) -> int:
        """How many tokens there are, padding not counted."""
        return int(self.attention.sum())


@dataclass(frozen=True)
class Cursor:
    """Where in the examples a run stands: which epoch, and how many of its examples were taken."""

    epoch: int = 0
    taken: int = 0


@dataclass(frozen=True)
class ExampleSettings:
    """What examples are like.

    objective: one of `OBJECTIVES`. length: in tokens. redraw: pairs and masks are drawn anew in
    each epoch; if not, only the order changes.
    """

    objective: str
    length: int
    seed: int
    redraw: bool = True


class Examples:
    """The endless row of examples: epoch after epoch, cut into batches.

    It remembers the plan of the last epoch that was asked for, which is worked out again at will.
    """

    def __init__(
        self, corpus: Corpus, wordpiece: WordPiece, rule: MaskRule, settings: ExampleSettings
    ) -> None:
        self.corpus = corpus
        self.rule = rule
        self.settings = settings
        self.places = count_to_choose(settings.length, rule.rate)
        self._special = wordpiece.special_ids
        self._planned: tuple[int, PairPlan] | None = None

    def plan(self, epoch: int) -> PairPlan:
        """The examples of an epoch, in their order."""
        if self._planned is None or self._planned[0] != epoch:
            self._planned = (epoch, self._plan(epoch))
        return self._planned[1]

    def batch(self, cursor: Cursor, rows: int) -> tuple[Batch, Cursor]:
        """The next `rows` examples from `cursor` on, and where they end; epochs may meet in it."""
        parts = []
        while rows:
            plan = self.plan(cursor.epoch)
            found = plan.take(slice(cursor.taken, cursor.taken + rows))
            if len(found):
                parts.append(self.assemble(found, cursor.epoch))
            rows -= len(found)
            cursor = replace(cursor, taken=cursor.taken + len(found))
            if cursor.taken == len(plan):
                cursor = Cursor(cursor.epoch + 1)
        return join_batches(parts), cursor

    def assemble(self, plan: PairPlan, epoch: int) -> Batch:
        """The examples of a plan with the masks of an epoch."""
        settings = self.settings
        ids, segments, lengths = lay_out(self.corpus, plan, settings.length, self._special)
        drawn_in = epoch if settings.redraw else 0
        keys = random_bits(settings.seed, MASKS, drawn_in, settings.length, plan.keys)
        draw = draw_batch_masks(ids, lengths, self.rule, keys, self.places)
        rows, places = np.nonzero(draw.positions >= 0)
        columns, fates = draw.positions[rows, places], draw.fates[rows, places]
        labels = np.full(draw.positions.shape, NO_LABEL, dtype=np.int64)
        labels[rows, places] = originals = ids[rows, columns]
        random_ids = draw.replacements[rows, places]
        seen = np.where(fates == RANDOM, random_ids, originals)
        ids[rows, columns] = np.where(fates == MASKED, self.rule.mask_id, seen)
        return Batch(
            ids=ids,
            segments=segments,
            attention=(np.arange(settings.length) < lengths[:, None]).astype(np.int64),
            positions=np.maximum(draw.positions, 0),
            labels=labels,
            fates=draw.fates,
            pair_labels=plan.labels,
        )

    def _plan(self, epoch: int) -> PairPlan:
        settings = self.settings
        drawn_in = epoch if settings.redraw else 0
        plan = plan_pairs(self.corpus, settings.objective, settings.length, settings.seed, drawn_in)
        if drawn_in == epoch:
            return plan
        luck = random_bits(settings.seed, epoch, settings.length, plan.keys)
        return plan.take(np.argsort(luck, kind="stable"))


def lay_out(
    corpus: Corpus, plan: PairPlan, length: int, special: dict[str, int]
) -> tuple[Integers, Integers, Integers]:
    """The ids and segments of each example, (row, token), and how many tokens it has, (row,).

    [CLS] A [SEP] B [SEP], or [CLS] A [SEP] where there is no B, then [PAD]; segment 1 is B and the
    [SEP] after it.
    """
    columns = np.arange(length)
    a_end = 1 + plan.a_lengths[:, None]
    has_b = plan.b_lengths[:, None] > 0
    b_start = a_end + 1
    b_end = np.where(has_b, b_start + plan.b_lengths[:, None], a_end)
    in_a = (columns >= 1) & (columns < a_end)
    in_b = has_b & (columns >= b_start) & (columns < b_end)
    sources = np.where(
        in_b, plan.b_starts[:, None] + columns - b_start, plan.a_starts[:, None] + columns - 1
    )
    inside = in_a | in_b
    ids = np.full(inside.shape, special["pad"], dtype=np.int64)
    ids[inside] = corpus.pieces[sources[inside]]
    ids[:, 0] = special["cls"]
    ids[(columns == a_end) | (columns == b_end)] = special["sep"]
    segments = (has_b & (columns >= b_start) & (columns <= b_end)).astype(np.int64)
    return ids, segments, b_end[:, 0] + 1


def join_batches(parts: list[Batch]) -> Batch:
    """Several batches as one."""
    if len(parts) == 1:
        return parts[0]
    return Batch(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Batch)
        }
    )


def check_enough(examples: Examples, rows: int) -> None:
    """Whether an epoch fills a batch.

    Raises:
        InputError: it does not.
    """
    found = len(examples.plan(0))
    if found < rows:
        raise InputError(
            f"The corpus is too small: it gives {found} examples of {examples.settings.length} "
            f"tokens, and a batch takes {rows}. Give more text or a smaller batch."
        )
