"""What probabilities are worth: guesses one by one, bins by hand, the bootstrap in a slow loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.errors import InputError, MissingHeadError
from bert_core.evaluation.calibration import (
    MaskedGuesses,
    calibrate,
    sample_masks,
)
from bert_core.evaluation.reliability import (
    Calibration,
    Guesses,
    bin_numbers,
    summarise_calibration,
)
from bert_core.figures.calibration import FEW, frequency_bars, reliability_diagram
from bert_core.intervals import Estimate
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.palette import DARK, LIGHT, Palette
from bert_core.pretraining.masks import eligible_tokens
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from bert_core.texts.hundred import bundled_hundred
from tests.bert_core.figures.test_figures import numbers, sent
from tests.kit.recorder import PATIENCE, Recorder
from tests.kit.tiny import tiny_model, tiny_wordpiece

TEXTS = (
    ("the cat sat on the mat.", None),
    ("dogs walked to the bank", "of the river"),
    ("[MASK] ran!", None),
    ("hello world", None),
)
CLOSE = 1e-5
THEMES = [LIGHT, DARK]


def text_with(
    confidences: NDArray[np.float64],
    right: NDArray[np.bool_],
    found: NDArray[np.bool_],
    surprisals: NDArray[np.float64],
) -> Guesses:
    """The guesses of one text. found: among the first five."""
    ranks = np.where(right, 1, np.where(found, 5, 6))
    return Guesses(np.zeros_like(ranks), right, confidences, ranks, surprisals)


def text_of(*guesses: tuple[float, bool, bool, float]) -> Guesses:
    """From (confidence, right, among the first five, surprisal) of each mask."""
    columns = [np.array(column) for column in zip(*guesses, strict=True)]
    return text_with(*columns)


def random_texts(count: int, seed: int) -> list[Guesses]:
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        size = rng.integers(1, 9)
        sure = rng.uniform(0.01, 1, size)
        right = rng.random(size) < sure**2
        texts.append(
            text_with(sure, right, right | (rng.random(size) < 0.3), rng.exponential(2, size))
        )
    return texts


# Samples


def test_every_ordinary_token_is_as_likely_to_be_masked(tiny: Bert) -> None:
    counts: dict[tuple[str, int], int] = {}
    for seed in range(600):
        for encoding, positions in sample_masks(tiny, TEXTS, seed, 6):
            for position in positions:
                counts[encoding.text, position] = counts.get((encoding.text, position), 0) + 1
    encodings = [encode(tiny, *text) for text in TEXTS]
    ordinary = sum(int(eligible_tokens(tiny, encoding).sum()) for encoding in encodings)
    assert len(counts) == ordinary
    assert sum(counts.values()) == 600 * 6
    expected = 600 * 6 / ordinary
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


def test_a_sample_has_no_repeats_and_the_same_seed_gives_the_same(tiny: Bert) -> None:
    sample = sample_masks(tiny, TEXTS, 1, 8)
    assert sample == sample_masks(tiny, TEXTS, 1, 8) != sample_masks(tiny, TEXTS, 2, 8)
    assert sum(len(positions) for _, positions in sample) == 8
    for _, positions in sample:
        assert list(positions) == sorted(set(positions))


def test_where_there_are_fewer_tokens_all_are_masked(tiny: Bert) -> None:
    for encoding, positions in sample_masks(tiny, TEXTS, 0, 10_000):
        assert list(positions) == np.flatnonzero(eligible_tokens(tiny, encoding)).tolist()


def test_the_hundred_lines_have_more_than_a_thousand_words_to_mask(embedded: Bert) -> None:
    sample = sample_masks(embedded, bundled_hundred())
    assert len(sample) == 100
    assert sum(len(positions) for _, positions in sample) == 1200
    words = [
        encoding.tokens[at]
        for encoding, positions in sample
        for at in positions
        if any(char.isalnum() for char in encoding.tokens[at])
    ]
    assert len(words) > 1000


@pytest.mark.parametrize(("texts", "masks"), [((), 5), ((("[MASK]", None),), 5), (TEXTS, 0)])
def test_nothing_to_mask_is_refused(tiny: Bert, texts: tuple, masks: int) -> None:
    with pytest.raises(InputError, match="at least one word"):
        sample_masks(tiny, texts, 0, masks)


# Guesses


def assert_as_one_by_one(bert: Bert, samples: list[MaskedGuesses]) -> None:
    """Each mask's numbers are those of a run of its own."""
    for sample in samples:
        text, pair = sample.encoding.text, sample.encoding.pair
        for at, position in enumerate(sample.positions.tolist()):
            run = run_bert(bert, encode(bert, text, pair, [position]), ())
            (guess,) = predict_masked(bert, run, 5, [position])
            assert sample.guesses[at] == guess.ids[0]
            assert sample.confidences[at] == pytest.approx(guess.probabilities[0], abs=CLOSE)
            assert sample.ranks[at] == guess.original_rank
            assert guess.original_probability is not None
            assert np.exp(-sample.surprisals[at]) == pytest.approx(
                guess.original_probability, rel=1e-4, abs=1e-9
            )
            assert sample.right[at] == (guess.pieces[0] == guess.original)
            assert sample.among_first(5)[at] == (guess.original in guess.pieces)


