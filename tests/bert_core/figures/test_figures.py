"""Figures carry the numbers they were given; tokens in them are text, each with its own place."""

import base64
import json
import subprocess
import sys
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.figures.attention_map import MOST_LABELS, attention_heatmap
from bert_core.figures.bars import share_bars, split_bar
from bert_core.figures.labels import LONGEST_LABEL, coloured, percent, plain, unique
from bert_core.figures.thumbnails import MAX_CELLS, block_starts, pool_maps
from bert_core.palette import (
    COLOUR_POWER,
    DARK,
    LIGHT,
    Palette,
    attention_ramp,
    guess_ramp,
    ink,
    mixed,
    palette,
)

ROOT = Path(__file__).resolve().parents[3]
THEMES = [LIGHT, DARK]
SPACE = "\N{NO-BREAK SPACE}"
MARKUP = ["<b>bold</b>", "<script>alert(1)</script>", "&amp;", "a<br>b", '"><img src=x>', "%{x}"]

# BERT's cleaning leaves no invisible characters in a token.
visible = st.characters(exclude_categories=("C", "Z"))
tokens = st.lists(st.one_of(st.sampled_from(["the", "[SEP]", "##s", *MARKUP]), st.text(visible)))


def sent(figure: go.Figure) -> dict[str, Any]:
    """The figure as the browser gets it."""
    found: dict[str, Any] = json.loads(figure.to_json())
    return found


def numbers(value: Any) -> NDArray[Any]:
    """An array out of plotly's JSON, where it travels as bytes or as a list."""
    if not isinstance(value, dict):
        return np.array(value)
    flat = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    shape = value.get("shape")
    return flat.reshape([int(part) for part in shape.split(",")]) if shape else flat


def shown_text(label: str) -> str:
    """What plotly draws for a label: without its colour, entities resolved."""
    inside = label.split(">", 1)[1].rsplit("</span>", 1)[0] if label.startswith("<span") else label
    return unescape(inside)


def random_map(size: int, labels: list[str] | None = None) -> AttentionMap:
    weights = np.random.default_rng(size).dirichlet(np.ones(size), size).astype(np.float32)
    return AttentionMap(weights, tuple(labels or ["the"] * size), tuple(range(size)), 0, 0)


# The heatmap


@pytest.mark.parametrize("size", [1, 2, 33, 128])
def test_the_heatmap_carries_exactly_the_weights(size: int) -> None:
    shown = random_map(size)
    (trace,) = sent(attention_heatmap(shown, [0] * size, LIGHT))["data"]
    weights = numbers(trace["z"])
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, shown.weights)
    assert (trace["zmin"], trace["zmax"]) == (0, float(shown.weights.max()))


@pytest.mark.parametrize("size", [1, 2, 17, 300])
def test_equal_tokens_have_a_place_each(size: int) -> None:
    (trace,) = sent(attention_heatmap(random_map(size), [0] * size, LIGHT))["data"]
    assert trace["x"] == trace["y"]
    assert len(set(trace["x"])) == len(trace["x"]) == size


@given(found=tokens.filter(len))
def test_every_row_and_column_is_named_by_its_token(found: list[str]) -> None:
    figure = sent(attention_heatmap(random_map(len(found), found), [0] * len(found), LIGHT))
    (trace,) = figure["data"]
    names = [unescape(name).rstrip("\u200b\u200c\u200d\u2060") for name in trace["x"]]
    assert names == [unescape(plain(token)) for token in found]
    assert len(set(trace["x"])) == len(found)
    for axis in ("xaxis", "yaxis"):
        at = figure["layout"][axis]["tickvals"]
        assert len(at) == len(figure["layout"][axis]["ticktext"]) <= MOST_LABELS
        for place, label in zip(at, figure["layout"][axis]["ticktext"], strict=True):
            written = shown_text(label)
            assert found[place].startswith(written.removesuffix("…")) or written == found[place]


def test_few_tokens_are_all_labelled_and_many_evenly() -> None:
    for size, step in ((MOST_LABELS, 1), (MOST_LABELS + 1, 2), (512, 16)):
        layout = sent(attention_heatmap(random_map(size), [0] * size, LIGHT))["layout"]
        assert layout["xaxis"]["tickvals"] == list(range(0, size, step))
        assert layout["yaxis"]["tickvals"] == layout["xaxis"]["tickvals"]


