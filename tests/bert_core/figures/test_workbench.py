"""The pictures of layers and of the vocabulary carry the numbers they were given."""

import math
import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bert_core.figures.axes import (
    LINE,
)
from bert_core.figures.labels import percent, plain
from bert_core.figures.layer_lines import (
    layer_line,
    next_sentence_line,
    probability_lines,
)
from bert_core.figures.lens import lens_table
from bert_core.figures.vocabulary import vocabulary_scatter
from bert_core.inside.lens import LayerReading, read_layers
from bert_core.masked_words.blanks import BlankComparison, compare_blanks
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.palette import DARK, LIGHT, Palette, ink, mixed
from tests.bert_core.figures.test_figures import MARKUP, THEMES, numbers, sent

TITLES = ("layer", "<i>number</i>")
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def reading(tiny: Bert) -> LayerReading:
    run = run_bert(tiny, encode(tiny, "the cat sat on the mat", None, [3]), ("hidden_states",))
    targets = [tiny.wordpiece.id_of(word) for word in ("dog", "river", "ran")]
    return read_layers(tiny, run, 3, 4, [number for number in targets if number is not None])


@pytest.fixture(scope="module")
def hostile(reading: LayerReading) -> LayerReading:
    rows = tuple(tuple(MARKUP[:4]) for _ in reading.pieces)
    followed = tuple(MARKUP[at % len(MARKUP)] for at in range(len(reading.followed)))
    return replace(reading, pieces=rows, followed=followed)


@dataclass(frozen=True)
class Words:
    """A vocabulary that was made up."""

    pieces: tuple[str, ...]
    first: np.ndarray
    second: np.ndarray
    ids: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        return self.second - self.first


def words_of(count: int, seed: int = 0, pieces: list[str] | None = None) -> Words:
    first, second = np.log(np.random.default_rng(seed).dirichlet(np.ones(count), 2))
    names = pieces or [f"word{at}" for at in range(count)]
    return Words(
        tuple(names), first.astype(np.float32), second.astype(np.float32), np.arange(count)
    )


def texts_of(value: Any, key: str = "") -> list[str]:
    """Every text of a figure that plotly would draw or show on hovering."""
    if isinstance(value, dict):
        return [text for name, inside in value.items() for text in texts_of(inside, name)]
    if isinstance(value, list):
        return [text for inside in value for text in texts_of(inside, key)]
    return [value] if key in ("text", "ticktext", "name", "customdata") else []


# The table


@pytest.mark.parametrize("colours", THEMES)
def test_the_table_has_each_layers_guesses_the_last_on_top(
    reading: LayerReading, colours: Palette
) -> None:
    figure = sent(lens_table(reading, colours, TITLES))
    heat, cells = figure["data"]
    top = float(reading.probabilities.max())
    np.testing.assert_allclose(numbers(heat["z"]), reading.probabilities, rtol=1e-6)
    assert (heat["zmin"], heat["zmax"]) == (0, top)
    assert figure["layout"]["yaxis"]["range"] == [-0.5, 2.5]
    assert figure["layout"]["yaxis"]["ticktext"] == ["0", "1", "2"]
    columns = reading.probabilities.shape[1]
    for place, text in enumerate(cells["text"]):
        row, column = divmod(place, columns)
        assert (cells["y"][place], cells["x"][place]) == (row, column)
        share = float(reading.probabilities[row, column])
        word, said = re.sub("</?(b|span)( [^>]*)?>", "", text).split("<br>")
        assert unescape(word) == reading.pieces[row][column]
        assert said == percent(share)
        assert text.startswith("<b>") == (reading.ids[row, column] == reading.ids[-1, 0])
        paint = ink(mixed(colours.low, colours.mask, share / top))
        assert cells["textfont"]["color"][place] == paint


def test_the_answer_is_framed_from_the_layer_on_where_it_is_first_for_good(
    reading: LayerReading,
) -> None:
    for settled in (0, 1, 2):
        changed = replace(reading, settled=settled)
        shapes = sent(lens_table(changed, LIGHT, TITLES))["layout"]["shapes"]
        rows = [(one["y0"] + one["y1"]) / 2 for one in shapes]
        assert rows == pytest.approx(range(settled, 3))
        assert all(one["x0"] < 0 < one["x1"] for one in shapes)


