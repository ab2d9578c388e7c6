"""Weights packed for the browser come back as they were, and are what the header says."""

import json

import numpy as np
import pytest

from ui.components.weights import FULL, FULL_SIGNED, pack_weights, token_labels, unpack_weights

NOTES = ("", "a", "ab", "头", "头a", "ünïcödé")


@pytest.mark.parametrize("note", NOTES)
def test_weights_come_back_to_half_a_step(note: str) -> None:
    weights = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    header, found = unpack_weights(pack_weights(weights, {"note": note}))
    assert (header["note"], header["rows"], header["columns"]) == (note, 5, 7)
    assert np.abs(found - weights).max() <= 1 / (2 * FULL) + 1e-12


def test_differences_come_back_with_their_sign() -> None:
    weights = np.random.default_rng(1).random((6, 6)) * 2 - 1
    header, found = unpack_weights(pack_weights(weights, {"signed": True}))
    assert header["signed"]
    assert np.abs(found - weights).max() <= 1 / (2 * FULL_SIGNED) + 1e-12


def test_both_ends_come_back_exactly() -> None:
    assert unpack_weights(pack_weights(np.array([[0.0, 1.0]]), {}))[1].tolist() == [[0.0, 1.0]]
    ends = np.array([[-1.0, 0.0, 1.0]])
    assert unpack_weights(pack_weights(ends, {"signed": True}))[1].tolist() == ends.tolist()


@pytest.mark.parametrize("note", NOTES)
def test_bytes_are_laid_out_as_written(note: str) -> None:
    data = pack_weights(np.array([[0.0, 0.5], [1.0, 0.25]]), {"note": note})
    end = 4 + int.from_bytes(data[:4], "little")
    assert json.loads(data[4:end].decode())["note"] == note
    start = end + end % 2
    assert data[end:start] == b"\0" * (end % 2)
    payload = [int.from_bytes(data[at : at + 2], "little") for at in range(start, len(data), 2)]
    assert payload == [0, 32768, 65535, 16384]


def test_weights_that_are_not_contiguous_come_back() -> None:
    weights = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)[:, ::2].T
    found = unpack_weights(pack_weights(weights, {}))[1]
    np.testing.assert_allclose(found, weights, atol=1e-5)


def test_checksum_changes_with_the_weights_only() -> None:
    def checksum(weight: float, label: str) -> int:
        data = pack_weights(np.full((2, 2), weight), {"label": label})
        return int(unpack_weights(data)[0]["checksum"])

    assert checksum(0.5, "one") == checksum(0.5, "other")
    assert checksum(0.5, "one") != checksum(0.6, "one")


def test_a_sum_over_one_by_rounding_is_one() -> None:
    assert unpack_weights(pack_weights(np.array([[1.000001]]), {}))[1].item() == 1.0


@pytest.mark.parametrize("weight", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_no_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=r"all in \[0, 1\]"):
        pack_weights(np.array([[weight]]), {})


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="query, key"):
        pack_weights(np.zeros((2, 2, 2)), {})


def test_packing_leaves_weights_and_header_alone() -> None:
    weights, header = np.full((2, 2), 1.000001), {"label": "x"}
    pack_weights(weights, header)
    assert (weights == 1.000001).all()
    assert header == {"label": "x"}


def test_labels_say_text_sentence_and_place() -> None:
    tokens, sequences = ["[CLS]", "the", "[SEP]", "[MASK]", "[SEP]"], [None, 0, None, 1, None]
    assert token_labels(tokens, sequences, [1, 2, 3], masked=[3]) == [
        {"at": 1, "text": "the", "sentence": "a"},
        {"at": 2, "text": "[SEP]", "sentence": "special"},
        {"at": 3, "text": "[MASK]", "sentence": "b", "masked": True},
    ]


def test_a_long_token_is_cut() -> None:
    (label,) = token_labels(["a" * 10_000], [0], [0])
    assert len(label["text"]) == 200
    assert label["text"].endswith("…")
