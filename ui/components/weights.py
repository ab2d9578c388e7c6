"""Attention weights as one bytes object, exact enough to be read off to a hundredth of a percent.

Layout: 4 bytes, the header's length, little-endian; the header, JSON in UTF-8; a zero byte where
the payload would not start at an even offset; then two bytes a weight, little-endian, in C order
(query, key). weights_unpack.js is the same backwards.
"""

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOKEN_LENGTH = 200

# What ±1 is packed to. Half of one step, 1 / 131070, is the most by which a weight read back is
# off; 1 / 65534 for differences.
FULL = 65535
FULL_SIGNED = 32767


def pack_weights(weights: NDArray[np.floating], header: Mapping[str, Any]) -> bytes:
    """`weights` (query, key) and `header`, to which rows, columns and checksum are added.

    weights: in [0, 1]; in [-1, 1] where the header has `"signed": True`.
    `checksum` changes with the weights only: the browser redraws when it does.

    Raises:
        ValueError: `weights` are not a table, or not all in their range.
    """
    if weights.ndim != 2:
        raise ValueError(f"weights: (query, key), not {weights.shape}")
    signed = bool(header.get("signed", False))
    payload = _to_integers(weights, signed).tobytes()
    rows, columns = weights.shape
    whole = {**header, "rows": rows, "columns": columns, "checksum": zlib.crc32(payload)}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "little") + text + bytes(len(text) % 2) + payload


def unpack_weights(data: bytes) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """What `pack_weights` was given, to within half a step: what the browser does, in Python."""
    end = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:end])
    kind, full = ("<i2", FULL_SIGNED) if header.get("signed", False) else ("<u2", FULL)
    packed = np.frombuffer(data, kind, offset=end + end % 2)
    return header, packed.reshape(header["rows"], header["columns"]) / full


def token_labels(
    tokens: Sequence[str],
    sequences: Sequence[int | None],
    positions: Sequence[int],
    masked: Collection[int] = (),
) -> list[dict[str, Any]]:
    """For the header: of each shown token its `text`, `sentence` ("a", "b", "special") and `at`.

    tokens, sequences: as in `Encoding`, of the whole text. positions: those shown, which become
    `at`. A token in `masked` also has `masked`. Long texts are cut.
    """
    labels = []
    for at in positions:
        sequence = sequences[at]
        sentence = "special" if sequence is None else "ab"[sequence]
        label = {"at": at, "text": _cut(tokens[at]), "sentence": sentence}
        labels.append({**label, "masked": True} if at in masked else label)
    return labels


def _to_integers(weights: NDArray[np.floating], signed: bool) -> NDArray[np.integer]:
    low, kind, full = (-1.0, "<i2", FULL_SIGNED) if signed else (0.0, "<u2", FULL)
    # Sums of float32 weights may be over 1 by rounding.
    slack = 1e-5
    if not np.all((weights >= low - slack) & (weights <= 1.0 + slack)):
        raise ValueError(f"weights: all in [{low:.0f}, 1]")
    whole = np.rint(np.clip(weights, low, 1.0).astype(np.float64) * full)
    return np.ascontiguousarray(whole.astype(kind))


def _cut(text: str) -> str:
    return text if len(text) <= TOKEN_LENGTH else text[: TOKEN_LENGTH - 1] + "…"