def test_the_first_query_is_on_top_and_the_first_key_on_the_left() -> None:
    layout = sent(attention_heatmap(random_map(3), [0] * 3, LIGHT))["layout"]
    assert layout["xaxis"]["range"] == [-0.5, 2.5]
    assert layout["yaxis"]["range"] == [2.5, -0.5]


def test_labels_have_the_colour_of_their_sentence_where_tokens_are_hidden_too() -> None:
    attentions = np.full((1, 1, 4, 4), 0.25, dtype=np.float32)
    shown = read_attention(attentions, ["[CLS]", "a", "[SEP]", "b"], 0, 0, hidden=[0])
    layout = sent(attention_heatmap(shown, [None, 0, None, 1], LIGHT))["layout"]
    expected = [("a", LIGHT.sentence_a), ("[SEP]", LIGHT.special), ("b", LIGHT.sentence_b)]
    assert layout["xaxis"]["ticktext"] == [coloured(*one) for one in expected]


def test_the_picked_row_and_column_are_outlined_and_only_where_they_are_shown() -> None:
    attentions = np.full((1, 1, 3, 3), 1 / 3, dtype=np.float32)
    shown = read_attention(attentions, ["[CLS]", "a", "b"], 0, 0, hidden=[0])
    row, column = sent(attention_heatmap(shown, [None, 0, 0], LIGHT, picked=2))["layout"]["shapes"]
    assert (row["y0"], row["y1"], row["x0"], row["x1"]) == (0.5, 1.5, -0.5, 1.5)
    assert (column["x0"], column["x1"], column["y0"], column["y1"]) == (0.5, 1.5, -0.5, 1.5)
    for picked in (None, 0):
        assert (
            "shapes" not in sent(attention_heatmap(shown, [0] * 3, LIGHT, picked=picked))["layout"]
        )


def test_a_map_of_zeros_can_be_drawn() -> None:
    shown = AttentionMap(np.zeros((1, 1), np.float32), ("a",), (0,), 0, 0)
    (trace,) = sent(attention_heatmap(shown, [0], DARK))["data"]
    assert trace["zmax"] > trace["zmin"] == 0


# Bars


@given(shares=st.lists(st.floats(0, 1), min_size=1, max_size=50), outlined=st.booleans())
def test_bars_carry_exactly_the_shares_top_down(shares: list[float], outlined: bool) -> None:
    more = ("it", 0.25) if outlined else None
    labels = ["same"] * len(shares)
    figure = sent(share_bars(labels, shares, LIGHT, colour=LIGHT.mask, outlined=more))
    (trace,) = figure["data"]
    expected = shares + ([0.25] if outlined else [])
    assert numbers(trace["x"]).tolist() == expected
    assert numbers(trace["y"]).tolist() == list(range(len(expected)))
    assert trace["text"] == [percent(share) for share in expected]
    axis = figure["layout"]["yaxis"]
    assert axis["range"] == [len(expected) - 0.5, -0.5]
    assert axis["tickvals"] == list(range(len(expected)))
    assert axis["ticktext"] == labels + (["it"] if outlined else [])
    frames = figure["layout"].get("shapes", [])
    assert [(one["x1"], round((one["y0"] + one["y1"]) / 2)) for one in frames] == (
        [(0.25, len(shares))] if outlined else []
    )


@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=50),
    data=st.data(),
    note=st.sampled_from(["", "<i>rank</i> 2 of 30,522"]),
)
def test_what_is_written_and_guessed_is_framed_where_it_is_and_not_drawn_twice(
    shares: list[float], data: st.DataObject, note: str
) -> None:
    at = data.draw(st.integers(0, len(shares) - 1))
    colours = data.draw(st.sampled_from(THEMES))
    labels = [f"word{number}" for number in range(len(shares))]
    figure = sent(share_bars(labels, shares, colours, colour=colours.mask, outlined=at, note=note))
    (trace,) = figure["data"]
    layout = figure["layout"]
    assert numbers(trace["x"]).tolist() == shares
    assert layout["yaxis"]["ticktext"] == labels
    places = numbers(trace["y"])
    assert layout["yaxis"]["tickvals"] == places.tolist()
    (frame,) = layout["shapes"]
    assert frame["y0"] < places[at] < frame["y1"]
    assert (frame["x0"], frame["x1"]) == (0, shares[at])
    room = np.diff([*places, layout["yaxis"]["range"][0]])  # to the next bar, or the lower end
    assert layout["yaxis"]["range"][0] > frame["y1"]
    if note:
        (said,) = layout["annotations"]
        assert unescape(said["text"]) == note
        assert said["y"] >= frame["y1"]
        assert room[at] == max(room) or at == len(shares) - 1
    else:
        assert places.tolist() == list(range(len(shares)))


