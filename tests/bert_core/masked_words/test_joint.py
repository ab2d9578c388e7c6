"""Masks filled jointly: exhaustive search, slow loops, and transformers' fill-mask."""

from collections.abc import Callable, Sequence
from itertools import permutations
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import BertForMaskedLM, BertModel, BertTokenizer
from transformers.pipelines import FillMaskPipeline

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.beam import MAX_WIDTH, beam_search
from bert_core.masked_words.filling import AT_ONCE, MAX_MASKS, Filling, ordinary_ids
from bert_core.masked_words.joint import (
    Order,
    fill_in_turn,
    fill_independently,
    pseudo_log_likelihoods,
)
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.writing import filled_text
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode, with_ids, with_masks
from bert_core.serving.engine import Engine
from bert_core.serving.runner import engine_runner
from tests.kit.recorder import RecordingRunner
from tests.kit.texts import any_text, ordinary_text
from tests.kit.tiny import WORDS, save_tiny, tiny_bert, tiny_model

# torch's float32 softmax over 30,522 words sums to 1.000015; ours is exact.
CLOSE_TO_EXACT = 3e-5
CLOSE = 1e-4  # of logarithms; runs in a batch differ from single ones by about 1e-6
TWO = "the cat [MASK] on [MASK] mat"
THREE = "the [MASK] sat on [MASK] river and [MASK] ran"
ORDERS: list[Order] = ["certain_first", "left_to_right"]


def twenty_words(bert: Bert) -> list[int]:
    """Ids of twenty words."""
    found = [bert.wordpiece.id_of(word) for word in WORDS.split()[:20]]
    return [number for number in found if number is not None]


def slow_logs(
    bert: Bert, ids: Sequence[int], segments: Sequence[int], position: int
) -> list[float]:
    """The logarithms of the whole vocabulary's shares, from one forward pass with all heads."""
    with torch.no_grad():
        out = bert.model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([segments]))
    logs: list[float] = out.prediction_logits[0, position].double().log_softmax(-1).tolist()
    return logs


def slow_paths(
    bert: Bert, encoding: Encoding, order: Sequence[int], allowed: Sequence[int], width: int | None
) -> list[tuple[float, tuple[int, ...]]]:
    """All ways to fill the masks in this order (the best `width` after each), the best first."""
    paths: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for position in order:
        grown = []
        for score, chosen in paths:
            ids = list(encoding.ids)
            for place, number in zip(order, chosen, strict=False):
                ids[place] = number
            logs = slow_logs(bert, ids, encoding.segments, position)
            grown += [(score + logs[number], (*chosen, number)) for number in allowed]
        paths = sorted(grown, reverse=True)[:width]
    return paths


def scores_and_ids(fillings: Sequence[Filling]) -> tuple[list[float], list[tuple[int, ...]]]:
    """Scores, and ids in the order of filling."""
    return (
        [one.log_probability for one in fillings],
        [tuple(step.id for step in one.steps) for one in fillings],
    )


# Beam


@pytest.mark.parametrize("backwards", [False, True])
def test_a_beam_as_wide_as_the_vocabulary_finds_what_exhaustive_search_finds(
    tiny: Bert, backwards: bool
) -> None:
    encoding, words = encode(tiny, TWO), twenty_words(tiny)
    order = encoding.masked[::-1] if backwards else encoding.masked
    found = beam_search(tiny, encoding, len(words), order, allowed=words)
    expected = slow_paths(tiny, encoding, order, words, None)
    assert len(expected) == len(words) ** 2
    scores, ids = scores_and_ids(found)
    assert ids == [ids for _, ids in expected[: len(words)]]
    np.testing.assert_allclose(scores, [score for score, _ in expected[: len(words)]], atol=CLOSE)


@pytest.mark.parametrize("width", [2, 5])
def test_a_narrow_beam_keeps_the_best_at_every_step(tiny: Bert, width: int) -> None:
    encoding, ordinary = encode(tiny, THREE), ordinary_ids(tiny).tolist()
    order = (encoding.masked[1], encoding.masked[2], encoding.masked[0])
    found = beam_search(tiny, encoding, width, order)
    expected = slow_paths(tiny, encoding, order, ordinary, width)
    scores, ids = scores_and_ids(found)
    assert ids == [ids for _, ids in expected]
    np.testing.assert_allclose(scores, [score for score, _ in expected], atol=CLOSE)
    assert scores == sorted(scores, reverse=True)
    assert {one.order for one in found} == {order}


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_a_beam_of_one_fills_in_turn(which: str, request: pytest.FixtureRequest) -> None:
    bert: Bert = request.getfixturevalue(which)
    encoding = encode(bert, THREE)
    for order in ("left_to_right", encoding.masked[1:] + encoding.masked[:1]):
        (found,) = beam_search(bert, encoding, 1, order)
        expected = fill_in_turn(bert, encoding, order)
        assert (found.ids, found.order) == (expected.ids, expected.order)
        assert found.log_probability == pytest.approx(expected.log_probability, abs=CLOSE)
        assert found.text == expected.text


