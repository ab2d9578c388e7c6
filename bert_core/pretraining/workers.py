"""The processes that share a run: one alone, or several through accelerate.

Several are started by `accelerate launch` or `torchrun`, which tell each process its number
through the environment; each takes its share of every batch.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn

from bert_core.errors import PretrainingError
from bert_core.model.bert import pick_device

if TYPE_CHECKING:
    from accelerate import Accelerator  # type: ignore[import-untyped]

Said = TypeVar("Said")

# The others wait while the first cuts the corpus into pieces: an hour for some gigabytes.
PATIENCE = timedelta(hours=12)


class Workers:
    """This process, alone. count: of processes. rank: this one's number; 0 is first."""

    count = 1
    rank = 0

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files and speaks."""
        return self.rank == 0

    def share(self, module: nn.Module) -> nn.Module:
        """The module as all processes train it together: with the mean of their gradients."""
        return module

    def apart(self, module: nn.Module) -> AbstractContextManager[object]:
        """Gradients stay with this process within it."""
        return nullcontext()

    def add(self, numbers: Sequence[float]) -> list[float]:
        """The sum of each number over all processes."""
        return list(numbers)

    def tell(self, said: Said) -> Said:
        """What the first process says; the others' own is dropped."""
        return said

    def leave(self) -> None:
        """Part from the other processes, at the end."""


class ManyWorkers(Workers):
    """This process as one of several, by accelerate over torch.distributed."""

    def __init__(self, accelerator: "Accelerator") -> None:
        super().__init__(accelerator.device)
        self._accelerator = accelerator
        self.count = accelerator.num_processes
        self.rank = accelerator.process_index

    def share(self, module: nn.Module) -> nn.Module:
        shared: nn.Module = self._accelerator.prepare_model(module)
        return shared

    def apart(self, module: nn.Module) -> AbstractContextManager[object]:
        return self._accelerator.no_sync(module)

    def add(self, numbers: Sequence[float]) -> list[float]:
        # Double precision keeps counts exact; one device type cannot.
        dtype = torch.float32 if self.device.type == "mps" else torch.float64
        mine = torch.tensor(list(numbers), dtype=dtype, device=self.device)
        summed: torch.Tensor = self._accelerator.reduce(mine, reduction="sum")
        return summed.tolist()

    def tell(self, said: Said) -> Said:
        from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]

        box: list[Any] = broadcast_object_list([said])
        heard: Said = box[0]
        return heard

    def leave(self) -> None:
        self._accelerator.end_training()


def join_workers(device: str = "auto") -> Workers:
    """The workers that this process was started as one of.

    device: as in `load_bert`; with several processes on GPUs each takes its own.

    Raises:
        DeviceError: it is not on this machine.
        PretrainingError: accelerate is not installed, and there are several.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return Workers(pick_device(device))
    try:
        from accelerate import Accelerator, InitProcessGroupKwargs
    except ImportError as error:
        raise PretrainingError(
            "Several processes need the package accelerate: pip install accelerate."
        ) from error
    kind = pick_device(device).type
    return ManyWorkers(
        Accelerator(cpu=kind == "cpu", kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)])
    )