def test_a_note_stands_below_what_is_written_but_not_guessed() -> None:
    def drawn(note: str) -> dict[str, Any]:
        more = ("tired", 0.01)
        figure = share_bars(["late"], [0.1], LIGHT, colour=LIGHT.mask, outlined=more, note=note)
        return sent(figure)["layout"]

    (said,) = drawn("rank 20")["annotations"]
    assert 1 < said["y"] < drawn("rank 20")["yaxis"]["range"][0]
    assert drawn("rank 20")["height"] > drawn("")["height"]


def test_labels_and_shares_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="is longer than"):
        share_bars(["a"], [0.5, 0.5], LIGHT, colour=LIGHT.mask)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_split_bar_is_the_share_and_its_rest(share: float) -> None:
    figure = sent(split_bar(share, LIGHT, colour=LIGHT.sentence_a))
    assert [trace["x"] for trace in figure["data"]] == [[share], [1 - share]]
    assert figure["data"][0]["marker"]["color"] == LIGHT.sentence_a
    assert figure["layout"]["xaxis"]["range"] == [0, 1]
    assert figure["layout"]["barmode"] == "stack"


# Labels


@pytest.mark.parametrize("token", MARKUP)
def test_markup_in_a_token_is_text(token: str) -> None:
    for label in (plain(token), unique(token, 7), coloured(token, "#000")):
        assert "<" not in label.removeprefix('<span style="color:#000">').removesuffix("</span>")
    assert unescape(plain(token, len(token))) == token


def test_a_long_token_is_shortened_before_it_is_escaped() -> None:
    assert unescape(plain("<" * 1000)) == "<" * (LONGEST_LABEL - 1) + "…"
    assert plain("a" * LONGEST_LABEL) == "a" * LONGEST_LABEL


