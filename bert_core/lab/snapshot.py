"""What a BERT knows at one step of its training, so that somebody can look at it later."""

import copy
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import BertForPreTraining

from bert_core.arrays import Floats
from bert_core.masked_words.head import log_shares, masked_word_logits
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.inference import ATTENTIONS, run_bert
from bert_core.model.tokenization import encode
from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.held_out import HeldOutFigures

GUESSES = 5

# Each step that is looked at lies this much further than the one before: early steps change more.
GROWTH = 1.12


@dataclass(frozen=True, eq=False)
class Watched:
    """What it makes of one sentence.

    tokens: as it sees them. masks: the positions of the blanks. pieces, ids: for each blank its
    `GUESSES` most probable pieces. probabilities: (blank, vocab). attentions: (layer, head, query,
    key). Both are rounded to float16.
    """

    tokens: tuple[str, ...]
    masks: tuple[int, ...]
    pieces: tuple[tuple[str, ...], ...]
    ids: tuple[tuple[int, ...], ...]
    probabilities: Floats
    attentions: Floats

    def guesses(self, blank: int) -> list[tuple[str, float]]:
        """The most probable pieces of a blank, with their probabilities in [0, 1]."""
        shares = self.probabilities[blank, list(self.ids[blank])].tolist()
        return list(zip(self.pieces[blank], shares, strict=True))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A model after `step` steps.

    held_out: on documents it is never trained on. watched: the sentences, in their order.
    positions: (position, position), the cosines between its position embeddings, in [-1, 1].
    """

    step: int
    held_out: HeldOutFigures | None
    watched: tuple[Watched, ...]
    positions: Floats


def steps_to_look_at(steps: int) -> Iterator[int]:
    """0, 1, 2, … at first, then further and further apart, and the last one."""
    step = 0
    while step < steps:
        yield step
        step = max(step + 1, math.ceil(step * GROWTH))
    yield steps


def take_snapshot(
    model: BertForPreTraining,
    wordpiece: WordPiece,
    sentences: Sequence[str],
    length: int,
    step: int,
    held_out: HeldOutFigures | None,
) -> Snapshot:
    """What the model, which is left as it is, makes of the sentences.

    length: how many positions are compared: those that it is trained with.
    """
    bert = copy_of(model, wordpiece)
    weights = bert.model.bert.embeddings.position_embeddings.weight[:length].numpy()
    return Snapshot(step, held_out, tuple(watch(bert, one) for one in sentences), cosines(weights))


def copy_of(model: BertForPreTraining, wordpiece: WordPiece) -> Bert:
    """A copy to read from while the model itself learns on."""
    copied = copy.deepcopy(model)
    copied.set_attn_implementation("eager")
    return wrap_bert("lab", copied, wordpiece)


def watch(bert: Bert, sentence: str) -> Watched:
    """What the model makes of a sentence that has at least one blank."""
    encoding = encode(bert, sentence)
    run = run_bert(bert, encoding, [ATTENTIONS])
    found = predict_masked(bert, run, GUESSES)
    states = run.last_hidden_state[list(encoding.masked)]
    shares = log_shares(masked_word_logits(bert, states)).exp().float().numpy()
    return Watched(
        tokens=encoding.tokens,
        masks=encoding.masked,
        pieces=tuple(one.pieces for one in found),
        ids=tuple(tuple(one.ids.tolist()) for one in found),
        probabilities=rounded(shares),
        attentions=rounded(np.asarray(run.attentions)),
    )


def rounded(numbers: Floats) -> Floats:
    """As they come back from a file."""
    return numbers.astype(np.float16).astype(np.float32)


def cosines(vectors: Floats) -> Floats:
    """(row, row): the cosine between each two rows."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return rounded(unit @ unit.T)


def save_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Write it into a folder, there whole or not at all."""
    about = {
        "step": snapshot.step,
        "held_out": None if snapshot.held_out is None else asdict(snapshot.held_out),
        "watched": [
            {"tokens": one.tokens, "masks": one.masks, "pieces": one.pieces, "ids": one.ids}
            for one in snapshot.watched
        ],
    }
    arrays: dict[str, Any] = {"positions": snapshot.positions.astype(np.float16)}
    for number, one in enumerate(snapshot.watched):
        arrays[f"probabilities{number}"] = one.probabilities.astype(np.float16)
        arrays[f"attentions{number}"] = one.attentions.astype(np.float16)
    target = folder / f"{snapshot.step:09d}.npz"
    made = folder / ".made.npz"
    np.savez(made, about=np.array(json.dumps(about, ensure_ascii=False)), **arrays)
    made.replace(target)


def list_snapshots(folder: Path) -> list[int]:
    """The steps that can be looked at, ascending."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.npz"))


def load_snapshot(folder: Path, step: int) -> Snapshot:
    """The snapshot of a step that `list_snapshots` named."""
    with np.load(folder / f"{step:09d}.npz", allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
        held_out = about["held_out"]
        return Snapshot(
            step=about["step"],
            held_out=None if held_out is None else HeldOutFigures(**held_out),
            watched=tuple(
                Watched(
                    tokens=tuple(one["tokens"]),
                    masks=tuple(one["masks"]),
                    pieces=tuple(map(tuple, one["pieces"])),
                    ids=tuple(map(tuple, one["ids"])),
                    probabilities=stored[f"probabilities{number}"].astype(np.float32),
                    attentions=stored[f"attentions{number}"].astype(np.float32),
                )
                for number, one in enumerate(about["watched"])
            ),
            positions=stored["positions"].astype(np.float32),
        )
