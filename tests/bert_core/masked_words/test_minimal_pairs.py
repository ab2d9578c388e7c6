"""Pairs of sentences: what is compared, how it is counted, and how sure the share is."""

import pytest

from bert_core.errors import InputError
from bert_core.intervals import wilson_interval
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.minimal_pairs import compare_pairs, read_pairs, summarise_pairs
from bert_core.model.bert import Bert


def test_pairs_are_compared_and_counted(embedded: Bert) -> None:
    pairs = [
        ("The keys to the cabinet are on the table.", "The keys to the cabinet is on the table."),
        ("She walks.", "She walk."),
        ("The dog ran.", "The dog ran."),
        ("The dogs runs.", "The dogs run."),
        ("The dog.", " "),
    ]
    found = list(compare_pairs(embedded, pairs))
    totals = [score.total for score in score_sentences(embedded, [one for p in pairs for one in p])]
    for place, one in enumerate(found[:4]):
        good, bad = totals[2 * place : 2 * place + 2]
        assert good is not None
        assert bad is not None
        assert one.difference == pytest.approx(good - bad, abs=1e-5)
        assert (one.good.encoding.text, one.bad.encoding.text) == pairs[place]
    assert found[4].difference is None
    summary = summarise_pairs(found)
    assert (summary.pairs, summary.better, summary.ties, summary.skipped) == (4, 2, 1, 1)
    assert summary.share == 0.5
    assert (summary.low, summary.high) == wilson_interval(2, 4)


def test_pairs_by_token_are_compared_by_token(tiny: Bert) -> None:
    (one,) = compare_pairs(tiny, [("the cat ran", "the dog")], measure="per_token")
    assert one.good.per_token is not None
    assert one.bad.per_token is not None
    assert one.difference == one.good.per_token - one.bad.per_token


def test_a_list_of_pairs_goes_straight_into_the_comparison(tiny: Bert) -> None:
    parsed = read_pairs("good,bad\nthe cat ran,the cat on\nbroken\na dog,dog a")
    assert [number for number, _ in parsed.broken] == [3]
    found = list(compare_pairs(tiny, [row.fields for row in parsed.lines]))
    assert [one.good.encoding.text for one in found] == ["the cat ran", "a dog"]
    with pytest.raises(InputError, match="two sentences"):
        compare_pairs(tiny, [("one",)])


def test_nothing_compared_has_no_share(tiny: Bert) -> None:
    summary = summarise_pairs(compare_pairs(tiny, []))
    assert (summary.pairs, summary.share, summary.low, summary.high) == (0, None, None, None)
