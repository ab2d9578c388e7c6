"""Two inputs side by side: by hand, beside slow loops, and for any texts."""

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bert_core.attention.comparison import Alignment, ChangedHead, align, difference, most_changed
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from tests.bert_core.attention.test_maps import HEADS, LAYERS, made_up, seeds
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert

BERT = tiny_bert()

# Few different words, so that many repeat.
sentences = st.lists(st.sampled_from(["the", "cat", "dog", "dogs"]), max_size=7).map(" ".join)
encodings = st.builds(lambda text, pair: encode(BERT, text, pair), sentences, st.none() | sentences)


def common_length(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """The length of a longest common subsequence, straight from its definition by recursion."""

    @cache
    def longest(i: int, j: int) -> int:
        if i == len(first) or j == len(second):
            return 0
        if first[i] == second[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    return longest(0, 0)


def aligned(first: str, second: str) -> Alignment:
    return align(encode(BERT, first), encode(BERT, second))


# Alignment


def test_one_word_for_another_aligns_with_it() -> None:
    alignment = aligned("the dog ran", "the cat ran")
    assert alignment.pairs == ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4))
    assert alignment.same == (True, True, False, True, True)
    assert alignment.unaligned_first == alignment.unaligned_second == ()


def test_two_words_for_two_others_align_position_for_position() -> None:
    alignment = aligned("the dog ran on", "the cat sat on")
    assert alignment.pairs == tuple((at, at) for at in range(6))
    assert alignment.same == (True, True, False, False, True, True)


def test_a_word_of_more_pieces_is_left_unaligned_and_the_rest_moves_along() -> None:
    alignment = aligned("the dog ran on", "the zebra ran on")  # z ##e ##b ##r ##a
    assert alignment.pairs == ((0, 0), (1, 1), (3, 7), (4, 8), (5, 9))
    assert all(alignment.same)
    assert alignment.unaligned_first == (2,)
    assert alignment.unaligned_second == (2, 3, 4, 5, 6)


def test_an_added_word_is_left_unaligned() -> None:
    alignment = aligned("the cat sat", "the a cat sat")
    assert alignment.pairs == ((0, 0), (1, 1), (2, 3), (3, 4), (4, 5))
    assert (alignment.unaligned_first, alignment.unaligned_second) == ((), (2,))


def test_a_mask_aligns_with_the_word_under_it() -> None:
    alignment = align(encode(BERT, "the cat sat"), encode(BERT, "the cat sat", masked=[2]))
    assert alignment.pairs == tuple((at, at) for at in range(5))
    assert alignment.same == (True, True, False, True, True)


def test_a_separator_never_aligns_with_a_word() -> None:
    first, second = (
        encode(BERT, "the cat", "sat on a mat"),
        encode(BERT, "the cat ran sat on a mat"),
    )
    alignment = align(first, second)
    assert alignment.unaligned_first == alignment.unaligned_second == (3,)
    assert len(alignment.pairs) == 8


def test_a_single_word_may_be_replaced() -> None:
    assert aligned("dog", "cat").same == (True, False, True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("the cat sat on the mat", "hello world"),
        ("cat", "the cat sat on the mat and ran"),  # all of one, less than half of the other
        ("the cat sat on the mat", "a dog ran of a bank"),  # as long, and nothing in common
        ("", "the cat sat on the mat"),
    ],
)
def test_texts_that_do_not_align_are_refused_in_a_sentence(first: str, second: str) -> None:
    for one, other in ((first, second), (second, first)):
        with pytest.raises(InputError, match=r"^These two texts have too little .*\.$"):
            aligned(one, other)


def test_half_is_enough() -> None:
    assert len(aligned("the cat", "the cat sat on the mat").pairs) == 4  # of eight
    with pytest.raises(InputError):
        aligned("the cat", "the cat sat on the mat and")


@given(text=any_text, pair=st.none() | any_text)
def test_a_text_aligns_with_itself_token_for_token(text: str, pair: str | None) -> None:
    encoding = encode(BERT, text, pair)
    alignment = align(encoding, encoding)
    assert alignment.pairs == tuple((at, at) for at in range(len(encoding)))
    assert all(alignment.same)
    assert alignment.unaligned_first == alignment.unaligned_second == ()


@given(first=encodings, second=encodings)
def test_every_alignment_is_in_order_whole_and_as_equal_as_can_be(
    first: Encoding, second: Encoding
) -> None:
    common = common_length(first.tokens, second.tokens)
    try:
        alignment = align(first, second)
    except InputError:
        # Where this much is equal no replaced span can make it too little.
        assert 2 * common < max(len(first), len(second))
        return
    assert 2 * len(alignment.pairs) >= max(len(first), len(second))
    for (i, j), (next_i, next_j) in pairwise(alignment.pairs):
        assert i < next_i
        assert j < next_j
    assert sum(alignment.same) == common
    for (i, j), same in zip(alignment.pairs, alignment.same, strict=True):
        assert same == (first.tokens[i] == second.tokens[j])
        assert (first.word_ids[i] is None) == (second.word_ids[j] is None)
    left = sorted([*(i for i, _ in alignment.pairs), *alignment.unaligned_first])
    right = sorted([*(j for _, j in alignment.pairs), *alignment.unaligned_second])
    assert (left, right) == (list(range(len(first))), list(range(len(second))))


