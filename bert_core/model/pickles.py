"""The tensors of a checkpoint whose weights are a pickle, and nothing else of it.

A pickle can run code when it is opened. torch reads tensors alone out of it where `weights_only` is
asked for (https://docs.pytorch.org/docs/stable/notes/serialization.html), and refuses all else.
"""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bert_core.errors import BrokenModelError, ModelNotFoundError, UnsupportedModelError
from bert_core.model.configuration import read_config
from bert_core.model.files import read_json, short
from bert_core.model.weights import PICKLES

if TYPE_CHECKING:
    from torch import Tensor

INDEX = "pytorch_model.bin.index.json"
USUAL = "pytorch_model.bin"


def read_pickles(folder: Path) -> "dict[str, Tensor]":
    """The tensors of the BERT in `folder`, under the names that they have there.

    Raises:
        ModelNotFoundError: there is no such model, or no pickle in it.
        UnsupportedModelError: it is no BERT, or its pickle holds more than tensors.
        BrokenModelError: a file is missing, or cannot be read.
    """
    if not (folder / "config.json").is_file():
        raise ModelNotFoundError(f"The folder “{short(str(folder))}” has no config.json.")
    read_config(folder)
    found = {
        name: tensor for path in _pickles(folder) for name, tensor in _read_pickle(path).items()
    }
    if not found:
        raise BrokenModelError(f"The pickle in “{short(folder.name)}” holds no tensor.")
    return found


def _pickles(folder: Path) -> list[Path]:
    """The files that hold the weights: those of the index, the usual one, or the only one."""
    if (folder / INDEX).is_file():
        named = read_json(folder / INDEX).get("weight_map")
        files = sorted({str(one) for one in named.values()}) if isinstance(named, dict) else []
        for file in files:
            if Path(file).name != file or not (folder / file).is_file():
                raise BrokenModelError(
                    f"“{short(folder.name)}” lacks {short(file)}, which {INDEX} names."
                )
        return [folder / file for file in files]
    if (folder / USUAL).is_file():
        return [folder / USUAL]
    found = sorted(path for path in folder.iterdir() if path.name.endswith(PICKLES))
    found = [path for path in found if path.name != "training_args.bin"]
    if not found:
        raise ModelNotFoundError(
            f"“{short(folder.name)}” has no weights in a pickle, such as {USUAL}."
        )
    if len(found) > 1:
        raise UnsupportedModelError(
            f"“{short(folder.name)}” has several pickles "
            f"({', '.join(short(path.name) for path in found[:3])}). Name the one that counts "
            f"{USUAL}."
        )
    return found


def _read_pickle(path: Path) -> "dict[str, Tensor]":
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsupportedModelError(
            f"{short(path.name)} holds more than tensors, and is not opened: it could run code. "
            "Ask whoever made it for a file that ends in .safetensors."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise BrokenModelError(
            f"{short(path.name)} cannot be read ({type(error).__name__}). Fetch it again."
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):  # a training's own checkpoint
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    return dict(_tensors(found))


def _tensors(found: object) -> "Iterator[tuple[str, Tensor]]":
    """Tensors with their names, each with memory of its own, as safetensors wants them."""
    import torch

    for name, value in found.items() if isinstance(found, dict) else ():
        if isinstance(name, str) and isinstance(value, torch.Tensor):
            yield name, value.detach().clone().contiguous()
