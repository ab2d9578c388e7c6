"""One blank in two sentences: differences and shares of the divergence, word by word."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertModel

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.blanks import (
    BlankComparison,
    compare_blanks,
    divergence_shares,
    locate,
)
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import save_tiny, tiny_config, tiny_model

MODELS = ["tiny", "embedded"]
NURSE, DOCTOR = "the nurse said that [MASK] ran", "the doctor said that [MASK] ran"


def run_of(bert: Bert, text: str) -> BertRun:
    return run_bert(bert, encode(bert, text), ())


@pytest.fixture(scope="module", params=MODELS)
def bert(request: pytest.FixtureRequest) -> Bert:
    found: Bert = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def compared(bert: Bert) -> BlankComparison:
    return compare_blanks(bert, run_of(bert, NURSE), run_of(bert, DOCTOR))


def test_probabilities_are_those_of_the_masked_words(bert: Bert, compared: BlankComparison) -> None:
    size = len(compared.pieces)
    for text, logs in ((NURSE, compared.first), (DOCTOR, compared.second)):
        (guess,) = predict_masked(bert, run_of(bert, text), size)
        assert logs.shape == (size,)
        assert logs.dtype == np.float32
        np.testing.assert_allclose(np.exp(logs[guess.ids]), guess.probabilities, rtol=0, atol=3e-5)
        assert np.exp(logs.astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


def test_differences_and_shares_are_those_of_a_slow_loop(compared: BlankComparison) -> None:
    total = 0.0
    for number in range(0, len(compared.pieces), 1 if len(compared.pieces) < 1000 else 97):
        log_p, log_q = float(compared.first[number]), float(compared.second[number])
        p, q = math.exp(log_p), math.exp(log_q)
        middle = (p + q) / 2
        share = (p * math.log2(p / middle) + q * math.log2(q / middle)) / 2
        assert compared.difference[number] == pytest.approx(log_q - log_p, abs=1e-5)
        assert compared.scores[number] == pytest.approx(share, rel=1e-2, abs=1e-9)
        total += share
    if len(compared.pieces) < 1000:
        assert compared.divergence == pytest.approx(total, abs=1e-6)
    assert 0 < compared.divergence < 1


def test_a_sentence_does_not_differ_from_itself(bert: Bert) -> None:
    run = run_of(bert, NURSE)
    same = compare_blanks(bert, run, run)
    assert same.divergence == pytest.approx(0, abs=1e-9)
    assert (same.difference == 0).all()
    assert same.favoured(5) == ((), ())


def test_the_other_way_round_all_differences_change_sign(
    bert: Bert, compared: BlankComparison
) -> None:
    other = compare_blanks(bert, run_of(bert, DOCTOR), run_of(bert, NURSE))
    np.testing.assert_allclose(other.difference, -compared.difference, atol=1e-4)
    assert other.divergence == pytest.approx(compared.divergence, rel=1e-4)
    words = [[word.piece for word in side] for side in compared.favoured(3)]
    assert [[word.piece for word in side] for side in other.favoured(3)] == words[::-1]


def test_each_side_has_the_words_it_expects_more_the_most_telling_first(
    compared: BlankComparison,
) -> None:
    for sign, side in zip((-1, 1), compared.favoured(8), strict=True):
        assert len(side) == 8
        scores = [word.score for word in side]
        assert scores == sorted(scores, reverse=True)
        best = max(
            compared.scores[number]
            for number in compared.ids
            if sign * compared.difference[number] > 0
        )
        assert scores[0] == float(best)
        for word in side:
            assert word.difference * sign > 0
            assert word.difference == pytest.approx(math.log(word.second / word.first), abs=1e-4)
            ranks = [1, 1]
            for number in range(len(compared.pieces)):
                ranks[0] += bool(compared.first[number] > compared.first[word.id])
                ranks[1] += bool(compared.second[number] > compared.second[word.id])
            assert [word.first_rank, word.second_rank] == ranks


def test_he_and_she_tell_a_nurse_from_a_doctor(embedded: Bert) -> None:
    runs = (
        run_of(embedded, f"The {who} said that [MASK] was tired.") for who in ("nurse", "doctor")
    )
    nurse, doctor = compare_blanks(embedded, *runs).favoured(1)
    assert (nurse[0].piece, doctor[0].piece) == ("she", "he")


def test_telling_words_are_sorted_and_fewer_are_the_first_of_more(
    compared: BlankComparison,
) -> None:
    many = compared.telling(10**6)
    assert sorted(many.tolist()) == compared.ids.tolist()
    assert (np.diff(compared.scores[many]) <= 0).all()
    np.testing.assert_array_equal(compared.telling(20), many[:20])
    assert len(compared.telling(0)) == len(compared.telling(-1)) == 0


def test_what_is_drawn_has_the_most_telling_and_the_most_probable_words(
    compared: BlankComparison,
) -> None:
    drawn = compared.to_draw(30, 5).tolist()
    assert drawn == sorted(set(drawn))
    assert set(compared.telling(30).tolist()) <= set(drawn)
    for logs in (compared.first, compared.second):
        ranked = sorted(compared.ids.tolist(), key=lambda number: -float(logs[number]))
        assert set(ranked[:5]) <= set(drawn)
    assert len(drawn) <= 40


def test_special_and_unused_pieces_are_never_named(bert: Bert, compared: BlankComparison) -> None:
    named = {compared.pieces[number] for number in compared.ids}
    left_out = set(compared.pieces) - named
    assert left_out == {
        piece
        for piece in bert.wordpiece.vocabulary
        if piece in ("[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]") or piece.startswith("[unused")
    }
    assert {"[", "]", "a"} <= named


def test_ids_that_have_no_piece_are_never_named(tmp_path: Path) -> None:
    wider = tiny_model(vocab_size=tiny_model().config.vocab_size + 5)
    bert = load_bert(str(save_tiny(tmp_path, wider)), "cpu")
    compared = compare_blanks(bert, run_of(bert, NURSE), run_of(bert, DOCTOR))
    assert len(compared.pieces) == bert.model.config.vocab_size
    assert compared.ids.max() < len(bert.wordpiece.vocabulary)


def test_own_words_are_located_and_others_reported_by_name(
    tiny: Bert,
) -> None:
    compared = compare_blanks(tiny, run_of(tiny, NURSE), run_of(tiny, DOCTOR))
    words, problems = locate(tiny, compared, "Cat, cats, money, ☃")
    assert [word.piece for word in words] == ["cat", "money"]
    assert [word.id for word in words] == [tiny.wordpiece.id_of(one) for one in ("cat", "money")]
    assert words[0].first == pytest.approx(math.exp(compared.first[words[0].id]))
    assert len(problems) == 2
    assert problems[0].startswith("“cats” is 2 pieces")
    assert problems[1].startswith("“☃” is not in")


def test_the_first_masks_are_compared_unless_others_are_named(tiny: Bert) -> None:
    one, two = run_of(tiny, "the [MASK] [MASK] ran"), run_of(tiny, "a dog [MASK] ran")
    default = compare_blanks(tiny, one, two)
    named = compare_blanks(tiny, one, two, (3, 2))
    assert (default.positions, named.positions) == ((2, 3), (3, 2))
    (_, second) = predict_masked(tiny, one, 1)
    assert int(named.first.argmax()) == second.ids[0]


def test_without_a_blank_or_a_token_there_is_nothing_to_compare(tiny: Bert) -> None:
    blank, whole = run_of(tiny, "the [MASK]"), run_of(tiny, "the cat")
    for pair in ((blank, whole), (whole, blank)):
        with pytest.raises(InputError, match="into both sentences"):
            compare_blanks(tiny, *pair)
    with pytest.raises(InputError, match="tokens that are in the sentence"):
        compare_blanks(tiny, blank, whole, (2, 9))
    with pytest.raises(InputError, match="an id from 0 to"):
        compare_blanks(tiny, blank, blank).words([10**6])


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        compare_blanks(bert, run_of(bert, NURSE), run_of(bert, DOCTOR))


@given(seed=st.integers(0, 10**6), size=st.integers(2, 40))
def test_the_divergence_is_that_of_lin(seed: int, size: int) -> None:
    """Entropy of the mean less the mean of the entropies, in bits; no share above (p + q) / 2."""
    p, q = np.random.default_rng(seed).dirichlet(np.full(size, 0.3), 2) + 1e-300

    def entropy(shares: np.ndarray) -> float:
        return -sum(share * math.log2(share) for share in shares.tolist() if share > 0)

    shares = divergence_shares(np.log(p), np.log(q))
    expected = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    assert shares.sum() == pytest.approx(expected, abs=1e-9)
    assert ((shares >= 0) & (shares <= (p + q) / 2 + 1e-12)).all()


def test_noise_is_not_telling_however_large_the_factor() -> None:
    first = np.log([0.6, 0.3, 0.1 - 1e-9, 1e-9])
    second = np.log([0.5, 0.4, 0.1 - 1e-6, 1e-6])
    assert np.abs(second - first).argmax() == 3
    shares = divergence_shares(first, second)
    assert np.argsort(-shares).tolist()[:2] == [1, 0]
    assert shares[3] < 1e-6
