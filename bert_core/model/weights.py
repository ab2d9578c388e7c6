"""A checkpoint's weight files: what they hold, read off their headers, before memory is taken.

The headers name every tensor with its shape. So what does not fit config.json is found, and said by
name, while nothing is built yet.
"""

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from bert_core.errors import (
    BrokenModelError,
    ModelNotFoundError,
    ModelTooLargeError,
    UnsupportedModelError,
)
from bert_core.model.files import read_json, short

if TYPE_CHECKING:
    from torch import Tensor

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
OTHERS = (".h5", ".msgpack", ".onnx", ".gguf", ".tflite")  # of TensorFlow, Flax, and so on

MOST_HEADER = 8 * 2**20  # bytes; that of BERT-large has 50,000
FLOATS = ("F64", "F32", "F16", "BF16")

WORDS = "embeddings.word_embeddings.weight"
POSITION_IDS = "bert.embeddings.position_ids"  # counted, not trained; old checkpoints hold them


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies: its file, its name there, its shape and how its numbers are stored."""

    file: Path
    name: str
    shape: tuple[int, ...]
    kind: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def check_weight_files(name: str, files: Iterable[str]) -> None:
    """Refuse a checkpoint whose files hold no weights that are read here.

    Raises:
        UnsupportedModelError: a pickle, another library's weights, or an adapter.
        ModelNotFoundError: there are none.
    """
    files, name = sorted(files), short(name)
    if any(file.endswith(".safetensors") and not _is_adapter(file) for file in files):
        return
    if any(file.endswith(PICKLES) and not _is_adapter(file) for file in files):
        raise UnsupportedModelError(
            f"“{name}” has its weights as a pickle, which can run code when it is opened. Convert "
            "it once: “python -m bert_core convert FOLDER NEW” reads numbers only, and writes "
            "just what is there."
        )
    if any(_is_adapter(file) for file in files):
        raise UnsupportedModelError(_adapter(name))
    if other := next((file for file in files if file.endswith(OTHERS)), None):
        raise UnsupportedModelError(
            f"“{name}” has its weights as {short(other)}, which BERT Lens does not read. Choose a "
            "copy of it with a file that ends in .safetensors."
        )
    raise ModelNotFoundError(
        f"“{name}” has no weights: a file that ends in .safetensors is needed."
    )


def read_headers(folder: Path) -> dict[str, StoredTensor]:
    """The tensors in a folder, by the names that `BertForPreTraining` has for them.

    Raises:
        BrokenModelError: a file is missing, cut off, or none of safetensors.
        ModelTooLargeError: a header is larger than that of any BERT.
        UnsupportedModelError: an adapter, numbers that are not floating, or files that do not say
            which of them belong together.
    """
    stored = [one for path in _weight_files(folder) for one in _read_header(path)]
    names = _canonical_names([one.name for one in stored])
    if any("lora_" in name for name in names):
        raise UnsupportedModelError(_adapter(short(folder.name)))
    found = dict(zip(names, stored, strict=True))
    for name, one in found.items():
        if one.kind not in FLOATS and name != POSITION_IDS:
            raise UnsupportedModelError(
                f"{short(name)} in “{short(folder.name)}” is stored as {one.kind}, not as floating "
                "numbers. Choose the model as it was trained, in float32, float16 or bfloat16."
            )
    return found


def check_shapes(
    name: str, stored: Mapping[str, StoredTensor], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Hold the tensors of a checkpoint called `name` against those that its config.json asks for.

    Raises:
        BrokenModelError: a tensor has another shape, or a part of the encoder is missing.
    """
    for tensor, shape in expected.items():
        if tensor in stored and stored[tensor].shape != shape:
            raise BrokenModelError(
                f"config.json and the weights of “{name}” do not belong together: {tensor} is "
                f"{_by(stored[tensor].shape)} in the weights, and {_by(shape)} by config.json."
            )
    gaps = [
        tensor
        for tensor in expected
        if tensor not in stored and not tensor.startswith(("cls.", "bert.pooler."))
    ]
    if gaps:
        raise BrokenModelError(
            f"The weights of “{name}” lack {len(gaps):,} of the tensors that its config.json asks "
            f"for, the first is {gaps[0]}. They hold {len(stored):,}: "
            f"{', '.join(map(short, list(stored)[:2])) or 'none'}, …"
        )


def unused_names(stored: Iterable[str], expected: Iterable[str]) -> tuple[str, ...]:
    """The names of tensors that a checkpoint holds and its model has no place for."""
    return tuple(sorted({*stored} - {*expected} - {POSITION_IDS}))