def test_columns_are_counted_and_rows_titled_by_the_callers_words(reading: LayerReading) -> None:
    layout = sent(lens_table(reading, LIGHT, ("<b>", "<i>number</i>")))["layout"]
    assert layout["xaxis"]["ticktext"] == ["&lt;b&gt; 1", "2", "3", "4"]
    assert layout["yaxis"]["title"]["text"] == "&lt;i&gt;number&lt;/i&gt;"


@pytest.mark.parametrize(("layers", "below"), [(7, True), (13, False), (25, False)])
def test_many_layers_are_low_rows_with_the_share_beside_the_word(
    reading: LayerReading, layers: int, below: bool
) -> None:
    rows = np.arange(layers) % 3
    many = replace(
        reading,
        pieces=tuple(reading.pieces[row] for row in rows),
        ids=reading.ids[rows],
        probabilities=reading.probabilities[rows],
    )
    figure = sent(lens_table(many, LIGHT, TITLES))
    assert ("<br>" in figure["data"][1]["text"][0]) == below
    assert figure["layout"]["height"] <= 28 + max(308, 18 * layers)
    assert len(figure["data"][1]["text"]) == 4 * layers


# Lines


@pytest.mark.parametrize("colours", THEMES)
def test_lines_carry_the_probabilities_of_what_is_followed(
    reading: LayerReading, colours: Palette
) -> None:
    figure = sent(probability_lines(reading, colours, TITLES))
    assert len(figure["data"]) == len(reading.followed) == 5
    for at, (piece, line) in enumerate(zip(reading.followed, figure["data"], strict=True)):
        np.testing.assert_array_equal(numbers(line["y"]), reading.followed_probabilities[at])
        assert line["text"] == [plain(piece)] * len(numbers(line["y"]))
    looks = {(one["line"]["color"], one["line"]["dash"]) for one in figure["data"]}
    assert len(looks) == 5
    answer, written = figure["data"][0], figure["data"][reading.original or 0]
    assert (answer["line"]["color"], answer["line"]["dash"]) == (colours.mask, "solid")
    assert (written["line"]["color"], written["line"]["dash"]) == (colours.quiet, "dash")
    assert (answer["mode"], written["mode"]) == ("lines+markers", "lines")


@pytest.mark.parametrize("largest", [1.0, 0.3, 0.0999, 2e-4])
def test_the_axis_is_logarithmic_and_ends_at_powers_of_ten_about_all_points(
    reading: LayerReading, largest: float
) -> None:
    logs = reading.log_probabilities - reading.log_probabilities.max() + math.log(largest)
    figure = sent(probability_lines(replace(reading, log_probabilities=logs), LIGHT, TITLES))
    axis = figure["layout"]["yaxis"]
    assert axis["type"] == "log"
    assert axis["range"][0] < logs.min() / math.log(10)
    top = axis["tickvals"][0]
    assert largest * (1 - 1e-9) <= top < 10 * largest
    assert axis["range"][1] == pytest.approx(math.log10(top) + 0.15)


def test_a_line_stands_where_the_answer_settles(reading: LayerReading) -> None:
    for settled in (0, 2):
        changed = replace(reading, settled=settled)
        (shape,) = sent(probability_lines(changed, LIGHT, TITLES))["layout"]["shapes"]
        assert shape["x0"] == shape["x1"] == settled


def test_labels_stand_at_the_ends_of_their_lines_and_not_over_each_other(
    reading: LayerReading,
) -> None:
    same = replace(reading, log_probabilities=np.full((5, 3), -3.0))
    figure = sent(probability_lines(same, LIGHT, TITLES))
    notes = figure["layout"]["annotations"]
    assert [note["text"] for note in notes] == [plain(piece) for piece in reading.followed]
    low, high = figure["layout"]["yaxis"]["range"]
    pixel = (high - low) / (figure["layout"]["height"] - 60)
    places = sorted(note["y"] for note in notes)
    assert all(right - left >= LINE * pixel - 1e-9 for left, right in pairwise(places))
    assert np.mean(places) == pytest.approx(-3 / math.log(10))


def test_a_probability_that_underflowed_is_still_drawn(reading: LayerReading) -> None:
    deep = reading.log_probabilities.copy()
    deep[1, 0] = -800
    figure = sent(probability_lines(replace(reading, log_probabilities=deep), LIGHT, TITLES))
    assert numbers(figure["data"][1]["y"]).min() > 0
    assert math.isfinite(figure["layout"]["yaxis"]["range"][0])


