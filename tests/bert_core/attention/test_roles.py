"""The one thing a head mostly does: the rule, heads made for it, and sets of texts."""

import math
import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from bert_core.attention.measures import KINDS, HeadMeasure, HeadMeasures, measure_heads
from bert_core.attention.roles import (
    BROAD,
    LEAST,
    HeadRole,
    name_roles,
    needed,
    strongest_share,
)
from bert_core.attention.summary import SetRole, SetSummary, set_roles, summarise_heads
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from tests.kit.tiny import tiny_bert

SMALL = tiny_bert()
SENTENCE = encode(SMALL, "the cat sat on the mat, and the dog ran on.")


def shaped(**values: float | tuple[float, float] | tuple[float, float, float]) -> HeadMeasures:
    """One head's measures: a share, or (share, uniform), or (share, uniform, profile).

    Shares that are not named are 0.02, with a baseline of 0.05.
    """
    made = {}
    for name, kind in KINDS.items():
        given = values.get(name, 0.02)
        parts = given if isinstance(given, tuple) else (given,)
        share, uniform, profile = (*parts, *(0.05, 0.05)[len(parts) - 1 :])
        made[name] = HeadMeasure(
            name=name,
            unit=kind.unit,
            values=np.full((1, 1), share, dtype=np.float32),
            uniform=uniform,
            profile=np.full((1, 1), profile, dtype=np.float32) if kind.content else None,
        )
    return HeadMeasures(made, ("[CLS]", "a", "[SEP]"))


def role_of(**values: float | tuple[float, float] | tuple[float, float, float]) -> str | None:
    ((role,),) = name_roles(shaped(**values))
    return role.measure if role else None


def looking(encoding: Encoding, *ways: NDArray) -> HeadMeasures:
    """A layer with a head for each (query, key) matrix of weights."""
    weights = np.stack(ways)[None].astype(np.float32)
    return measure_heads(weights / weights.sum(axis=-1, keepdims=True), encoding)


def keys(size: int, offset: int) -> NDArray:
    """Each query looks so far away, or at the edge."""
    at = np.arange(size)
    return np.eye(size)[np.clip(at + offset, 0, size - 1)]


# The rule


def test_a_head_with_nothing_that_stands_out_has_no_role() -> None:
    assert role_of() is None


@pytest.mark.parametrize("name", LEAST)
def test_a_share_at_its_bar_is_a_role_and_one_below_is_none(name: str) -> None:
    assert role_of(**{name: LEAST[name] + 1e-3}) == name
    assert role_of(**{name: LEAST[name] - 1e-3}) is None


@pytest.mark.parametrize(
    ("baseline", "bar"),
    [(0.0, 0.5), (0.1, 0.5), (0.25, 0.5), (0.3, 0.6), (1 / 3, 2 / 3), (0.6, 0.8), (1.0, 1.0)],
)
def test_the_bar_rises_with_the_baseline_and_stays_in_reach(baseline: float, bar: float) -> None:
    assert needed("previous", baseline) == pytest.approx(bar, abs=1e-6)
    assert needed("broad", baseline) == pytest.approx(BROAD)


def test_the_stronger_baseline_counts() -> None:
    assert role_of(same_word=(0.4, 0.05, 0.1)) == "same_word"
    assert role_of(same_word=(0.4, 0.05, 0.25)) is None
    assert role_of(same_word=(0.4, 0.25, 0.05)) is None
    ((role,),) = name_roles(shaped(same_word=(0.4, 0.05, 0.125)))
    assert role == HeadRole("same_word", pytest.approx(0.4), pytest.approx(0.125))


def test_a_rival_that_comes_near_leaves_no_role_whether_it_stands_out_or_not() -> None:
    assert role_of(previous=0.55, sep=0.3) == "previous"
    assert role_of(previous=0.52, sep=0.47) is None
    assert role_of(first=0.5, sep=0.5) is None


def test_what_counts_the_same_attention_twice_is_no_rival() -> None:
    assert role_of(same_word=0.8, between=(0.85, 0.4, 0.4)) == "same_word"
    assert role_of(punctuation=0.6, between=(0.7, 0.4, 0.4)) == "punctuation"
    assert role_of(same=0.45, same_word=0.45) == "same_word"


