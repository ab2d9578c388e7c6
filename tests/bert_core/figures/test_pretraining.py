"""The pictures of pretraining carry the numbers they were given, and stay small and in place."""

from dataclasses import replace
from html import unescape
from itertools import pairwise
from math import log, log10
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.figures.axes import LINE
from bert_core.figures.labels import plain
from bert_core.figures.losses import (
    MOST_POINTS,
    LossCurve,
    smoothed,
    smoothing_window,
    thinned,
)
from bert_core.figures.pretraining import LossWords, loss_curves
from bert_core.figures.pretraining_snapshots import guess_lines, position_similarity, step_ticks
from bert_core.figures.training_scale import ScaleRow, training_scale
from bert_core.palette import DARK, LIGHT, Palette, run_colours
from tests.bert_core.figures.test_figures import THEMES, contrast, numbers, sent
from tests.bert_core.figures.test_workbench import texts_of

WORDS = LossWords("words", "pairs", "step", "often", "a coin", "in training", "held out")
STEPS = 3000
NAMES = ("BERT-base", "BERT-large", "this run")
ROWS = (
    ScaleRow("words", (3.3e9, 3.3e9, 114_626), ("3.3 billion", "3.3 billion", "114,626")),
    ScaleRow("parameters", (1.1e8, 3.4e8, 1e6), ("110 million", "340 million", "1 million")),
    ScaleRow("hours", (96, None, 0.15), ("96", "", "0.15")),
)


def run_of(count: int, *, name: str = "run", pairs: bool = True, seed: int = 0) -> LossCurve:
    """A run that was taken `count` steps far, tried on held-out text every tenth step."""
    noise = np.random.default_rng(seed).normal(0, 0.2, (count, 2))
    words = 4 + 4.3 * np.exp(-np.arange(count) / 500) + noise[:, 0]
    losses = np.stack([words, 0.69 + noise[:, 1] / 5], axis=1).astype(np.float32)
    held = [
        (step, float(losses[step, 0]) + 0.3, float(losses[step, 1]) if pairs else None)
        for step in range(0, count, 10)
    ]
    if not pairs:
        losses[:, 1] = np.nan
    return LossCurve(name, losses, held)


def lines_of(figure: dict[str, Any], axis: str = "y") -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace.get("yaxis", "y") == axis]


# Means, and few points


@given(st.lists(st.floats(0, 20, width=32), max_size=60), st.integers(1, 70))
def test_each_smoothed_loss_is_the_mean_of_it_and_those_before_it(
    losses: list[float], window: int
) -> None:
    found = smoothed(np.array(losses, dtype=np.float32), window)
    direct = [np.mean(losses[max(0, at - window + 1) : at + 1]) for at in range(len(losses))]
    np.testing.assert_allclose(found, direct, rtol=1e-5, atol=1e-6)


def test_a_loss_that_is_not_known_is_left_out_of_the_means() -> None:
    found = smoothed(np.array([np.nan, 2, np.nan, 6], dtype=np.float32), 3)
    np.testing.assert_array_equal(found, np.array([np.nan, 2, 2, 4], dtype=np.float32))


@given(st.integers(0, 12_000), st.integers(1, 12_000))
def test_few_points_are_kept_the_first_and_the_last_among_them(count: int, steps: int) -> None:
    kept = thinned(count, steps).tolist()
    assert len(kept) <= MOST_POINTS
    assert kept == sorted(set(kept))
    assert kept[:1] == [1][:count]
    assert kept[-1:] == [count][:count]


def test_points_stay_where_they_are_as_a_run_goes_on() -> None:
    before, after = thinned(1000, 10_000).tolist(), thinned(5000, 10_000).tolist()
    assert set(before[:-1]) <= set(after)


# Losses