def test_guesses_are_those_of_one_mask_at_a_time(tiny: Bert) -> None:
    samples = list(calibrate(tiny, TEXTS, masks=1000))
    assert [sample.encoding.text for sample in samples] == [text for text, _ in TEXTS]
    assert_as_one_by_one(tiny, samples)


def test_so_are_those_of_the_model_that_ships(embedded: Bert) -> None:
    samples = list(calibrate(embedded, bundled_hundred()[:8], masks=12, seed=2))
    assert sum(map(len, samples)) == 12
    assert_as_one_by_one(embedded, samples)


def test_many_run_together_and_a_text_may_lie_in_two_lots(
    tiny: Bert, engine: Engine, recorder: Recorder
) -> None:
    starts = ("dog", "bank", "river", "money", "world")
    texts = [(start + " the cat sat on the mat" * 5, None) for start in starts]  # lots of 64
    samples = list(calibrate(tiny, texts, engine_runner(engine), masks=1000))
    assert [len(sample) for sample in samples] == [31] * 5
    assert max(map(len, recorder.batches)) > 1
    assert len(recorder.texts) == 5 * 31 - 4  # with the first word masked all five are alike
    assert {keep for keeps in recorder.keeps for keep in keeps} == {frozenset()}
    for sample, text in zip(samples, texts, strict=True):
        (alone,) = calibrate(tiny, [text], masks=1000)
        np.testing.assert_array_equal(sample.ranks, alone.ranks)
        np.testing.assert_allclose(sample.surprisals, alone.surprisals, atol=1e-4)
        np.testing.assert_allclose(sample.confidences, alone.confidences, atol=CLOSE)


def test_a_job_collects_texts_and_some_can_be_summed_up_already(tiny: Bert, engine: Engine) -> None:
    job = Job(4, lambda wanted: calibrate(tiny, TEXTS, engine_runner(engine, wanted), masks=1000))
    assert job.wait(PATIENCE)
    assert (job.done, job.error) == (4, None)
    assert summarise_calibration(job.results[:2]).texts == 2


def test_what_was_found_cannot_be_written_over(tiny: Bert) -> None:
    for sample in calibrate(tiny, TEXTS, masks=1000):
        arrays = [value for value in vars(sample).values() if isinstance(value, np.ndarray)]
        assert len(arrays) == 6
        assert not any(array.flags.writeable for array in arrays)


def test_a_model_without_the_head_says_so() -> None:
    headless = wrap_bert("bare", tiny_model(), tiny_wordpiece(), missing=["cls.predictions.bias"])
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        next(calibrate(headless, TEXTS))


# Bins


def test_bins_by_hand() -> None:
    found = summarise_calibration(
        [
            text_of((0.05, False, False, 4), (0.10, True, True, 1), (0.72, True, True, 0.5)),
            text_of((0.78, False, True, 2), (1.0, True, True, 0)),
            text_of((0.75, True, True, 0.3)),
        ]
    )
    assert (found.masks, found.texts) == (6, 3)
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 3, 0, 1]
    there = found.counts > 0
    assert found.confidence[there] == pytest.approx([0.075, 0.75, 1.0])
    assert found.accuracy[there] == pytest.approx([1 / 2, 2 / 3, 1])
    for numbers_of_bins in (found.confidence, found.accuracy, found.low, found.high):
        assert np.isnan(numbers_of_bins[~there]).all()
    assert found.top_1.value == pytest.approx(4 / 6)
    assert found.top_5.value == pytest.approx(5 / 6)
    assert found.sure.value == pytest.approx((0.05 + 0.1 + 0.72 + 0.78 + 1 + 0.75) / 6)
    assert found.surprisal.value == pytest.approx(7.8 / 6)
    gaps = 2 * (1 / 2 - 0.075) + 3 * (0.75 - 2 / 3) + 1 * 0
    assert found.error.value == pytest.approx(gaps / 6)