def test_a_head_that_rests_where_it_finds_nothing_keeps_its_role() -> None:
    assert role_of(first=0.45, same_word=0.45) == "same_word"
    assert role_of(first=0.8, same_word=0.35) == "first"


def test_a_head_is_broad_only_where_nothing_else_stands_out() -> None:
    assert role_of(broad=0.7) == "broad"
    assert role_of(broad=0.6) is None
    assert role_of(broad=0.7, same_word=0.5) == "same_word"


def test_what_a_text_does_not_have_is_neither_a_role_nor_a_rival() -> None:
    nothing = (math.nan, math.nan, math.nan)
    assert role_of(same_word=nothing, between=nothing) is None
    assert role_of(same_word=nothing, between=nothing, next=0.6) == "next"


def test_a_baseline_of_one_leaves_nothing_to_gain() -> None:
    assert role_of(same=(1.0, 1.0)) is None


# What a head does most


def most_of(**values: float | tuple[float, float] | tuple[float, float, float]) -> str | None:
    found = strongest_share(shaped(**values), 0, 0)
    return found.measure if found else None


def test_where_no_share_is_twice_its_chance_a_head_does_nothing_most() -> None:
    assert most_of() is None
    assert most_of(**dict.fromkeys(LEAST, 0.099)) is None
    assert most_of(next=0.101) == "next"
    assert most_of(sep=(0.7, 0.5)) is None
    assert most_of(sep=(0.76, 0.5)) == "sep"
    assert most_of(broad=0.9) is None


def test_the_share_that_gains_most_over_its_stronger_chance_is_what_a_head_does_most() -> None:
    assert most_of(next=0.3, sep=(0.4, 0.15)) == "sep"  # gains 0.26 and 0.29
    assert most_of(next=0.3, sep=(0.4, 0.2)) == "next"  # sep gains 0.25
    assert most_of(next=0.3, same_word=(0.6, 0.05, 0.5)) == "next"
    found = strongest_share(shaped(next=(0.3, 0.04)), 0, 0)
    assert found == HeadRole("next", pytest.approx(0.3), pytest.approx(0.04))


def test_a_share_that_the_text_cannot_have_is_not_what_a_head_does_most() -> None:
    assert most_of(same_word=(math.nan, math.nan, math.nan)) is None
    assert most_of(same=(1.0, 1.0)) is None


# Heads made for it


def test_heads_that_do_one_thing_have_that_role() -> None:
    size = len(SENTENCE)
    first, separator, even = np.zeros((size, size)), np.zeros((size, size)), np.ones((size, size))
    first[:, 0] = separator[:, -1] = 1
    marks = np.zeros((size, size))
    marks[:, [at for at, token in enumerate(SENTENCE.tokens) if token in (",", ".")]] = 1
    ways = [keys(size, -1), keys(size, 1), keys(size, 0), first, separator, even, marks]
    (roles,) = name_roles(looking(SENTENCE, *ways, keys(size, -4)))
    found = [role.measure if role else None for role in roles]
    assert found[:-1] == ["previous", "next", "same", "first", "sep", "broad", "punctuation"]
    assert found[-1] is None


def test_a_head_that_looks_two_back_is_no_head_for_equal_words() -> None:
    rhythm = encode(SMALL, "the cat the cat the cat the cat the cat the cat")
    measures = looking(rhythm, keys(len(rhythm), -2))
    assert measures.measures["same_word"].values[0, 0] > 0.8
    assert name_roles(measures) == ((None,),)


def test_the_models_own_heads_have_the_roles_that_their_weights_show(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "The cat saw the dog, and the dog saw the cat."))
    assert run.attentions is not None
    roles = name_roles(measure_heads(run.attentions, run.encoding))
    assert [len(row) for row in roles] == [12] * 6
    found = roles[0][2]
    assert found is not None
    assert found.measure == "previous"
    assert found.value == pytest.approx(np.diagonal(run.attentions[0, 2], -1).mean(), abs=1e-5)
    assert found.baseline == pytest.approx(1 / len(run.encoding))


# Over sets of texts


def many(*shares: float) -> list[HeadMeasures]:
    return [shaped(previous=share) for share in shares]


