"""What the model expects at the token that is pointed at, and how each word surprises it.

The readout under the strip answers in the browser, from what it was given; it asks the server
only for a token of which it was given nothing. The strip of the same channel draws the bars.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeGuard

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.model.tokenization import Encoding
from ui.components.assets import read_css, read_js
from ui.components.events import is_count, mount
from ui.components.strip.data import fingerprint, shorten

_hints = st.components.v2.component(
    "bert_lens_hints", css=read_css("hints/hints.css"), js=read_js("hints/hints.js")
)

# What a full bar stands for, in bits, unless a word surprises more: one of 65,536 equal chances.
FULL_BAR = 16.0

MOST_GUESSES = 8
PIECE_LENGTH = 40

# A probability of 1 may have become a little more by rounding, its bits a little less than 0.
SLACK = 1e-3


@dataclass(frozen=True)
class Hint:
    """What the model expects at one token.

    guesses: pieces and their probabilities in [0, 1], the most probable first.
    written: one line on what the text has there.
    """

    guesses: Sequence[tuple[str, float]]
    written: str


def token_hints(
    encoding: Encoding,
    *,
    key: str,
    label: str,
    hints: Mapping[int, Hint],
    bars: Mapping[tuple[int, ...], float],
    idle: str,
    pending: str,
    channel: str = "",
    unit: str = "{number} bits",
    whole: bool,
    on_want: Callable[[int], None] | None = None,
) -> None:
    """Draw the readout.

    encoding: the text that `hints` and `bars` belong to; no strip of another text draws the bars.
    label: what the readout is, for screen readers.
    hints: what is known so far, by position. The first `MOST_GUESSES` guesses are shown, or as
        many as there is room for.
    bars: for each word its surprisal in bits, by the positions of all its pieces.
    idle: the line where nothing is pointed at, or an added token without a hint.
    pending: the line at a token without a hint.
    channel: the one of the strip. unit: a bar's number in words, said on hover.
    whole: whether this is all there will be, for programs that wait for it.
    on_want: called with the position of a token without a hint at which the pointer rests, once
        for each, before the script runs (`events.mount`). Without it none is asked for.

    Raises:
        ValueError: bars of tokens that are in no word of the text, or not of 0 bits or more.
    """
    shown = {
        "label": label,
        "hints": {str(at): _hint(hint) for at, hint in hints.items()},
        "added": [at for at, sequence in enumerate(encoding.sequences) if sequence is None],
        "idle": shorten(idle),
        "pending": shorten(pending),
        "channel": channel,
        "given": fingerprint(encoding.ids),
        "bars": _bars(encoding, bars, unit),
        "whole": whole,
    }

    mount(_hints, key, lambda heard: {**shown, "heard": heard}, _reader(encoding), on_want)


def _hint(hint: Hint) -> list[Any]:
    guesses = [
        [shorten(piece, PIECE_LENGTH), round(float(share), 4), percent(float(share))]
        for piece, share in hint.guesses[:MOST_GUESSES]
    ]
    return [shorten(hint.written), guesses]


def _bars(encoding: Encoding, bars: Mapping[tuple[int, ...], float], unit: str) -> dict[str, Any]:
    for positions, bits in bars.items():
        if not positions or not all(_is_in_a_word(encoding, at) for at in positions):
            raise ValueError(f"bars: no word of this text is at {positions}")
        if not isfinite(bits) or bits < -SLACK:
            raise ValueError(f"bars: {bits} bits at {positions}")
    return {
        "text": fingerprint(encoding.original_ids),
        # Less than half a pixel is lost by rounding.
        "bars": [[list(at), round(max(float(bits), 0.0), 1)] for at, bits in bars.items()],
        "most": round(max([FULL_BAR, *map(float, bars.values())]), 1),
        "unit": unit,
    }


def _reader(encoding: Encoding) -> Callable[[Mapping[str, Any]], int | None]:
    given = fingerprint(encoding.ids)

    def read(sent: Mapping[str, Any]) -> int | None:
        position = sent.get("want")
        is_ours = sent.get("text") == given and _is_in_a_word(encoding, position)
        return position if is_ours else None

    return read


def _is_in_a_word(encoding: Encoding, position: object) -> TypeGuard[int]:
    return is_count(position, len(encoding)) and encoding.sequences[position] is not None
