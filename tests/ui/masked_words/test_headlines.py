"""Headlines say what the numbers say, and that nothing stands out where nothing does."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from bert_core.evaluation.reliability import Calibration
from bert_core.intervals import Estimate
from bert_core.masked_words.predict import MaskedPrediction
from bert_core.masked_words.targets import TargetPrediction
from ui.masked_words import calibration, predictions, targets

PIECES = ("storm", "rain", "wind", "water", "stream")


def a_guess(*probabilities: float) -> MaskedPrediction:
    return MaskedPrediction(
        position=2,
        masked=True,
        pieces=PIECES[: len(probabilities)],
        ids=np.arange(len(probabilities)),
        probabilities=np.array(probabilities, dtype=np.float32),
        original="rain",
        original_probability=0.05,
        original_log=float(np.log(0.05)),
        original_rank=2,
        vocabulary=30_522,
    )


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ((0.4, 0.1, 0.1, 0.1), "“storm” comes first"),
        ((0.3, 0.25, 0.1, 0.1), "“storm” and “rain” come first"),
        ((0.3, 0.25, 0.22, 0.1), "“storm”, “rain” and “wind” come first"),
        ((0.2, 0.2, 0.2, 0.2), "Nothing stands out"),
        ((0.04, 0.01, 0.01, 0.01), "Nothing stands out"),
    ],
)
def test_the_guesses_that_come_first_are_named(probabilities: tuple[float, ...], said: str) -> None:
    strong, quiet = predictions.headline(a_guess(*probabilities), "rain")
    assert strong == said
    assert quiet.startswith("in place of “rain”")


def test_where_nothing_stands_out_the_share_of_the_first_guess_is_said() -> None:
    _, quiet = predictions.headline(a_guess(0.04, 0.01, 0.01, 0.01), "rain")
    assert quiet == "in place of “rain”; the first guess has 4.0\N{NO-BREAK SPACE}%"


def test_a_typed_mask_and_a_word_in_sight_are_told_from_a_hidden_word() -> None:
    hidden = a_guess(0.4, 0.1, 0.1, 0.1)
    typed = replace(hidden, original=None, original_probability=None, original_rank=None)
    places = [
        predictions.headline(guess, "rain")[1]
        for guess in (hidden, typed, replace(hidden, masked=False))
    ]
    assert places == [
        "in place of “rain”",
        "behind the [MASK] that was typed",
        "at “rain”, which the model sees",
    ]


def headline_of(*shares: float) -> str:
    found = cast(TargetPrediction, _Shares(PIECES[: len(shares)], np.array(shares)))
    return targets.headline(found, [*np.argsort(-np.array(shares))])


class _Shares:
    def __init__(self, pieces: tuple[str, ...], shares: Any) -> None:
        self.pieces, self.shares = pieces, shares


def test_of_a_few_words_one_stands_out_or_none_does() -> None:
    assert headline_of(0.2, 0.7, 0.1).startswith("“rain” gets 70.0\N{NO-BREAK SPACE}%")
    assert headline_of(0.45, 0.4, 0.15).startswith("None stands out: “storm” gets")
    assert headline_of(1.0) == "“storm” is compared with nothing yet"


@pytest.mark.parametrize(
    ("sure", "said"),
    [(0.5, "Surer than it is right"), (0.3, "Less sure"), (0.41, "As sure as it is right")],
)
def test_how_sure_is_held_against_the_interval_of_how_often_right(sure: float, said: str) -> None:
    found = cast(Calibration, _Sure(Estimate(0.4, 0.35, 0.45), Estimate(sure, sure, sure)))
    assert calibration.headline(found).startswith(said)


class _Sure:
    def __init__(self, top_1: Estimate, sure: Estimate) -> None:
        self.top_1, self.sure = top_1, sure
