"""What config.json says of a BERT, held to what a BERT can be before anything is built."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_core.errors import BrokenModelError, ModelTooLargeError, UnsupportedModelError
from bert_core.model.files import read_json, short

if TYPE_CHECKING:
    from transformers import BertConfig

# What does the same job for somebody who asked for another architecture.
INSTEAD = 'Choose one whose config.json says model_type "bert", such as bert-base-uncased.'

# Of each number the least, the most, and what transformers takes where config.json is silent.
# BERT-large has 24 layers of 1,024; the most leaves room for what people have trained since, and
# keeps small what is built from it.
NUMBERS = {
    "vocab_size": (6, 4_000_000, 30_522),
    "hidden_size": (1, 16_384, 768),
    "num_hidden_layers": (1, 128, 12),
    "num_attention_heads": (1, 256, 12),
    "intermediate_size": (1, 131_072, 3_072),
    "max_position_embeddings": (8, 65_536, 512),  # [CLS], [SEP] twice, and a few words
    "type_vocab_size": (1, 1_024, 2),
}


def read_config(folder: Path) -> dict[str, Any]:
    """What config.json says, if it is that of a BERT.

    Raises:
        UnsupportedModelError: another architecture, or a form of BERT that is not read here.
        BrokenModelError: it is not JSON.
    """
    config = read_json(folder / "config.json")
    name = short(folder.name)
    model_type = config.get("model_type")
    if not model_type:
        raise UnsupportedModelError(
            f"config.json in “{name}” does not say which architecture it is. If it is a BERT, "
            'write "model_type": "bert" into it.'
        )
    if model_type != "bert":
        raise UnsupportedModelError(
            f"“{name}” is a {short(str(model_type))} model; BERT Lens reads BERT. {INSTEAD}"
        )
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise UnsupportedModelError(
            f"“{name}” uses relative positions, which today's transformers no longer runs. "
            f"{INSTEAD}"
        )
    if config.get("quantization_config") is not None:
        raise UnsupportedModelError(
            f"The weights of “{name}” are quantized. Choose the same model as it was trained, in "
            "float32, float16 or bfloat16."
        )
    if config.get("pruned_heads"):
        raise UnsupportedModelError(
            f"Heads of “{name}” were taken out (pruned), which today's transformers no longer "
            f"runs. {INSTEAD}"
        )
    return config


def bert_config(said: Mapping[str, Any], name: str) -> "BertConfig":
    """A configuration with those of the numbers that shape a BERT, and nothing else that is said.

    What else there may be (how to return, how to chunk, a task's labels) would only change how
    transformers answers.

    Raises:
        BrokenModelError: a value is none that a BERT has; the sentence says which.
        ModelTooLargeError: a number is above those of any BERT.
    """
    from transformers import BertConfig
    from transformers.activations import ACT2FN

    numbers = {key: _count(said, key, name) for key in NUMBERS}
    if numbers["hidden_size"] % numbers["num_attention_heads"]:
        raise BrokenModelError(
            f"config.json in “{name}” does not fit together: hidden_size "
            f"{numbers['hidden_size']:,} cannot be shared among {numbers['num_attention_heads']:,} "
            "heads."
        )
    act = said.get("hidden_act", "gelu")
    if not isinstance(act, str) or act not in ACT2FN:
        raise BrokenModelError(
            f"config.json in “{name}”: hidden_act “{short(str(act))}” is no activation that "
            "transformers knows."
        )
    eps = said.get("layer_norm_eps", 1e-12)
    if isinstance(eps, bool) or not isinstance(eps, int | float) or not 0 < eps < 1:
        raise BrokenModelError(
            f"config.json in “{name}”: layer_norm_eps must be between 0 and 1, not "
            f"“{short(str(eps))}”."
        )
    return BertConfig(
        **numbers,
        hidden_act=act,
        layer_norm_eps=float(eps),
        tie_word_embeddings=said.get("tie_word_embeddings") is not False,
        pad_token_id=None,  # counts in training only
    )


def _count(said: Mapping[str, Any], key: str, name: str) -> int:
    least, most, usual = NUMBERS[key]
    value = said.get(key, usual)
    if type(value) is not int or value < least:
        raise BrokenModelError(
            f"config.json in “{name}”: {key} must be a whole number from {least} on, not "
            f"“{short(str(value))}”."
        )
    if value > most:
        raise ModelTooLargeError(
            f"config.json in “{name}” says {key} {short(f'{value:,}')}; no BERT has more than "
            f"{most:,}."
        )
    return value
