"""Why a head attends where it does: a query, its keys, and the products of their numbers.

Scaled dot-product attention, Vaswani et al. 2017, section 3.2.1,
https://arxiv.org/abs/1706.03762: weights = softmax(q k / sqrt(d)). The vectors are made again
from the hidden states of a run by the layer's own projections; `gap` says how far the weights
that follow are from those that the model used.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import linear

from bert_core.arrays import Floats
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun


@dataclass(frozen=True, eq=False)
class QueryKey:
    """One row of one head's attention, with all that it is made of; read-only float32.

    tokens: text of the keys. layer, head, query: counted from 0.
    query_vector: (d,). keys: (key, d). products: (key, d), query times key, number by number.
    scores: (key,), the sums of `products`. scaled: (key,), `scores` / sqrt(d).
    weights: (key,), softmax of `scaled`, sum to 1. attention: (key,), the model's own row.
    gap: largest absolute difference of `weights` and `attention`; about 1e-7 is rounding.
    """

    tokens: tuple[str, ...]
    layer: int
    head: int
    query: int
    query_vector: Floats
    keys: Floats
    products: Floats
    scores: Floats
    scaled: Floats
    weights: Floats
    attention: Floats
    gap: float

    def dominant(self, key: int, k: int = 8) -> list[tuple[int, float]]:
        """The `k` (dimension, product) that make most of the score of `key`, signs kept.

        The largest in size come first. Softmax sees differences only: a product that is the same
        at all keys moves no weight, however large.

        Raises:
            InputError: there is no such key.
        """
        _check("token", key, len(self.tokens))
        products = self.products[key]
        best = np.argsort(-np.abs(products), kind="stable")[:k]
        return [(int(at), float(products[at])) for at in best]


def read_query_key(bert: Bert, run: BertRun, layer: int, head: int, query: int) -> QueryKey:
    """How the token at `query` comes to its weights in one head.

    Raises:
        InputError: the run kept no attentions or hidden states, or there is no such layer, head
            or token.
    """
    if run.attentions is None or run.hidden_states is None:
        raise InputError("This needs attentions and hidden states: run the input and keep both.")
    _check("layer", layer, bert.layers)
    _check("head", head, bert.heads)
    _check("token", query, len(run.encoding))
    queries, keys = _project(bert, layer, head, run.hidden_states[layer])
    # From here on in float64, so that `gap` is the model's rounding and not ours.
    products = queries[query].astype(np.float64) * keys
    scores = products.sum(axis=1)
    scaled = scores / np.sqrt(keys.shape[1])
    weights = np.exp(scaled - scaled.max())
    weights /= weights.sum()
    attention = run.attentions[layer, head, query]
    return QueryKey(
        tokens=run.encoding.tokens,
        layer=layer,
        head=head,
        query=query,
        query_vector=_frozen(queries[query]),
        keys=_frozen(keys),
        products=_frozen(products),
        scores=_frozen(scores),
        scaled=_frozen(scaled),
        weights=_frozen(weights),
        attention=_frozen(attention),
        gap=float(np.abs(weights - attention).max()),
    )


def _project(bert: Bert, layer: int, head: int, states: Floats) -> tuple[Floats, Floats]:
    """The head's queries and keys, (token, d) each, from (token, hidden) states."""
    own = bert.model.bert.encoder.layer[layer].attention.self
    size = bert.hidden // bert.heads
    rows = slice(head * size, (head + 1) * size)
    with torch.inference_mode():
        # torch wants to own memory it may write to, and a run's arrays are read-only
        inputs = torch.tensor(states, device=bert.device)
        queries, keys = (
            linear(inputs, part.weight[rows], part.bias[rows]).cpu().numpy()
            for part in (own.query, own.key)
        )
    return queries, keys


def _check(name: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise InputError(f"There is no {name} {number + 1}: the last is {count}.")


def _frozen(array: np.ndarray) -> Floats:
    copy = np.array(array, dtype=np.float32)
    copy.setflags(write=False)
    return copy