def test_a_bin_has_its_upper_edge_and_not_its_lower_one() -> None:
    edges = np.arange(11) / 10
    for bin_number in range(10):
        inside = np.array([edges[bin_number] + 1e-9, edges[bin_number + 1]])
        assert bin_numbers(inside, edges).tolist() == [bin_number] * 2
    assert bin_numbers(np.array([0.0, 1.0]), edges).tolist() == [0, 9]


@given(st.integers(1, 30), st.integers(0, 1000), st.integers(1, 25))
def test_bins_add_up_to_the_whole(count: int, seed: int, bins: int) -> None:
    texts = random_texts(count, seed)
    found = summarise_calibration(texts, bins, 20)
    sure = np.concatenate([text.confidences for text in texts])
    right = np.concatenate([text.right for text in texts])
    there = found.counts > 0
    shares = found.counts[there] / found.masks
    assert found.masks == len(sure)
    assert (shares * found.accuracy[there]).sum() == pytest.approx(right.mean())
    assert (shares * found.confidence[there]).sum() == pytest.approx(sure.mean())
    gaps = np.abs(found.accuracy - found.confidence)[there]
    assert found.error.value == pytest.approx((shares * gaps).sum())
    assert 0 <= found.error.value <= 1
    assert ((found.low <= found.high) | ~there).all()


# Intervals


def slow_error(sure: list[float], right: list[bool], bins: int) -> float:
    total = 0.0
    for place in range(bins):
        members = [at for at, one in enumerate(sure) if place / bins < one <= (place + 1) / bins]
        if members:
            mean = sum(sure[at] for at in members) / len(members)
            share = sum(right[at] for at in members) / len(members)
            total += len(members) * abs(share - mean)
    return total / len(sure)


def test_the_bootstrap_is_that_of_texts_drawn_and_pooled_one_resample_at_a_time() -> None:
    texts, resamples, bins = random_texts(12, 4), 60, 10
    found = summarise_calibration(texts, bins, resamples, seed=9)
    rng = np.random.default_rng(9)
    weights = rng.multinomial(len(texts), [1 / len(texts)] * len(texts), resamples)
    pooled: dict[str, list[float]] = {name: [] for name in ("top_1", "top_5", "sure", "error")}
    pooled["surprisal"] = []
    in_bins: list[list[float]] = [[] for _ in range(bins)]
    for row in weights:
        drawn = [text for text, times in zip(texts, row, strict=True) for _ in range(times)]
        sure = [one for text in drawn for one in text.confidences.tolist()]
        right = [one for text in drawn for one in text.right.tolist()]
        pooled["top_1"].append(np.mean(right))
        pooled["top_5"].append(np.mean([one for text in drawn for one in text.among_first(5)]))
        pooled["sure"].append(np.mean(sure))
        pooled["surprisal"].append(np.mean([one for text in drawn for one in text.surprisals]))
        pooled["error"].append(slow_error(sure, right, bins))
        for place in range(bins):
            inside = [
                hit
                for hit, one in zip(right, sure, strict=True)
                if place / bins < one <= (place + 1) / bins
            ]
            if inside:
                in_bins[place].append(np.mean(inside))
    for name, values in pooled.items():
        estimate: Estimate = getattr(found, name)
        assert [estimate.low, estimate.high] == pytest.approx(np.percentile(values, [2.5, 97.5]))
    for place, values in enumerate(in_bins):
        wanted = np.percentile(values, [2.5, 97.5]) if values else [np.nan, np.nan]
        assert [found.low[place], found.high[place]] == pytest.approx(wanted, nan_ok=True)


