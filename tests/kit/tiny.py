"""A BERT that is built in no time: two layers, four heads, 32 wide, with random weights."""

import json
import string
from pathlib import Path

import torch
from transformers import BertConfig, BertForPreTraining, BertTokenizer, PreTrainedModel

from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.wordpiece import WordPiece, wordpiece_from_spec

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = string.ascii_lowercase + string.digits
WORDS = "the a cat dog bank river money sat ran mat play walk hello world paris france is on of and"
ENDINGS = ["##s", "##ing", "##ed", "##er", "##ly"]


def tiny_vocabulary() -> dict[str, int]:
    """Special tokens, single characters at the start of a word and inside it, and a few words."""
    pieces = [*SPECIAL, *CHARACTERS, *(f"##{char}" for char in CHARACTERS), *string.punctuation]
    unique = dict.fromkeys([*pieces, *WORDS.split(), *ENDINGS, "中", "文", "é", "##é"])
    return {piece: number for number, piece in enumerate(unique)}


def tiny_tokenizer() -> BertTokenizer:
    """transformers' own tokenizer with that vocabulary."""
    return BertTokenizer(vocab=tiny_vocabulary())


def tiny_wordpiece() -> WordPiece:
    return wordpiece_from_spec(json.loads(tiny_tokenizer().backend_tokenizer.to_str()))


def tiny_config(**changes: object) -> BertConfig:
    shape = {
        "vocab_size": len(tiny_vocabulary()),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 512,
        # Wide enough that attention is far from uniform and inputs are told apart.
        "initializer_range": 0.3,
    }
    return BertConfig(**{**shape, **changes})


def tiny_model(seed: int = 0, **changes: object) -> BertForPreTraining:
    torch.manual_seed(seed)
    return BertForPreTraining._from_config(tiny_config(**changes), attn_implementation="eager")


def tiny_bert(seed: int = 0, **changes: object) -> Bert:
    """The model and tokenizer together; `changes` go into the configuration."""
    return wrap_bert("tiny", tiny_model(seed, **changes), tiny_wordpiece())


def save_tiny(folder: Path, model: PreTrainedModel | None = None) -> Path:
    """A checkpoint in `folder`: of `model`, or of the tiny one with both heads."""
    (model or tiny_model()).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
