"""How good a model is on documents that it never saw, by the examples that it is trained with.

A quick measure for a run's log and card: every chosen token is hidden, none is random or kept, and
the pairs are those of the recipe. `python -m bert_core evaluate` measures more, with intervals.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import BertForPreTraining

from bert_core.errors import InputError
from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.batch_masks import mask_rule
from bert_core.pretraining.corpus import Corpus
from bert_core.pretraining.examples import NO_LABEL, Batch, Cursor, Examples, ExampleSettings
from bert_core.pretraining.recipe import PretrainingRecipe

AT_ONCE = 32

# Always the same, so that figures of one run and of several can be set beside each other.
SEED = 20_181_011


@dataclass(frozen=True)
class HeldOutFigures:
    """What a model made of examples from documents held out.

    masks: hidden tokens. words_loss: their mean loss, in nats. first_right, five_right: shares of
    them of which the original was the first guess, or among the first five. pairs, pairs_loss,
    pairs_right: the same for the pairs; 0 and None without that task. examples: measured on.
    """

    examples: int
    masks: int
    words_loss: float
    first_right: float
    five_right: float
    pairs: int
    pairs_loss: float | None
    pairs_right: float | None


def held_out_batches(
    corpus: Corpus, wordpiece: WordPiece, recipe: PretrainingRecipe, examples: int
) -> list[Batch]:
    """At most so many examples of the documents held out, all chosen tokens hidden.

    None where the documents are too few to make one.
    """
    settings = ExampleSettings(recipe.objective, recipe.length, SEED)
    maker = Examples(corpus, wordpiece, mask_rule(wordpiece), settings)
    try:
        left = min(examples, len(maker.plan(0)) if len(corpus) else 0)
    except InputError:
        return []
    found, cursor = [], Cursor()
    while left:
        batch, cursor = maker.batch(cursor, min(AT_ONCE, left))
        rows, places = np.nonzero(batch.labels != NO_LABEL)
        ids = batch.ids.copy()
        ids[rows, batch.positions[rows, places]] = wordpiece.special_ids["mask"]
        found.append(replace(batch, ids=ids))
        left -= len(batch)
    return found


@torch.no_grad()
def check_held_out(
    model: BertForPreTraining, batches: list[Batch], has_pairs: bool
) -> HeldOutFigures | None:
    """The model's figures on `held_out_batches`; None where there are none.

    The model is left as it was, training or not.
    """
    training = model.training
    model.eval()
    try:
        counted = np.sum([_count(model, batch, has_pairs) for batch in batches], axis=0)
    finally:
        model.train(training)
    if not batches:
        return None
    masks, words, first, five, pairs, pairs_loss, pairs_right = counted.tolist()
    return HeldOutFigures(
        examples=sum(map(len, batches)),
        masks=int(masks),
        words_loss=words / max(masks, 1),
        first_right=first / max(masks, 1),
        five_right=five / max(masks, 1),
        pairs=int(pairs),
        pairs_loss=pairs_loss / pairs if pairs else None,
        pairs_right=pairs_right / pairs if pairs else None,
    )


def _count(model: BertForPreTraining, batch: Batch, has_pairs: bool) -> list[float]:
    """Of a batch: masks, their loss, right at the first and in five; pairs, their loss, right."""
    device = model.device
    found = model.bert(
        torch.from_numpy(batch.ids).to(device),
        attention_mask=torch.from_numpy(batch.attention).to(device),
        token_type_ids=torch.from_numpy(batch.segments).to(device),
    )
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    hidden = found.last_hidden_state[rows, batch.positions[rows, places]]  # (mask, hidden)
    scores = model.cls.predictions(hidden).float()  # (mask, vocab)
    labels = torch.from_numpy(batch.labels[rows, places]).to(device)
    better = (scores > scores.gather(1, labels[:, None])).sum(1)
    counts = [
        float(len(labels)),
        float(cross_entropy(scores, labels, reduction="sum")),
        float((better < 1).sum()),
        float((better < 5).sum()),
    ]
    if not has_pairs:
        return [*counts, 0.0, 0.0, 0.0]
    answers = model.cls.seq_relationship(found.pooler_output).float()  # (row, 2)
    truth = torch.from_numpy(batch.pair_labels).to(device)
    return [
        *counts,
        float(len(truth)),
        float(cross_entropy(answers, truth, reduction="sum")),
        float((answers.argmax(1) == truth).sum()),
    ]
