"""Reading attention weights: numpy in, labelled results out.

Weights are `(layer, head, query, key)`; each row, over the keys, sums to 1 (Vaswani et al. 2017,
section 3.2.1). Layers and heads count from 0 here and from 1 on screen: `head_name` converts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Floats
from bert_core.errors import InputError


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """One head's weights, or a mean of several heads', ready to be drawn.

    weights: (query, key); rows sum to 1 unless keys were hidden and `renormalised` is False.
    tokens: text of the tokens that label both axes. positions: their places in the input.
    layer, head: counted from 0; head None is the mean over the layer's heads, both None the mean
        over all heads of all layers.
    """

    weights: Floats
    tokens: tuple[str, ...]
    positions: tuple[int, ...]
    layer: int | None
    head: int | None
    renormalised: bool = False

    def attends_to(self, position: int, k: int = 8) -> list[tuple[int, float]]:
        """The `k` (position, weight) that the token at `position` takes most from."""
        return self._strongest(self.weights[self.positions.index(position)], k)

    def attended_by(self, position: int, k: int = 8) -> list[tuple[int, float]]:
        """The `k` (position, weight) that take most from the token at `position`."""
        return self._strongest(self.weights[:, self.positions.index(position)], k)

    def _strongest(self, weights: Floats, k: int) -> list[tuple[int, float]]:
        best = np.argsort(-weights, kind="stable")[:k]
        return [(self.positions[at], float(weights[at])) for at in best]


@dataclass(frozen=True)
class AttentionLink:
    """How much the token at `query` takes from the one at `key` in one head."""

    layer: int
    head: int
    query: int
    key: int
    weight: float


def read_attention(
    attentions: Floats,
    tokens: Sequence[str],
    layer: int | None = None,
    head: int | None = None,
    *,
    hidden: Sequence[int] = (),
    renormalise: bool = False,
) -> AttentionMap:
    """One head's map, a layer's mean (`head` None) or the mean of all (`layer` None too).

    hidden: positions left out of both axes. renormalise: divide each row by what is left of it,
    which shows how the rest is shared but no longer what the model used; a row of which nothing
    is left stays 0.

    Raises:
        InputError: no such layer or head, a head without a layer, tokens that do not fit, or
            nothing left to show.
    """
    layers, heads, size, _ = attentions.shape
    if len(tokens) != size:
        raise InputError(f"{len(tokens)} tokens cannot label {size} rows.")
    _check_choice(layer, head, layers, heads)
    if layer is None:
        weights = attentions.mean(axis=(0, 1))
    else:
        weights = attentions[layer].mean(axis=0) if head is None else attentions[layer, head]
    shown = [at for at in range(size) if at not in set(hidden)]
    if not shown:
        raise InputError("Every token is hidden: nothing is left to show.")
    weights = weights[np.ix_(shown, shown)]
    if renormalise:
        totals = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    return AttentionMap(
        weights, tuple(tokens[at] for at in shown), tuple(shown), layer, head, renormalise
    )


def find_strongest_link(
    attentions: Floats,
    query: int,
    keys: Sequence[int],
    *,
    layer: int | None = None,
    head: int | None = None,
    min_distance: int = 2,
) -> AttentionLink | None:
    """The largest weight from `query` to one of `keys`, in one head or, with None, in any.

    Keys closer than `min_distance` are left out: heads that look at a neighbour exist in every
    BERT (Clark et al. 2019, section 3.1) and would nearly always win. None where none is left.
    """
    far = [key for key in keys if abs(key - query) >= min_distance]
    if not far:
        return None
    layers = range(len(attentions)) if layer is None else [layer]
    heads = range(attentions.shape[1]) if head is None else [head]
    weights = attentions[np.ix_(layers, heads, [query], far)][:, :, 0]
    at_layer, at_head, at_key = np.unravel_index(int(weights.argmax()), weights.shape)
    return AttentionLink(
        layer=layers[int(at_layer)],
        head=heads[int(at_head)],
        query=query,
        key=far[int(at_key)],
        weight=float(weights[at_layer, at_head, at_key]),
    )


def head_name(layer: int | None, head: int | None) -> str:
    """The name of a map on screen and in files, counted from 1."""
    if layer is None:
        return "all layers and heads, mean"
    return f"layer {layer + 1}, " + ("mean of its heads" if head is None else f"head {head + 1}")


def _check_choice(layer: int | None, head: int | None, layers: int, heads: int) -> None:
    if layer is None and head is not None:
        raise InputError("Name the layer of the head as well.")
    if layer is not None and not 0 <= layer < layers:
        raise InputError(f"There is no layer {layer + 1}: the model has {layers}.")
    if head is not None and not 0 <= head < heads:
        raise InputError(f"There is no head {head + 1}: a layer has {heads}.")
