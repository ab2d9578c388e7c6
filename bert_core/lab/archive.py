"""A trained model as one file to take away, and back."""

import errno
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bert_core.errors import InputError, ModelError
from bert_core.model.bert import check_model
from bert_core.pretraining.result import RESULT

WEIGHTS = "model.safetensors"
NAMES = RESULT | {WEIGHTS}

# Bytes of all that is packed: far above the largest model that the lab trains.
MOST_BYTES = 200_000_000

NO_MODEL = "This file holds no model of the lab: choose a .zip that was taken away here."
TOO_LARGE = f"A model of the lab has {MOST_BYTES // 10**6} MB at most."
DISK_FULL = "The disk of this server is full, so the model cannot be kept. Ask whoever runs it."


def pack_model(folder: Path) -> bytes:
    """The files of a model in a zip, as `unpack_model` and anybody else can unpack them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            if path.name in NAMES:
                archive.write(path, path.name)
    return out.getvalue()


def unpacked_size(packed: bytes) -> int:
    """The bytes that `unpack_model` would write, as the file says; nothing is unpacked.

    Raises:
        InputError: it is no zip, or larger than a model of the lab.
    """
    with _said_to_be_none(), zipfile.ZipFile(io.BytesIO(packed)) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    size = sum(bytes_ for name, bytes_ in sizes.items() if name in NAMES)
    if size > MOST_BYTES:
        raise InputError(TOO_LARGE)
    return size


def unpack_model(packed: bytes, folder: Path) -> None:
    """Write the files of a model into a new folder; whatever else is packed is left out.

    Where it is refused, nothing stays of the folder, nor of those that were made for it.

    Raises:
        InputError: it is no zip, too large, or holds no BERT; the sentence says what is wrong.
    """
    made = next(one for one in (*folder.parents[::-1], folder) if not one.exists())
    folder.mkdir(parents=True)
    try:
        with _said_to_be_none(), zipfile.ZipFile(io.BytesIO(packed)) as archive:
            _unpack(archive, folder)
        check_model(folder)
    except ModelError as error:
        shutil.rmtree(made, ignore_errors=True)
        reason = str(error).replace(f"“{folder.name}”", "the file")
        raise InputError(f"{NO_MODEL} {reason[:1].upper()}{reason[1:]}") from error
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


@contextmanager
def _said_to_be_none() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise InputError(DISK_FULL) from error
        raise InputError(NO_MODEL) from error


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
            raise InputError(TOO_LARGE)
        (folder / name).write_bytes(content)
