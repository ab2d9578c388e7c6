"""Words of several pieces behind one mask: slow loops over the model's own answers."""

from collections.abc import Sequence
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import BertModel

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.beam import MAX_WIDTH
from bert_core.masked_words.filling import ordinary_ids
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.several_pieces import MAX_PIECES, WordCandidate, word_candidates
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode, with_masks
from bert_core.serving.engine import Engine
from bert_core.serving.runner import engine_runner
from tests.kit.recorder import RecordingRunner
from tests.kit.texts import any_text
from tests.kit.tiny import save_tiny, tiny_bert, tiny_model

CLOSE = 1e-4  # of logarithms; runs in a batch differ from single ones by about 1e-6
TEXT = "the cat [MASK] on the river"


def masked(bert: Bert, text: str = TEXT, pair: str | None = None) -> tuple[Encoding, int]:
    """A text, and its first mask."""
    encoding = encode(bert, text, pair)
    return encoding, encoding.masked[0]


def starting_and_continuing(bert: Bert) -> tuple[list[int], list[int]]:
    ids = ordinary_ids(bert).tolist()
    continuing = [n for n in ids if bert.wordpiece.vocabulary[n].startswith("##")]
    return [n for n in ids if n not in continuing], continuing


def slow_words(
    bert: Bert, text: str, length: int, width: int | None
) -> list[tuple[float, tuple[int, ...]]]:
    """All words of `length` pieces (the best `width` after each), from texts that are typed."""
    firsts, others = starting_and_continuing(bert)
    encoding = encode(bert, text.replace("[MASK]", " ".join(["[MASK]"] * length), 1))
    first = encoding.masked[0]
    paths: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for place in range(length):
        grown = []
        for score, chosen in paths:
            ids = list(encoding.ids)
            ids[first : first + len(chosen)] = chosen
            with torch.no_grad():
                out = bert.model(
                    input_ids=torch.tensor([ids]),
                    token_type_ids=torch.tensor([encoding.segments]),
                )
            logs = out.prediction_logits[0, first + place].double().log_softmax(-1).tolist()
            allowed = others if place else firsts
            grown += [(score + logs[number], (*chosen, number)) for number in allowed]
        paths = sorted(grown, reverse=True)[:width]
    return paths


def same(found: Sequence[WordCandidate], expected: list[tuple[float, tuple[int, ...]]]) -> None:
    assert [one.ids for one in found] == [ids for _, ids in expected]
    np.testing.assert_allclose(
        [one.log_probability for one in found], [score for score, _ in expected], atol=CLOSE
    )


# Against slow loops


def test_words_of_one_piece_are_the_first_guesses(embedded: Bert) -> None:
    encoding, position = masked(embedded, "He plays the [MASK] in an orchestra.")
    found = word_candidates(embedded, encoding, position, lengths=[1], width=8)
    (guess,) = predict_masked(embedded, run_bert(embedded, encoding, ()), 50)
    rows = zip(guess.pieces, guess.probabilities, strict=True)
    expected = [row for row in rows if not row[0].startswith("##")][:8]
    assert [one.word for one in found] == [piece for piece, _ in expected]
    np.testing.assert_allclose(
        [one.probabilities[0] for one in found], [share for _, share in expected], atol=3e-5
    )


def test_a_beam_of_all_beginnings_finds_what_exhaustive_search_finds(tiny: Bert) -> None:
    firsts, others = starting_and_continuing(tiny)
    encoding, position = masked(tiny)
    found = word_candidates(tiny, encoding, position, lengths=[2], width=len(firsts))
    expected = slow_words(tiny, TEXT, 2, None)
    assert len(expected) == len(firsts) * len(others)
    same(found, expected[: len(firsts)])


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("text", [TEXT, "[MASK]", "[MASK] ran, [MASK] sat"])
def test_a_narrow_beam_keeps_the_best_after_every_piece(text: str, length: int) -> None:
    bert = tiny_bert(3)
    encoding, position = masked(bert, text)
    found = word_candidates(bert, encoding, position, width=4)
    same([one for one in found if len(one.ids) == length], slow_words(bert, text, length, 4))


def test_three_pieces_of_the_embedded_model_agree_with_a_slow_loop(embedded: Bert) -> None:
    text = "He plays the [MASK] in an orchestra."
    encoding, position = masked(embedded, text)
    found = word_candidates(embedded, encoding, position, lengths=[3], width=2)
    same(found, slow_words(embedded, text, 3, 2))


# What a candidate says


def test_scores_are_sums_and_means_of_logarithms(tiny: Bert) -> None:
    for one in word_candidates(tiny, *masked(tiny)):
        total = sum(log(share) for share in one.probabilities)
        assert one.log_probability == pytest.approx(total)
        assert one.mean_log_probability == pytest.approx(total / len(one.pieces))
        assert all(0 < share < 1 for share in one.probabilities)


def test_words_are_sorted_by_the_score_that_is_asked_for(tiny: Bert) -> None:
    by_sum, by_mean = (word_candidates(tiny, *masked(tiny), by=by) for by in ("sum", "mean"))
    sums, means = (
        [one.log_probability for one in by_sum],
        [one.mean_log_probability for one in by_mean],
    )
    assert sums == sorted(sums, reverse=True)
    assert means == sorted(means, reverse=True)
    assert set(by_sum) == set(by_mean)
    assert by_sum != by_mean


