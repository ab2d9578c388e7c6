"""Lists that are pasted or uploaded: what is read, and which lines are not, by their numbers."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_core.errors import InputError
from bert_core.texts.lists import LONGEST_LINE, ParsedList, Row, read_lines, read_rows
from tests.kit.texts import any_text

PAIR = ("good", "bad")

cells = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20
).filter(lambda cell: cell.strip() == cell and cell and "|||" not in cell and "\ufeff" not in cell)


def fields(found: ParsedList) -> list[tuple[str, ...]]:
    return [row.fields for row in found.lines]


def as_csv(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    """What a spreadsheet saves."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


def test_each_line_is_a_text_as_it_is() -> None:
    text = '\ufeffOne, two; "three"\r\n\r\n  \t \n"Stop," she said.\ttab ||| bar \rlast'
    assert read_lines(text).lines == (
        Row(1, ('One, two; "three"',)),
        Row(4, ('"Stop," she said.\ttab ||| bar',)),
        Row(5, ("last",)),
    )
    assert read_lines(text.encode()) == read_lines(text)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert read_lines(text.encode(encoding)) == read_lines(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a\tb\nc ||| d\ne|||f", [("a", "b"), ("c", "d"), ("e", "f")]),
        ("a,b\nc , d", [("a", "b"), ("c", "d")]),
        ("a;b\nc, d;e", [("a", "b"), ("c, d", "e")]),
        ('"a, b","say ""c"""\nd,e', [("a, b", 'say "c"'), ("d", "e")]),
        ('"a, b"\t"say ""c"""\n"Go," he said.\td', [("a, b", 'say "c"'), ('"Go," he said.', "d")]),
        ("It's, so\tb, c", [("It's, so", "b, c")]),
        ("good,bad\na,b", [("a", "b")]),
        ("id,Bad,note,GOOD\n7,worse,x,better", [("better", "worse")]),
        ("sentence_good;sentence_bad\na,x;b", [("a,x", "b")]),
        ("bad\tgood\nb\ta\t", [("a", "b")]),
        ("a,b,,\n", [("a", "b")]),
        ("good dogs bark,bad dogs bite", [("good dogs bark", "bad dogs bite")]),
    ],
)
def test_a_row_has_a_field_for_each_column(text: str, read: list[tuple[str, ...]]) -> None:
    found = read_rows(text, PAIR)
    assert fields(found) == read
    assert found.broken == ()
    assert read_rows(text.encode("utf-8-sig"), PAIR) == found


def test_a_row_of_one_column_may_be_quoted() -> None:
    assert fields(read_rows('sentence\n"a, b"\nc', ["sentence"])) == [("a, b",), ("c",)]


def test_broken_lines_are_named_by_their_numbers_and_the_others_are_read() -> None:
    long = "x" * (LONGEST_LINE + 1)
    text = f'good,bad\n\na,b\nonly one\n"open,c\nd,e\n,f\n{long},g\nh,i,j'
    found = read_rows(text, PAIR)
    assert [(row.number, *row.fields) for row in found.lines] == [
        (3, "a", "b"),
        (6, "d", "e"),
        (9, "h", "i"),
    ]
    assert [number for number, _ in found.broken] == [4, 5, 7, 8]
    said = dict(found.broken)
    assert said[4] == "Line 4 has nothing for “bad”."
    assert said[5].startswith("Line 5 has a quotation mark that is not closed")
    assert said[7] == "Line 7 has nothing for “good”."
    assert said[8] == f"Line 8 has {LONGEST_LINE + 3} characters; a line may have {LONGEST_LINE}."


def test_without_a_header_there_may_be_no_more_columns_than_are_asked_for() -> None:
    found = read_rows("a,b\nc\td\te\nf", PAIR)
    assert fields(found) == [("a", "b")]
    rule = "is not 2 parts (good, bad), with a tab, ||| or a comma between them, but"
    assert found.broken == ((2, f"Line 2 {rule} 3."), (3, f"Line 3 {rule} 1."))


def test_a_line_that_is_not_utf_8_is_named_and_the_others_are_read() -> None:
    found = read_lines("fine\ncafé\nfine too".encode("latin-1"))
    assert fields(found) == [("fine",), ("fine too",)]
    ((number, sentence),) = found.broken
    assert number == 2
    assert "not in UTF-8" in sentence


def test_a_list_is_read_as_far_as_the_limit_and_says_where_it_stopped() -> None:
    found = read_lines("a\n\n" * 1001)
    assert len(found.lines) == 1000
    assert found.broken == (
        (2001, "Line 2001 and those after it were left out: 1000 lines are read."),
    )
    assert read_lines("a\n" * 1000).broken == ()
    assert len(read_rows("good,bad\n" + "a,b\n" * 1001, PAIR).lines) == 1000


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff\n", b"", "good,bad\n"])
def test_a_list_of_nothing_is_refused(text: str | bytes) -> None:
    with pytest.raises(InputError, match="The list is empty"):
        read_rows(text, PAIR)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5), st.sampled_from(",;"))
def test_what_a_spreadsheet_saves_comes_back(rows: list[tuple[str, str]], comma: str) -> None:
    assert fields(read_rows(as_csv([PAIR, *rows], comma), PAIR)) == rows


@given(any_text | st.binary(max_size=80))
def test_anything_can_be_pasted(source: str | bytes) -> None:
    for columns in (None, PAIR, ["sentence"]):
        try:
            found = read_lines(source) if columns is None else read_rows(source, columns)
        except InputError:
            continue
        numbers = [*(row.number for row in found.lines), *(number for number, _ in found.broken)]
        assert len(numbers) == len(set(numbers))
        assert all(field.strip() == field != "" for row in found.lines for field in row.fields)
        assert all(len(row.fields) == len(columns or [1]) for row in found.lines)
