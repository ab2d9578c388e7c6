"""Attention to take away: a numpy file, and one HTML file with a viewer that needs nothing else.

The HTML file works offline and from a folder: its policy forbids every request, and texts and
tokens reach the page as text only. Layers and heads count from 0 here, and from 1 in the HTML
file, as on screen; tokens from 0 in both.
"""

import base64
import io
import json
import zlib
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bert_core.arrays import Floats
from bert_core.attention.maps import AttentionMap, head_name, read_attention
from bert_core.errors import InputError
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from bert_core.palette import COLOUR_POWER, DARK, LIGHT

# Of all heads a file keeps hundredths of a percent, which is what its hover says: rounding twice
# would now and then show another last digit than the page does.
UNIT = 1e-4
ALL = -1

COUNTING = "layers and heads count from 1, tokens (as positions in BERT) from 0"
PACKING = (
    "base64 of zlib of the first bytes of all numbers, then of their second bytes, and so on; "
    "numbers are little-endian, the last axis runs fastest; a weight is number * unit"
)
ROUNDED = "Weights in this file are rounded to 0.01 %."
EXACT = "Weights in this file are 32-bit numbers, not rounded."

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main id="viewer"><noscript>The maps are drawn by the script in this file.</noscript></main>
<script type="application/json" id="about">{about}</script>
<script type="text/plain" id="weights">{weights}</script>
<script>{script}</script>
</body>
</html>
"""


def to_npz(
    run: BertRun, layer: int | None = None, head: int | None = None, *, model: str = ""
) -> bytes:
    """Attention weights and what labels them, for `numpy.load(file, allow_pickle=False)`.

    attentions: float32 (layer, head, query, key); one layer's (head, query, key) or one head's
        (query, key) where those are named.
    tokens, ids, segments: one entry for each token. layer, head: from 0, -1 for all.
    model, text, pair: strings, pair "" where there is none.

    Raises:
        InputError: the run kept no attentions, or has no such layer or head.
    """
    if run.attentions is None:
        raise InputError("This run kept no attentions: run it again with them.")
    encoding = run.encoding
    read_attention(run.attentions, encoding.tokens, layer, head)  # refuses what is not there
    chosen = tuple(at for at in (layer, head) if at is not None)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        allow_pickle=False,
        attentions=run.attentions[chosen],
        tokens=np.array(encoding.tokens, dtype=np.str_),
        ids=np.array(encoding.ids, dtype=np.int64),
        segments=np.array(encoding.segments, dtype=np.int64),
        layer=np.int64(ALL if layer is None else layer),
        head=np.int64(ALL if head is None else head),
        model=np.str_(model),
        text=np.str_(encoding.text),
        pair=np.str_(encoding.pair or ""),
    )
    return out.getvalue()


def one_head_html(
    shown: AttentionMap,
    encoding: Encoding,
    *,
    model: str,
    title: str = "Attention",
    note: str = "",
) -> str:
    """One map, of a head or a mean, as an HTML file that holds its weights exactly.

    encoding: the input that `shown` was read from. note: a sentence under the map, such as what
    was hidden.
    """
    about = _describe(encoding, shown.positions, model, title, note) | {
        "layer": None if shown.layer is None else shown.layer + 1,
        "head": None if shown.head is None else shown.head + 1,
        "name": head_name(shown.layer, shown.head),
        "renormalised": shown.renormalised,
        "weights": _describe_weights(("query", "key"), shown.weights, unit=1.0, error=0.0),
    }
    return _page(about, shown.weights.astype("<f4"))


def all_heads_html(
    attentions: Floats,
    encoding: Encoding,
    *,
    model: str,
    layer: int = 0,
    head: int = 0,
    title: str = "Attention",
    note: str = "",
) -> str:
    """Every head as a small map, and the one chosen large, as an HTML file.

    attentions: (layer, head, query, key); the file has each weight to the nearest `UNIT`.
    layer, head: the one that is open at first. The rest is as in `one_head_html`.

    Raises:
        InputError: no such layer or head, or tokens that do not fit.
    """
    read_attention(attentions, encoding.tokens, layer, head)
    axes = ("layer", "head", "query", "key")
    about = _describe(encoding, range(len(encoding)), model, title, note) | {
        "layers": attentions.shape[0],
        "heads": attentions.shape[1],
        "layer": layer + 1,
        "head": head + 1,
        "weights": _describe_weights(axes, attentions, unit=UNIT, error=UNIT / 2),
    }
    numbers = np.empty(attentions.shape, dtype="<u2")
    for target, source in zip(numbers, attentions, strict=True):  # float64 of one layer at a time
        target[...] = np.rint(source.astype(np.float64) / UNIT)
    return _page(about, numbers)


def _describe(
    encoding: Encoding, positions: Any, model: str, title: str, note: str
) -> dict[str, Any]:
    """What a file says about its input; tokens, positions and sequences have the map's length."""
    return {
        "title": title,
        "model": model,
        "text": encoding.text,
        "pair": encoding.pair,
        "note": note,
        "counting": COUNTING,
        "tokens": [encoding.tokens[at] for at in positions],
        "positions": list(positions),
        "sequences": [encoding.sequences[at] for at in positions],
    }


def _describe_weights(
    axes: tuple[str, ...], weights: Floats, *, unit: float, error: float
) -> dict[str, Any]:
    return {
        "axes": list(axes),
        "shape": list(weights.shape),
        "type": "uint16" if error else "float32",
        "unit": unit,
        "largest error": error,
        "precision": ROUNDED if error else EXACT,
        "packing": PACKING,
        "colour power": COLOUR_POWER,
    }


def _page(about: dict[str, Any], numbers: NDArray[Any]) -> str:
    style = f"{_colours()}{_asset('viewer.css')}"
    script = "\n".join(_asset(name) for name in ("drawing.js", "viewer.js"))
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return PAGE.format(
        policy=policy,
        title=escape(f"{about['title']} · BERT Lens"),
        style=style,
        about=_embed(about),
        weights=_pack(numbers),
        script=script,
    )


def _pack(numbers: NDArray[Any]) -> str:
    """`PACKING`: alike bytes stand together, which makes the file a tenth to a fifth smaller."""
    planes = np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, numbers.itemsize).T
    return base64.b64encode(zlib.compress(planes.tobytes())).decode("ascii")


def _embed(value: dict[str, Any]) -> str:
    """JSON that ends no script element and that old JavaScript reads too."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _colours() -> str:
    """The palettes as CSS custom properties, each for its setting of the reader's system."""
    rules = [
        "".join(f"--{name.replace('_', '-')}:{value};" for name, value in asdict(colours).items())
        for colours in (LIGHT, DARK)
    ]
    return f":root{{{rules[0]}}}@media (prefers-color-scheme: dark){{:root{{{rules[1]}}}}}\n"


def _hash(source: str) -> str:
    """How a policy names the one style or script that it allows."""
    return f"'sha256-{base64.b64encode(sha256(source.encode()).digest()).decode('ascii')}'"


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
