"""What a run starts from: a BERT from nothing, or one that was trained, and its tokenizer."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import BertConfig, BertForPreTraining, BertTokenizer
from transformers.utils import logging as transformers_logging

from bert_core.errors import InputError
from bert_core.model.bert import load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER, find_checkpoint
from bert_core.model.wordpiece import SPECIAL_NAMES, WordPiece
from bert_core.pretraining.documents import is_held_out, read_documents
from bert_core.pretraining.learner import PAIR_WEIGHTS
from bert_core.pretraining.recipe import SPREAD, PretrainingRecipe, Shape
from bert_core.pretraining.vocabulary import train_vocabulary, vocabulary_of

RANDOM = "random"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt")

# BERT's own, stored for whoever trains the model further; a run drops out what its recipe says.
STORED_DROPOUT = 0.1


@dataclass(frozen=True, eq=False)
class Start:
    """A model to be trained. new: the parts that hold random numbers as yet, in plain words."""

    model: BertForPreTraining
    new: tuple[str, ...]


def start_model(source: str, recipe: PretrainingRecipe, wordpiece: WordPiece) -> Start:
    """The model that a run starts with, in float32 on the CPU; the recipe's seed decides it.

    source: "random", "embedded", a folder or a name on the hub. wordpiece: its tokenizer.

    Raises:
        InputError: a shape for a model that has one, none for a random one, or examples that are
            longer than the model's longest input.
        ModelError: the model cannot be loaded, see `load_bert`.
    """
    torch.manual_seed(recipe.seed)
    if source == RANDOM:
        if recipe.shape is None:
            raise InputError("A model from nothing needs a shape: give --config.")
        start = Start(build_model(recipe.shape, wordpiece, recipe.spread), ("all of it",))
    else:
        if recipe.shape is not None:
            raise InputError("--config is for a model from nothing: leave it out, or --from.")
        bert = load_bert(source, "cpu")
        parts = (
            ("the masked-word head", bert.has_mlm),
            ("the pooler", bert.has_pooler),
            ("the next-sentence head", bert.has_nsp),
        )
        start = Start(bert.model, tuple(name for name, there in parts if not there))
    _check_positions(start.model, recipe)
    _ready(start.model, recipe)
    return start


def blank_model(config: dict[str, Any], recipe: PretrainingRecipe) -> Start:
    """A model of this configuration whose weights a checkpoint will fill, all of them."""
    model = BertForPreTraining(BertConfig.from_dict(config))
    _ready(model, recipe)
    return Start(model, ())


def _ready(model: BertForPreTraining, recipe: PretrainingRecipe) -> None:
    # Attention weights are for reading; to train, torch's own function is as exact and faster.
    model.set_attn_implementation("sdpa")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = recipe.dropout


def build_model(shape: Shape, wordpiece: WordPiece, spread: float = SPREAD) -> BertForPreTraining:
    """A BERT with random weights, from torch's generator as it stands."""
    if shape.width % shape.heads:
        raise InputError(
            f"A width of {shape.width} cannot be shared out among {shape.heads} heads: choose a "
            "multiple."
        )
    config = BertConfig(
        vocab_size=len(wordpiece.vocabulary),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.positions,
        pad_token_id=wordpiece.special_ids["pad"],
        hidden_dropout_prob=STORED_DROPOUT,
        attention_probs_dropout_prob=STORED_DROPOUT,
        initializer_range=spread,
    )
    return BertForPreTraining(config)


def write_tokenizer(source: str, folder: Path) -> None:
    """The tokenizer of `source` as files in a folder; of the embedded model for "random"."""
    origin = EMBEDDED_FOLDER if source == RANDOM else find_checkpoint(source)
    for name in TOKENIZER_FILES:
        if (origin / name).is_file():
            shutil.copyfile(origin / name, folder / name)
    path = folder / "tokenizer.json"
    if path.is_file():  # some come with a length at which to cut, which is not the model's
        spec = json.loads(path.read_text(encoding="utf-8"))
        spec |= {"truncation": None, "padding": None}
        path.write_text(json.dumps(spec, ensure_ascii=False, indent=1), encoding="utf-8")


def train_tokenizer(
    texts: Path, size: int, folder: Path, *, named: frozenset[str] = frozenset()
) -> None:
    """A tokenizer with a vocabulary trained on the texts, those held out not; as files in a folder.

    Raises:
        InputError: see `read_documents` and `train_vocabulary`.
    """

    def paragraphs() -> Any:
        for document in read_documents(texts):
            if not is_held_out(document, named):
                yield from document.paragraphs

    pieces = vocabulary_of(train_vocabulary(paragraphs, size))
    special = {f"{name}_token": f"[{name.upper()}]" for name in SPECIAL_NAMES}
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = BertTokenizer(
        vocab=vocabulary, do_lower_case=True, model_max_length=Shape.positions, **special
    )
    tokenizer.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")


def save_model(
    model: BertForPreTraining, folder: Path, *, has_pairs: bool, half: bool = False
) -> None:
    """The weights and the configuration in a folder, as `transformers` and `load_bert` read them.

    has_pairs: False leaves out the parts that only the pairs' task trains. half: in float16.
    """
    dtype = torch.float16 if half else torch.float32
    # Weights that are one in the model stay one, and are then written once.
    made: dict[int, torch.Tensor] = {}
    weights = {
        name: made.setdefault(weight.data_ptr(), weight.to("cpu", dtype))
        for name, weight in model.state_dict().items()
        if has_pairs or not name.startswith(PAIR_WEIGHTS)
    }
    kept = model.config.dtype
    model.config.dtype = dtype
    try:
        transformers_logging.disable_progress_bar()
        model.save_pretrained(folder, state_dict=weights)
    finally:
        model.config.dtype = kept


def _check_positions(model: BertForPreTraining, recipe: PretrainingRecipe) -> None:
    room = int(model.config.max_position_embeddings)
    longest = max(recipe.length, recipe.long_length if recipe.long_every else 0)
    if longest > room:
        raise InputError(
            f"The model takes {room} tokens at most, and examples would have {longest}: choose "
            "shorter ones."
        )
    if int(model.config.type_vocab_size) < 2:
        raise InputError("The model has no segment for B: choose the objective none, or another.")