def test_texts_whose_guesses_are_all_alike_widen_the_interval() -> None:
    alone = [text_of((0.5, at % 2 == 0, True, 1)) for at in range(200)]
    together = [text_of(*[(0.5, at % 2 == 0, True, 1)] * 10) for at in range(20)]
    narrow, wide = (summarise_calibration(texts).top_1 for texts in (alone, together))
    assert narrow.value == wide.value == 0.5
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_error_of_a_model_that_can_be_believed_is_that_of_chance() -> None:
    rng = np.random.default_rng(0)
    believed, boasting = [], []
    for _ in range(100):
        sure = rng.uniform(0.05, 0.95, 10)
        luck = rng.random(10)
        ones = np.ones(10, dtype=bool)
        believed.append(text_with(sure, luck < sure, ones, ones * 1.0))
        boasting.append(text_with(sure, luck < sure / 2, ones, ones * 1.0))
    good, bad = summarise_calibration(believed), summarise_calibration(boasting)
    assert good.error_by_chance.low < good.error.value < good.error_by_chance.high
    assert bad.error.value > 3 * bad.error_by_chance.high
    assert bad.error.value == pytest.approx(bad.sure.value - bad.top_1.value, abs=0.02)
    assert good.error_by_chance.value == pytest.approx(bad.error_by_chance.value, rel=0.1)


def test_chance_makes_no_error_where_every_guess_is_certain() -> None:
    found = summarise_calibration([text_of((1.0, False, True, 1), (1.0, True, True, 1))])
    assert found.error_by_chance == Estimate(0, 0, 0)


@pytest.mark.parametrize(("count", "bins", "resamples"), [(0, 10, 10), (1, 0, 10), (1, 10, 0)])
def test_no_masks_no_bins_and_no_resamples_are_refused(
    count: int, bins: int, resamples: int
) -> None:
    with pytest.raises(InputError, match="nothing to count"):
        summarise_calibration(random_texts(count, 0), bins, resamples)


# Figures


def summary() -> Calibration:
    return summarise_calibration(
        [text_of(*[(0.05, False, True, 1.0)] * FEW, (0.72, True, True, 1), (0.78, False, True, 1))]
    )


@pytest.mark.parametrize("colours", THEMES)
def test_the_diagram_has_the_points_of_bins_that_have_guesses(colours: Palette) -> None:
    found = summary()
    figure = sent(
        reliability_diagram(found, colours, confidence="sure", accuracy="right", count="masks")
    )
    points, counts = figure["data"]
    np.testing.assert_allclose(numbers(points["x"]), [0.05, 0.75])
    np.testing.assert_allclose(numbers(points["y"]), [0, 0.5])
    np.testing.assert_allclose(
        numbers(points["y"]) + numbers(points["error_y"]["array"]), found.high[[0, 7]]
    )
    np.testing.assert_allclose(
        numbers(points["y"]) - numbers(points["error_y"]["arrayminus"]), found.low[[0, 7]]
    )
    assert points["marker"]["color"] == [colours.high, colours.background]
    np.testing.assert_array_equal(numbers(counts["y"]), found.counts)
    (diagonal,) = figure["layout"]["shapes"]
    assert [diagonal[end] for end in ("x0", "y0", "x1", "y1")] == [0, 0, 1, 1]
    titles = {figure["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis", "yaxis2")}
    assert titles == {"sure", "right", "masks"}


@pytest.mark.parametrize("colours", THEMES)
def test_bars_carry_shares_and_what_was_expected(colours: Palette) -> None:
    labels = ["the", "the", "<b>cat</b>"]
    figure = sent(
        frequency_bars(
            labels,
            [0.1, 0.2, 0.3],
            [0.2, 0.2, 0.2],
            [0.15, 0.16, 0.17],
            [0.25, 0.26, 0.27],
            colours,
            colour=colours.mask,
        )
    )
    bars, expected = figure["data"]
    np.testing.assert_allclose(numbers(bars["x"]), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(numbers(expected["x"]), 0.2)
    np.testing.assert_allclose(numbers(expected["error_x"]["array"]), [0.05, 0.06, 0.07])
    np.testing.assert_allclose(numbers(expected["error_x"]["arrayminus"]), [0.05, 0.04, 0.03])
    axis = figure["layout"]["yaxis"]
    assert axis["tickvals"] == bars["y"] == expected["y"] == [0, 1, 2]
    assert axis["ticktext"] == ["the", "the", "&lt;b&gt;cat&lt;/b&gt;"]
    assert axis["range"][0] > axis["range"][1]
    shown = [
        note["text"].replace("\N{NO-BREAK SPACE}", " ") for note in figure["layout"]["annotations"]
    ]
    assert shown == ["10.0 %", "20.0 %", "30.0 %"]
