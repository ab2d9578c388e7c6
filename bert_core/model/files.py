"""Files out of a checkpoint: from strangers, so each is bounded, and read or refused by name."""

import json
from pathlib import Path
from typing import Any

from bert_core.errors import BrokenModelError, ModelTooLargeError

MOST_BYTES = 64 * 2**20
LONGEST_NAME = 80  # characters of a name, in a sentence about it


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file in UTF-8, without a byte-order mark.

    Raises:
        BrokenModelError: it is no regular file, or not UTF-8.
        ModelTooLargeError: it is larger than any BERT's.
    """
    place = f"{path.name} in “{short(path.parent.name)}”"
    if not path.is_file():
        raise BrokenModelError(f"{place} is not a regular file.")
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ModelTooLargeError(
                f"{place} is larger than {most_bytes // 2**20} MB: no BERT has one so large."
            )
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise BrokenModelError(f"{place} cannot be read ({type(error).__name__}).") from error


def read_json(path: Path, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        BrokenModelError: it is no regular file, not JSON, or no object.
        ModelTooLargeError: it is larger than any BERT's.
    """
    text = read_text(path, most_bytes)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenModelError(
            f"{path.name} in “{short(path.parent.name)}” is not JSON ({type(error).__name__}). "
            "Fetch the model again."
        ) from error
    if not isinstance(found, dict):
        raise BrokenModelError(
            f"{path.name} in “{short(path.parent.name)}” holds no object with names and values. "
            "Fetch the model again."
        )
    return found


def short(text: str) -> str:
    """A name from outside, as it is put into a sentence."""
    printable = "".join(char if char.isprintable() else "�" for char in text)
    return printable if len(printable) <= LONGEST_NAME else printable[: LONGEST_NAME - 1] + "…"
