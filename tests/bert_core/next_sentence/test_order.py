"""The order of sentences: the matrix is single answers, the best order is the best of all."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.figures.next_sentence import pair_heatmap
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import MAX_CHARACTERS, encode
from bert_core.next_sentence.order import (
    LONGEST_SENTENCE,
    MOST_SENTENCES,
    all_pairs,
    as_matrix,
    best_order,
    pair_matrix,
    path_score,
    split_paragraph,
)
from bert_core.next_sentence.score import score_next_sentence
from bert_core.palette import LIGHT

SENTENCES = ("the cat sat on the mat.", "a dog ran!", "money is in the bank", "hello 中 world")


def random_matrix(count: int, seed: int) -> np.ndarray:
    matrix = -np.random.default_rng(seed).exponential(size=(count, count))
    np.fill_diagonal(matrix, np.nan)
    return matrix


def slow_sum(matrix: np.ndarray, order: tuple[int, ...]) -> float:
    return sum(float(matrix[a, b]) for a, b in pairwise(order))


# The matrix


def test_the_matrix_is_what_single_readings_say(tiny: Bert) -> None:
    matrix = pair_matrix(tiny, SENTENCES)
    assert matrix.sentences == SENTENCES
    assert matrix.cut == ()
    for row, first in enumerate(SENTENCES):
        for column, second in enumerate(SENTENCES):
            if row == column:
                assert np.isnan(matrix.is_next[row, column])
                assert np.isnan(matrix.log_probabilities[row, column])
                continue
            one = score_next_sentence(tiny, run_bert(tiny, encode(tiny, first, second), ()))
            at = (row, column)
            assert matrix.is_next[at] == pytest.approx(one.is_next, abs=1e-5)
            assert matrix.is_next_logits[at] == pytest.approx(one.is_next_logit, abs=1e-4)
            assert matrix.not_next_logits[at] == pytest.approx(one.not_next_logit, abs=1e-4)
            assert matrix.log_probabilities[at] == pytest.approx(math.log(one.is_next), abs=1e-4)
    assert matrix.adjacent == pytest.approx([matrix.is_next[i, i + 1] for i in range(3)])


def test_a_sentence_said_twice_is_two_places(tiny: Bert) -> None:
    matrix = pair_matrix(tiny, ["the cat", "the cat", "a dog"])
    assert not np.isnan(matrix.is_next[0, 1])
    assert matrix.is_next[0, 2] == pytest.approx(matrix.is_next[1, 2], abs=1e-5)


def test_a_pair_longer_than_the_model_is_named(tiny: Bert) -> None:
    matrix = pair_matrix(tiny, ["a " * 400, "the dog", "a " * 200])
    assert matrix.cut == ((0, 2), (2, 0))


def test_an_unfinished_matrix_has_holes_and_no_less() -> None:
    matrix = as_matrix(SENTENCES, [])
    assert np.isnan(matrix.is_next).all()
    assert matrix.is_next.shape == (4, 4)


@pytest.mark.parametrize("count", [0, 1, MOST_SENTENCES + 1])
def test_too_few_or_too_many_sentences_are_refused(tiny: Bert, count: int) -> None:
    with pytest.raises(InputError, match=f"two to {MOST_SENTENCES} sentences.*{count}"):
        pair_matrix(tiny, ["the cat"] * count)
    assert len(all_pairs(["x"] * MOST_SENTENCES)) == 132


def test_log_probabilities_stay_finite_where_probabilities_round_to_nothing() -> None:
    scores = as_matrix(("a", "b"), [])
    scores.is_next_logits[0, 1], scores.not_next_logits[0, 1] = -800.0, 800.0
    assert scores.log_probabilities[0, 1] == pytest.approx(-1600)


# The best order


@given(st.integers(2, 7), st.integers(0, 10**6))
def test_the_best_order_is_the_best_of_all(count: int, seed: int) -> None:
    matrix = random_matrix(count, seed)
    found = best_order(matrix)
    sums = {order: slow_sum(matrix, order) for order in permutations(range(count))}
    true = sums[tuple(range(count))]
    assert sorted(found.order) == list(range(count))
    assert found.score == pytest.approx(max(sums.values()))
    assert sums[found.order] == pytest.approx(found.score)
    assert found.true_score == pytest.approx(true)
    assert found.true_rank == 1 + sum(one > true + 1e-9 for one in sums.values())
    assert found.orders == len(sums)


@given(st.permutations(range(12)), st.integers(0, 10**6))
@settings(max_examples=10)
def test_an_order_that_is_hidden_in_a_matrix_of_twelve_is_found(
    hidden: list[int], seed: int
) -> None:
    matrix = random_matrix(12, seed) - 1
    for a, b in pairwise(hidden):
        matrix[a, b] = -0.01
    found = best_order(matrix)
    assert found.order == tuple(hidden)
    assert found.true_rank is None
    assert found.score == pytest.approx(-0.11)


@given(st.permutations(range(6)))
def test_tau_and_kept_are_counted_over_pairs(hidden: list[int]) -> None:
    matrix = np.full((6, 6), -5.0)
    for a, b in pairwise(hidden):
        matrix[a, b] = 0.0
    found = best_order(matrix)
    assert found.order == tuple(hidden)
    agree = [1 if hidden[i] < hidden[j] else -1 for j in range(len(hidden)) for i in range(j)]
    assert found.tau == pytest.approx(sum(agree) / 15)
    kept = sum(b == a + 1 for a, b in pairwise(hidden))
    assert found.kept == pytest.approx(kept / 5)


def test_the_ends_of_taus_scale_are_the_same_order_and_its_reverse() -> None:
    chain = np.full((4, 4), -9.0)
    chain[range(3), range(1, 4)] = 0
    assert (best_order(chain).tau, best_order(chain).kept) == (1, 1)
    assert best_order(chain).true_rank == 1
    back = best_order(chain.T)
    assert (back.order, back.tau, back.kept) == ((3, 2, 1, 0), -1, 0)


def test_of_equal_orders_the_true_one_is_taken() -> None:
    found = best_order(np.full((12, 12), -0.1))
    assert found.order == tuple(range(12))
    small = best_order(np.full((5, 5), -0.1))
    assert (small.order, small.true_rank, small.tau) == ((0, 1, 2, 3, 4), 1, 1)


def test_the_diagonal_is_never_read_and_the_matrix_not_written_to() -> None:
    matrix = random_matrix(5, 3)
    other = matrix.copy()
    np.fill_diagonal(other, 1e9)
    assert best_order(matrix) == best_order(other)
    assert np.isnan(np.diagonal(matrix)).all()
    assert path_score(matrix, (2, 0)) == matrix[2, 0]


@pytest.mark.parametrize(
    "matrix", [np.zeros((1, 1)), np.zeros((2, 3)), np.zeros(4), np.zeros((13, 13)), 0.0]
)
def test_what_is_no_square_of_sentences_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(InputError, match="needs a square"):
        best_order(matrix)


@pytest.mark.parametrize("hole", [np.nan, -np.inf, np.inf])
def test_a_hole_in_the_matrix_is_refused(hole: float) -> None:
    matrix = random_matrix(3, 0)
    matrix[0, 2] = hole
    with pytest.raises(InputError, match="finite number for every pair"):
        best_order(matrix)


# Paragraphs


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Dr. Smith met Mr. Jones at 5 p.m. on Monday. He paid $3.50. Then they left!",
            ("Dr. Smith met Mr. Jones at 5 p.m. on Monday.", "He paid $3.50.", "Then they left!"),
        ),
        ("今天天气很好。我们去公园吧！你来吗？", ("今天天气很好。", "我们去公园吧！", "你来吗？")),
        ("他说：“好的。”然后走了。", ("他说：“好的。”", "然后走了。")),
        ("It rained. 今天天气很好。We left.", ("It rained.", "今天天气很好。", "We left.")),
        ("A line that\nis wrapped. Another\r\none.", ("A line that is wrapped.", "Another one.")),
        ("A heading\n\nThe text.  It goes on.", ("A heading", "The text.", "It goes on.")),
        ("no full stop", ("no full stop",)),
        ("... Well. !!! And\u2028so on.", ("... Well. !!!", "And so on.")),
    ],
)
def test_a_paragraph_is_split_into_its_sentences(text: str, sentences: tuple[str, ...]) -> None:
    paragraph = split_paragraph(text)
    assert paragraph.sentences == sentences
    assert (paragraph.left_out, paragraph.shortened, paragraph.unread) == ((), (), 0)


def test_sentences_after_the_twelfth_are_named() -> None:
    text = " ".join(f"The cat number {number} sat down." for number in range(15))
    paragraph = split_paragraph(text)
    assert len(paragraph.sentences) == MOST_SENTENCES
    assert paragraph.left_out == tuple(f"The cat number {n} sat down." for n in (12, 13, 14))


def test_a_long_sentence_is_cut_between_words_and_named() -> None:
    text = f"Short one. The {'cat ' * 200}sat. {'x' * 500} y."
    paragraph = split_paragraph(text)
    assert paragraph.shortened == (1, 2)
    assert all(len(one) <= LONGEST_SENTENCE for one in paragraph.sentences)
    assert paragraph.sentences[1].endswith("cat")
    assert paragraph.sentences[2] == "x" * LONGEST_SENTENCE


def test_a_pasted_book_is_read_at_its_beginning() -> None:
    paragraph = split_paragraph("The cat sat. " * 10_000)
    assert paragraph.unread == 130_000 - MAX_CHARACTERS
    assert paragraph.sentences == ("The cat sat.",) * MOST_SENTENCES


@pytest.mark.parametrize("text", ["", " \n\n\t ", "...", "?! \n\n — \u200b"])
def test_a_text_without_a_sentence_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no sentence in this text"):
        split_paragraph(text)


PIECES = ["a", "B", ".", " ", "。", "！", '"', "”", "(", "\n", "\r", "\u2028", "\ufeff", "\0"]
PIECES += ["\ud800", "[MASK]", "</script>", "1", "Dr. ", "👨‍👩‍👧", "e\u0301", "...", "!!!"]
HOSTILE = st.lists(st.sampled_from(PIECES)).map("".join)


@given(HOSTILE)
def test_whatever_is_pasted_is_split_or_refused(text: str) -> None:
    try:
        paragraph = split_paragraph(text)
    except InputError:
        return
    for sentence in (*paragraph.sentences, *paragraph.left_out):
        assert any(character.isalnum() for character in sentence)
        assert sentence == sentence.strip()
    kept = "".join((*paragraph.sentences, *paragraph.left_out))
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]


def test_hostile_sentences_are_scored(tiny: Bert) -> None:
    hostile = ["[SEP] [CLS] [PAD]", "\ud800\0", "</script><b>", "\u202eabc", "👨‍👩‍👧" * 50]
    matrix = pair_matrix(tiny, hostile)
    off = ~np.eye(len(hostile), dtype=bool)
    assert np.isfinite(matrix.is_next[off]).all()
    assert best_order(matrix.log_probabilities).orders == 120


# The figure


def test_the_figure_prints_every_pair_and_outlines_true_neighbours() -> None:
    shares = np.array([[np.nan, 0.25, 1], [0, np.nan, 0.5], [0.75, 0.004, np.nan]])
    figure = pair_heatmap(shares, ["a <b>", "x" * 200, "c"], LIGHT, order=(2, 0, 1))
    heat, numbers = figure.data
    assert np.array_equal(heat.z, shares, equal_nan=True)
    printed = {(y, x): text for y, x, text in zip(numbers.y, numbers.x, numbers.text, strict=True)}
    assert printed == {
        (0, 1): "25",
        (0, 2): "100",
        (1, 0): "0",
        (1, 2): "50",
        (2, 0): "75",
        (2, 1): "0",
    }
    assert numbers.textfont.color[:2] == (LIGHT.text, LIGHT.background)
    frames = [((s.y0 + s.y1) / 2, (s.x0 + s.x1) / 2) for s in figure.layout.shapes]
    assert [(round(row), round(column)) for row, column in frames] == [
        (0, 1),
        (1, 2),
        (2, 0),
        (0, 1),
    ]
    assert [shape.line.dash for shape in figure.layout.shapes] == [None, None, "dot", "dot"]
    assert heat.customdata[0][2][0] == "a &lt;b&gt;"
    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "3"]