@pytest.mark.parametrize("colours", THEMES)
def test_lines_carry_the_means_and_the_held_out_losses(colours: Palette) -> None:
    run = run_of(700)
    figure = sent(loss_curves([run], [6.2], STEPS, WORDS, colours))
    for task, axis in enumerate(("y", "y2")):
        thin, bold = lines_of(figure, axis)
        at = numbers(thin["x"])
        expected = smoothed(run.losses[:, task], smoothing_window(STEPS))
        np.testing.assert_array_equal(numbers(thin["y"]), expected[at - 1])
        np.testing.assert_array_equal(numbers(bold["x"]), [row[0] for row in run.held_out])
        np.testing.assert_allclose(
            numbers(bold["y"]), [row[1 + task] for row in run.held_out], rtol=1e-6
        )
        assert (thin["meta"], bold["meta"]) == ("in training<br>step", "held out<br>step")
        assert thin["line"]["width"] < bold["line"]["width"]
        assert thin["line"]["color"] == bold["line"]["color"] == colours.mask


def test_the_dashed_lines_are_the_unigram_entropy_and_a_coin() -> None:
    layout = sent(loss_curves([run_of(50)], [6.2], STEPS, WORDS, LIGHT))["layout"]
    unigram, coin = layout["shapes"]
    assert (unigram["y0"], unigram["y1"], unigram["yref"]) == (6.2, 6.2, "y")
    assert (coin["y0"], coin["yref"]) == (pytest.approx(log(2)), "y2")
    assert {unigram["line"]["dash"], coin["line"]["dash"]} == {"dash"}
    written = {text["text"]: text["y"] for text in layout["annotations"]}
    assert written["often"] == 6.2
    assert written["a coin"] == pytest.approx(log(2))


def test_equal_unigram_entropies_are_one_grey_line_and_others_have_their_runs_colours() -> None:
    runs = [run_of(50, name="a"), run_of(50, name="b")]
    for unigrams, expected in (
        ([6.2, 6.2], [(6.2, LIGHT.quiet)]),
        ([6.2, 5.8], [*zip((6.2, 5.8), run_colours(LIGHT), strict=True)]),
        ([None, 5.8], [(5.8, LIGHT.quiet)]),
        ([None, None], []),
    ):
        shapes = sent(loss_curves(runs, unigrams, STEPS, WORDS, LIGHT))["layout"]["shapes"][:-1]
        assert [(shape["y0"], shape["line"]["color"]) for shape in shapes] == expected


def test_nothing_moves_as_the_lines_grow() -> None:
    runs = run_of(STEPS, name="a"), run_of(STEPS, name="b", seed=1)
    found = []
    for count in (1, 20, 400, STEPS):
        parts = [
            replace(
                run,
                losses=run.losses[:count],
                held_out=[row for row in run.held_out if row[0] <= count],
            )
            for run in runs
        ]
        layout = sent(loss_curves(parts, [6.2, 6.2], STEPS, WORDS, LIGHT))["layout"]
        axes = [layout[axis] for axis in ("xaxis", "yaxis", "yaxis2")]
        found.append(
            (
                layout["height"],
                layout["margin"],
                [(axis["range"], axis.get("domain")) for axis in axes],
            )
        )
    assert found[1:] == found[:-1]


def test_axes_begin_at_nought_and_end_above_the_first_loss_and_the_dashed_line() -> None:
    for unigram in (6.2, 30.0):
        run = run_of(80)
        layout = sent(loss_curves([run], [unigram], STEPS, WORDS, LIGHT))["layout"]
        assert layout["xaxis"]["range"] == [0, STEPS]
        low, high = layout["yaxis"]["range"]
        assert low == layout["yaxis2"]["range"][0] == 0
        assert high > max(float(run.losses[0, 0]), run.held_out[0][1], unigram)
        assert layout["yaxis2"]["range"][1] > log(2)


def test_without_pairs_there_is_one_panel() -> None:
    figure = sent(loss_curves([run_of(30, pairs=False)], [6.2], STEPS, WORDS, LIGHT))
    assert "yaxis2" not in figure["layout"]
    assert len(figure["data"]) == 2
    assert "a coin" not in [text["text"] for text in figure["layout"]["annotations"]]


