"""The trace of a word's pieces, held to what the tokenizer itself makes of it."""

import pytest
from hypothesis import given

from bert_core.model.tokenization import Readable, encode
from bert_core.model.wordpiece_trace import changed_words, trace_word
from tests.bert_core.model.test_tokenization import EMBEDDED, TINY
from tests.kit.texts import any_text


def assert_traced(stub: Readable, text: str) -> None:
    wordpiece = stub.wordpiece
    mask, unknown = wordpiece.special_token("mask"), wordpiece.special_token("unk")
    encoding = encode(stub, text)
    for word in encoding.words:
        pieces = [encoding.tokens[at] for at in word.positions]
        if pieces == [mask]:
            continue
        trace = trace_word(wordpiece, word.surface)
        if pieces == [unknown]:
            assert trace.unknown is not None
        else:
            assert trace.unknown is None
            assert list(trace.pieces) == pieces


@given(text=any_text)
def test_the_trace_equals_the_embedded_tokenizer(text: str) -> None:
    assert_traced(EMBEDDED, text)


@given(text=any_text)
def test_the_trace_equals_the_tiny_tokenizer(text: str) -> None:
    assert_traced(TINY, text)


def test_each_step_takes_the_longest_piece() -> None:
    trace = trace_word(TINY.wordpiece, "Walking")
    assert [(step.rest, step.piece, step.tries) for step in trace.steps] == [
        ("walking", "walk", 4),
        ("ing", "##ing", 1),
    ]
    assert (trace.surface, trace.normalized) == ("Walking", "walking")


def test_the_character_that_is_not_known_is_named() -> None:
    trace = trace_word(TINY.wordpiece, "cat☃")
    assert trace.unknown == "☃"
    assert trace.steps[-1].piece is None


@pytest.mark.parametrize("length", [100, 101])
def test_a_word_is_too_long_where_the_tokenizer_finds_it_so(length: int) -> None:
    tokens = encode(TINY, "x" * length).tokens
    trace = trace_word(TINY.wordpiece, "x" * length)
    assert (trace.unknown == "") == (tokens[1] == "[UNK]") == (length > 100)


def test_what_normalisation_changed_is_listed() -> None:
    encoding = encode(EMBEDDED, "The café [MASK] sat")
    changed = [(word.surface, after) for word, after in changed_words(EMBEDDED.wordpiece, encoding)]
    assert changed == [("The", "the"), ("café", "cafe")]
