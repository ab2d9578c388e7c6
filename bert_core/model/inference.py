"""One forward pass, and everything it leaves behind.

BERT: Devlin et al. 2018, https://arxiv.org/abs/1810.04805. The masked-word head is not run here:
with 30,522 words it costs more than a small encoder, so `masked_words` applies it only where a
reading asks for it.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import torch
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from bert_core.arrays import Floats
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding

ATTENTIONS = "attentions"
HIDDEN_STATES = "hidden_states"
ALL = (ATTENTIONS, HIDDEN_STATES)


@dataclass(frozen=True)
class Asked:
    """What a pass is asked for: an input, and which of "attentions" and "hidden_states" to return.

    `last_hidden_state` and `pooled` always are.

    Raises:
        InputError: `keep` names something that no run has.
    """

    encoding: Encoding
    keep: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = set(self.keep) - set(ALL)
        if unknown:
            raise InputError(f"A run keeps {' or '.join(ALL)}, not {', '.join(sorted(unknown))}.")
        object.__setattr__(self, "keep", frozenset(self.keep))

    @property
    def numbers(self) -> Hashable:
        """All that the numbers of the run depend on, besides the model.

        "Hello" and "hello" have the same where the vocabulary is uncased.
        """
        return self.encoding.ids, self.encoding.segments


@dataclass(frozen=True, eq=False)
class BertRun:
    """What one forward pass computed; read-only float32.

    encoding: the input, whose `tokens` label every axis called token, query or key.
    last_hidden_state: (token, hidden).
    attentions: (layer, head, query, key), each row sums to 1; None unless kept.
    hidden_states: (layer + 1, token, hidden), layer 0 is the embedding output; None unless kept.
    pooled: (hidden,), tanh of a projection of [CLS], in (-1, 1); None without a pooler.
    next_sentence_logits: (2,), IsNext first; None where the checkpoint has no such head.
    seconds: what the forward pass took, for the whole batch it was part of.
    """

    encoding: Encoding
    last_hidden_state: Floats
    attentions: Floats | None = None
    hidden_states: Floats | None = None
    pooled: Floats | None = None
    next_sentence_logits: Floats | None = None
    seconds: float = 0.0

    @property
    def kept(self) -> frozenset[str]:
        """Which of the optional parts are there."""
        return frozenset(part for part in ALL if getattr(self, part) is not None)

    @property
    def bytes(self) -> int:
        """Memory that the arrays take."""
        parts = (self.last_hidden_state, self.attentions, self.hidden_states, self.pooled)
        return sum(part.nbytes for part in parts if part is not None)

    def relabelled(self, encoding: Encoding) -> "BertRun":
        """The same numbers for an encoding with the same ids and segments ("Hello", "hello")."""
        if (encoding.ids, encoding.segments) != (self.encoding.ids, self.encoding.segments):
            raise InputError("These are the numbers of another input.")
        return replace(self, encoding=encoding)


def run_bert(bert: Bert, encoding: Encoding, keep: Collection[str] = ALL) -> BertRun:
    """Run `bert` on one input; what it returns, and errors, as `Asked` says."""
    return run_batch(bert, [Asked(encoding, keep)])[0]


def run_batch(bert: Bert, asked: Sequence[Asked]) -> list[BertRun]:
    """Run several inputs as one padded batch.

    The numbers differ from those of single runs by at most about 1e-6: padding changes the order
    of summation.
    """
    ids, segments, attended = _pad(bert, [one.encoding for one in asked])
    start = perf_counter()
    with torch.inference_mode():
        out = bert.model.bert(
            input_ids=ids,
            token_type_ids=segments,
            attention_mask=attended,
            output_attentions=any(ATTENTIONS in one.keep for one in asked),
            output_hidden_states=any(HIDDEN_STATES in one.keep for one in asked),
        )
        logits = bert.model.cls.seq_relationship(out.pooler_output) if bert.has_nsp else None
        runs = [_take_row(bert, row, one, out, logits) for row, one in enumerate(asked)]
    seconds = perf_counter() - start
    return [replace(run, seconds=seconds) for run in runs]


def _take_row(
    bert: Bert,
    row: int,
    asked: Asked,
    out: BaseModelOutputWithPoolingAndCrossAttentions,
    logits: torch.Tensor | None,
) -> BertRun:
    tokens = len(asked.encoding)
    square = (bert.heads, tokens, tokens)
    states = (tokens, bert.hidden)
    return BertRun(
        encoding=asked.encoding,
        last_hidden_state=_numpy(out.last_hidden_state[row, :tokens]),
        attentions=_stack(out.attentions, row, square) if ATTENTIONS in asked.keep else None,
        hidden_states=_stack(out.hidden_states, row, states)
        if HIDDEN_STATES in asked.keep
        else None,
        pooled=_numpy(out.pooler_output[row]) if bert.has_pooler else None,
        next_sentence_logits=None if logits is None else _numpy(logits[row]),
    )


def _pad(bert: Bert, encodings: Sequence[Encoding]) -> tuple[torch.Tensor, ...]:
    """ids, segments and attention mask, (batch, token), on the model's device."""
    shape = (len(encodings), max(len(encoding) for encoding in encodings))
    ids = np.full(shape, bert.wordpiece.special_ids["pad"], dtype=np.int64)
    segments = np.zeros(shape, dtype=np.int64)
    attended = np.zeros(shape, dtype=np.int64)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding)] = encoding.ids
        segments[row, : len(encoding)] = encoding.segments
        attended[row, : len(encoding)] = 1
    return tuple(torch.from_numpy(part).to(bert.device) for part in (ids, segments, attended))


def _stack(layers: Sequence[torch.Tensor], row: int, shape: tuple[int, ...]) -> Floats:
    """One row of every layer's tensor, (layer, *shape), with the padding left behind."""
    array = np.empty((len(layers), *shape), dtype=np.float32)
    corner: tuple[int | slice, ...] = (row, *(slice(size) for size in shape))
    for layer, tensor in enumerate(layers):
        torch.from_numpy(array[layer]).copy_(tensor[corner])
    array.setflags(write=False)
    return array


def _numpy(tensor: torch.Tensor) -> Floats:
    # A copy of its own: a view would keep the whole padded batch alive.
    array = np.array(tensor.cpu().numpy(), dtype=np.float32, copy=True)
    array.setflags(write=False)
    return array