def test_with_pairs_in_one_run_of_two_the_other_has_no_line_in_the_lower_panel() -> None:
    runs = [run_of(30, name="a", pairs=False), run_of(30, name="b")]
    figure = sent(loss_curves(runs, [6.2, 6.2], STEPS, WORDS, LIGHT))
    assert [len(lines_of(figure, axis)) for axis in ("y", "y2")] == [4, 2]
    assert {line["line"]["color"] for line in lines_of(figure, "y2")} == {run_colours(LIGHT)[1]}


def test_before_the_first_step_the_panels_stand_empty() -> None:
    empty = LossCurve("run", np.zeros((0, 2), np.float32), [])
    for pairs, axes in ((True, 2), (False, 1)):
        figure = sent(loss_curves([empty], [6.2], STEPS, WORDS, LIGHT, pairs=pairs))
        assert figure["data"] == []
        assert sum(name.startswith("yaxis") for name in figure["layout"]) == axes


def test_two_runs_differ_in_more_than_colour_and_are_named_beside_the_panel() -> None:
    runs = [run_of(300, name="15 %"), run_of(300, name="40 %", seed=1)]
    figure = sent(loss_curves(runs, [6.2, 6.2], STEPS, WORDS, LIGHT))
    _, first, _, second = lines_of(figure)
    assert first["line"]["dash"] != second["line"]["dash"]
    assert first["marker"]["symbol"] != second["marker"]["symbol"]
    texts = figure["layout"]["annotations"]
    named = [text for text in texts if text["text"][2:] in ("15 %", "40 %")]
    assert [text["font"]["color"] for text in named] == list(run_colours(LIGHT))
    top = figure["layout"]["yaxis"]["range"][1]
    assert abs(named[0]["y"] - named[1]["y"]) >= LINE * top / 260 - 1e-6
    assert all(0 < text["y"] < top for text in named)


def test_points_of_held_out_text_that_would_lie_on_each_other_are_a_line_only() -> None:
    run = replace(run_of(1), held_out=[(step, 5.0, 0.7) for step in (0, 1, 2, 40, 60, 100)])
    _, bold = lines_of(sent(loss_curves([run], [6.2], STEPS, WORDS, LIGHT)))
    assert [size > 0 for size in bold["marker"]["size"]] == [True, False, False, True, False, True]


def test_the_step_that_is_looked_at_is_an_upright_line_in_both_panels() -> None:
    layout = sent(loss_curves([run_of(30)], [6.2], STEPS, WORDS, LIGHT, shown=17))["layout"]
    lines = [shape for shape in layout["shapes"] if shape["x0"] == shape["x1"]]
    assert [(line["x0"], line["yref"]) for line in lines] == [(17, "y domain"), (17, "y2 domain")]


def test_two_long_runs_are_sent_in_a_few_kilobytes() -> None:
    runs = [run_of(10_000, name="a"), run_of(10_000, name="b", seed=1)]
    runs = [replace(run, held_out=run.held_out[::15]) for run in runs]
    figure = loss_curves(runs, [6.2, 6.2], 10_000, WORDS, LIGHT)
    assert len(figure.to_json()) < 35_000


@pytest.mark.parametrize("colours", THEMES)
def test_runs_can_be_read_on_the_page(colours: Palette) -> None:
    for colour in run_colours(colours):
        assert contrast(colour, colours.background) >= 4.5