def read_tensors(
    name: str, stored: Mapping[str, StoredTensor], wanted: Iterable[str]
) -> "dict[str, Tensor]":
    """Those of the `wanted` tensors that are there, in float32, every number of them finite.

    Raises:
        BrokenModelError: one cannot be read, or holds a number that is none or has no end.
    """
    found = {}
    for tensor in wanted:
        if tensor not in stored:
            continue
        one = stored[tensor]
        try:
            with safe_open(one.file, framework="pt") as weights:
                numbers = weights.get_tensor(one.name).float()
        except (SafetensorError, OSError) as error:
            raise BrokenModelError(_damaged(one.file, error)) from error
        if not numbers.isfinite().all():
            raise BrokenModelError(
                f"{tensor} of “{name}” holds values that are no finite numbers (NaN or infinity): "
                "its training went wrong, or the file is damaged. Choose another checkpoint."
            )
        found[tensor] = numbers
    return found


def _weight_files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        return _indexed(folder)
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    found = sorted(path for path in folder.glob("*.safetensors") if not _is_adapter(path.name))
    parts = [re.fullmatch(r"(.*)-(\d+)-of-(\d+)\.safetensors", path.name) for path in found]
    if all(parts):
        asked = {int(part[3]) for part in parts if part}
        there = {int(part[2]) for part in parts if part}
        missing = sorted(set(range(1, min(max(asked), 1000) + 1)) - there)
        if missing:
            raise BrokenModelError(
                f"“{short(folder.name)}” lacks part {missing[0]} of the {max(asked)} that its "
                "weights are in. Fetch the model again."
            )
        return found
    if len(found) > 1:
        raise UnsupportedModelError(
            f"“{short(folder.name)}” has several files of weights "
            f"({', '.join(short(path.name) for path in found[:3])}), and nothing says which to "
            f"take. Name the one that counts {WHOLE}."
        )
    return found


def _indexed(folder: Path) -> list[Path]:
    """The files that the index names."""
    named = read_json(folder / INDEX).get("weight_map")
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        raise BrokenModelError(
            f"{INDEX} in “{short(folder.name)}” does not say which file holds which tensor. Fetch "
            "the model again."
        )
    files = sorted(set(named.values()))
    if not files:
        raise BrokenModelError(
            f"{INDEX} in “{short(folder.name)}” names no file. Fetch the model again."
        )
    for file in files:
        if Path(file).name != file or not (folder / file).is_file():
            raise BrokenModelError(
                f"“{short(folder.name)}” lacks {short(file)}, which {INDEX} names. Fetch the model "
                "again."
            )
    return [folder / file for file in files]


def _read_header(path: Path) -> Iterator[StoredTensor]:
    _look_at_beginning(path)
    try:
        with safe_open(path, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118 - not a dict
                one = weights.get_slice(name)
                yield StoredTensor(path, name, tuple(one.get_shape()), str(one.get_dtype()))
    except (SafetensorError, OSError) as error:
        raise BrokenModelError(_damaged(path, error)) from error


def _look_at_beginning(path: Path) -> None:
    """Refuse what would be slow to read, or is known to be something else."""
    with path.open("rb") as file:
        beginning = file.read(64)
    place = f"{short(path.name)} in “{short(path.parent.name)}”"
    if beginning.startswith(b"version https://git-lfs"):
        raise BrokenModelError(
            f"{place} only points to the weights (Git LFS). Fetch them: “git lfs pull” in that "
            "folder."
        )
    length = int.from_bytes(beginning[:8], "little")
    if MOST_HEADER < length <= path.stat().st_size:
        raise ModelTooLargeError(
            f"{place} lists its tensors on {length / 1e6:,.0f} MB: no BERT has so many."
        )


def _canonical_names(names: list[str]) -> list[str]:
    """Names as `BertForPreTraining` has them.

    Whatever wrapped the model when it was saved (`module.`, `_orig_mod.`, nothing at all for an
    encoder alone) stands before the word embeddings' name, and before the others.
    """
    before = next((name.removesuffix(WORDS) for name in names if name.endswith(WORDS)), "bert.")
    root = before.removesuffix("bert.")
    return [_canonical(name, before, root) for name in names]


def _canonical(name: str, before: str, root: str) -> str:
    if before == root:  # the encoder has no name of its own
        inner = name.removeprefix(root)
        if inner.startswith(("embeddings.", "encoder.", "pooler.")):
            name = f"bert.{inner}"
    name = name.removeprefix(root)
    # As TensorFlow called them; the first checkpoints keep that.
    return re.sub(r"LayerNorm\.(gamma|beta)$", _renamed, name)


def _renamed(found: re.Match[str]) -> str:
    return "LayerNorm." + {"gamma": "weight", "beta": "bias"}[found[1]]


def _is_adapter(file: str) -> bool:
    return Path(file).name.startswith("adapter_")


def _adapter(name: str) -> str:
    return (
        f"“{name}” holds an adapter (LoRA): only what was changed of another model. Merge the two "
        "where you trained it (merge_and_unload), save that, and give its folder."
    )


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{one:,}" for one in shape) or "one number"


def _damaged(path: Path, error: Exception) -> str:
    reason = str(error).split("\n")[0].replace(os.fspath(path.parent), "").strip()[:160]
    return (
        f"The weights in “{short(path.parent.name)}” cannot be read: {short(path.name)} is cut off "
        f"or damaged ({reason}). Fetch the model again."
    )
