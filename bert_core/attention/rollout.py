"""Attention rolled out over the layers: how much of a token still comes from which input token.

Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3,
https://arxiv.org/abs/2005.00928. From the second layer on, a weight is paid to a state that is a
mixture already; rollout multiplies the shares along every path down to the input and adds up the
paths. Values, layer norms and feed-forward parts are left out: it is a picture of the weights
alone.
"""

import numpy as np

from bert_core.arrays import Floats
from bert_core.errors import InputError


def attention_rollout(attentions: Floats, residual: float = 0.5) -> Floats:
    """The share of each input token in each token after each layer.

    attentions: (layer, head, query, key), rows sum to 1. residual: share of a token that the
    residual connection carries past a layer's attention, in [0, 1]; the paper takes 0.5.

    Returns (layer, query, key), read-only; rows sum to 1. Entry [l, i, j] is what token i after
    layer l has from input token j: with A the mean of a layer's heads and
    A' = (1 - residual) A + residual I, rows divided by their sum, it is A'_l A'_(l-1) ... A'_0.

    Raises:
        InputError: `residual` is no share.
    """
    if not 0 <= residual <= 1:
        raise InputError(f"The residual's share is between 0 and 1, not {residual:g}.")
    layers, _, size, _ = attentions.shape
    rolled = np.empty((layers, size, size), dtype=np.float32)
    below = np.eye(size)
    for layer in range(layers):
        mixed = (1 - residual) * attentions[layer].mean(axis=0, dtype=np.float64)
        mixed += residual * np.eye(size)
        # This layer stands to the left: its keys are the queries of what is below it.
        below = (mixed / mixed.sum(axis=1, keepdims=True)) @ below
        rolled[layer] = below
    rolled.setflags(write=False)
    return rolled
