"""An answer stands beside how often the same answer is wrong."""

import pytest

from bert_core.intervals import Estimate
from bert_core.model.bert import Bert
from bert_core.next_sentence.answer import weigh_answer
from bert_core.next_sentence.candidates import score_pairs
from bert_core.next_sentence.neighbours import SetShare, called_next, neighbour_pairs
from bert_core.next_sentence.score import NextSentenceScore


def score_of(is_next: float) -> NextSentenceScore:
    return NextSentenceScore(is_next, 1 - is_next, 0.0, 0.0)


def share_of(kind: str, share: float, low: float, high: float) -> SetShare:
    return SetShare(kind, 0, 100, share, low, high, 0.5, 40)  # type: ignore[arg-type]


SETS = [share_of("true", 0.9, 0.85, 0.96), share_of("other_text", 0.2, 0.15, 0.3)]


def test_that_b_follows_is_held_against_strangers_that_are_said_to_follow() -> None:
    answer = weigh_answer(score_of(0.98), SETS)
    assert (answer.follows, answer.probability) == (True, 0.98)
    assert answer.anyway == Estimate(0.2, 0.15, 0.3)


def test_that_b_does_not_follow_is_held_against_neighbours_that_are_refused() -> None:
    answer = weigh_answer(score_of(0.1), SETS)
    assert (answer.follows, answer.probability) == (False, 0.9)
    assert answer.anyway is not None
    assert (answer.anyway.value, answer.anyway.low, answer.anyway.high) == pytest.approx(
        (0.1, 0.04, 0.15)
    )


@pytest.mark.parametrize(("is_next", "sets"), [(0.9, SETS[:1]), (0.1, SETS[1:]), (0.9, [])])
def test_what_was_not_measured_is_not_said(is_next: float, sets: list[SetShare]) -> None:
    assert weigh_answer(score_of(is_next), sets).anyway is None


@pytest.mark.parametrize(
    ("is_next", "follows", "decided"),
    [
        (0.98, True, True),
        (0.67, True, True),
        (0.66, True, False),
        (0.5, True, False),
        (0.34, False, False),
        (0.33, False, True),
    ],
)
def test_an_answer_is_decided_where_it_is_twice_as_probable(
    is_next: float, follows: bool, decided: bool
) -> None:
    answer = weigh_answer(score_of(is_next))
    assert (answer.follows, answer.decided) == (follows, decided)


def test_how_often_it_is_wrong_is_what_the_head_said_to_the_bundled_pairs(tiny: Bert) -> None:
    sets = list(called_next(tiny))
    for kind, score in (("other_text", score_of(0.9)), ("true", score_of(0.1))):
        pairs = [(pair.first, pair.second) for pair in neighbour_pairs(kind)]
        said = [found.is_next > 0.5 for found in score_pairs(tiny, pairs)]
        wrong = sum(said) if kind == "other_text" else len(said) - sum(said)
        anyway = weigh_answer(score, sets).anyway
        assert anyway is not None
        assert anyway.value == pytest.approx(wrong / len(said))
        assert anyway.low <= anyway.value <= anyway.high
