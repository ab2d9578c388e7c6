"""What is taken away can be read back: the same numbers, text that is only text, the same view."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_core.model.bert import Bert
from bert_core.model.tokenization import encode
from bert_core.palette import LIGHT
from bert_core.serving.engine import Engine
from tests.kit.texts import any_text
from tests.kit.tiny import tiny_bert
from ui.page import Page
from ui.takeaway import to_csv, to_json, to_table
from ui.view import View, read_query

SMALL = tiny_bert()
COLUMNS = ("token", "rank", "probability")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

texts = any_text.map(lambda text: text.encode("utf-8", "replace").decode())
rows = st.lists(st.tuples(texts, st.none() | st.integers(), st.floats(0, 1)))


def page_of(view: View, bert: Bert = SMALL) -> Page:
    engine = cast(Engine, SimpleNamespace(bert=bert))
    encoding = encode(bert, view.text, view.pair)
    return Page("masked_words", view, engine, LIGHT, cast(Any, None), encoding, ())


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@given(found=rows)
def test_csv_carries_every_cell(found: list[tuple[Any, ...]]) -> None:
    header, *body = read_csv(to_csv(COLUMNS, found))
    assert tuple(header) == COLUMNS
    assert len(body) == len(found)
    for cells, (token, rank, share) in zip(body, found, strict=True):
        assert cells[0] in (token, f"'{token}")
        assert cells[1] == ("" if rank is None else str(rank))
        assert float(cells[2]) == share


@given(found=rows)
def test_no_cell_of_text_begins_like_a_formula(found: list[tuple[Any, ...]]) -> None:
    for cells in read_csv(to_csv(COLUMNS, found))[1:]:
        assert not cells[0].startswith(FORMULA)


@pytest.mark.parametrize(
    "text", ["=", "+", "=1+1", "+A1", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
)
def test_a_cell_like_a_formula_is_quoted(text: str) -> None:
    assert read_csv(to_csv(("a",), [(text,)]))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ["the", "'tis", "a=b", "", "[SEP]", "##-", "中"])
def test_any_other_text_is_left_alone(text: str) -> None:
    assert read_csv(to_csv(("a", "b"), [(text, "x")]))[1] == [text, "x"]


def test_negative_numbers_stay_numbers() -> None:
    assert read_csv(to_csv(("a", "b"), [(-1, -0.5)]))[1] == ["-1", "-0.5"]


def test_csv_begins_with_the_mark_that_spreadsheets_need() -> None:
    assert to_csv(("中",), []) == b"\xef\xbb\xbf" + "中\r\n".encode()


@given(found=rows, text=texts, pair=texts)
@settings(max_examples=30)
def test_json_carries_every_number_and_what_it_belongs_to(
    found: list[tuple[Any, ...]], text: str, pair: str
) -> None:
    page = page_of(View(text=text, pair=pair, layer=1, head=2, masked=(1,)))
    document = json.loads(to_json(page, COLUMNS, found))
    assert document["rows"] == [list(row) for row in found]
    assert document["columns"] == list(COLUMNS)
    assert (document["page"], document["model"]) == ("masked_words", "tiny")
    assert document["input"]["tokens"] == list(page.encoding.tokens)
    assert document["input"]["text"] == page.encoding.text
    assert document["view"]["masked"] == [1]
    assert (document["view"]["layer"], document["view"]["head"]) == (2, 3)
    assert "from 1" in document["counting"]


@given(text=texts, pair=texts)
@settings(max_examples=30)
def test_the_view_in_a_file_can_be_opened_again(text: str, pair: str) -> None:
    view = View(text=text, pair=pair, masked=(1, 2), layer=3, head=4, look=1)
    assert read_query(json.loads(json.dumps(view.to_query()))) == view


@given(found=rows.filter(len))
def test_a_table_has_a_column_for_each_name(found: list[tuple[Any, ...]]) -> None:
    table = to_table(COLUMNS, iter(found))
    assert tuple(table) == COLUMNS
    assert list(zip(*table.values(), strict=True)) == found


def test_a_table_without_rows_still_has_its_columns() -> None:
    assert to_table(COLUMNS, []) == {"token": [], "rank": [], "probability": []}
