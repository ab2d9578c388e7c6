"""What BERT expects behind a mask.

The masked-word head of Devlin et al. 2018 (section 3.1, task 1) is applied after the encoder, and
only at the positions that are asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from bert_core.arrays import Floats, Integers
from bert_core.errors import InputError
from bert_core.masked_words.head import (
    MOST_ROWS,
    best_pieces,
    log_shares,
    masked_word_logits,
    piece_of,
    require_mlm,
)
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding


@dataclass(frozen=True, eq=False)
class MaskedPrediction:
    """The model's guesses for one token.

    position: the token asked about. masked: whether the model saw a mask there.
    pieces, ids, probabilities: (k,), most probable first; probabilities in [0, 1] are shares of
        the whole vocabulary.
    original: the piece that the text has there, None where a `[MASK]` was typed.
    original_probability, original_rank: of that piece, rank 1 being the first guess.
    original_log: natural logarithm of its probability, finite where that is too small to be told
        from 0.
    vocabulary: number of pieces the guess was among.
    """

    position: int
    masked: bool
    pieces: tuple[str, ...]
    ids: Integers
    probabilities: Floats
    original: str | None
    original_probability: float | None
    original_log: float | None
    original_rank: int | None
    vocabulary: int


def predict_masked(
    bert: Bert, run: BertRun, k: int = 10, positions: Sequence[int] | None = None
) -> tuple[MaskedPrediction, ...]:
    """The `k` most probable pieces at each of `positions`, by default at every mask of `run`.

    A position that is not masked is answered too: what BERT would put there although it sees
    what stands there.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: a position is not in the input, or k is below 1.
    """
    require_mlm(bert)
    encoding = run.encoding
    positions = encoding.masked if positions is None else tuple(positions)
    if k < 1 or any(not 0 <= position < len(encoding) for position in positions):
        raise InputError("Ask for at least one guess, at tokens that are in the sentence.")
    return tuple(_predict(bert, [(run, position) for position in positions], k))


def predict_masked_in(
    bert: Bert, runs: Sequence[BertRun], k: int = 10
) -> Iterator[tuple[MaskedPrediction, ...]]:
    """`predict_masked` at every mask of each of `runs`, in order; the head reads many at once.

    Errors as there.
    """
    require_mlm(bert)
    if k < 1:
        raise InputError("Ask for at least one guess.")
    found = _predict(bert, [(run, at) for run in runs for at in run.encoding.masked], k)
    return (tuple(islice(found, len(run.encoding.masked))) for run in runs)


def _predict(
    bert: Bert, asked: Sequence[tuple[BertRun, int]], k: int
) -> Iterator[MaskedPrediction]:
    """The guesses at one token of each run."""
    for start in range(0, len(asked), MOST_ROWS):
        some = asked[start : start + MOST_ROWS]
        states = np.concatenate([run.states_at([position]) for run, position in some])
        for (run, position), row in zip(some, masked_word_logits(bert, states), strict=True):
            yield _read_prediction(bert, run.encoding, position, row, k)


def _read_prediction(
    bert: Bert, encoding: Encoding, position: int, logits: torch.Tensor, k: int
) -> MaskedPrediction:
    logs = log_shares(logits)
    shares, ids = best_pieces(bert, logs, k)
    mask_id = bert.wordpiece.special_ids["mask"]
    original = encoding.original_ids[position]
    known = original != mask_id
    return MaskedPrediction(
        position=position,
        masked=encoding.ids[position] == mask_id,
        pieces=tuple(piece_of(bert, int(number)) for number in ids),
        ids=ids.numpy(),
        probabilities=shares.exp().float().numpy(),
        original=piece_of(bert, original) if known else None,
        original_probability=float(logs[original].exp()) if known else None,
        original_log=float(logs[original]) if known else None,
        original_rank=int((logs > logs[original]).sum()) + 1 if known else None,
        vocabulary=len(logs),
    )
