"""A trained model as one file to take away, and back."""

import io
import shutil
import zipfile
from pathlib import Path

from bert_core.errors import InputError, ModelError
from bert_core.model.checkpoints import check_folder
from bert_core.pretraining.result import RESULT

WEIGHTS = "model.safetensors"
NAMES = RESULT | {WEIGHTS}

# Bytes of all that is packed: far above the largest model that the lab trains.
MOST_BYTES = 200_000_000


def pack_model(folder: Path) -> bytes:
    """The files of a model in a zip, as `unpack_model` and anybody else can unpack them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            if path.name in NAMES:
                archive.write(path, path.name)
    return out.getvalue()


def unpack_model(packed: bytes, folder: Path) -> None:
    """Write the files of a model into a new folder; whatever else is packed is left out.

    Raises:
        InputError: it is no zip, too large, or holds no BERT.
    """
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            _unpack(archive, folder)
        check_folder(folder)
    except (zipfile.BadZipFile, ModelError, OSError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            "This file holds no model of the lab: choose a .zip that was taken away here."
        ) from error
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """By name, so that no path in the archive leads out of the folder; never more than is said."""
    left = MOST_BYTES
    for name in sorted(NAMES):
        try:
            file = archive.open(name)
        except KeyError:
            continue
        with file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise InputError(f"A model of the lab has {MOST_BYTES // 10**6} MB at most.")
        (folder / name).write_bytes(content)
