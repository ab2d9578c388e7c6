"""What the lines show: merged words, blocks of sentences, the few weights that carry a row."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.arcs import ArcView, block_filter, keep_share, merge_words, read_arcs
from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode


def an_encoding() -> Encoding:
    """[CLS] play ##ing here [SEP] ok [SEP]"""
    return Encoding(
        text="Playing Here",
        pair="OK",
        ids=(101, 10, 11, 12, 102, 13, 102),
        original_ids=(101, 10, 11, 12, 102, 13, 102),
        tokens=("[CLS]", "play", "##ing", "here", "[SEP]", "ok", "[SEP]"),
        segments=(0, 0, 0, 0, 0, 1, 1),
        sequences=(None, 0, 0, 0, None, 1, None),
        word_ids=(None, 0, 0, 1, None, 0, None),
        offsets=((0, 0), (0, 4), (4, 7), (8, 12), (0, 0), (0, 2), (0, 0)),
        masked=(),
    )


def random_rows(size: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).dirichlet(np.ones(size), size).astype(np.float32)


def shown(encoding: Encoding, hidden: tuple[int, ...] = ()) -> AttentionMap:
    weights = random_rows(len(encoding))[None, None]
    return read_attention(weights, encoding.tokens, 0, 0, hidden=hidden)


def slow_merge(weights: NDArray[np.float32], groups: list[list[int]]) -> NDArray[np.float64]:
    merged = np.zeros((len(groups), len(groups)))
    for row, queries in enumerate(groups):
        for column, keys in enumerate(groups):
            for query in queries:
                for key in keys:
                    merged[row, column] += float(weights[query, key]) / len(queries)
    return merged


# Words


def test_pieces_are_added_as_keys_and_averaged_as_queries() -> None:
    weights = random_rows(7)
    merged, positions = merge_words(weights, an_encoding())
    assert positions == ((0,), (1, 2), (3,), (4,), (5,), (6,))
    expected = slow_merge(weights, [list(group) for group in positions])
    np.testing.assert_allclose(merged, expected, atol=1e-7)
    assert merged.dtype == np.float32


def test_a_merge_that_can_be_done_by_hand() -> None:
    weights = np.zeros((7, 7), dtype=np.float32)
    weights[1] = [0.1, 0.2, 0.3, 0.4, 0, 0, 0]
    weights[2] = [0.5, 0.0, 0.1, 0.0, 0.4, 0, 0]
    merged, _ = merge_words(weights, an_encoding())
    np.testing.assert_allclose(merged[1], [0.3, 0.3, 0.2, 0.2, 0, 0], atol=1e-7)


@given(st.integers(0, 2**32 - 1))
def test_rows_between_words_sum_to_one(seed: int) -> None:
    merged, _ = merge_words(random_rows(7, seed), an_encoding())
    np.testing.assert_allclose(merged.sum(axis=1), 1, atol=1e-6)


def test_words_of_a_real_text_are_merged_as_the_slow_loop_does(tiny: Bert) -> None:
    encoding = encode(tiny, "Walking dogs zzz played", "the dog walks")
    (attentions,) = [run_bert(tiny, encoding, keep=("attentions",)).attentions]
    assert attentions is not None
    merged, positions = merge_words(attentions[1, 2], encoding)
    words = {word.positions for word in encoding.words}
    singles = {(at,) for at, sequence in enumerate(encoding.sequences) if sequence is None}
    assert set(positions) == words | singles
    assert [at for group in positions for at in group] == list(range(len(encoding)))
    np.testing.assert_allclose(
        merged, slow_merge(attentions[1, 2], [list(g) for g in positions]), atol=1e-6
    )


def test_words_of_two_sentences_with_one_number_stay_apart() -> None:
    _, positions = merge_words(random_rows(7), an_encoding())
    assert (1, 2) in positions
    assert (5,) in positions


def test_hidden_tokens_are_in_no_word() -> None:
    view = read_arcs(shown(an_encoding(), hidden=(0, 4, 6)), an_encoding(), words=True)
    assert view.positions == ((1, 2), (3,), (5,))
    assert view.labels == ("Playing", "Here", "OK")
    assert (view.row_of(2), view.row_of(4)) == (0, None)


def test_merging_refuses_a_map_of_another_size() -> None:
    with pytest.raises(InputError, match="7 tokens cannot label"):
        merge_words(random_rows(6), an_encoding())


# Blocks


