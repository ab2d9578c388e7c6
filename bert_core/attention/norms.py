"""Attention weighed by what it moves: the length of each vector that a head adds to a token.

Kobayashi et al. 2020, "Attention is Not Only a Weight", section 3,
https://arxiv.org/abs/2004.10102. A head adds to token i the sum over j of alpha_ij f(x_j), with
f(x) = (x W_V + b_V) W_O^h; a large weight on a short f(x) does little, as is often so at [SEP].
W_O^h is the head's share of the output projection. The bias of that projection is left out, as
in the authors' code: it belongs to no head and no token.
"""

import numpy as np
import torch

from bert_core.arrays import Floats
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun


def value_weighted(bert: Bert, run: BertRun, *, normalised: bool = False) -> Floats:
    """||alpha_ij f(x_j)||: how long a vector each head takes from each key for each query.

    Returns (layer, head, query, key), read-only, at least 0, in units of the hidden states before
    the layer norm. normalised: divide each row by its sum, so that it can be drawn beside the
    weights; rows then sum to 1, and lengths can no longer be compared between rows or heads. A
    row of which all vectors are 0 stays 0.

    Raises:
        InputError: the run kept no attentions or no hidden states.
    """
    if run.attentions is None:
        raise InputError("This run kept no attentions: run the input again and keep them.")
    norms = run.attentions * value_norms(bert, run)[:, :, np.newaxis, :]  # alpha is never negative
    if normalised:
        totals = norms.sum(axis=-1, keepdims=True)
        np.divide(norms, totals, out=norms, where=totals > 0)
    norms.setflags(write=False)
    return norms


def value_norms(bert: Bert, run: BertRun) -> Floats:
    """||f(x_j)||, (layer, head, key), read-only: what a weight of 1 would move.

    Raises:
        InputError: the run kept no hidden states.
    """
    if run.hidden_states is None:
        raise InputError("This run kept no hidden states: run the input again and keep them.")
    norms = np.empty((bert.layers, bert.heads, len(run.encoding)), dtype=np.float32)
    with torch.inference_mode():
        for layer in range(bert.layers):
            # torch wants to own memory it may write to, and a run's arrays are read-only
            states = torch.tensor(run.hidden_states[layer], device=bert.device)
            norms[layer] = _transformed(bert, layer, states).norm(dim=-1).cpu().numpy()
    norms.setflags(write=False)
    return norms


def _transformed(bert: Bert, layer: int, states: torch.Tensor) -> torch.Tensor:
    """f(x) of each head and token, (head, token, hidden), from (token, hidden) states."""
    attention = bert.model.bert.encoder.layer[layer].attention
    heads = (bert.heads, bert.hidden // bert.heads)
    values = attention.self.value(states).unflatten(-1, heads)  # (token, head, d)
    # a Linear's weight is (out, in), and a head's numbers stand side by side in `in`
    outputs = attention.output.dense.weight.unflatten(-1, heads)  # (hidden, head, d)
    return values.transpose(0, 1) @ outputs.permute(1, 2, 0)
