"""The Python half of the browser components: what they send, and what they accept."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from bert_core.figures.thumbnails import block_starts, pool_maps
from bert_core.model.tokenization import Encoding
from bert_core.palette import DARK, LIGHT, Palette
from ui.components.assets import read_css, read_js
from ui.components.events import is_count
from ui.components.heads.packing import pack_maps, token_blocks, unpack_maps
from ui.components.palette_css import HUES, chip_colours, mix, palette_css
from ui.components.strip.data import (
    CUT_LENGTH,
    TITLE_LENGTH,
    checked_picks,
    cut_remainder,
    strip_groups,
)

COMPONENTS = ("strip/strip", "heads/heads")


def an_encoding() -> Encoding:
    """[CLS] play ##ing here [SEP] ok [SEP], as if both sentences had been longer."""
    return Encoding(
        text="Playing here, then on",
        pair="OK and more",
        ids=(101, 10, 11, 12, 102, 13, 102),
        original_ids=(101, 10, 11, 12, 102, 13, 102),
        tokens=("[CLS]", "play", "##ing", "here", "[SEP]", "ok", "[SEP]"),
        segments=(0, 0, 0, 0, 0, 1, 1),
        sequences=(None, 0, 0, 0, None, 1, None),
        word_ids=(None, 0, 0, 1, None, 0, None),
        offsets=((0, 0), (0, 4), (4, 7), (8, 12), (0, 0), (0, 2), (0, 0)),
        masked=(),
        cut_at=(12, 2),
    )


def masked(encoding: Encoding, position: int) -> Encoding:
    tokens = list(encoding.tokens)
    tokens[position] = "[MASK]"
    return replace(encoding, tokens=tuple(tokens), masked=(position,))


def pieces(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [piece for group in groups for piece in group.get("pieces", [])]


# The strip


def test_groups_are_words_and_hold_every_token_once_in_order() -> None:
    encoding = an_encoding()
    groups = strip_groups(encoding)
    found = pieces(groups)
    assert [piece["at"] for piece in found] == list(range(len(encoding)))
    assert [piece["text"] for piece in found] == list(encoding.tokens)
    words = [[p["at"] for p in group["pieces"]] for group in groups if group["kind"] in ("a", "b")]
    assert words == [list(word.positions) for word in encoding.words]


def test_cut_remainder_is_what_was_not_read() -> None:
    encoding = an_encoding()
    assert cut_remainder(encoding, 0) == ", then on"
    assert cut_remainder(encoding, 1) == " and more"
    whole = replace(encoding, cut_at=(None, None))
    assert cut_remainder(whole, 0) is None
    assert all(group["kind"] != "cut" for group in strip_groups(whole))


def test_cut_stands_before_the_separator_of_its_sentence() -> None:
    kinds = [group["kind"] for group in strip_groups(an_encoding())]
    assert kinds == ["special", "a", "a", "cut", "special", "b", "cut", "special"]


def test_cut_is_shortened() -> None:
    encoding = replace(an_encoding(), text="Playing here" + " and on" * 10_000)
    cut = next(group for group in strip_groups(encoding) if group["kind"] == "cut")
    assert len(cut["text"]) == CUT_LENGTH
    assert cut["text"].endswith("…")


def test_word_of_ten_thousand_letters_is_bounded_everywhere() -> None:
    text = "a" * 10_000
    encoding = Encoding(
        text=text,
        pair=None,
        ids=(101, 100, 102),
        original_ids=(101, 100, 102),
        tokens=("[CLS]", "[UNK]", "[SEP]"),
        segments=(0, 0, 0),
        sequences=(None, 0, None),
        word_ids=(None, 0, None),
        offsets=((0, 0), (0, 10_000), (0, 0)),
        masked=(),
    )
    groups = strip_groups(encoding, detail=True, notes=["", text, ""], describe=lambda *_: text)
    strings = [value for group in groups for value in _strings(group)]
    assert max(map(len, strings)) == TITLE_LENGTH


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for part in value.values() for text in _strings(part)]
    return [text for part in value for text in _strings(part)] if isinstance(value, list) else []


def test_masked_token_says_what_stands_in_the_text() -> None:
    piece = pieces(strip_groups(masked(an_encoding(), 3)))[3]
    assert piece["text"] == "[MASK]"
    assert piece["masked"]
    assert "here" in piece["title"]


def test_added_tokens_are_still_unless_clickable() -> None:
    encoding = an_encoding()
    still = [piece["at"] for piece in pieces(strip_groups(encoding)) if piece.get("still")]
    assert still == [0, 4, 6]
    clickable = strip_groups(encoding, specials_clickable=True)
    assert not any(piece.get("still") for piece in pieces(clickable))


def test_details_are_the_encodings_own_numbers() -> None:
    encoding = an_encoding()
    lines = [piece["lines"] for piece in pieces(strip_groups(encoding, detail=True))]
    assert lines[2] == ["11", "2", "4–7", "A"]
    assert lines[5] == ["13", "5", "0–2", "B"]
    assert lines[0] == ["101", "0", "·", "A"]


def test_text_travels_as_text() -> None:
    evil = "<img src=x onerror=alert(1)>\x00\u202e"
    encoding = replace(an_encoding(), tokens=("[CLS]", evil, *an_encoding().tokens[2:]))
    groups = json.loads(json.dumps(strip_groups(encoding)))
    assert pieces(groups)[1]["text"] == evil


