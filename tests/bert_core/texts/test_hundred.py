"""Lists of sentences: the hundred that ship, and what users paste."""

import re

import pytest

from bert_core.attention.measures import measure_heads
from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.texts.hundred import HUNDRED, bundled_hundred, parse_list
from bert_core.texts.lists import LONGEST_LINE

PRONOUN = re.compile(r"\b(he|she|it|they|them|his|her|its|their)\b", re.IGNORECASE)


def whole(line: tuple[str, str | None]) -> str:
    return " ".join(part for part in line if part)


def test_there_are_a_hundred_lines_and_no_two_are_alike() -> None:
    lines = bundled_hundred()
    assert len(lines) == len(set(lines)) == 100
    assert len(HUNDRED.read_text(encoding="utf-8").splitlines()) == 100
    assert sum(pair is not None for _, pair in lines) == 25


def test_every_line_has_eight_to_twenty_five_words() -> None:
    assert {len(whole(line).split()) for line in bundled_hundred()} <= set(range(8, 26))


def test_the_lines_have_what_heads_may_look_for() -> None:
    texts = [whole(line) for line in bundled_hundred()]
    assert sum(bool(PRONOUN.search(text)) for text in texts) >= 33
    words = [re.findall(r"\w+", text.lower()) for text in texts]
    assert sum(len(set(line)) < len(line) for line in words) >= 50
    assert sum("?" in text for text in texts) >= 10
    assert sum('"' in text for text in texts) >= 6
    assert sum(bool(re.search(r"\d", text)) for text in texts) >= 8


def test_the_model_that_ships_reads_them_whole(embedded: Bert) -> None:
    encodings = [encode(embedded, *line) for line in bundled_hundred()]
    assert all(encoding.cut_at == (None, None) for encoding in encodings)
    assert max(map(len, encodings)) <= 48
    assert not any("[UNK]" in encoding.tokens for encoding in encodings)
    run = run_bert(embedded, encodings[3], keep=("attentions",))
    assert run.attentions is not None
    assert measure_heads(run.attentions, run.encoding).tokens == encodings[3].tokens


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("one\ntwo", (("one", None), ("two", None))),
        ("one\r\n\r\n  \t \n two  \r", (("one", None), ("two", None))),
        ("a\tb\nc ||| d\ne|||f", (("a", "b"), ("c", "d"), ("e", "f"))),
        ("a\t\tb", (("a", "b"),)),
        ("a\t\n|||b\n|||", (("a", None), ("b", None))),
        ("\ufeffone", (("one", None),)),
        ("this | is || one", (("this | is || one", None),)),
        ("line\u2028one\x0bstill", (("line\u2028one\x0bstill", None),)),
    ],
)
def test_a_list_has_a_text_on_each_line(text: str, read: tuple) -> None:
    assert parse_list(text) == read


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\ufeff\n", "|||\n \t "])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="The list has no sentences"):
        parse_list(text)


def test_a_list_may_have_as_many_as_the_limit_and_no_more() -> None:
    assert len(parse_list("a\n" * 1000 + "\n\n")) == 1000
    with pytest.raises(InputError, match="more than 1000"):
        parse_list("a\n" * 1001)


def test_a_line_that_is_too_long_or_has_three_parts_is_named() -> None:
    assert parse_list("x" * LONGEST_LINE)[0][0] == "x" * LONGEST_LINE
    with pytest.raises(InputError, match=f"Line 2 has {LONGEST_LINE + 1} characters"):
        parse_list("one\n" + "x" * (LONGEST_LINE + 1))
    with pytest.raises(InputError, match="Line 3 has 3 parts"):
        parse_list("one\n\na\tb\tc")
