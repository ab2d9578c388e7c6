"""The trace of a word's pieces, held to what the tokenizer itself makes of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from bert_core.model.tokenization import Readable, encode
from bert_core.model.wordpiece import wordpiece_from_spec
from bert_core.model.wordpiece_trace import changed_words, trace_word
from tests.bert_core.model.test_tokenization import EMBEDDED, TINY, Stub
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_tokenizer


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
    assert changed_words(EMBEDDED.wordpiece, encoding) == [("The", "the"), ("café", "cafe")]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("cafe\u0301 noir", [("cafe\u0301", "cafe")]),
        ("ที่", [("ที่", "ท")]),
        ("co\u00adop\u00ad it", [("co\u00adop\u00ad", "coop")]),
        ("a\u200b \u200bb", [("a\u200b", "a"), ("\u200bb", "b")]),
        ("cat \ufe0f sat", [("\ufe0f", "")]),
        ("\u0301", [("\u0301", "")]),
        ("the cat", []),
    ],
)
def test_what_is_dropped_at_the_end_of_a_word_is_listed_with_it(
    text: str, changed: list[tuple[str, str]]
) -> None:
    assert changed_words(EMBEDDED.wordpiece, encode(EMBEDDED, text)) == changed


@given(text=any_text, pair=any_text)
def test_words_and_what_no_word_holds_are_all_that_was_typed(text: str, pair: str) -> None:
    encoding = encode(EMBEDDED, text, pair)
    for sequence, source in enumerate((encoding.text, encoding.pair or "")):
        spans = [encoding.span(at) for at, one in enumerate(encoding.sequences) if one == sequence]
        spans += [(start, end) for one, start, end in encoding.dropped if one == sequence]
        held = {at for start, end in spans for at in range(start, end)}
        left = "".join(char for at, char in enumerate(source) if at not in held)
        assert not EMBEDDED.wordpiece.normalize(left).strip()
        assert all(char.isspace() or not char.isprintable() for char in left)


def test_an_added_token_is_whole_and_unchanged(tmp_path: Path) -> None:
    found = tiny_tokenizer()
    found.add_tokens(["[ENT]", "C++", "COVID-19"])
    wordpiece = wordpiece_from_spec(json.loads(found.backend_tokenizer.to_str()))
    stub = Stub(wordpiece)
    encoding = encode(stub, "The [ENT] has COVID-19 in C++")
    for token in ("[ENT]", "COVID-19", "C++"):
        trace = trace_word(wordpiece, token)
        assert (trace.added, trace.pieces, trace.unknown) == (True, (token,), None)
    assert changed_words(wordpiece, encoding) == [("The", "the")]
