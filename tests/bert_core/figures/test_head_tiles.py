"""Tiles carry every head's share, and a point to press on each."""

import numpy as np
import pytest

from bert_core.figures.head_tiles import head_tiles
from bert_core.figures.labels import percent
from bert_core.palette import DARK, LIGHT, Palette
from tests.bert_core.figures.test_figures import THEMES, contrast, numbers, sent

SHAPES = [(1, 1), (6, 12), (12, 12), (24, 16)]


def made_up(layers: int, heads: int) -> np.ndarray:
    shares = np.random.default_rng(layers).random((layers, heads), dtype=np.float32) ** 3
    return shares / 2


@pytest.mark.parametrize(("layers", "heads"), SHAPES)
def test_the_first_layer_is_on_top_and_every_share_is_there(layers: int, heads: int) -> None:
    shares = made_up(layers, heads)
    figure = sent(head_tiles(shares, LIGHT))
    tiles, _, points = figure["data"]
    np.testing.assert_array_equal(numbers(tiles["z"]), shares)
    assert (tiles["zmin"], tiles["zmax"]) == (0, float(shares.max()))
    assert figure["layout"]["yaxis"]["range"] == [layers - 0.5, -0.5]
    assert figure["layout"]["xaxis"]["ticktext"] == [str(head + 1) for head in range(heads)]
    assert figure["layout"]["yaxis"]["ticktext"] == [str(layer + 1) for layer in range(layers)]
    places = list(zip(numbers(points["y"]), numbers(points["x"]), strict=True))
    assert places == [divmod(number, heads) for number in range(layers * heads)]
    assert points["customdata"] == [
        f"{layer + 1}.{head + 1} <b>{percent(float(shares[layer, head]))}</b>"
        for layer, head in places
    ]


@pytest.mark.parametrize(("layers", "heads"), SHAPES)
def test_all_layers_fit_on_the_first_screen(layers: int, heads: int) -> None:
    figure = head_tiles(made_up(layers, heads), LIGHT)
    assert figure.layout.height <= 26 + max(300, 16 * layers)


def test_what_has_a_third_of_the_largest_share_carries_its_number() -> None:
    shares = np.array([[0.366, 0.124, 0.12], [0.0, 0.282, 0.05]])
    said = sent(head_tiles(shares, LIGHT))["data"][1]
    places = zip(numbers(said["y"]), numbers(said["x"]), said["text"], strict=True)
    assert list(places) == [(0, 0, "37"), (0, 1, "12"), (1, 1, "28")]
    for little in (shares / 100, shares * 0):
        assert sent(head_tiles(little, LIGHT))["data"][1]["text"] == []


@pytest.mark.parametrize("colours", THEMES)
def test_numbers_can_be_read_on_every_tile(colours: Palette) -> None:
    shares = np.linspace(0.02, 0.4, 101).reshape(1, -1)
    tiles, said, _ = sent(head_tiles(shares, colours))["data"]
    low, high = (colour for _, colour in (tiles["colorscale"][0], tiles["colorscale"][-1]))
    ends = [np.array(list(bytes.fromhex(colour[1:]))) for colour in (low, high)]
    numbered = shares[0][numbers(said["x"])]
    assert numbered.tolist() == shares[0][shares[0] >= 0.4 / 3].tolist()
    for share, ink in zip(numbered, said["textfont"]["color"], strict=True):
        mix = np.rint(ends[0] + (ends[1] - ends[0]) * (share / 0.4) ** 0.55).astype(int)
        assert contrast(ink, "#" + bytes(mix.tolist()).hex()) >= 4.5
    assert set(said["textfont"]["color"]) == {"#000000", "#ffffff"}


def test_only_an_open_head_is_framed() -> None:
    assert "shapes" not in sent(head_tiles(made_up(6, 12), DARK))["layout"]
    gap, frame = sent(head_tiles(made_up(6, 12), DARK, opened=(2, 6)))["layout"]["shapes"]
    for line in (gap, frame):
        assert (line["x0"], line["x1"], line["y0"], line["y1"]) == (5.5, 6.5, 1.5, 2.5)
    assert gap["line"]["color"] == DARK.background
    assert gap["line"]["width"] > frame["line"]["width"]
