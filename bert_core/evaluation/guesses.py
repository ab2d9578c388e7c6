"""The guesses behind masks, and how they compare with what the text has there."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from bert_core.arrays import Floats
from bert_core.evaluation.reliability import Guesses, join_guesses
from bert_core.masked_words.head import MOST_ROWS, log_shares, masked_word_logits
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding
from bert_core.serving.runner import Runner

AT_ONCE = 64  # inputs that are handed in together

Places = tuple[Encoding, Sequence[int]]
"""An input with masks, and the places in it that are asked about."""


def guess_masks(bert: Bert, asked: Iterable[Places], run: Runner) -> Iterator[Guesses]:
    """The guesses at all places of `asked`, in their order, lot after lot of `AT_ONCE` inputs."""
    rest = iter(asked)
    while some := list(islice(rest, AT_ONCE)):
        runs = run([Asked(encoding) for encoding, _ in some])
        states = np.concatenate(
            [one.last_hidden_state[list(at)] for one, (_, at) in zip(runs, some, strict=True)]
        )
        originals = [encoding.original_ids[at] for encoding, places in some for at in places]
        yield _guess(bert, states, torch.tensor(originals))


def _guess(bert: Bert, states: Floats, originals: torch.Tensor) -> Guesses:
    """The guesses at (mask, hidden) states, of which `originals`, (mask,), are the answers."""
    parts = []
    for start in range(0, len(states), MOST_ROWS):
        logits = masked_word_logits(bert, states[start : start + MOST_ROWS])
        logs = log_shares(logits)  # (mask, vocab)
        labels = originals[start : start + MOST_ROWS, None]
        best, own = logs.max(dim=-1), logs.gather(1, labels)
        parts.append(
            Guesses(
                guesses=best.indices.numpy(),
                right=(best.indices == labels[:, 0]).numpy(),
                confidences=best.values.exp().numpy(),
                ranks=((logs > own).sum(dim=-1) + 1).numpy(),
                surprisals=-own[:, 0].numpy(),
            )
        )
    return join_guesses(parts)