def test_a_beam_says_what_else_stood_at_each_mask(tiny: Bert) -> None:
    encoding = encode(tiny, TWO)
    for found in beam_search(tiny, encoding, 4, k=3):
        current = encoding
        for step in found.steps:
            (guess,) = predict_masked(tiny, run_bert(tiny, current, ()), 200, [step.position])
            ordinary = [n for n in guess.ids.tolist() if n in ordinary_ids(tiny)]
            assert [one.id for one in step.alternatives] == ordinary[:3]
            assert step.waiting == ()
            current = with_ids(tiny, current, {step.position: step.id})


def test_a_beam_holds_no_more_fillings_than_there_are(tiny: Bert) -> None:
    encoding, words = encode(tiny, "the [MASK]"), twenty_words(tiny)
    assert len(beam_search(tiny, encoding, 100, allowed=words)) == len(words)


# Independent


@pytest.mark.parametrize("which", ["tiny", "embedded"])
@pytest.mark.parametrize("text", [TWO, THREE, "the [MASK]", "[MASK] [MASK] is in france ."])
def test_independent_filling_is_the_first_guess_of_the_fill_mask_pipeline(
    which: str, text: str, request: pytest.FixtureRequest, pipelines: dict[str, FillMaskPipeline]
) -> None:
    bert: Bert = request.getfixturevalue(which)
    found = fill_independently(bert, encode(bert, text))
    # The tiny model, being random, may prefer a special token: then the first that is none.
    theirs = pipelines[which](text, top_k=20)
    special = set(bert.wordpiece.special_ids.values())
    by_mask = [theirs] if text.count("[MASK]") == 1 else theirs
    firsts = [next(one for one in mask if one["token"] not in special) for mask in by_mask]
    assert list(found.ids) == [one["token"] for one in firsts]
    np.testing.assert_allclose(
        [step.probability for step in found.steps],
        [one["score"] for one in firsts],
        atol=CLOSE_TO_EXACT,
    )
    assert found.log_probability == pytest.approx(
        sum(log(one["score"]) for one in firsts), abs=1e-3
    )


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FillMaskPipeline]:
    """transformers' fill-mask on its own models and tokenizers."""
    tiny = save_tiny(tmp_path_factory.mktemp("tiny"), tiny_model())
    return {
        name: FillMaskPipeline(
            model=BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval(),
            tokenizer=BertTokenizer.from_pretrained(folder),
            device="cpu",
        )
        for name, folder in {"tiny": tiny, "embedded": EMBEDDED_FOLDER}.items()
    }


# In turn


@pytest.mark.parametrize("seed", range(4))
def test_certain_first_takes_the_most_certain_mask_at_every_step(seed: int) -> None:
    bert = tiny_bert(seed)
    encoding = encode(bert, THREE, "a [MASK] is [MASK]")
    ids, waiting = list(encoding.ids), list(encoding.masked)
    ordinary, steps = ordinary_ids(bert).tolist(), []
    while waiting:
        best = (-np.inf, -1, -1)
        for position in waiting:
            logs = slow_logs(bert, ids, encoding.segments, position)
            for number in ordinary:
                if logs[number] > best[0]:
                    best = (logs[number], position, number)
        steps.append(best)
        ids[best[1]] = best[2]
        waiting.remove(best[1])
    found = fill_in_turn(bert, encoding)
    assert found.order == tuple(position for _, position, _ in steps)
    assert [step.id for step in found.steps] == [number for _, _, number in steps]
    assert found.log_probability == pytest.approx(sum(score for score, _, _ in steps), abs=CLOSE)
    assert found.encoding.ids == tuple(ids)


