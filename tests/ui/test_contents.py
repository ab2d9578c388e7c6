"""The list of pages is the list of pages, and each page's choices say what they are."""

import ast
from dataclasses import fields

import pytest

from bert_core.attention.measures import measure_heads
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from tests.rules.source import PAGES, ROOT, tree_of
from ui import link
from ui.choices.attention import SORTS
from ui.contents import ALL_CHOICES, CONTENTS, entry


def test_every_page_is_listed_once_and_every_listed_page_is_there() -> None:
    listed = [ROOT / one.path for one in CONTENTS]
    assert sorted(listed) == sorted(PAGES)
    assert len({one.name for one in CONTENTS}) == len({one.label for one in CONTENTS}) == len(PAGES)
    assert entry("attention").path == "pages/attention.py"
    assert entry("home").path == "app.py"


def test_pages_of_a_group_stand_together() -> None:
    groups = [one.group for one in CONTENTS]
    assert groups == sorted(groups, key=groups.index)


@pytest.mark.parametrize("one", CONTENTS, ids=lambda one: one.name)
def test_a_page_opens_under_its_name_with_the_fields_that_it_is_said_to_have(one: object) -> None:
    opening = "open_page" if one.reads_text else "open_frame"
    calls = [node for node in ast.walk(tree_of(ROOT / one.path)) if isinstance(node, ast.Call)]
    names = [ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == opening]
    assert names == [repr(one.name)]


@pytest.mark.parametrize("choices", ALL_CHOICES)
def test_each_choice_is_explained_and_stands_in_links(choices: type) -> None:
    names = [one.name for one in fields(choices)]
    assert [*link.forms_of(choices)] == names
    said = (choices.__doc__ or "").replace(",", " ").replace(":", " ").split()
    assert [name for name in names if name not in said] == []


def test_heads_can_be_sorted_by_every_measure(embedded: Bert) -> None:
    run = run_bert(embedded, encode(embedded, "the cat sat", "it slept"))
    assert run.attentions is not None
    measures = measure_heads(run.attentions, run.encoding).measures
    assert sorted(SORTS) == sorted(["layer", *measures])
