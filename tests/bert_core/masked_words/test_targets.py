"""Words that were asked for: found where they are one piece, and compared among themselves."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertModel

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.head import masked_word_logits
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.targets import MOST_TARGETS, parse_targets, predict_targets
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import save_tiny, tiny_bert, tiny_config

TEXT = "the cat [MASK] on the mat"
TINY = tiny_bert()


@pytest.mark.parametrize(
    "text",
    [
        "cat, dog, river",
        "cat dog river",
        "cat\ndog\n river",
        " cat;dog，river、",
        "Cat DOG cat river",
    ],
)
def test_words_are_found_however_they_are_kept_apart(tiny: Bert, text: str) -> None:
    targets = parse_targets(tiny, text)
    assert targets.pieces == ("cat", "dog", "river")
    assert targets.ids == tuple(tiny.wordpiece.id_of(word) for word in ("cat", "dog", "river"))
    assert targets.problems == ()


def test_a_piece_that_continues_a_word_is_asked_for_by_its_name(tiny: Bert) -> None:
    assert parse_targets(tiny, "##ing ##S").pieces == ("##ing", "##s")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("cats", "“cats” is 2 pieces (cat + ##s), and a mask stands for one."),
        ("[CLS]", "“[CLS]” is 5 pieces ([ + c + ##l + ##s + ]), and a mask stands for one."),
        ("☃", "“☃” is not in the model’s vocabulary."),
        ("[MASK]", "“[MASK]” holds the mask itself: name the words that may stand behind it."),
        ("\u200b", "“\u200b” has nothing in it that the model reads."),
        ("##xyzzy", "“##xyzzy” is 7 pieces (# + # + x + ##y + ##z + ##z + …), and a mask stands"),
    ],
)
def test_each_word_that_is_not_one_piece_is_reported_in_a_sentence(
    tiny: Bert, word: str, reason: str
) -> None:
    targets = parse_targets(tiny, f"cat {word} dog {word}")
    assert targets.pieces == ("cat", "dog")
    (problem,) = targets.problems
    assert problem.startswith(reason)


def test_a_long_list_is_cut_and_says_so(tiny: Bert) -> None:
    targets = parse_targets(tiny, "cat " * MOST_TARGETS + "dog")
    assert targets.pieces == ("cat",)
    assert targets.problems == (f"Only the first {MOST_TARGETS} words are read.",)
    assert parse_targets(tiny, "cat " * MOST_TARGETS).problems == ()
    (_, cut) = parse_targets(tiny, "x" * 100_000).problems
    assert cut == "Only the first 1 words are read."


@given(text=st.text(max_size=60))
def test_whatever_is_typed_gives_pieces_of_the_vocabulary_or_a_sentence(text: str) -> None:
    targets = parse_targets(TINY, text)
    special = set(TINY.wordpiece.special_ids.values())
    assert not special & set(targets.ids)
    assert len(set(targets.ids)) == len(targets.ids)
    assert targets.pieces == tuple(TINY.wordpiece.vocabulary[number] for number in targets.ids)
    for problem in targets.problems:
        problem.encode()
        assert problem.endswith(".")
        assert len(problem) < 400


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_shares_and_log_odds_are_those_of_the_whole_distribution(
    which: str, request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    run = run_bert(bert, encode(bert, TEXT), ())
    (position,) = run.encoding.masked
    ids = parse_targets(bert, "sat ran play walk").ids
    found = predict_targets(bert, run, position, ids, against=2)
    logits = masked_word_logits(bert, run.last_hidden_state)[position].tolist()
    top = max(logits)
    total = sum(math.exp(logit - top) for logit in logits)
    shares = [math.exp(logit - top) / total for logit in logits]
    mass = sum(shares[number] for number in ids)
    assert found.pieces == ("sat", "ran", "play", "walk")
    assert found.together == pytest.approx(mass)
    assert (found.masked, found.position, found.vocabulary) == (True, position, len(logits))
    for at, number in enumerate(ids):
        assert found.logits[at] == pytest.approx(logits[number], abs=1e-4)
        assert found.probabilities[at] == pytest.approx(shares[number], rel=1e-4)
        assert found.shares[at] == pytest.approx(shares[number] / mass, rel=1e-4)
        odds = math.log(shares[number] / shares[ids[2]])
        assert found.log_odds[at] == pytest.approx(odds, abs=1e-4)
        assert found.log_odds_in_bits[at] == pytest.approx(odds / math.log(2), abs=1e-4)
        assert found.ranks[at] == 1 + sum(share > shares[number] for share in shares)
    assert found.log_odds[2] == 0
    assert found.shares.sum() == pytest.approx(1)


def test_one_word_alone_has_all_of_its_share(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, TEXT), ())
    (guess,) = predict_masked(tiny, run, 1)
    found = predict_targets(tiny, run, guess.position, guess.ids.tolist())
    assert (found.shares.tolist(), found.ranks.tolist()) == ([1.0], [1])
    assert found.probabilities[0] == pytest.approx(float(guess.probabilities[0]), abs=3e-5)


def test_a_token_that_is_not_masked_can_be_asked_about(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, TEXT), ())
    found = predict_targets(tiny, run, 2, [run.encoding.ids[2]])
    (guess,) = predict_masked(tiny, run, 1, [2])
    assert (found.masked, found.ranks[0]) == (False, guess.original_rank)


@pytest.mark.parametrize(
    ("position", "ids", "against"),
    [(99, [5], 0), (3, [], 0), (3, [5, 5], 0), (3, [10**6], 0), (3, [-1], 0), (3, [5, 6], 2)],
)
def test_what_is_not_there_is_refused(
    tiny: Bert, position: int, ids: list[int], against: int
) -> None:
    with pytest.raises(InputError):
        predict_targets(tiny, run_bert(tiny, encode(tiny, TEXT), ()), position, ids, against)


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        predict_targets(bert, run_bert(bert, encode(bert, TEXT), ()), 3, [5])


def test_numbers_stay_finite_where_one_word_has_all_the_belief(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, TEXT), ())
    found = predict_targets(tiny, run, 3, list(range(len(tiny.wordpiece.vocabulary))))
    assert found.together == pytest.approx(1)
    np.testing.assert_allclose(found.shares, found.probabilities, rtol=1e-9)