@pytest.mark.parametrize("which", ["tiny", "embedded"])
@pytest.mark.parametrize("order", ORDERS)
def test_probabilities_at_each_step_are_those_of_a_run_of_their_own(
    which: str, order: Order, request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    current = encode(bert, THREE)
    ordinary = set(ordinary_ids(bert).tolist())
    for step in fill_in_turn(bert, current, order, k=4).steps:
        guesses = predict_masked(bert, run_bert(bert, current, ()), 100)
        assert [one.position for one in step.waiting] == list(current.masked)
        for guess, first in zip(guesses, step.waiting, strict=True):
            rows = zip(guess.ids.tolist(), guess.pieces, guess.probabilities, strict=True)
            kept = [row for row in rows if row[0] in ordinary]
            assert (first.id, first.piece) == kept[0][:2]
            assert first.probability == pytest.approx(float(kept[0][2]), abs=CLOSE_TO_EXACT)
            if guess.position == step.position:
                assert [(one.id, one.piece) for one in step.alternatives] == [
                    row[:2] for row in kept[:4]
                ]
                np.testing.assert_allclose(
                    [one.probability for one in step.alternatives],
                    [row[2] for row in kept[:4]],
                    atol=CLOSE_TO_EXACT,
                )
                assert (step.id, step.probability) == (first.id, first.probability)
        current = with_ids(bert, current, {step.position: step.id})


def test_an_order_is_kept_as_given(tiny: Bert) -> None:
    encoding = encode(tiny, THREE)
    for order in permutations(encoding.masked):
        found = fill_in_turn(tiny, encoding, order)
        assert found.order == tuple(step.position for step in found.steps) == order
        assert found.positions == encoding.masked
        assert found.ids == tuple(found.encoding.ids[position] for position in encoding.masked)
        assert found.log_probability == pytest.approx(
            sum(log(step.probability) for step in found.steps)
        )
    assert fill_in_turn(tiny, encoding, "left_to_right").order == encoding.masked


def test_the_same_words_have_another_score_in_another_order(tiny: Bert) -> None:
    encoding, words = encode(tiny, TWO), twenty_words(tiny)[:5]
    ahead, back = (
        {
            one.ids: one.log_probability
            for one in beam_search(tiny, encoding, len(words) ** 2, order, allowed=words)
        }
        for order in (encoding.masked, encoding.masked[::-1])
    )
    assert ahead.keys() == back.keys()
    assert len(ahead) == len(words) ** 2
    assert max(abs(ahead[ids] - back[ids]) for ids in ahead) > 0.1


def test_one_mask_is_filled_alike_in_every_way(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat [MASK]")
    ways = [
        fill_independently(tiny, encoding),
        fill_in_turn(tiny, encoding),
        beam_search(tiny, encoding)[0],
    ]
    assert len({one.ids for one in ways}) == 1
    assert ways[0] == ways[1]


# What may be put in


@given(text=any_text, pair=st.none() | any_text, data=st.data())
def test_any_text_is_filled_with_pieces_that_may_stand_in_one(
    tiny: Bert, text: str, pair: str | None, data: st.DataObject
) -> None:
    plain = encode(tiny, text, pair)
    inside = [at for at, one in enumerate(plain.sequences) if one is not None]
    assume(inside)
    chosen = data.draw(st.sets(st.sampled_from(inside), min_size=1, max_size=3))
    encoding = with_masks(tiny, plain, chosen)
    assume(len(encoding.masked) <= MAX_MASKS)
    for found in (fill_independently(tiny, encoding), *beam_search(tiny, encoding, 2)):
        assert found.encoding.masked == ()
        assert not set(found.ids) & set(tiny.wordpiece.special_ids.values())
        untouched = [at for at in range(len(encoding)) if at not in encoding.masked]
        assert all(found.encoding.ids[at] == encoding.ids[at] for at in untouched)
        assert found.pieces == tuple(found.encoding.tokens[at] for at in found.positions)
        assert all(0 <= step.probability <= 1 for step in found.steps)
        assert (found.pair is None) == (encoding.pair is None)


def test_no_special_no_unused_and_no_nameless_piece_is_ordinary(embedded: Bert) -> None:
    pieces = [embedded.wordpiece.vocabulary[number] for number in ordinary_ids(embedded)]
    assert len(pieces) == 30_522 - 5 - 994
    assert not [piece for piece in pieces if piece.startswith(("[unused", "[CLS]", "[MASK]"))]
    assert {"##ing", "the", ".", "["} <= set(pieces)


def test_only_allowed_pieces_are_put_in_and_shares_stay_those_of_the_vocabulary(tiny: Bert) -> None:
    encoding, words = encode(tiny, THREE), twenty_words(tiny)[:3]
    for found in (
        fill_independently(tiny, encoding, allowed=words),
        fill_in_turn(tiny, encoding, allowed=words),
        *beam_search(tiny, encoding, allowed=words),
    ):
        assert set(found.ids) <= set(words)
        first = found.steps[0]
        assert {one.id for one in first.alternatives} == set(words)
        logs = slow_logs(tiny, encoding.ids, encoding.segments, first.position)
        for one in first.alternatives:
            assert one.probability == pytest.approx(exp(logs[one.id]), abs=CLOSE_TO_EXACT)
    assert fill_independently(tiny, encoding, allowed=words * 2) == fill_independently(
        tiny, encoding, allowed=words
    )


# Pseudo-log-likelihood


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_pseudo_log_likelihood_masks_each_token_alone(
    which: str, request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    encoding = encode(bert, TWO, "a [MASK] ran")
    fillings = [fill_independently(bert, encoding), fill_in_turn(bert, encoding)]
    fillings += beam_search(bert, encoding, 2)
    mask = bert.wordpiece.special_ids["mask"]
    expected = []
    for found in fillings:
        total = 0.0
        for position, token in enumerate(found.encoding.tokens):
            if token not in ("[CLS]", "[SEP]"):
                ids = list(found.encoding.ids)
                ids[position] = mask
                logs = slow_logs(bert, ids, found.encoding.segments, position)
                total += logs[found.encoding.ids[position]]
        expected.append(total)
    np.testing.assert_allclose(pseudo_log_likelihoods(bert, fillings), expected, atol=CLOSE)
    assert pseudo_log_likelihoods(bert, []) == ()


def test_fillings_that_are_one_input_once_masked_are_run_once(tiny: Bert) -> None:
    encoding = encode(tiny, "the cat [MASK]")
    fillings = beam_search(tiny, encoding, 5)
    runner = RecordingRunner(tiny)
    pseudo_log_likelihoods(tiny, fillings, runner)
    (asked,) = runner.asked
    assert len(asked) == len({one.ids for one in asked}) == 5 * 2 + 1


def test_runs_are_few_and_their_batches_bounded(tiny: Bert) -> None:
    encoding = encode(tiny, TWO)
    runner = RecordingRunner(tiny)
    fill_independently(tiny, encoding, run=runner)
    fill_in_turn(tiny, encoding, run=runner)
    beam_search(tiny, encoding, 100, run=runner)
    assert runner.sizes == [1, 1, 1, 1, AT_ONCE, 100 - AT_ONCE]


def test_an_engine_gives_the_same_fillings(tiny: Bert, engine: Engine) -> None:
    encoding, run = encode(tiny, THREE), engine_runner(engine)
    found = beam_search(tiny, encoding, run=run)
    assert [one.ids for one in found] == [one.ids for one in beam_search(tiny, encoding)]
    np.testing.assert_allclose(
        pseudo_log_likelihoods(tiny, found, run), pseudo_log_likelihoods(tiny, found), atol=CLOSE
    )
    assert fill_in_turn(tiny, encoding, run=run).ids == fill_in_turn(tiny, encoding).ids


# Texts


@pytest.mark.parametrize(
    ("text", "masked", "pieces", "expected"),
    [
        ("the [MASK] sat .", (), ["cat"], "the cat sat ."),
        ("[MASK][MASK].", (), ["the", "cat"], "the cat."),
        ("[MASK] [MASK], ok", (), ["play", "##ing"], "playing, ok"),
        ("[MASK]  [MASK]", (), ["play", "walk"], "play  walk"),
        ("[MASK]s ran", (), ["cat"], "cat s ran"),
        ("The Cat\nsat", ("the", "cat"), ["a", "dog"], "A Dog\nsat"),
        ("PLAYING on", ("##ing",), ["the"], "PLAY the on"),
        ("PLAYING on", ("play",), ["walk"], "WalkING on"),
        ("a Cat", ("cat",), ["##s"], "as"),
        ("PLAYING on", ("on",), ["##ed"], "PLAYINGed"),
        ("中文", ("文",), ["中"], "中中"),
        ("on's", ("'",), ["."], "on.s"),
        ("on's", ("'",), ["cat"], "on cat s"),
        ("(on)", ("on",), ["##s"], "(s)"),
        ("  on ", ("on",), ["##s"], "  s "),
    ],
)
def test_a_filled_text_is_what_somebody_would_type(
    tiny: Bert, text: str, masked: tuple[str, ...], pieces: list[str], expected: str
) -> None:
    plain = encode(tiny, text)
    encoding = with_masks(tiny, plain, [plain.tokens.index(token) for token in masked])
    put = dict(zip(encoding.masked, pieces, strict=True))
    assert filled_text(tiny, encoding, put) == (expected, None)


@given(text=ordinary_text | any_text, pair=st.none() | ordinary_text, data=st.data())
def test_what_stood_there_put_back_is_read_as_it_was(
    tiny: Bert, text: str, pair: str | None, data: st.DataObject
) -> None:
    plain = encode(tiny, text, pair)
    inside = [at for at, token in enumerate(plain.tokens) if token not in ("[CLS]", "[SEP]")]
    inside = [at for at in inside if plain.tokens[at] not in ("[UNK]", "[MASK]")]
    assume(inside)
    chosen = data.draw(st.sets(st.sampled_from(inside), min_size=1, max_size=4))
    encoding = with_masks(tiny, plain, chosen)
    put = {position: plain.tokens[position] for position in chosen}
    assert encode(tiny, *filled_text(tiny, encoding, put)).ids == plain.ids


def test_characters_that_are_several_pieces_are_written_by_the_piece(embedded: Bert) -> None:
    plain = encode(embedded, "x 각 한 y")  # syllables, of which each letter is a piece
    encoding = with_masks(embedded, plain, [3])
    assert plain.tokens[2:5] == ("ᄀ", "##ᅡ", "##ᆨ")
    text, _ = filled_text(embedded, encoding, {3: "##ᅡ"})
    assert encode(embedded, text).ids == plain.ids
    assert text.startswith("x ")
    assert text.endswith(" 한 y")


def test_both_sentences_are_filled(tiny: Bert) -> None:
    encoding = encode(tiny, "the [MASK]", "a [MASK] ran")
    words = [number for word in ("cat", "dog") if (number := tiny.wordpiece.id_of(word))]
    found = fill_in_turn(tiny, encoding, allowed=words)
    assert found.text == f"the {found.pieces[0]}"
    assert found.pair == f"a {found.pieces[1]} ran"
    assert encode(tiny, found.text, found.pair).ids == found.encoding.ids


# Refusals

Fill = Callable[..., object]


@pytest.mark.parametrize("fill", [fill_independently, fill_in_turn, beam_search])
def test_masks_are_one_to_eight(tiny: Bert, fill: Fill) -> None:
    fill(tiny, encode(tiny, "[MASK] " * MAX_MASKS))
    for text, count in (("the cat", 0), ("[MASK] " * (MAX_MASKS + 1), MAX_MASKS + 1)):
        with pytest.raises(InputError, match=f"one to {MAX_MASKS} pieces.*: {count} are masked"):
            fill(tiny, encode(tiny, text))


@pytest.mark.parametrize("fill", [fill_independently, fill_in_turn, beam_search])
def test_what_cannot_be_put_in_cannot_be_allowed(tiny: Bert, fill: Fill) -> None:
    encoding = encode(tiny, TWO)
    mask = tiny.wordpiece.special_ids["mask"]
    for allowed in ([], [mask], [10, mask], [-1], [100_000]):
        with pytest.raises(InputError, match="Allow at least one piece"):
            fill(tiny, encoding, allowed=allowed)
    with pytest.raises(InputError, match="at least one alternative"):
        fill(tiny, encoding, k=0)


@pytest.mark.parametrize("order", ["right_to_left", (), (3,), (3, 3), (3, 5, 6), (1, 2)])
def test_an_order_names_each_mask_once(tiny: Bert, order: Order) -> None:
    encoding = encode(tiny, TWO)
    assert encoding.masked == (3, 5)
    for fill in (fill_in_turn, beam_search):
        with pytest.raises(InputError, match="names each masked position once"):
            fill(tiny, encoding, order=order)


def test_a_beam_has_one_order_and_a_width(tiny: Bert) -> None:
    encoding = encode(tiny, TWO)
    with pytest.raises(InputError, match="names each masked position once"):
        beam_search(tiny, encoding, order="certain_first")
    for width in (0, -1, MAX_WIDTH + 1):
        with pytest.raises(InputError, match=f"between 1 and {MAX_WIDTH}"):
            beam_search(tiny, encoding, width)


@pytest.mark.parametrize("fill", [fill_independently, fill_in_turn, beam_search])
def test_a_checkpoint_without_the_head_says_so(tmp_path: Path, fill: Fill) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        fill(bert, encode(bert, TWO))
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        pseudo_log_likelihoods(bert, [])