@pytest.mark.parametrize("colours", THEMES)
def test_next_sentence_by_layer_is_drawn_from_0_to_1_about_one_half(colours: Palette) -> None:
    is_next = np.array([0.3, 0.51, 0.999])
    figure = sent(next_sentence_line(is_next, colours, TITLES, names=["embeddings", "1", "2"]))
    (trace,) = figure["data"]
    np.testing.assert_array_equal(numbers(trace["y"]), is_next)
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < 0 < 1 < high
    (level,) = figure["layout"]["shapes"]
    assert level["y0"] == level["y1"] == 0.5
    assert figure["layout"]["xaxis"]["ticktext"] == ["embeddings", "1", "2"]


@pytest.mark.parametrize(
    ("values", "span"), [([1.0, 1.0], (1, 1)), ([0.0], (0, 1)), ([-1.0, 14.9], (-1, 15))]
)
def test_any_number_by_layer_fits_on_its_axis(
    values: list[float], span: tuple[float, float]
) -> None:
    figure = sent(layer_line(np.array(values), LIGHT, span, number=".1f"))
    np.testing.assert_array_equal(numbers(figure["data"][0]["y"]), values)
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < min(values) <= max(values) < high
    assert figure["layout"]["yaxis"]["tickvals"] == list(span)


@pytest.mark.parametrize(
    ("layers", "few", "many"),
    [
        (1, [0], [0]),
        (7, [0, 3, 6], list(range(7))),
        (13, [0, 6, 12], list(range(13))),
        (25, [0, 12, 24], list(range(0, 25, 2))),
    ],
)
def test_layers_are_counted_as_densely_as_there_is_room(
    reading: LayerReading, layers: int, few: list[int], many: list[int]
) -> None:
    small = sent(layer_line(np.zeros(layers), LIGHT, (0, 1), number=".1f"))["layout"]["xaxis"]
    logs = np.full((5, layers), -1.0)
    large = sent(probability_lines(replace(reading, log_probabilities=logs), LIGHT, TITLES))
    for axis, shown in ((small, few), (large["layout"]["xaxis"], many)):
        assert axis["tickvals"] == shown
        assert axis["ticktext"] == [str(layer) for layer in shown]


# The vocabulary


@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("webgl", [True, False])
def test_points_are_the_probabilities_of_the_ids_in_their_order(
    colours: Palette, webgl: bool
) -> None:
    words = words_of(300)
    ids = np.array([7, 3, 250])
    for drawn in (None, ids):
        figure = sent(vocabulary_scatter(words, colours, TITLES, ids=drawn, webgl=webgl))
        points = figure["data"][0]
        at = words.ids if drawn is None else ids
        assert points["type"] == ("scattergl" if webgl else "scatter")
        for axis, logs in (("x", words.first), ("y", words.second)):
            found = numbers(points[axis])
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, np.exp(logs[at].astype(np.float64)), rtol=1e-5)
        assert points["text"] == [words.pieces[number] for number in at]
        paint = numbers(points["marker"]["color"])
        expected = np.clip(words.difference[at] / 3, -1, 1) * 127
        assert np.abs(paint - expected).max() <= 0.51


def test_both_axes_have_the_same_ends_and_hold_every_word() -> None:
    words = words_of(50)
    layout = sent(vocabulary_scatter(words, LIGHT, TITLES, ids=np.array([1]), own=[4]))["layout"]
    assert layout["xaxis"]["range"] == layout["yaxis"]["range"]
    low, high = layout["xaxis"]["range"]
    for number in (1, 4):
        for logs in (words.first, words.second):
            assert low < logs[number] / math.log(10) < high
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == "log"


def test_the_diagonal_goes_from_end_to_end() -> None:
    figure = sent(vocabulary_scatter(words_of(50), LIGHT, TITLES))
    diagonal = figure["data"][1]
    ends = numbers(diagonal["x"])
    np.testing.assert_array_equal(ends, numbers(diagonal["y"]))
    np.testing.assert_allclose(np.log10(ends), figure["layout"]["xaxis"]["range"])