@given(first=encodings, second=encodings)
def test_what_is_left_between_two_equal_tokens_is_of_two_lengths_or_kinds(
    first: Encoding, second: Encoding
) -> None:
    try:
        alignment = align(first, second)
    except InputError:
        return
    anchors = [pair for pair, same in zip(alignment.pairs, alignment.same, strict=True) if same]
    for (i, j), (next_i, next_j) in pairwise(anchors):
        inside = [pair for pair in alignment.pairs if i < pair[0] < next_i]
        straight = list(zip(range(i + 1, next_i), range(j + 1, next_j), strict=False))
        kinds_fit = all(
            (first.word_ids[a] is None) == (second.word_ids[b] is None) for a, b in straight
        )
        equally_long = next_i - i == next_j - j
        assert inside == (straight if equally_long and kinds_fit else [])


# Differences


def test_a_difference_by_hand() -> None:
    first = np.array([[[[0.5, 0.25, 0.25], [0, 1, 0], [1, 0, 0]]]], dtype=np.float32)
    second = np.array([[[[0.25, 0.75], [1, 0]]]], dtype=np.float32)
    alignment = Alignment(((0, 0), (2, 1)), (True, True), (1,), ())
    changed = difference(first, second, alignment)
    np.testing.assert_array_equal(changed, [[[[-0.25, 0.5], [0, 0]]]])
    assert changed.dtype == np.float32
    assert most_changed(changed) == (ChangedHead(0, 0, (0.75 / 2 + 0) / 2),)


@given(seed=seeds, data=st.data())
def test_a_difference_is_second_minus_first_where_they_align(
    seed: int, data: st.DataObject
) -> None:
    first, second = made_up(seed, 6), made_up(seed + 1, 8)
    count = data.draw(st.integers(1, 6))
    left, right = (
        sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=count, max_size=count)))
        for size in (6, 8)
    )
    pairs = tuple(zip(left, right, strict=True))
    changed = difference(first, second, Alignment(pairs, (True,) * count, (), ()))
    assert changed.shape == (LAYERS, HEADS, count, count)
    changes: dict[tuple[int, int], float] = {}
    for layer, head in product(range(LAYERS), range(HEADS)):
        total = 0.0
        for row, (i, j) in enumerate(pairs):
            for column, (a, b) in enumerate(pairs):
                expected = float(second[layer, head, j, b]) - float(first[layer, head, i, a])
                assert changed[layer, head, row, column] == pytest.approx(expected, abs=1e-6)
                total += abs(expected) / 2
        changes[layer, head] = total / count
    ranked = most_changed(changed)
    assert {(one.layer, one.head) for one in ranked} == set(changes)
    for one in ranked:
        assert one.change == pytest.approx(changes[one.layer, one.head], abs=1e-6)
        assert 0 <= one.change <= 1 + 1e-6
    for further, nearer in pairwise(ranked):
        assert further.change >= nearer.change


def test_the_bounds_of_a_change() -> None:
    here = np.tile(np.array([1, 0], dtype=np.float32), (2, 1, 2, 1))  # (layer, head, query, key)
    there = here.copy()
    there[1] = [0, 1]
    alignment = Alignment(((0, 0), (1, 1)), (True, True), (), ())
    changed = most_changed(difference(here, there, alignment))
    assert changed == (ChangedHead(1, 0, 1.0), ChangedHead(0, 0, 0.0))


def test_rows_sum_to_zero_where_all_tokens_align(tiny: Bert) -> None:
    first, second = (
        run_bert(tiny, encode(tiny, text)) for text in ("the dog ran on", "the cat ran on")
    )
    changed = difference(
        attentions(first), attentions(second), align(first.encoding, second.encoding)
    )
    np.testing.assert_allclose(changed.sum(axis=-1), 0, atol=1e-5)
    assert most_changed(changed)[0].change > 0.01


def test_a_run_does_not_differ_from_itself(tiny: Bert) -> None:
    run = run_bert(tiny, encode(tiny, "the dog ran on"))
    changed = difference(attentions(run), attentions(run), align(run.encoding, run.encoding))
    assert [(one.layer, one.head, one.change) for one in most_changed(changed)] == [
        (layer, head, 0.0) for layer, head in product(range(tiny.layers), range(tiny.heads))
    ]


def attentions(run: BertRun) -> NDArray[np.float32]:
    assert run.attentions is not None
    return run.attentions


def test_what_cannot_be_subtracted_is_refused() -> None:
    alignment = Alignment(((0, 0), (4, 4)), (True, True), (), ())
    weights = made_up(1, 5)
    for first, second in ((weights, weights[:, :1]), (weights[:1], weights)):
        with pytest.raises(InputError, match="same layers and heads"):
            difference(first, second, alignment)
    for first, second in ((weights, made_up(1, 4)), (made_up(1, 4), weights)):
        with pytest.raises(InputError, match="another input"):
            difference(first, second, alignment)
    nothing = difference(weights, weights, Alignment((), (), (), ()))
    with pytest.raises(InputError, match="No tokens"):
        most_changed(nothing)
