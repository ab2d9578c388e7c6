"""BertViz's head, model and neuron views of a run, each as one page in a string.

BertViz: Vig 2019, https://arxiv.org/abs/1906.05714. `bertviz_page` says what differs from what
BertViz itself would make. Layers and heads count from 0 here and from 1 in the pages.
"""

from math import isqrt

import numpy as np
import torch

from bert_core.arrays import Floats
from bert_core.errors import InputError
from bert_core.exports.bertviz_page import build_page
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun

# How many tokens 12 heads of one layer, 12 layers of 12 heads, and the neuron view may have. Each
# weight is a line of its own; at these numbers two busy cores take a few seconds to draw them.
HEAD_VIEW_TOKENS = 128
MODEL_VIEW_TOKENS = 40
NEURON_VIEW_TOKENS = 64


def head_view_limit(heads: int) -> int:
    """The longest input, in tokens, that the head view is offered for."""
    return isqrt(HEAD_VIEW_TOKENS**2 * 12 // heads)


def model_view_limit(layers: int, heads: int) -> int:
    """The longest input, in tokens, that the model view is offered for."""
    return isqrt(MODEL_VIEW_TOKENS**2 * 144 // (layers * heads))


def head_view_html(
    run: BertRun, *, layer: int | None = None, head: int | None = None, dark: bool = False
) -> str:
    """Lines from each token to those it attends to, in the heads of one layer.

    layer: shown at first, the first if None; the others can be chosen. head: the only one that
        is switched on at first, all if None.

    Raises:
        InputError: no such layer or head, a run without attentions, or more tokens than
            `head_view_limit`.
    """
    weights = _weights(run)
    layers, heads, tokens, _ = weights.shape
    _check_choice(layer, head, layers, heads)
    _check_size("head", tokens, head_view_limit(heads), "Shorten the text.")
    settings = {
        "include_layers": _from_1(layers),
        "layer": (layer or 0) + 1,
        "heads": None if head is None else [head],
    }
    return build_page("head", run.encoding, settings, {"weights": weights}, dark)


def model_view_html(run: BertRun, *, dark: bool = False) -> str:
    """Every head of every layer in small, a click shows one in large.

    Raises:
        InputError: a run without attentions, or more tokens than `model_view_limit`.
    """
    weights = _weights(run)
    layers, heads, tokens, _ = weights.shape
    advice = "Shorten the text, or take the head view."
    _check_size("model", tokens, model_view_limit(layers, heads), advice)
    settings = {
        "include_layers": _from_1(layers),
        "include_heads": _from_1(heads),
        "total_heads": heads,
    }
    return build_page("model", run.encoding, settings, {"weights": weights}, dark)


def neuron_view_html(
    bert: Bert,
    run: BertRun,
    *,
    layer: int | None = None,
    head: int | None = None,
    dark: bool = False,
) -> str:
    """One head's queries and keys, number by number, and what becomes of them.

    bert: the model that made `run`. layer, head: shown at first, the first if None; the others
        can be chosen.

    Raises:
        InputError: no such layer or head, a run without attentions or hidden states, or more
            than `NEURON_VIEW_TOKENS` tokens.
    """
    weights = _weights(run)
    layers, heads, tokens, _ = weights.shape
    _check_choice(layer, head, layers, heads)
    _check_size("neuron", tokens, NEURON_VIEW_TOKENS, "Shorten the text.")
    queries, keys = read_queries_and_keys(bert, run)
    settings = {"layer": layer or 0, "head": head or 0, "bidirectional": True}
    arrays = {"weights": weights, "queries": queries, "keys": keys}
    return build_page("neuron", run.encoding, settings, arrays, dark)


def read_queries_and_keys(bert: Bert, run: BertRun) -> tuple[Floats, Floats]:
    """The queries and keys of every head, each (layer, head, token, head size).

    A head's weights are the softmax over the keys of q·k / √(head size) (Vaswani et al. 2017,
    section 3.2.1).

    Raises:
        InputError: the run kept no hidden states.
    """
    if run.hidden_states is None:
        raise InputError("This run kept no hidden states: run the text again with them.")
    pairs = []
    with torch.inference_mode():
        for states, layer in zip(run.hidden_states, bert.model.bert.encoder.layer, strict=False):
            inputs = torch.tensor(states, device=bert.device)
            projections = (layer.attention.self.query, layer.attention.self.key)
            pairs.append([project(inputs).cpu().numpy() for project in projections])
    both = np.stack(pairs, axis=1).astype(np.float32)  # (2, layer, token, hidden)
    split = both.reshape(*both.shape[:3], bert.heads, -1).swapaxes(2, 3)
    return split[0], split[1]


def _weights(run: BertRun) -> Floats:
    if run.attentions is None:
        raise InputError("This run kept no attentions: run the text again with them.")
    return run.attentions


def _check_choice(layer: int | None, head: int | None, layers: int, heads: int) -> None:
    if layer is not None and not 0 <= layer < layers:
        raise InputError(f"There is no layer {layer + 1}: the model has {layers}.")
    if head is not None and not 0 <= head < heads:
        raise InputError(f"There is no head {head + 1}: a layer has {heads}.")


def _check_size(view: str, tokens: int, limit: int, advice: str) -> None:
    if tokens > limit:
        raise InputError(
            f"BertViz's {view} view draws every weight as a line of its own, so that a browser "
            f"bears {limit} tokens of this model, and this text has {tokens}. {advice}"
        )


def _from_1(count: int) -> list[int]:
    """The names on screen of `count` layers or heads."""
    return list(range(1, count + 1))
