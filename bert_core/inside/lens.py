"""The heads asked after every layer: when does the answer appear?

The logit lens (nostalgebraist 2020, "interpreting GPT: the logit lens", LessWrong) hands the state
of each layer to a head that was trained on the last one. In BERT every layer ends in a layer norm
of its own, so states go to the head as they are. What the head says of a low layer is no proof of
what that layer holds: directions turn and lengths change from layer to layer, which Belrose et
al. 2023 (https://arxiv.org/abs/2303.08112, section 2) correct by training a translator for each
layer. Nothing is trained here; `cosines` and `norms` say how far each state is from where the head
was trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bert_core.arrays import Doubles, Floats, Integers
from bert_core.errors import InputError
from bert_core.masked_words.head import (
    MOST_ROWS,
    best_pieces,
    log_shares,
    masked_word_logits,
    piece_of,
)
from bert_core.masked_words.targets import check_ids, check_request
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun
from bert_core.next_sentence.score import score_next_sentence

# A row is a word probability for each of 30,522 pieces: 256 of them are 62 MB in float64.


@dataclass(frozen=True, eq=False)
class LayerReading:
    """The masked-word head on the states of one token, after every layer.

    Axes called layer have an entry for the embeddings, number 0, and for each layer after it:
    number 1 is what the first layer makes. At a mask number 0 knows the position and nothing else.

    position: the token. masked: whether the model saw a mask there.
    ids, pieces, probabilities: (layer, k), the most probable first.
    followed: pieces that are followed through the layers: the final answer, which is the first
        guess of the last layer; what the text has there; the targets asked for; none twice.
    followed_ids: (followed,).
    original: place in `followed` of what the text has, None where a `[MASK]` was typed.
    log_probabilities: (followed, layer), natural logarithm of shares of the whole vocabulary.
    ranks: (followed, layer), 1 being the first guess.
    settled: the layer from which the final answer is first and stays it.
    entropies: (layer,), of the whole distribution, in bits; 14.9 for 30,522 equal shares.
    cosines: (layer,), of the state and the last layer's, in [-1, 1]; 1 at the last.
    norms: (layer,), lengths of the states.
    """

    position: int
    masked: bool
    ids: Integers
    pieces: tuple[tuple[str, ...], ...]
    probabilities: Doubles
    followed: tuple[str, ...]
    followed_ids: Integers
    original: int | None
    log_probabilities: Doubles
    ranks: Integers
    settled: int
    entropies: Doubles
    cosines: Doubles
    norms: Doubles

    @property
    def followed_probabilities(self) -> Doubles:
        """(followed, layer), shares of the whole vocabulary."""
        shares: Doubles = np.exp(self.log_probabilities)
        return shares


@dataclass(frozen=True, eq=False)
class NextSentenceLayers:
    """Pooler and next-sentence head on [CLS] after every layer; 0 is the embeddings.

    is_next: (layer,), probability that B follows A. logits: (layer, 2), IsNext first.
    """

    is_next: Doubles
    logits: Floats


def read_layers(
    bert: Bert, run: BertRun, position: int, k: int = 5, targets: Sequence[int] = ()
) -> LayerReading:
    """`read_layers_at` for one token."""
    return read_layers_at(bert, run, [position], k, targets)[0]


def read_layers_at(
    bert: Bert, run: BertRun, positions: Sequence[int], k: int = 5, targets: Sequence[int] = ()
) -> tuple[LayerReading, ...]:
    """The `k` first guesses at each of `positions` after every layer, and how some pieces fare.

    targets: ids to follow besides the final answer and the original. The head is applied once to
    all layers of as many positions as make `MOST_ROWS` states.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: the run kept no hidden states, a position or a target is not there, k below 1.
    """
    check_request(bert, run, positions)
    check_ids(bert, targets)
    if k < 1:
        raise InputError("Ask for at least one guess at each layer.")
    states = _hidden_states(run)
    layers = len(states)
    at_once = max(1, MOST_ROWS // layers)
    readings: list[LayerReading] = []
    for start in range(0, len(positions), at_once):
        some = list(positions[start : start + at_once])
        rows = np.ascontiguousarray(states[:, some].swapaxes(0, 1))  # (position, layer, hidden)
        logits = masked_word_logits(bert, rows.reshape(-1, rows.shape[-1]))
        logs = log_shares(logits).view(len(some), layers, -1)
        readings += (
            _read_position(bert, run, *one, k, targets)
            for one in zip(some, rows, logs, strict=True)
        )
    return tuple(readings)


def next_sentence_layers(bert: Bert, run: BertRun) -> NextSentenceLayers:
    """How probable it is, after every layer, that the pair of `run` are neighbours.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: the run has no second sentence, or kept no hidden states.
    """
    score_next_sentence(bert, run)  # raises what it cannot answer
    first = torch.tensor(_hidden_states(run)[:, :1], device=bert.device)  # (layer, 1, hidden)
    with torch.inference_mode():
        pooled = bert.model.bert.pooler(first)
        logits = bert.model.cls.seq_relationship(pooled).float().cpu()
    shares = torch.softmax(logits.double(), dim=-1)
    return NextSentenceLayers(is_next=shares[:, 0].numpy(), logits=logits.numpy())


def _read_position(
    bert: Bert,
    run: BertRun,
    position: int,
    states: Floats,
    logs: torch.Tensor,
    k: int,
    targets: Sequence[int],
) -> LayerReading:
    """states: (layer, hidden). logs: (layer, vocab), natural logarithms of shares."""
    shares, ids = best_pieces(bert, logs, k)
    original = run.encoding.original_ids[position]
    known = original != bert.wordpiece.special_ids["mask"]
    followed = list(dict.fromkeys([int(ids[-1, 0]), *([original] if known else []), *targets]))
    chosen = logs[:, followed]  # (layer, followed)
    ranks = np.stack(
        [(logs > chosen[:, [at]]).sum(dim=-1).numpy() + 1 for at in range(len(followed))]
    )
    cosines, norms = _drift(states)
    return LayerReading(
        position=position,
        masked=position in run.encoding.masked,
        ids=ids.numpy(),
        pieces=tuple(tuple(piece_of(bert, one) for one in row) for row in ids.tolist()),
        probabilities=shares.exp().numpy(),
        followed=tuple(piece_of(bert, number) for number in followed),
        followed_ids=np.array(followed, dtype=np.int64),
        original=followed.index(original) if known else None,
        log_probabilities=np.ascontiguousarray(chosen.numpy().T),
        ranks=ranks,
        settled=_settled(ranks[0]),
        entropies=-(logs.exp() * logs).sum(dim=-1).numpy() / np.log(2),
        cosines=cosines,
        norms=norms,
    )


def _settled(ranks: Integers) -> int:
    """The number of layers up to the last where the final answer was not first."""
    beaten = np.flatnonzero(ranks > 1)
    return int(beaten[-1]) + 1 if len(beaten) else 0


def _drift(states: Floats) -> tuple[Doubles, Doubles]:
    """(layer, hidden) states: cosine of each with the last, and its length."""
    wide = states.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1)
    cosines = wide @ wide[-1] / np.maximum(norms * norms[-1], np.finfo(np.float64).tiny)
    return np.clip(cosines, -1.0, 1.0), norms


def _hidden_states(run: BertRun) -> Floats:
    if run.hidden_states is None:
        raise InputError("Run the sentence again and keep its hidden states: this reads them all.")
    return run.hidden_states