@pytest.mark.parametrize("which", ["all", "aa", "ab", "ba", "bb"])
def test_block_holds_the_lines_between_its_sentences(which: str) -> None:
    encoding = an_encoding()
    mask = block_filter(encoding, which)  # type: ignore[arg-type]
    names = ["ab"[at] if at is not None else "-" for at in encoding.sequences]
    for query in range(7):
        for key in range(7):
            expected = which == "all" or names[query] + names[key] == which
            assert mask[query, key] == expected


def test_blocks_of_words_follow_their_pieces() -> None:
    _, positions = merge_words(random_rows(7), an_encoding())
    mask = block_filter(an_encoding(), "ab", positions)
    assert np.argwhere(mask).tolist() == [[1, 4], [2, 4]]


def test_block_of_a_second_sentence_needs_one() -> None:
    single = replace(an_encoding(), pair=None, sequences=(None, 0, 0, 0, None, 0, None))
    with pytest.raises(InputError, match="no second sentence"):
        block_filter(single, "ab")
    with pytest.raises(InputError, match="There is no block"):
        block_filter(single, "ac")  # type: ignore[arg-type]


# Shares


def test_share_that_can_be_checked_by_hand() -> None:
    weights = np.array([[0.1, 0.5, 0.3, 0.1], [0.25] * 4, [0, 0, 0, 0]], dtype=np.float32)
    assert keep_share(weights, 0.8).tolist() == [
        [False, True, True, False],
        [True, True, True, True],
        [False] * 4,
    ]
    assert keep_share(weights, 0.5)[1].tolist() == [True, True, False, False]


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=7),
    st.sampled_from([0.1, 0.25, 0.5, 0.8, 0.95, 1.0]),
)
def test_share_keeps_the_smallest_set_that_holds_it(row: list[int], share: float) -> None:
    """Whole numbers, so that the slow search over all sets has no rounding of its own."""
    kept = keep_share(np.array([row], dtype=np.float32), share)[0]
    enough = share * sum(row) - 1e-9
    smallest = next(
        size
        for size in range(len(row) + 1)
        if any(sum(some) >= enough for some in combinations(row, size))
    )
    assert kept.sum() == smallest
    held = [value for value, is_kept in zip(row, kept, strict=True) if is_kept]
    assert sum(held) >= enough - 1e-6 * sum(row)
    assert sorted(held) == sorted(row)[len(row) - smallest :]


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_larger_share_keeps_all_that_a_smaller_one_does(size: int, seed: int) -> None:
    weights = random_rows(size, seed)
    shares = [keep_share(weights, share) for share in (0.2, 0.5, 0.8, 0.95, 1.0)]
    assert all((less <= more).all() for less, more in pairwise(shares))
    np.testing.assert_array_equal(shares[-1], weights > 0)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        keep_share(random_rows(3), share)


def test_share_leaves_the_weights_as_they_are() -> None:
    weights = random_rows(5)
    before = weights.copy()
    keep_share(weights)
    np.testing.assert_array_equal(weights, before)


# All of it


def test_view_of_pieces_is_the_map_itself() -> None:
    attention = shown(an_encoding())
    view = read_arcs(attention, an_encoding())
    assert isinstance(view, ArcView)
    assert view.labels == an_encoding().tokens
    assert view.sentences == an_encoding().sequences
    np.testing.assert_array_equal(view.weights, attention.weights)
    np.testing.assert_array_equal(view.mask, keep_share(attention.weights, 0.8))


def test_share_is_of_what_the_row_gives_to_the_block() -> None:
    encoding = an_encoding()
    view = read_arcs(shown(encoding), encoding, which="ba", share=1.0)
    np.testing.assert_array_equal(view.mask, block_filter(encoding, "ba"))


def test_a_masked_word_is_shown_as_its_pieces() -> None:
    tokens = ("[CLS]", "[MASK]", "##ing", "here", "[SEP]", "ok", "[SEP]")
    encoding = replace(an_encoding(), tokens=tokens, masked=(1,))
    view = read_arcs(shown(encoding), encoding, words=True)
    assert view.labels == ("[CLS]", "[MASK] ##ing", "Here", "[SEP]", "OK", "[SEP]")
    assert view.masked == (1,)


def test_view_of_another_text_is_refused() -> None:
    longer = AttentionMap(random_rows(9), ("x",) * 9, tuple(range(9)), 0, 0)
    with pytest.raises(InputError, match="longer text"):
        read_arcs(longer, an_encoding())