@pytest.mark.parametrize("hostile", ["<i>a", "<img src=x>", "%{meta}", "a<script>"])
def test_what_looks_like_markup_is_text(hostile: str) -> None:
    runs = [run_of(30, name=hostile), run_of(30, name=hostile, seed=1)]
    row = ScaleRow(hostile, (1, 20, 300), (hostile,) * 3)
    shares = np.array([[0.1, 0.2], [0.3, 0.4]])
    figures = (
        loss_curves(runs, [6, 5], STEPS, LossWords(*[hostile] * 7), LIGHT),
        guess_lines([0, 1], shares, [hostile, "b"], LIGHT, title=hostile),
        position_similarity(np.eye(2), LIGHT, (hostile, hostile)),
        training_scale([row], [hostile] * 3, LIGHT),
    )
    for made in map(sent, figures):
        written = texts_of(made) + [trace.get("meta", "") for trace in made["data"]]
        assert any(plain(hostile) in text for text in written)
        assert "<" not in hostile or not any(hostile in text for text in written)
        # Names are not part of templates, where plotly would read "%{".
        templates = [trace["hovertemplate"] for trace in made["data"]]
        assert not any(hostile in template for template in templates if hostile != "%{meta}")
        assert not any(template.count("%{meta}") > 1 for template in templates)


# Positions


@pytest.mark.parametrize("colours", THEMES)
def test_the_map_of_positions_carries_the_cosines_about_nought(colours: Palette) -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (64, 64)).astype(np.float32)
    figure = position_similarity(cosines, colours, ("one", "other"))
    made = sent(figure)
    (heat,) = made["data"]
    np.testing.assert_array_equal(numbers(heat["z"]), cosines)
    assert (heat["zmin"], heat["zmax"]) == (-1, 1)
    assert dict(map(tuple, heat["colorscale"])) == {
        0: colours.less,
        0.5: colours.background,
        1: colours.more,
    }
    assert made["layout"]["yaxis"]["scaleanchor"] == "x"
    assert made["layout"]["yaxis"]["range"] == [63.5, -0.5]  # the first on top
    assert len(figure.to_json()) < 30_000


# Guesses


def test_lines_of_guesses_carry_the_probabilities() -> None:
    steps = [0, 1, 2, 5, 11]
    shares = np.random.default_rng(0).uniform(0, 0.09, (4, 3))
    figure = sent(guess_lines(steps, shares, ["a", "b", "c"], LIGHT, shown=5))
    *lines, points = figure["data"]
    for piece, line in enumerate(lines):
        np.testing.assert_allclose(numbers(line["y"]), shares[:, piece], rtol=1e-6)
        assert numbers(line["x"]).tolist() == [0, 1, 2, 3]
        assert line["text"] == ["0", "1", "2", "5"]
    np.testing.assert_allclose(numbers(points["y"]), shares[3], rtol=1e-6)
    (line,) = figure["layout"]["shapes"]
    assert line["x0"] == line["x1"] == points["x"][0] == 3
    assert figure["layout"]["xaxis"]["range"] == [0, 4]
    assert figure["layout"]["yaxis"]["range"] == pytest.approx([0, 0.104])


def test_lines_of_guesses_differ_in_more_than_colour() -> None:
    lines = sent(guess_lines([0, 1], np.full((2, 6), 0.1), list("abcdef"), LIGHT))["data"]
    styles = [(line["line"]["dash"], line["marker"]["symbol"]) for line in lines]
    assert len(set(styles)) == len({dash for dash, _ in styles}) == 6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_names_of_guesses_stand_apart_and_inside(shares: list[float]) -> None:
    names = [f"piece{at}" for at in range(len(shares))]
    layout = sent(guess_lines([0, 1], np.array([shares, shares]), names, LIGHT))["layout"]
    margin = layout["margin"]
    top = layout["yaxis"]["range"][1]
    pixel = top / (layout["height"] - margin["t"] - margin["b"])
    places = sorted(text["y"] for text in layout["annotations"])
    assert all(after - before >= 0.94 * LINE * pixel for before, after in pairwise(places))
    assert 0 <= places[0] <= places[-1] <= top


def test_a_probability_that_is_not_known_leaves_a_gap_and_a_lonely_one_is_a_point() -> None:
    shares = np.array([[0.1], [np.nan], [0.2], [0.3], [np.nan]])
    figure = sent(guess_lines([0, 1, 2, 3, 4], shares, ["a"], LIGHT))
    (line,) = figure["data"]
    np.testing.assert_allclose(numbers(line["y"]), shares[:, 0], rtol=1e-6)
    assert numbers(line["marker"]["size"]).astype(bool).tolist() == [True] + [False] * 4
    assert len(figure["layout"]["annotations"]) == 1