def test_picks_outside_the_text_are_dropped() -> None:
    assert checked_picks(an_encoding(), [9, 3, -1, 3, 0]) == [0, 3]


# The maps


def test_packing_round_trip() -> None:
    maps = np.random.default_rng(0).integers(0, 256, (6, 12, 5, 5), dtype=np.uint8)
    header, cells = unpack_maps(pack_maps(maps, {"label": "头", "layer": 2}))
    assert (header["label"], header["layer"], header["shape"]) == ("头", 2, [6, 12, 5, 5])
    np.testing.assert_array_equal(cells, maps)


def test_packing_takes_maps_that_are_not_contiguous() -> None:
    maps = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)[:, ::2].swapaxes(2, 3)
    np.testing.assert_array_equal(unpack_maps(pack_maps(maps, {}))[1], maps)


def test_checksum_changes_with_the_cells_only() -> None:
    maps = np.zeros((1, 1, 2, 2), dtype=np.uint8)

    def checksum(maps: np.ndarray, layer: int) -> int:
        return unpack_maps(pack_maps(maps, {"layer": layer}))[0]["cells"]

    assert checksum(maps, 0) == checksum(maps, 1)
    assert checksum(maps, 0) != checksum(maps + np.uint8(1), 0)


@pytest.mark.parametrize("maps", [np.zeros((2, 2), np.uint8), np.zeros((1, 1, 2, 2), np.float32)])
def test_packing_refuses_other_arrays(maps: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        pack_maps(maps, {})


@pytest.mark.parametrize("tokens", [1, 25, 64, 65, 100, 511, 512])
def test_each_token_lies_in_the_block_that_pooling_put_it_in(tokens: int) -> None:
    pooled = pool_maps(np.eye(tokens, dtype=np.float32))
    blocks = token_blocks(tokens, pooled.shape[0])
    assert len(blocks) == tokens
    starts = block_starts(tokens)
    assert all(starts[block] <= token for token, block in enumerate(blocks))
    assert blocks[-1] == pooled.shape[0] - 1
    for token in range(tokens):
        alone = np.zeros((tokens, tokens), dtype=np.float32)
        alone[token, token] = 1.0
        if token % 37 == 0:
            assert pool_maps(alone)[blocks[token], blocks[token]] == 255


def test_hidden_tokens_lie_in_no_block() -> None:
    assert token_blocks(3, 3, positions=[1, 2, 4]) == [-1, 0, 1, -1, 2]


# Clicks


@pytest.mark.parametrize("value", [None, True, -1, 7, 1.0, "1", [1], {}])
def test_nonsense_from_the_browser_is_no_count(value: object) -> None:
    assert not is_count(value, 7)


# CSS and JavaScript


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_css_has_every_colour_of_the_palette(colours: Palette) -> None:
    css = palette_css()
    for field in fields(colours):
        assert f"--bl-{field.name.replace('_', '-')}: light-dark(" in css
        assert getattr(colours, field.name) in css


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("hue", HUES)
def test_letters_on_chips_have_a_contrast_of_four_and_a_half(colours: Palette, hue: str) -> None:
    named = chip_colours(colours)
    name = hue.replace("_", "-")
    assert _contrast(named[name], named[f"{name}-tint"]) >= 4.5
    assert _contrast(named[f"{name}-ink"], named[f"{name}-strong"]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_quiet_text_has_a_contrast_of_four_and_a_half(colours: Palette) -> None:
    assert _contrast(colours.quiet, colours.background) >= 4.5


def _contrast(colour: str, other: str) -> float:
    """WCAG 2.1, relative luminance."""
    lighter, darker = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_mix_reaches_both_ends() -> None:
    assert mix("#102030", "#ffffff", 1.0) == "#102030"
    assert mix("#102030", "#ffffff", 0.0) == "#ffffff"


@pytest.mark.parametrize("name", COMPONENTS)
def test_javascript_is_one_module_with_each_name_once(name: str) -> None:
    source = read_js(f"{name}.js")
    lines = source.splitlines()
    assert not any(line.startswith("import ") for line in lines)
    assert [line for line in lines if line.startswith("export ")] == [
        "export default function ({ data, parentElement, setStateValue }) {"
    ]
    heads = ("function ", "const ", "class ")
    names = [line.split("(")[0].split()[1] for line in lines if line.startswith(heads)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", COMPONENTS)
def test_javascript_never_parses_text_as_markup(name: str) -> None:
    source = read_js(f"{name}.js")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source


@pytest.mark.parametrize("name", COMPONENTS)
def test_css_uses_only_colours_of_the_palette(name: str) -> None:
    css = read_css(f"{name}.css")
    assert "#" not in css.removeprefix(palette_css())
    for part in css.split("var(--bl-")[1:]:
        assert f"--bl-{part.split(')')[0]}:" in css


def test_each_piece_says_what_it_will_read_once_it_is_pressed() -> None:
    encoding = masked(an_encoding(), 3)
    flips = ["[CLS]", "[MASK]", "[MASK]", "here", "[SEP]", "[MASK]", "[SEP]"]
    found = pieces(strip_groups(encoding, flips=flips))
    assert [(piece["text"], piece["flip"]) for piece in found] == list(
        zip(encoding.tokens, flips, strict=True)
    )
    assert not any("flip" in piece for piece in pieces(strip_groups(encoding)))
