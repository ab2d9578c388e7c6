"""`load_bert`: a checkpoint, wherever it is, as a model that is ready to be read."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
import torch
from transformers import BertConfig, BertForPreTraining
from transformers.utils import logging as transformers_logging

from bert_core.errors import BrokenModelError, DeviceError, ModelTooLargeError
from bert_core.model.checkpoints import EMBEDDED, Progress, check_folder, find_checkpoint
from bert_core.model.configuration import bert_config, read_config
from bert_core.model.files import short
from bert_core.model.weights import check_shapes, read_headers, read_tensors, unused_names
from bert_core.model.wordpiece import WordPiece, load_wordpiece

# Weights in float32, plus room for one pass over a full-length input.
MEMORY_FACTOR = 1.3


@dataclass(frozen=True, eq=False)
class Bert:
    """A BERT and its tokenizer; shared by all who read it, never written to.

    name: what was asked for. fingerprint: differs wherever an answer could (weights, vocabulary,
    device). has_mlm, has_nsp: whether the checkpoint brought the masked-word and next-sentence
    heads; a head that it lacks holds random numbers and is never read. unused: the names of tensors
    that the checkpoint has and a BERT with these two heads has no place for.
    """

    name: str
    model: BertForPreTraining
    wordpiece: WordPiece
    device: torch.device
    has_mlm: bool
    has_nsp: bool
    has_pooler: bool
    fingerprint: str
    unused: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        return int(self.model.config.num_hidden_layers)

    @property
    def heads(self) -> int:
        return int(self.model.config.num_attention_heads)

    @property
    def hidden(self) -> int:
        return int(self.model.config.hidden_size)

    @property
    def max_tokens(self) -> int:
        return int(self.model.config.max_position_embeddings)

    @property
    def segment_count(self) -> int:
        return int(self.model.config.type_vocab_size)

    @cached_property
    def ids_without_piece(self) -> tuple[int, ...]:
        """Rows of the embedding that no piece of the vocabulary belongs to, ascending."""
        pieces = self.wordpiece.vocabulary
        named = {number for number, piece in enumerate(pieces) if piece}
        return tuple(sorted(set(range(int(self.model.config.vocab_size))) - named))

    @property
    def parameters(self) -> int:
        return sum(weight.numel() for weight in self.model.parameters())

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return sum(weight.numel() * weight.element_size() for weight in self.model.parameters())


def load_bert(
    source: str = EMBEDDED,
    device: str = "auto",
    *,
    max_parameters: int | None = None,
    progress: Progress | None = None,
) -> Bert:
    """Load a BERT in float32, with attention weights that can be read.

    source: "embedded", a local folder, or a name on the Hugging Face hub (see `find_checkpoint`).
    device: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1", "mps".
    max_parameters: refuse anything larger, before reading the weights.
    progress: called with (bytes done, bytes in all) while a checkpoint is fetched.

    Raises:
        ModelError: one of its kinds, with what to do instead.
    """
    place = pick_device(device)
    folder = find_checkpoint(source, progress=progress)
    name = short(folder.name)
    config = bert_config(read_config(folder), name)
    stored = read_headers(folder)
    _check_size(name, sum(one.size for one in stored.values()), place, max_parameters)
    expected = _expected_shapes(config)
    check_shapes(name, stored, expected)
    wordpiece = load_wordpiece(folder)
    model, missing = _build(name, config, read_tensors(name, stored, expected))
    left = unused_names(stored, expected)
    bert = wrap_bert(source, model, wordpiece, device=place, missing=missing, unused=left)
    _try_out(bert, name)
    return bert


def check_model(folder: Path) -> None:
    """Hold a checkpoint's files against each other, before its numbers are read.

    Raises:
        ModelError: one of its kinds, with what to do instead.
    """
    check_folder(folder)
    name = short(folder.name)
    check_shapes(
        name, read_headers(folder), _expected_shapes(bert_config(read_config(folder), name))
    )
    load_wordpiece(folder)


def wrap_bert(
    name: str,
    model: BertForPreTraining,
    wordpiece: WordPiece,
    *,
    device: torch.device | str = "cpu",
    missing: Iterable[str] = (),
    unused: Iterable[str] = (),
) -> Bert:
    """A `Bert` around a model in memory, such as one that was just trained.

    missing: names of the parameters that hold no trained numbers, as `from_pretrained` lists them.
    unused: names of tensors of its checkpoint that are no part of it.

    Raises:
        BrokenModelError: the tokenizer has ids that the model has no embedding for, or the model
            does not return its attention weights.
    """
    if len(wordpiece.vocabulary) > model.config.vocab_size:
        raise BrokenModelError(
            f"The tokenizer of “{name}” has {len(wordpiece.vocabulary):,} pieces, its model only "
            f"{model.config.vocab_size:,}: they do not belong together."
        )
    if model.config._attn_implementation != "eager":
        raise BrokenModelError(
            'Load the model with attn_implementation="eager": the others return no weights.'
        )
    missing = list(missing)
    pooler = not any(gap.startswith("bert.pooler.") for gap in missing)
    model = model.eval().requires_grad_(False).to(device)
    return Bert(
        name=name,
        model=model,
        wordpiece=wordpiece,
        device=torch.device(device),
        has_mlm=not any(gap.startswith("cls.predictions.") for gap in missing),
        has_nsp=pooler and not any(gap.startswith("cls.seq_relationship.") for gap in missing),
        has_pooler=pooler,
        fingerprint=_fingerprint(model, wordpiece, str(device)),
        unused=tuple(unused),
    )


def pick_device(device: str) -> torch.device:
    """The torch device for "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        DeviceError: it is not on this machine.
    """
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        found = "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
        return torch.device(found)
    kind, _, number = device.partition(":")
    there = {
        "cpu": not number,
        "mps": has_mps and not number,
        "cuda": (number or "0").isdecimal() and int(number or 0) < torch.cuda.device_count(),
    }
    if not there.get(kind, False):
        raise DeviceError(f"This machine has no device “{device[:20]}”. Use “auto” or “cpu”.")
    return torch.device(device)


def _expected_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """The tensors of such a BERT with both heads; no memory is taken for their numbers."""
    with torch.device("meta"):
        state = BertForPreTraining(config).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _build(
    name: str, config: BertConfig, tensors: dict[str, torch.Tensor]
) -> tuple[BertForPreTraining, list[str]]:
    """The model with these tensors, and the names of those that it lacks: they are random."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()  # it lists what is missing, which `Bert` says
    try:
        model, info = BertForPreTraining.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
        )
    except MemoryError as error:
        raise ModelTooLargeError(f"“{name}” does not fit into this machine's memory.") from error
    return model, sorted(info["missing_keys"])


