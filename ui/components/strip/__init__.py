"""The token strip: the sentence as chips, and the control on every page."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from bert_core.model.tokenization import Encoding
from ui.components.assets import read_css, read_js
from ui.components.events import is_count, mount
from ui.components.strip.data import (
    LEGEND,
    checked_picks,
    fingerprint,
    strip_groups,
)

_strip = st.components.v2.component(
    "bert_lens_strip", css=read_css("strip/strip.css"), js=read_js("strip/strip.js")
)


def token_strip(
    encoding: Encoding,
    *,
    key: str,
    label: str,
    picked: Collection[int] = (),
    action: Literal["look", "mask"] = "look",
    whole_words: bool = False,
    specials_clickable: bool = False,
    detail: bool = False,
    notes: Sequence[str] | None = None,
    flips: Sequence[str] | None = None,
    describe: Callable[[Encoding, int], str] | None = None,
    cut_label: str = "",
    channel: str = "",
    bars: str = "",
    on_click: Callable[[int], None] | None = None,
    on_shift_click: Callable[[int], None] | None = None,
) -> None:
    """Draw the tokens; one that is pressed on another text than this one does nothing.

    label: what the strip is and what a click does, for screen readers.
    picked: positions drawn stronger and outlined.
    action: what a click will do, so that it can be shown before the server answers: "look" picks
        the token, "mask" puts it behind the mask or takes it out; `whole_words`: with its word.
    detail: id, position, offsets and segment under each piece, the text as typed above each word.
    notes: one short text for each token, shown under its chip.
    flips: what each token will read once it is masked, or its mask is taken off.
    describe: one line on a token, shown on hover and read aloud (default: `describe_token`).
    cut_label: a line under the strip, shown where a sentence was cut at the model's limit.
    channel: strips and pictures of different texts on one page have different channels.
    bars: what the bars are that `token_hints` of this channel gives; they are left room then.
    on_click: called with the position before the script runs (`events.mount`).
    on_shift_click: the same, for a press with the Shift key, which is a press like others without.
    """
    groups = strip_groups(
        encoding,
        detail=detail,
        notes=notes,
        flips=flips if action == "mask" else None,
        describe=describe,
        specials_clickable=specials_clickable,
    )
    shown = _shown(encoding, groups, picked) | {
        "label": label,
        "action": action,
        "wholeWords": whole_words,
        "cutLabel": cut_label if any(group["kind"] == "cut" for group in groups) else "",
        "legend": LEGEND if detail else None,
        "channel": channel,
        "bars": bars,
        "links": on_shift_click is not None,
    }
    read, act = _reader(encoding, specials_clickable), _acts(on_click, on_shift_click)
    mount(_strip, key, lambda heard: {**shown, "heard": heard}, read, act)


def _shown(
    encoding: Encoding, groups: Sequence[Mapping[str, Any]], picked: Collection[int]
) -> dict[str, Any]:
    """The tokens, what text they are of, and which are picked."""
    text = fingerprint(encoding.original_ids)
    return {"groups": groups, "text": text, "picked": checked_picks(encoding, picked)}


def _acts(
    on_click: Callable[[int], None] | None, on_shift_click: Callable[[int], None] | None
) -> Callable[[tuple[int, bool]], None] | None:
    """What a press does, with the Shift key and without."""
    if on_click is None:
        return None

    def act(press: tuple[int, bool]) -> None:
        position, shift = press
        (on_shift_click if shift and on_shift_click else on_click)(position)

    return act


def _reader(
    encoding: Encoding, specials_clickable: bool
) -> Callable[[Mapping[str, Any]], tuple[int, bool] | None]:
    """The position that was pressed, and whether with the Shift key."""
    text = fingerprint(encoding.original_ids)

    def read(sent: Mapping[str, Any]) -> tuple[int, bool] | None:
        position = sent.get("position")
        if sent.get("text") != text or not is_count(position, len(encoding)):
            return None
        is_special = encoding.sequences[position] is None
        if is_special and not specials_clickable:
            return None
        return position, sent.get("shift") is True

    return read
