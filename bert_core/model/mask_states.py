"""The last state at a few tokens of many inputs: what the masked-word head reads.

The same encoder as in `inference`, less what nobody asked for. Whatever works token by token runs
on the tokens of all inputs in one row, so that lengths may differ and nothing is padded; only
attention takes inputs of one length together. No attention weights are written down, and after the
last layer's attention only the tokens asked for go on.
"""

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding

Rows = tuple[int, int, int]  # first token, inputs, tokens of each


def run_at(
    bert: Bert, encodings: Sequence[Encoding], places: Sequence[Sequence[int]]
) -> list[torch.Tensor]:
    """The last hidden state of each input at its `places`: (place, hidden) each, on the CPU."""
    order = sorted(range(len(encodings)), key=lambda at: len(encodings[at]))
    ordered = [encodings[at] for at in order]
    ends = accumulate(map(len, ordered))
    wanted = [
        end - len(encodings[at]) + place
        for end, at in zip(ends, order, strict=True)
        for place in places[at]
    ]
    if not wanted:
        return [torch.empty(0, bert.hidden) for _ in encodings]
    with torch.inference_mode():
        found = _encode(bert, ordered, torch.tensor(wanted, device=bert.device)).cpu()
    parts = found.split([len(places[at]) for at in order])
    return [part for _, part in sorted(zip(order, parts, strict=True), key=lambda one: one[0])]


def _encode(bert: Bert, ordered: Sequence[Encoding], wanted: torch.Tensor) -> torch.Tensor:
    """The last states at `wanted`, places among the tokens of all inputs, the shortest first."""
    states = _embed(bert, ordered)  # (token of all inputs, hidden)
    rows = _rows_of(ordered)
    *layers, last = bert.model.bert.encoder.layer
    for layer in layers:
        attended = layer.attention.output(_attend(layer, states, rows), states)
        states = layer.output(layer.intermediate(attended), attended)
    context = _attend(last, states, rows)[wanted]
    attended = last.attention.output(context, states[wanted])
    return last.output(last.intermediate(attended), attended)


def _embed(bert: Bert, ordered: Sequence[Encoding]) -> torch.Tensor:
    columns = (
        [number for one in ordered for number in one.ids],
        [segment for one in ordered for segment in one.segments],
        [place for one in ordered for place in range(len(one))],
    )
    ids, segments, places = torch.tensor(columns, device=bert.device)[:, None]
    return bert.model.bert.embeddings(ids, segments, places)[0]


def _rows_of(ordered: Sequence[Encoding]) -> list[Rows]:
    """Where the inputs of each length are."""
    rows, start = [], 0
    for tokens, group in groupby(map(len, ordered)):
        count = len(list(group))
        rows.append((start, count, tokens))
        start += count * tokens
    return rows


def _attend(layer: Any, states: torch.Tensor, rows: Sequence[Rows]) -> torch.Tensor:
    """What the heads of `layer` bring to each token: (token, hidden)."""
    own = layer.attention.self
    query, key, value = own.query(states), own.key(states), own.value(states)
    parts = []
    for start, count, tokens in rows:
        inside = slice(start, start + count * tokens)
        q, k, v = (  # (input, head, token, width)
            part[inside].view(count, tokens, own.num_attention_heads, -1).transpose(1, 2)
            for part in (query, key, value)
        )
        found = scaled_dot_product_attention(q, k, v, scale=own.scaling)
        parts.append(found.transpose(1, 2).reshape(count * tokens, -1))
    return torch.cat(parts)