def test_nothing_is_drawn_before_the_first_look() -> None:
    figure = sent(guess_lines([0, 1, 5], np.zeros((0, 2)), ["a", "b"], LIGHT, shown=1))
    assert all(len(numbers(line["y"])) == 0 for line in figure["data"])
    assert figure["layout"].get("annotations", []) == []


def test_ticks_of_steps_are_round_and_lie_between_the_steps_that_were_looked_at() -> None:
    steps = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 40, 160, 300]
    ticks = step_ticks(steps)
    assert ticks["ticktext"] == ["0", "10", "100", "300"]
    assert ticks["tickvals"] == [0, 9.5, 11.5, 13]


# What it took


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_points_of_the_scale_are_logarithms_and_a_number_stands_at_each(colours: Palette) -> None:
    figure = sent(training_scale(ROWS, NAMES, colours))
    for model, points in enumerate(figure["data"]):
        known = [(at, row.values[model]) for at, row in enumerate(ROWS)]
        there = [(at, value) for at, value in known if value is not None]
        assert points["y"] == [at for at, _ in there]
        assert points["x"] == pytest.approx([log10(value) for _, value in there])
    written = [(text["y"], text["text"]) for text in figure["layout"]["annotations"]]
    for at, row in enumerate(ROWS):
        for text in {text for text in row.texts if text}:
            assert written.count((at, text)) == 1
    assert len({points["marker"]["symbol"] for points in figure["data"]}) == 3
    assert figure["data"][2]["marker"]["color"] == run_colours(colours)[0]


def test_numbers_of_the_scale_stand_outside_the_ends_and_below_and_above_those_between() -> None:
    row = ScaleRow("tokens", (1e6, 1e8, 10, 1e3), ("c", "d", "a", "b"))
    layout = sent(training_scale([row], ("1", "2", "3", "4"), LIGHT, runs=2))["layout"]
    where = {text["text"]: text for text in layout["annotations"][:4]}
    assert where["a"]["xanchor"] == "right"
    assert where["a"]["xshift"] < 0
    assert where["d"]["xanchor"] == "left"
    assert where["d"]["xshift"] > 0
    assert where["b"]["xanchor"] == where["c"]["xanchor"] == "center"
    assert where["b"]["yshift"] < 0 < where["c"]["yshift"]


def test_equal_values_have_one_number_and_both_signs_can_be_seen() -> None:
    row = ScaleRow("steps", (1e6, 1e6, 3e3), ("1,000,000", "1 million", "3,000"))
    figure = sent(training_scale([row], NAMES, LIGHT))
    assert "1,000,000 / 1 million" in [text["text"] for text in figure["layout"]["annotations"]]
    base, large, _ = (points["marker"] for points in figure["data"])
    assert large["symbol"].endswith("-open")
    assert large["size"] > base["size"] + 4


def test_values_without_a_logarithm_have_no_point() -> None:
    row = ScaleRow("hours", (None, 0, 5), ("", "0", "5"))
    figure = sent(training_scale([row], NAMES, LIGHT))
    assert [points["x"] for points in figure["data"]] == [[], [], [pytest.approx(log10(5))]]
    empty = sent(training_scale([ScaleRow("x", (None,) * 3, ("",) * 3)], NAMES, LIGHT))
    assert all(points["x"] == [] for points in empty["data"])


def test_the_names_of_quantities_and_models_are_written() -> None:
    texts = [
        text["text"] for text in sent(training_scale(ROWS, NAMES, LIGHT))["layout"]["annotations"]
    ]
    assert {row.label for row in ROWS} <= set(texts)
    assert all(unescape(plain(name)) in texts[-1] for name in NAMES)
