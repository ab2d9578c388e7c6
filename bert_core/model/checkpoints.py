"""Where a checkpoint comes from: the embedded folder, a local folder, the hub cache, the hub.

Each function returns a folder that holds a BERT in safetensors, or raises a `ModelError`
that says what to do instead.
"""

import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

from bert_core.errors import ModelError, ModelNotFoundError, ModelUnreachableError
from bert_core.model.configuration import read_config
from bert_core.model.files import short
from bert_core.model.weights import check_weight_files
from bert_core.model.wordpiece import TOKENIZER_FILES

EMBEDDED = "embedded"
EMBEDDED_FOLDER = Path(__file__).parent.parent / "embedded"

HUB_FILES = ["config.json", "*.safetensors", "*.safetensors.index.json", *TOKENIZER_FILES]
PROBE_SECONDS = 4.0

Progress = Callable[[int, int], None]


def find_checkpoint(source: str, *, progress: Progress | None = None) -> Path:
    """The folder of `source`: "embedded", a local folder, or a name on the Hugging Face hub.

    The local hub cache is asked first, so that a model that was fetched once needs no network.
    `progress(bytes_done, bytes_total)` is called while a checkpoint is fetched.

    Raises:
        ModelNotFoundError: there is no such folder or name.
        ModelUnreachableError: the hub does not answer within `PROBE_SECONDS`.
        UnsupportedModelError: not a BERT, or only a pickle.
        BrokenModelError: config.json cannot be read.
    """
    source = source.strip()
    if source == EMBEDDED:
        return EMBEDDED_FOLDER
    if source.replace("\\", "/").startswith("//"):
        raise ModelNotFoundError(
            "A folder on another machine is not looked at. Copy it to this one, and give that."
        )
    folder = _local_folder(source)
    if folder is not None:
        check_folder(folder)
        return folder
    if not re.fullmatch(r"[\w.-]{1,96}(/[\w.-]{1,96})?", source) or source.startswith((".", "-")):
        raise ModelNotFoundError(
            f"There is no folder “{short(source)}”, and a name on the hub looks like "
            "“bert-base-uncased” or “owner/name”. Check the spelling."
        )
    cached = _cached_folder(source)
    if cached is None:
        cached = _download(source, progress)
    check_folder(cached)
    return cached


def check_folder(folder: Path) -> dict[str, Any]:
    """The configuration of the BERT in `folder`, if it is one that this library can load.

    Raises:
        ModelNotFoundError: no config.json, or no weights.
        UnsupportedModelError: another architecture, or weights that are not read here.
        BrokenModelError: config.json is not JSON.
    """
    name = short(folder.name)
    if not (folder / "config.json").is_file():
        inner = _models_below(folder)
        if inner:
            raise ModelNotFoundError(
                f"The folder “{name}” holds no config.json, but there is a model one folder below. "
                f"Give that: “{short(inner[0])}” in it."
            )
        raise ModelNotFoundError(f"The folder “{name}” holds no model: it has no config.json.")
    config = read_config(folder)
    check_weight_files(folder.name, (path.name for path in folder.iterdir()))
    return config


def _models_below(folder: Path) -> list[str]:
    """The folders inside this one that hold a model, sorted."""
    try:
        return sorted(path.parent.name for path in folder.glob("*/config.json"))
    except OSError:
        return []


def _local_folder(source: str) -> Path | None:
    try:
        folder = Path(source).expanduser()
        return folder if source and folder.is_dir() else None
    except (OSError, ValueError, RuntimeError):  # too long, NUL, the home of nobody
        return None


def cached_checkpoints() -> list[str]:
    """Names of the BERT checkpoints in the local hub cache that `load_bert` can load, sorted."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir().repos
    except (CacheNotFound, OSError):
        return []
    names = []
    for repo in repos:
        if repo.repo_type != "model":
            continue
        for revision in repo.revisions:
            try:
                check_folder(revision.snapshot_path)
            except (ModelError, OSError):
                continue
            names.append(repo.repo_id)
            break
    return sorted(names)


def _cached_folder(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=HUB_FILES))
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    # A download that was cut off leaves a snapshot without its weights.
    whole = any(folder.glob("*.safetensors")) and (folder / "config.json").is_file()
    return folder if whole else None


def _download(name: str, progress: Progress | None) -> Path:
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    info = _ask_hub(name)
    check_weight_files(name, {file.rfilename for file in info.siblings or []})
    try:
        return Path(
            snapshot_download(name, allow_patterns=HUB_FILES, tqdm_class=_reporting_bar(progress))
        )
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise ModelUnreachableError(
            f"Fetching “{name}” broke off ({type(error).__name__}). Try again: what has arrived "
            "is kept."
        ) from error


def _ask_hub(name: str) -> Any:
    """The hub's description of `name`, or an error within `PROBE_SECONDS`.

    On a thread of its own, since looking a host up can hang for longer than any timeout.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    answer: Future[Any] = Future()

    def ask() -> None:
        try:
            answer.set_result(HfApi().model_info(name, timeout=PROBE_SECONDS))
        except Exception as error:  # the waiting thread sorts it
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True, name="hub-probe").start()
    try:
        return answer.result(timeout=PROBE_SECONDS)
    except GatedRepoError as error:
        raise ModelNotFoundError(
            f"“{name}” is on the hub but asks for permission. Fetch it with your own account, "
            "then give its folder."
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"Neither a folder nor the hub has “{name}”. Check the spelling."
        ) from error
    except (FutureTimeoutError, httpx2.HTTPError, socket.gaierror, OSError) as error:
        raise ModelUnreachableError(
            f"“{name}” is not on this machine and the hub cannot be reached. Use the embedded "
            "model, or give the folder of a model you have."
        ) from error


def _reporting_bar(progress: Progress | None) -> Any:
    """A tqdm class that tells `progress` the bytes of all files together."""
    from tqdm import tqdm

    class ReportingBar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs["disable"] = False
            kwargs["file"] = _Nowhere()
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            if progress is not None and self.unit == "B":
                progress(int(self.n), int(self.total or 0))
            return shown

    return ReportingBar


class _Nowhere:
    def write(self, _text: str) -> None: ...

    def flush(self) -> None: ...