def test_own_words_are_all_marked_and_named_ones_have_labels_where_there_is_room() -> None:
    words = words_of(400)
    named, own = list(range(100)), [200, 201, 5]
    figure = sent(vocabulary_scatter(words, LIGHT, TITLES, named=named, own=own))
    labels, mine = figure["data"][2:]
    assert [text.strip(SPACE) for text in mine["text"]] == [words.pieces[at] for at in own]
    np.testing.assert_allclose(numbers(mine["x"]), np.exp(words.first[own]), rtol=1e-5)
    shown = [text.strip(SPACE) for text in labels["text"]]
    assert 0 < len(shown) < 100
    assert "word5" not in shown
    assert shown == sorted(shown, key=lambda name: int(name.removeprefix("word")))
    alone = sent(vocabulary_scatter(words, LIGHT, TITLES, named=named))["data"][2]
    assert alone["text"][0].strip(SPACE) == "word0"


def test_labels_point_away_from_the_diagonal() -> None:
    logs = np.log(np.array([0.5, 0.01], dtype=np.float32))
    words = Words(("a", "b"), logs, logs[::-1].copy(), np.arange(2))
    labels = sent(vocabulary_scatter(words, LIGHT, TITLES, named=[0, 1]))["data"][2]
    assert labels["textposition"] == ["middle right", "middle left"]


def test_without_named_and_own_words_there_are_only_points() -> None:
    figure = sent(vocabulary_scatter(words_of(10), DARK, TITLES))
    assert [len(trace["text"]) for trace in figure["data"][2:]] == [0, 0]


def test_a_word_of_no_probability_is_still_on_the_axis() -> None:
    words = words_of(5)
    words.first[2] = -200
    figure = sent(vocabulary_scatter(words, LIGHT, TITLES))
    assert numbers(figure["data"][0]["x"]).min() > 0
    assert figure["layout"]["xaxis"]["range"][0] > -45


def test_the_whole_vocabulary_travels_in_less_than_two_megabytes(embedded: Bert) -> None:
    runs = (run_bert(embedded, encode(embedded, f"{who} [MASK]"), ()) for who in ("she", "he"))
    compared: BlankComparison = compare_blanks(embedded, *runs)
    whole = vocabulary_scatter(compared, LIGHT, TITLES, named=compared.telling(20).tolist())
    assert len(whole.to_json()) < 1_000_000
    few = vocabulary_scatter(compared, LIGHT, TITLES, ids=compared.to_draw(), webgl=False)
    assert len(few.to_json()) < 100_000


# Text


def test_hostile_words_are_text_in_all_figures(hostile: LayerReading) -> None:
    words = words_of(len(MARKUP), pieces=MARKUP)
    every = list(range(len(MARKUP)))
    markup_titles = (MARKUP[0], MARKUP[1])
    figures = [
        lens_table(hostile, LIGHT, markup_titles),
        probability_lines(hostile, LIGHT, markup_titles),
        vocabulary_scatter(words, LIGHT, markup_titles, named=every[:3], own=every[3:]),
        vocabulary_scatter(words, LIGHT, markup_titles, webgl=False),
    ]
    for figure in figures:
        texts = texts_of(sent(figure))
        assert any("&lt;" in text for text in texts)
        for text in texts:
            assert "<" not in re.sub("</?(sup|b|br|span)( style=[^<>]*)?>", "", text)


def test_markup_in_a_guess_is_text_in_its_cell(hostile: LayerReading) -> None:
    cells = sent(lens_table(hostile, LIGHT, TITLES))["data"][1]
    for place, piece in enumerate(piece for row in hostile.pieces for piece in row):
        for text in (cells["text"][place], cells["customdata"][place]):
            word = text.partition("<br>")[0].removeprefix("<b>")
            assert "<" not in word.removesuffix("</b>")
            assert unescape(word.removesuffix("</b>"))[:14] == piece[:14]


def test_long_words_are_shortened_on_labels_and_whole_when_hovered(reading: LayerReading) -> None:
    long = "x" * 20
    words = words_of(3, pieces=[long, "b", "c"])
    points, _, labels, _ = sent(vocabulary_scatter(words, LIGHT, TITLES, named=[0]))["data"]
    assert points["text"][0] == long
    assert labels["text"][0].strip(SPACE).endswith("…")
    rows = tuple((long, *row[1:]) for row in reading.pieces)
    _, cells = sent(lens_table(replace(reading, pieces=rows), LIGHT, TITLES))["data"]
    assert long in cells["customdata"][0]
    assert "…" in cells["text"][0]
    assert long not in cells["text"][0]