def only(summary: SetSummary) -> SetRole | None:
    ((role,),) = set_roles(summary)
    return role


def test_the_interval_of_three_texts_is_what_a_table_gives() -> None:
    found = summarise_heads(many(0.6, 0.7, 0.8)).measures["previous"]
    assert found.count == 3
    assert found.mean.values[0, 0] == pytest.approx(0.7)
    # Standard deviation 0.1; t of 2 degrees of freedom 4.303.
    assert found.half_width[0, 0] == pytest.approx(4.303 * 0.1 / math.sqrt(3), rel=1e-3)
    assert found.mean.uniform == pytest.approx(0.05)


def test_texts_without_such_keys_are_left_out_of_that_measure_only() -> None:
    nothing = shaped(same_word=(math.nan, math.nan, math.nan), previous=0.8)
    texts = [shaped(same_word=(0.6, 0.1, 0.2)), nothing, shaped(same_word=(0.4, 0.2, 0.1))]
    summary = summarise_heads(texts)
    found = summary.measures["same_word"]
    assert (found.count, summary.sentences, summary.measures["previous"].count) == (2, 3, 3)
    assert found.mean.values[0, 0] == pytest.approx(0.5)
    assert found.mean.uniform == pytest.approx(0.15)
    assert found.mean.profile is not None
    assert found.mean.profile[0, 0] == pytest.approx(0.15)


def test_a_measure_that_no_text_has_stays_nan() -> None:
    found = summarise_heads([shaped(between=(math.nan, math.nan, math.nan))] * 3)
    between = found.measures["between"]
    assert between.count == 0
    assert np.isnan(between.mean.values).all()
    assert np.isnan(between.half_width).all()
    assert only(found) is None


def test_one_text_has_a_mean_and_no_interval_and_nothing_stable() -> None:
    summary = summarise_heads(many(0.9))
    assert np.isnan(summary.measures["previous"].half_width).all()
    found = only(summary)
    assert found is not None
    assert (found.measure, found.stable, found.share) == ("previous", False, 1.0)


def test_a_role_is_stable_while_its_whole_interval_is_over_the_bar() -> None:
    steady, shaky = (
        only(summarise_heads(many(*shares)))
        for shares in ((0.6, 0.62, 0.61, 0.6), (0.9, 0.2, 0.8, 0.3, 0.9))
    )
    assert steady is not None
    assert (steady.measure, steady.stable, steady.share) == ("previous", True, 1.0)
    assert steady.value - steady.half_width > 0.5
    assert shaky is not None
    assert (shaky.measure, shaky.stable, shaky.share) == ("previous", False, 0.6)
    assert shaky.value - shaky.half_width < 0.5


def test_the_share_of_a_role_is_of_the_texts_that_could_show_it() -> None:
    nothing = (math.nan, math.nan, math.nan)
    texts = [shaped(same_word=0.6), shaped(same_word=nothing), shaped(same_word=0.25)]
    summary = summarise_heads([*texts, shaped(same_word=0.7)])
    assert summary.roles["same_word"].tolist() == [[2]]
    found = only(summary)
    assert found is not None
    assert found.share == pytest.approx(2 / 3)


def test_counts_of_roles_agree_with_the_texts_one_by_one() -> None:
    size = len(SENTENCE)
    random = np.random.default_rng(2)
    texts = [
        looking(SENTENCE, keys(size, -1) + random.random() * random.random((size, size)))
        for _ in range(8)
    ]
    summary = summarise_heads(texts)
    for name in KINDS:
        times = sum(
            role.measure == name
            for text in texts
            for row in name_roles(text)
            for role in row
            if role
        )
        assert summary.roles[name].tolist() == [[times]]


def test_summaries_can_be_stored() -> None:
    again = pickle.loads(pickle.dumps(summarise_heads(many(0.6, 0.7))))
    assert only(again) == only(summarise_heads(many(0.6, 0.7)))


def test_nothing_to_summarise_and_models_of_different_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="no sentences to summarise"):
        summarise_heads([])
    size = len(SENTENCE)
    one, two = looking(SENTENCE, keys(size, 0)), looking(SENTENCE, *[keys(size, 0)] * 2)
    with pytest.raises(InputError, match="different models"):
        summarise_heads([one, two])
