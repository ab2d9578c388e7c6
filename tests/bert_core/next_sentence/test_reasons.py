"""What the answer rests on: parts taken away, and other second sentences."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from bert_core.errors import InputError
from bert_core.figures.next_sentence import change_bars
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode, with_masks
from bert_core.next_sentence.neighbours import bundled_texts
from bert_core.next_sentence.reasons import (
    CHUNK,
    compare_variants,
    parts_of,
    variant_pairs,
    weigh_parts,
    without,
)
from bert_core.palette import LIGHT

A, B = "the cat walks", "it sats on the mat."


def difference_in_transformers(bert: Bert, ids: list[int], segments: list[int]) -> float:
    """IsNext's logit less NotNext's, from the model itself."""
    with torch.no_grad():
        out = bert.model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([segments]))
    return float(out.seq_relationship_logits[0, 0] - out.seq_relationship_logits[0, 1])


def test_removing_nothing_changes_nothing(tiny: Bert) -> None:
    encoding = encode(tiny, A, B, masked=(2,))
    assert without(encoding, ()) == encoding
    logits = [
        run_bert(tiny, one, ()).next_sentence_logits for one in (encoding, without(encoding, ()))
    ]
    assert logits[0] is not None
    assert np.array_equal(*logits)


def test_a_removed_token_leaves_every_list_and_the_rest_moves_up(tiny: Bert) -> None:
    encoding = encode(tiny, A, B, masked=(2, 6))
    assert encoding.tokens[3:5] == ("walk", "##s")
    fewer = without(encoding, (1, 3))
    kept = [at for at in range(len(encoding)) if at not in (1, 3)]
    for name in ("ids", "original_ids", "tokens", "segments", "sequences", "word_ids", "offsets"):
        assert getattr(fewer, name) == tuple(getattr(encoding, name)[at] for at in kept), name
    assert fewer.masked == (1, 4)
    assert all(fewer.tokens[at] == "[MASK]" for at in fewer.masked)
    assert (fewer.text, fewer.pair, fewer.cut_at) == (A, B, (None, None))
    assert [fewer.surface(at) for at in (1, 2)] == ["cat", "s"]
    assert len(encoding) == len(fewer) + 2


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_a_removed_token_is_an_input_built_by_hand(
    which: str, request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    encoding = encode(bert, A, B)
    ids, segments = list(encoding.ids), list(encoding.segments)
    whole = difference_in_transformers(bert, ids, segments)
    changes = list(weigh_parts(bert, encoding))
    places = [at for at, sequence in enumerate(encoding.sequences) if sequence is not None]
    assert [change.positions for change in changes] == [(at,) for at in places]
    for change, at in zip(changes, places, strict=True):
        alone = difference_in_transformers(
            bert, ids[:at] + ids[at + 1 :], segments[:at] + segments[at + 1 :]
        )
        assert change.difference == pytest.approx(alone, abs=1e-4)
        assert change.difference_change == pytest.approx(alone - whole, abs=2e-4)
        assert change.is_next == pytest.approx(1 / (1 + math.exp(-alone)), abs=1e-4)
        before = 1 / (1 + math.exp(-whole))
        assert change.is_next_change == pytest.approx(change.is_next - before, abs=1e-4)
        assert change.label == encoding.tokens[at]
        assert change.sequence == encoding.sequences[at]


def test_a_masked_token_is_an_input_with_the_masks_id(tiny: Bert) -> None:
    encoding = encode(tiny, A, B)
    mask = tiny.wordpiece.special_ids["mask"]
    for change in weigh_parts(tiny, encoding, "mask"):
        ids = [mask if at in change.positions else one for at, one in enumerate(encoding.ids)]
        alone = difference_in_transformers(tiny, ids, list(encoding.segments))
        assert change.difference == pytest.approx(alone, abs=1e-4)


def test_masking_what_is_masked_changes_nothing(tiny: Bert) -> None:
    encoding = encode(tiny, A, B)
    masked = with_masks(tiny, encoding, [2])
    change = list(weigh_parts(tiny, masked, "mask"))[1]
    assert change.positions == (2,)
    assert change.difference_change == pytest.approx(0, abs=1e-5)


def test_a_word_goes_with_all_its_pieces(tiny: Bert) -> None:
    encoding = encode(tiny, "the Cats", "walking")
    assert parts_of(encoding, "word") == ((1,), (2, 3), (5, 6))
    changes = list(weigh_parts(tiny, encoding, unit="word"))
    assert [(change.label, change.sequence) for change in changes] == [
        ("the", 0),
        ("Cats", 0),
        ("walking", 1),
    ]
    ids, segments = list(encoding.ids), list(encoding.segments)
    alone = difference_in_transformers(tiny, ids[:5] + ids[7:], segments[:5] + segments[7:])
    assert changes[2].difference == pytest.approx(alone, abs=1e-4)


def test_more_parts_than_a_chunk_come_in_order(tiny: Bert) -> None:
    encoding = encode(tiny, "a " * (CHUNK + 5), "the dog")
    changes = weigh_parts(tiny, encoding)
    assert [change.positions for change in changes] == list(parts_of(encoding))


@pytest.mark.parametrize("position", [0, 4, -1, 99])
def test_special_tokens_cannot_be_removed(tiny: Bert, position: int) -> None:
    encoding = encode(tiny, "the cat sat", "a dog")
    with pytest.raises(InputError, match=f"Token {position} cannot be removed"):
        without(encoding, (position,))


def test_one_sentence_alone_is_refused(tiny: Bert) -> None:
    with pytest.raises(InputError, match="needs two"):
        next(weigh_parts(tiny, encode(tiny, A)))


# Variants


def test_variants_are_what_they_are_called() -> None:
    text = bundled_texts()[0].sentences
    pairs = variant_pairs(text[0], text[1], [*text, "", " "], seed=3)
    assert list(pairs) == ["true", "swapped", "shuffled", "elsewhere", "other_text"]
    assert pairs["true"] == [(text[0], text[1])]
    assert pairs["swapped"] == [(text[1], text[0])]
    assert {second for _, second in pairs["elsewhere"]} == set(text[2:])
    everywhere = {sentence for one in bundled_texts() for sentence in one.sentences}
    assert {second for _, second in pairs["other_text"]} <= everywhere
    for first, second in pairs["shuffled"]:
        assert first == text[0]
        assert second != text[1]
        assert Counter(second.rstrip(".").split()) == Counter(text[1].rstrip(".").split())
    assert len(pairs["other_text"]) == len(pairs["shuffled"]) == 5


def test_variants_are_the_same_for_the_same_seed() -> None:
    assert variant_pairs(A, B, seed=1) == variant_pairs(A, B, seed=1)
    assert variant_pairs(A, B, seed=1) != variant_pairs(A, B, seed=2)


def test_variants_that_cannot_be_are_not_there() -> None:
    assert list(variant_pairs(A, "no no no.", [A, "no no no."])) == [
        "true",
        "swapped",
        "other_text",
    ]


def test_a_variants_answer_is_the_mean_of_its_scores(tiny: Bert) -> None:
    for variant in compare_variants(tiny, A, B, ["a dog ran", "money"]):
        alone = [
            difference_in_transformers(
                tiny,
                list(encode(tiny, score.text, score.candidate).ids),
                list(encode(tiny, score.text, score.candidate).segments),
            )
            for score in variant.scores
        ]
        assert variant.difference == pytest.approx(sum(alone) / len(alone), abs=1e-4)
        shares = [1 / (1 + math.exp(-one)) for one in alone]
        assert variant.is_next == pytest.approx(sum(shares) / len(shares), abs=1e-4)


# The figure


def test_the_figure_has_two_hues_about_zero() -> None:
    figure = change_bars(["<a>", "b", "b"], [-1.5, 0.5, 0.0], LIGHT, sequences=[0, 1, 1])
    bars = figure.data[0]
    assert list(bars.x) == [-1.5, 0.5, 0.0]
    assert list(bars.marker.color) == [LIGHT.less, LIGHT.more, LIGHT.more]
    low, high = figure.layout.xaxis.range
    assert -low == high > 1.5
    assert "&lt;a&gt;" in figure.layout.yaxis.ticktext[0]
    assert LIGHT.sentence_a in figure.layout.yaxis.ticktext[0]
    assert LIGHT.sentence_b in figure.layout.yaxis.ticktext[1]
    assert len(change_bars([], [], LIGHT).data[0].x) == 0
    assert LIGHT.text in change_bars(["a"], [1], LIGHT).layout.yaxis.ticktext[0]
