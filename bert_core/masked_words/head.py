"""The masked-word head: which pieces the model finds likely, from states of the encoder.

It is asked only at the tokens that matter: with 30,522 pieces it costs more than a small encoder.
"""

import torch

from bert_core.arrays import Floats
from bert_core.errors import MissingHeadError
from bert_core.model.bert import Bert

MOST_ROWS = 256  # tokens that the head reads at once: 31 MB of logits with 30,522 pieces


def require_mlm(bert: Bert) -> None:
    """Raises MissingHeadError where the checkpoint has no masked-word head."""
    if not bert.has_mlm:
        raise MissingHeadError(
            f"“{bert.name}” has no masked-word head, so it cannot guess words. Choose a model "
            "that was saved with it, such as the embedded one."
        )


def masked_word_logits(bert: Bert, states: Floats) -> torch.Tensor:
    """The masked-word head on (token, hidden) states: (token, vocab) logits, on the CPU."""
    with torch.inference_mode():
        # torch wants to own memory it may write to, and a run's arrays are read-only
        return bert.model.cls.predictions(torch.tensor(states, device=bert.device)).float().cpu()


def log_shares(logits: torch.Tensor) -> torch.Tensor:
    """The natural logarithms of the pieces' shares, over the last axis, in float64.

    In float32 the shares of so many pieces sum to 1.00003 on some processors.
    """
    return torch.log_softmax(logits.double(), dim=-1)


def best_pieces(bert: Bert, logs: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `k` largest of (..., vocab) `logs` and their ids, the largest first.

    Only ids that have a piece: many checkpoints have more rows, to make their number a round one,
    and what those answer was never trained.
    """
    without = bert.ids_without_piece
    if without:
        logs = logs.clone()
        logs[..., list(without)] = -torch.inf
    best = torch.topk(logs, min(k, logs.shape[-1] - len(without)))
    return best.values, best.indices


def piece_of(bert: Bert, number: int) -> str:
    """The text of an id; a model may have more ids than its vocabulary has pieces."""
    vocabulary = bert.wordpiece.vocabulary
    return (vocabulary[number] if number < len(vocabulary) else "") or f"[id {number}]"