def test_a_word_begins_with_a_beginning_and_goes_on_with_continuations(tiny: Bert) -> None:
    found = word_candidates(tiny, *masked(tiny), width=20)
    assert [len([one for one in found if len(one.ids) == n]) for n in (1, 2, 3)] == [20] * 3
    for one in found:
        assert [piece.startswith("##") for piece in one.pieces] == [False] + [True] * (
            len(one.pieces) - 1
        )
        assert one.word == one.pieces[0] + "".join(piece[2:] for piece in one.pieces[1:])
        assert one.pieces == tuple(tiny.wordpiece.vocabulary[number] for number in one.ids)
        assert not set(one.ids) & set(tiny.wordpiece.special_ids.values())


def test_regular_words_are_those_that_are_read_back_as_their_pieces(tiny: Bert) -> None:
    found = word_candidates(tiny, *masked(tiny), width=80)
    for one in found:
        assert one.regular == (encode(tiny, one.word).tokens[1:-1] == one.pieces)
    assert {one.regular for one in found} == {True, False}


# Which mask


@pytest.mark.parametrize("width", [1, 3])
def test_a_mask_put_in_is_answered_like_one_that_was_typed(tiny: Bert, width: int) -> None:
    plain = encode(tiny, TEXT.replace("[MASK]", "sat"))
    put = with_masks(tiny, plain, [plain.tokens.index("sat")])
    expected = word_candidates(tiny, *masked(tiny), width=width)
    assert word_candidates(tiny, put, put.masked[0], width=width) == expected


def test_a_word_of_several_pieces_is_replaced_as_one(tiny: Bert) -> None:
    plain = encode(tiny, "the cat played on the river")
    (word,) = [word for word in plain.words if word.surface == "played"]
    assert len(word.positions) == 2
    put = with_masks(tiny, plain, word.positions)
    expected = word_candidates(tiny, *masked(tiny))
    for position in word.positions:
        assert word_candidates(tiny, put, position) == expected


@pytest.mark.parametrize("pair", [None, "it is [MASK] !"])
def test_inputs_are_those_of_a_text_with_as_many_masks(tiny: Bert, pair: str | None) -> None:
    text = "a [MASK] and [MASK] ran ."
    encoding = encode(tiny, text, pair)
    runner = RecordingRunner(tiny)
    word_candidates(tiny, encoding, encoding.masked[1], run=runner)
    for length, found in enumerate(runner.asked[0], 1):
        typed = encode(tiny, f"a [MASK] and {'[MASK] ' * length} ran .", pair)
        for name in ("ids", "original_ids", "tokens", "segments", "sequences", "masked"):
            assert getattr(found, name) == getattr(typed, name)
        assert [found.surface(at) for at in range(len(found))] == [
            typed.surface(at) for at in range(len(typed))
        ]
        assert len(found.words) == len(encoding.words)


def test_all_lengths_share_their_batches(tiny: Bert) -> None:
    runner = RecordingRunner(tiny)
    word_candidates(tiny, *masked(tiny), width=4, run=runner)
    assert runner.sizes == [3, 8, 4]


def test_an_engine_gives_the_same_words(tiny: Bert, engine: Engine) -> None:
    found = word_candidates(tiny, *masked(tiny), run=engine_runner(engine))
    assert [one.ids for one in found] == [one.ids for one in word_candidates(tiny, *masked(tiny))]


@given(text=any_text, pair=st.none() | any_text, data=st.data())
def test_any_masked_word_has_candidates(
    tiny: Bert, text: str, pair: str | None, data: st.DataObject
) -> None:
    plain = encode(tiny, text, pair)
    assume(plain.words)
    word = data.draw(st.sampled_from(plain.words))
    put = with_masks(tiny, plain, word.positions)
    assume(len(put) - len(word.positions) + MAX_PIECES <= tiny.max_tokens)
    found = word_candidates(tiny, put, word.positions[-1], width=2)
    assert sorted(len(one.ids) for one in found) == [1, 1, 2, 2, 3, 3]


# Refusals


def test_there_must_be_room_for_the_longest_word(tiny: Bert) -> None:
    text = "[MASK]" + " the" * (tiny.max_tokens - 3)
    encoding, position = masked(tiny, text)
    assert len(encoding) == tiny.max_tokens
    assert word_candidates(tiny, encoding, position, lengths=[1], width=1)
    with pytest.raises(InputError, match="room for a word of 3 pieces: shorten it by 2, or"):
        word_candidates(tiny, encoding, position)
    encoding, position = masked(tiny, text.removesuffix(" the"))
    assert len(word_candidates(tiny, encoding, position, lengths=[2, 1], width=1)) == 2


@pytest.mark.parametrize("position", [-1, 0, 1, 7, 100])
def test_the_position_is_one_of_a_mask(tiny: Bert, position: int) -> None:
    with pytest.raises(InputError, match=f"no masked word at token {position}: mask a whole"):
        word_candidates(tiny, masked(tiny)[0], position)


def test_a_word_must_be_masked_as_a_whole(tiny: Bert) -> None:
    plain = encode(tiny, "the cat played")
    put = with_masks(tiny, plain, [plain.tokens.index("##ed")])
    with pytest.raises(InputError, match="mask a whole word"):
        word_candidates(tiny, put, put.masked[0])


@pytest.mark.parametrize("lengths", [(), (0,), (1, MAX_PIECES + 1)])
def test_words_have_one_to_three_pieces(tiny: Bert, lengths: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=f"words of 1 to {MAX_PIECES} pieces"):
        word_candidates(tiny, *masked(tiny), lengths=lengths)


@pytest.mark.parametrize("width", [0, MAX_WIDTH + 1])
def test_a_beam_has_a_width(tiny: Bert, width: int) -> None:
    with pytest.raises(InputError, match="A beam keeps between 1 and"):
        word_candidates(tiny, *masked(tiny), width=width)


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        word_candidates(bert, *masked(bert))