@given(token=st.text(visible, max_size=30), numbers=st.sets(st.integers(0, 600), min_size=2))
def test_a_unique_name_shows_its_token_and_no_other_has_it(token: str, numbers: set[int]) -> None:
    names = {unique(token, number) for number in numbers}
    assert len(names) == len(numbers)
    assert {name.rstrip("\u200b\u200c\u200d\u2060") for name in names} == {plain(token)}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0"),
        (1e-9, "< 0.1"),
        (0.000499, "< 0.1"),
        (0.0005, "0.1"),
        (0.0864, "8.6"),
        (0.5, "50.0"),
        (0.99949, "99.9"),
        (0.9995, "> 99.9"),
        (0.9999999, "> 99.9"),
        (1.0, "100.0"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == f"{text}{SPACE}%"


@given(share=st.floats(0, 1))
def test_percent_is_at_most_half_a_tenth_off_and_extremes_are_claimed_only_when_true(
    share: float,
) -> None:
    text = percent(share).removesuffix(f"{SPACE}%")
    if text[0] in "<>":
        assert 0 < share < 0.001 if text[0] == "<" else 0.999 < share < 1
        return
    assert abs(float(text) - 100 * share) <= 0.05 + 1e-9
    assert (text == "0.0") == (share == 0)
    assert (text == "100.0") == (share == 1)


# Colours


def channels(colour: str) -> list[int]:
    if colour.startswith("#"):
        return list(bytes.fromhex(colour[1:]))
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    shares = [part / 255 for part in channels(colour)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, other: str) -> float:
    darker, lighter = sorted((luminance(colour), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_on_white_is_21_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("name", ["text", "quiet", "sentence_a", "sentence_b", "mask", "special"])
def test_text_has_a_contrast_of_four_and_a_half_with_the_page(colours: Palette, name: str) -> None:
    assert contrast(getattr(colours, name), colours.background) >= 4.5


@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("name", ["high", "more", "less"])
def test_what_is_drawn_has_a_contrast_of_three_with_the_page(colours: Palette, name: str) -> None:
    assert contrast(getattr(colours, name), colours.background) >= 3


def test_the_theme_picks_the_palette() -> None:
    assert (palette(True), palette(False)) == (DARK, LIGHT)
    assert luminance(DARK.background) < luminance(LIGHT.background)


@pytest.mark.parametrize("colours", THEMES)
def test_the_ramp_runs_from_low_to_high_and_never_turns_back(colours: Palette) -> None:
    ramp = attention_ramp(colours)
    assert (ramp[0][0], ramp[-1][0]) == (0, 1)
    assert channels(ramp[0][1]) == channels(colours.low)
    assert channels(ramp[-1][1]) == channels(colours.high)
    assert all(left[0] < right[0] for left, right in pairwise(ramp))
    steps = [luminance(right[1]) - luminance(left[1]) for left, right in pairwise(ramp)]
    assert all(step < 0 for step in steps) or all(step > 0 for step in steps)


@pytest.mark.parametrize("colours", THEMES)
def test_the_ramp_colours_by_weight_to_the_power(colours: Palette) -> None:
    ramp = attention_ramp(colours)
    places = [place for place, _ in ramp]
    low, high = np.array(channels(colours.low)), np.array(channels(colours.high))
    for weight in np.linspace(0, 1, 1001):
        drawn = [
            np.interp(weight, places, [channels(colour)[channel] for _, colour in ramp])
            for channel in range(3)
        ]
        assert np.abs(drawn - (low + (high - low) * weight**COLOUR_POWER)).max() < 5


@pytest.mark.parametrize("colours", THEMES)
def test_what_is_predicted_has_the_masks_colour(colours: Palette) -> None:
    ramp = guess_ramp(colours)
    assert channels(ramp[0][1]) == channels(colours.low)
    assert channels(ramp[-1][1]) == channels(colours.mask)
    assert [place for place, _ in ramp] == [place for place, _ in attention_ramp(colours)]
    assert all(mixed(colours.low, colours.mask, place) == colour for place, colour in ramp)


@given(colour=st.integers(0, 256**3 - 1).map(lambda number: f"#{number:06x}"))
def test_on_every_colour_the_better_one_of_black_and_white_can_be_read(colour: str) -> None:
    said = contrast(ink(colour), colour)
    assert said >= 4.5
    assert said == max(contrast("#000000", colour), contrast("#ffffff", colour))


# Thumbnails


@pytest.mark.parametrize("size", [1, 5, 63, 64, 65, 100, 512])
def test_each_cell_is_the_maximum_of_its_block(size: int) -> None:
    maps = np.random.default_rng(size).random((2, 1, size, size), dtype=np.float32)
    small = pool_maps(maps)
    edges = [*block_starts(size), size]
    side = len(edges) - 1
    assert small.shape == (2, 1, side, side)
    assert min(size, MAX_CELLS // 2) <= side <= MAX_CELLS
    assert edges[0] == 0
    for row in range(0, side, max(1, side // 7)):
        for column in range(side):
            block = maps[1, 0, edges[row] : edges[row + 1], edges[column] : edges[column + 1]]
            expected = round(float(block.max()) ** COLOUR_POWER * 255)
            assert abs(int(small[1, 0, row, column]) - expected) <= 1


def test_a_map_that_is_small_enough_keeps_every_weight() -> None:
    maps = np.eye(5, dtype=np.float32)
    np.testing.assert_array_equal(pool_maps(maps), np.eye(5) * 255)


def test_uniform_attention_over_512_tokens_can_still_be_seen() -> None:
    uniform = np.full((512, 512), 1 / 512, dtype=np.float32)
    assert (pool_maps(uniform) == round((1 / 512) ** COLOUR_POWER * 255)).all()
    assert pool_maps(uniform).min() >= 8


def test_numbers_a_hair_outside_of_zero_and_one_do_not_wrap_around() -> None:
    assert pool_maps(np.array([[1.0000001, -1e-9]], dtype=np.float32)).tolist() == [[255, 0]]


# Imports


def test_figures_are_drawn_without_torch_and_streamlit() -> None:
    program = (
        "import sys, numpy as np\n"
        "from bert_core.attention.maps import read_attention\n"
        "from bert_core import palette\n"
        "from bert_core.figures import attention_map, bars, thumbnails\n"
        "maps = np.ones((1, 1, 1, 1), np.float32)\n"
        "shown = read_attention(maps, ['a'], 0, 0)\n"
        "attention_map.attention_heatmap(shown, [0], palette.LIGHT)\n"
        "bars.share_bars(['a'], [0.5], palette.LIGHT, colour='#000000')\n"
        "thumbnails.pool_maps(maps)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert {"bert_core", "plotly", "numpy"} <= loaded
    assert not loaded & {"torch", "streamlit", "transformers", "tokenizers", "ui"}