def _try_out(bert: Bert, name: str) -> None:
    """Run one short sentence: a model that loads may still answer with no numbers.

    Raises:
        BrokenModelError: it does, or it does not run.
    """
    special = bert.wordpiece.special_ids
    ids = torch.tensor([[special["cls"], special["mask"], special["sep"]]], device=bert.device)
    try:
        with torch.inference_mode():
            found = bert.model(input_ids=ids, token_type_ids=torch.zeros_like(ids))
        answers = found.prediction_logits, found.seq_relationship_logits
        runs = all(bool(one.isfinite().all()) for one in answers)
    except (RuntimeError, IndexError) as error:
        raise BrokenModelError(
            f"“{name}” loads, but does not run ({str(error).strip()[:160]}). Choose another."
        ) from error
    if not runs:
        raise BrokenModelError(
            f"“{name}” loads, but answers with values that are no finite numbers: its weights are "
            "too large. Choose another checkpoint."
        )


def _check_size(name: str, count: int, device: torch.device, limit: int | None) -> None:
    if limit is not None and count > limit:
        raise ModelTooLargeError(
            f"“{name}” has {count / 1e6:,.0f} million parameters; this server allows "
            f"{limit / 1e6:,.0f} million."
        )
    needed = count * 4 * MEMORY_FACTOR
    free = free_memory(device)
    if free is not None and needed > free:
        raise ModelTooLargeError(
            f"“{name}” needs about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on "
            f"{device.type}. Close something, or choose a smaller model."
        )


def free_memory(device: torch.device) -> float | None:
    """Bytes that are free on `device`, None where nobody can tell."""
    if device.type == "cpu":
        return float(psutil.virtual_memory().available)
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return None


def _fingerprint(model: BertForPreTraining, wordpiece: WordPiece, device: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    config = {key: value for key, value in model.config.to_dict().items() if key != "_name_or_path"}
    digest.update(repr((device, sorted(config.items(), key=str), wordpiece.vocabulary)).encode())
    digest.update(wordpiece.backend.to_str().encode())
    for name, weight in model.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.cpu().contiguous().numpy().data)
    return digest.hexdigest()
