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
from bert_core.model.mask_states import run_at
from bert_core.model.tokenization import Encoding

ATTENTIONS = "attentions"
HIDDEN_STATES = "hidden_states"
ALL = (ATTENTIONS, HIDDEN_STATES)
AT_MASKS = "at_masks"

# What a run takes beside its arrays, and each token of its encoding: more than the arrays where
# only one token's state is kept.
RUN_BYTES = 1_500
TOKEN_BYTES = 16


@dataclass(frozen=True)
class Asked:
    """What a pass is asked for: an input, and what to return of it.

    keep: "attentions" and "hidden_states" come beside `last_hidden_state` and `pooled`, which
        always do; or "at_masks" alone: the last state at the masks and nothing else, which takes
        less time and room.

    Raises:
        InputError: `keep` names something that no run has, or "at_masks" with others.
    """

    encoding: Encoding
    keep: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = set(self.keep) - {*ALL, AT_MASKS}
        if unknown:
            raise InputError(f"A run keeps {' or '.join(ALL)}, not {', '.join(sorted(unknown))}.")
        if AT_MASKS in self.keep and len(self.keep) > 1:
            raise InputError("The states at masks are kept alone.")
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
    last_hidden_state: (token, hidden); of the masked tokens only where `only_masks` is set.
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
    only_masks: bool = False

    @property
    def kept(self) -> frozenset[str]:
        """What of it is there, as `Asked` names it."""
        parts = frozenset(part for part in ALL if getattr(self, part) is not None)
        return parts | {AT_MASKS} if self.only_masks else parts

    def states_at(self, positions: Sequence[int]) -> Floats:
        """The last hidden state at each of `positions`: (position, hidden).

        Raises:
            InputError: the run has only those at masks, and one of `positions` is none.
        """
        if not self.only_masks:
            return self.last_hidden_state[list(positions)]
        rows = {position: row for row, position in enumerate(self.encoding.masked)}
        if not rows.keys() >= set(positions):
            raise InputError("Only the states at masks were kept.")
        return self.last_hidden_state[[rows[position] for position in positions]]

    @property
    def bytes(self) -> int:
        """Memory that it takes: its arrays, and by estimate the objects that hold them."""
        parts = (self.last_hidden_state, self.attentions, self.hidden_states, self.pooled)
        arrays = sum(part.nbytes for part in parts if part is not None)
        return arrays + RUN_BYTES + TOKEN_BYTES * len(self.encoding)

    def relabelled(self, encoding: Encoding) -> "BertRun":
        """The same numbers for an encoding with the same ids and segments ("Hello", "hello")."""
        if (encoding.ids, encoding.segments) != (self.encoding.ids, self.encoding.segments):
            raise InputError("These are the numbers of another input.")
        return replace(self, encoding=encoding)


def run_bert(bert: Bert, encoding: Encoding, keep: Collection[str] = ALL) -> BertRun:
    """Run `bert` on one input; what it returns, and errors, as `Asked` says."""
    return run_batch(bert, [Asked(encoding, keep)])[0]


def run_batch(bert: Bert, asked: Sequence[Asked]) -> list[BertRun]:
    """Run several inputs as one batch.

    The numbers differ from those of single runs by a few millionths, 5e-6 at most as measured with
    the embedded model: other shapes change the order of summation.
    """
    start = perf_counter()
    parts = {
        only_masks: iter(run(bert, [one for one in asked if (AT_MASKS in one.keep) == only_masks]))
        for only_masks, run in ((False, _run_whole), (True, _run_at_masks))
    }
    runs = [next(parts[AT_MASKS in one.keep]) for one in asked]
    seconds = perf_counter() - start
    return [replace(run, seconds=seconds) for run in runs]


def _run_at_masks(bert: Bert, asked: Sequence[Asked]) -> list[BertRun]:
    encodings = [one.encoding for one in asked]
    states = run_at(bert, encodings, [encoding.masked for encoding in encodings])
    return [
        BertRun(encoding, _numpy(at_masks), only_masks=True)
        for encoding, at_masks in zip(encodings, states, strict=True)
    ]


def _run_whole(bert: Bert, asked: Sequence[Asked]) -> list[BertRun]:
    """Each with all its tokens' states, as one padded batch."""
    if not asked:
        return []
    ids, segments, attended = _pad(bert, [one.encoding for one in asked])
    with torch.inference_mode():
        out = bert.model.bert(
            input_ids=ids,
            token_type_ids=segments,
            attention_mask=attended,
            output_attentions=any(ATTENTIONS in one.keep for one in asked),
            output_hidden_states=any(HIDDEN_STATES in one.keep for one in asked),
        )
        logits = bert.model.cls.seq_relationship(out.pooler_output) if bert.has_nsp else None
        return [_take_row(bert, row, one, out, logits) for row, one in enumerate(asked)]


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
