"""A view is a link and a link is a view, and old links mean what they meant."""

from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_core.model.checkpoints import EMBEDDED
from tests.kit.texts import any_text
from ui import link
from ui.choices.attention import AttentionChoices
from ui.choices.masked_words import MaskedWordsChoices
from ui.choices.next_sentence import NextSentenceChoices
from ui.choices.pretraining import PretrainingChoices
from ui.contents import ALL_CHOICES
from ui.view import View, read_query

PARAMETERS = [
    *("a", "b", "z", "mask", "head", "look", "place", "model", "average", "special"),
    *("guesses", "masks", "click", "pieces", "unheard-of", "reading", "sort", "block", "hold"),
    *("merge", "bertviz", "study", "key", "pa", "pb", "pz", "mlm", "nsp", "order", "width"),
    *("other", "targets", "seed", "rate", "draw", "runs"),
]
NONSENSE = [
    "",
    "-1",
    "0",
    "99999999999999999999",
    "1.2.3",
    "3.",
    ".7",
    "²",
    "٣",
    "nan",
    "1e3",
    "null",
    "1,,2,x,-3",
    "a" * 20_000,
    "%00",
    "<script>",
    "eJwDAAAAAAE",
    "====",
    "é",
]
RUNS = ("0123456789ab", "fedcba987654")

# A text field and an address hold Unicode, in which there are no lone surrogates.
characters = st.characters(exclude_categories=["Cs"])
sendable = st.text(characters, max_size=400)
counts = st.integers(0, 9_999)
models = st.one_of(
    st.just("embedded"),
    st.text(characters, min_size=1, max_size=60).map(str.strip).filter(bool),
)


def values_of(choices: type, name: str) -> st.SearchStrategy[Any]:
    """All that a field of some choices may be."""
    form = link.form_of(choices, name)
    if form.allowed:
        return st.sampled_from(form.allowed)
    if form.bounds is not None:
        return st.integers(*form.bounds)
    if name == "pinned":
        return st.none() | st.tuples(sendable.filter(str.strip), sendable)
    if name == "runs":
        return st.sampled_from([(), RUNS[:1], RUNS])
    by_default = {bool: st.booleans(), str: sendable, type(None): st.none() | counts}
    return by_default[type(link.defaults(choices)[name])]


@st.composite
def any_view(draw: st.DrawFn) -> View:
    view = View(
        text=draw(sendable | any_text.map(lambda text: text.encode("utf-8", "replace").decode())),
        pair=draw(sendable),
        masked=draw(st.sets(st.integers(0, 511), max_size=20).map(sorted).map(tuple)),
        model=draw(models),
        layer=draw(st.integers(0, 9_998)),
        head=draw(st.integers(0, 9_998)),
        look=draw(st.none() | counts),
        with_masks=draw(st.booleans()),
    )
    for choices in ALL_CHOICES:
        chosen = {name: draw(values_of(choices, name)) for name in link.forms_of(choices)}
        view = view.choosing(choices, **chosen)
    return view


@given(view=any_view())
@settings(max_examples=200)
def test_a_link_restores_the_view(view: View) -> None:
    assert read_query(view.to_query()) == view


@given(view=any_view())
def test_a_link_survives_the_address_bar(view: View) -> None:
    address = urlencode(view.to_query())
    assert read_query(dict(parse_qsl(address, keep_blank_values=True))) == view
    assert address.isascii()


values = st.one_of(any_text, st.sampled_from(NONSENSE))


@given(query=st.fixed_dictionaries({}, optional=dict.fromkeys(PARAMETERS, values)))
@settings(max_examples=150)
def test_nonsense_in_a_link_gives_a_view_that_has_a_link(query: dict[str, str]) -> None:
    view = read_query(query)
    assert len(view.masked) <= link.MOST_POSITIONS
    assert view.layer >= 0
    assert view.head >= 0
    assert view.model
    for choices in ALL_CHOICES:
        for name, form in link.forms_of(choices).items():
            value = getattr(view.chosen(choices), name)
            assert not form.allowed or value in form.allowed
            assert form.bounds is None or form.bounds[0] <= value <= form.bounds[1]
    assert read_query(view.to_query()) == view


@pytest.mark.parametrize("name", ["mask", "head", "look", "place", "guesses", "average", "special"])
@pytest.mark.parametrize("value", ["x", "", "-1", "nan", "²", "99999", "<b>"])
def test_what_makes_no_sense_is_left_at_its_default(name: str, value: str) -> None:
    assert read_query({"a": "the cat", name: value}) == View(text="the cat")


# Links as they were written before each page declared its own choices, and what they mean.
OLD_LINKS: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("a=the+cat", {"text": "the cat"}),
    ("a=the+cat&b=a+dog&mask=1%2C2", {"text": "the cat", "pair": "a dog", "masked": (1, 2)}),
    (
        "z=eJyLVirJSFVITixRKAbi_DwFEDcXyBwVHhUeFR4VHhUeFR4VRhJW0lFQSlRIyU9XigUAZv15tg",
        {"text": "the cat sat on the mat " * 80, "pair": "a dog"},
    ),
    ("head=3.7&look=10", {"layer": 2, "head": 6, "look": 10}),
    (
        "model=google%2Fbert_uncased&masks=read",
        {"model": "google/bert_uncased", "with_masks": True},
    ),
    (
        "average=layer&special=rest&reading=arcs&sort=same_word&block=ab&hold=55&merge=words",
        {
            "average": "layer",
            "special": "rest",
            "reading": "arcs",
            "sort": "same_word",
            "block": "ab",
            "hold": 55,
            "merge": True,
        },
    ),
    ("reading=bertviz&bertviz=neuron", {"reading": "bertviz", "bertviz": "neuron"}),
    ("study=links&look=2&key=5", {"study": "links", "look": 2, "key": 5}),
    ("study=compare&pa=one&pb=two", {"study": "compare", "pinned": ("one", "two")}),
    (
        "guesses=25&click=ask&pieces=single&place=4",
        {"guesses": 25, "ask": True, "whole_words": False, "place": 4},
    ),
    ("mlm=joint&order=chosen&width=9", {"mlm": "joint", "order": "chosen", "width": 9}),
    ("mlm=blank&other=I+%5BMASK%5D", {"mlm": "blank", "other": "I [MASK]"}),
    ("mlm=targets&targets=cat%2C+dog", {"mlm": "targets", "targets": "cat, dog"}),
    (
        "mlm=training&seed=42&rate=25&draw=words",
        {"mlm": "training", "seed": 42, "rate": 25, "words_masked": True},
    ),
    ("nsp=candidates", {"nsp": "candidates"}),
    (f"runs={'%2C'.join(RUNS)}", {"runs": RUNS}),
]
# The names under which a saved table says the view since its first version; others may come.
NAMES = [
    *("text", "pair", "masked", "model", "layer", "head", "average", "special", "look", "reading"),
    *("sort", "block", "hold", "merge", "bertviz", "study", "key", "pinned", "with_masks"),
    *("guesses", "whole_words", "place", "ask", "mlm", "nsp", "order", "width", "other"),
    *("targets", "seed", "rate", "words_masked", "runs", "lab", "tab"),
]


@pytest.mark.parametrize(("address", "meant"), OLD_LINKS)
def test_an_old_link_means_what_it_meant_and_is_written_as_it_was(
    address: str, meant: dict[str, Any]
) -> None:
    query = dict(parse_qsl(address))
    view = read_query(query)
    assert view.flat() == View().flat() | meant
    assert view.to_query() == query


def test_a_view_names_all_that_is_chosen_on_any_page_flat() -> None:
    declared = [one.name for kept in (View, *ALL_CHOICES) for one in fields(kept)]
    assert sorted(View().flat()) == sorted(name for name in declared if name != "choices")
    assert [name for name in NAMES if name not in declared] == []


def test_no_two_choices_have_one_name() -> None:
    names = [one.name for kept in (View, *ALL_CHOICES) for one in fields(kept)]
    assert len(names) == len(set(names))


def test_layers_and_heads_count_from_one_in_links_and_tokens_from_zero() -> None:
    view = View(text="the cat", layer=2, head=6, masked=(1, 2), look=0)
    view = view.choosing(MaskedWordsChoices, place=2)
    assert view.to_query() == {
        "a": "the cat",
        "head": "3.7",
        "mask": "1,2",
        "look": "0",
        "place": "2",
    }


def test_defaults_are_left_out() -> None:
    assert View().to_query() == {}
    assert View(text="a").to_query() == {"a": "a"}
    assert read_query({}) == View()
    assert View().model == EMBEDDED


def test_a_layer_or_head_of_zero_is_read_as_the_first() -> None:
    for text in ("0.0", "1.1", "1", "1.", ".1", "."):
        view = read_query({"head": text})
        assert (view.layer, view.head) == (0, 0)


def test_guesses_are_kept_between_one_and_fifty() -> None:
    asked = {"0": 1, "1": 1, "7": 7, "50": 50, "51": 50, "9999": 50}
    read = {text: read_query({"guesses": text}).flat()["guesses"] for text in asked}
    assert read == asked


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_lone_surrogates_are_replaced_as_the_tokenizer_replaces_them(text: str) -> None:
    view = read_query({"a": text, "b": text, "model": text, "other": text})
    assert "\N{REPLACEMENT CHARACTER}" in view.text
    assert "\N{REPLACEMENT CHARACTER}" in view.pair
    assert urlencode(view.to_query()).isascii()


# A page's own choices


def test_what_is_chosen_on_one_page_stays_while_another_is_chosen_on() -> None:
    view = View().choosing(AttentionChoices, study="flow", hold=30)
    view = view.choosing(NextSentenceChoices, nsp="why").choosing(AttentionChoices, hold=40)
    assert view.chosen(AttentionChoices) == AttentionChoices(study="flow", hold=40)
    assert view.chosen(NextSentenceChoices) == NextSentenceChoices(nsp="why")
    assert view.chosen(PretrainingChoices) == PretrainingChoices()


def test_a_choice_that_is_taken_back_leaves_the_view_as_it_was() -> None:
    view = View().choosing(AttentionChoices, study="flow")
    assert view != View()
    assert view.choosing(AttentionChoices, study="none") == View()
    assert View().choosing(AttentionChoices) == View()


# Other sentences


def test_other_sentences_drop_what_pointed_at_tokens_of_the_old_ones() -> None:
    view = View(text="a", pair="b", masked=(1,), look=1, layer=2, head=3, with_masks=True)
    view = view.choosing(MaskedWordsChoices, place=1, guesses=7)
    view = view.choosing(AttentionChoices, key=2, study="links", pinned=("x", "y"))
    kept = replace(view, pair="c", masked=(), look=None)
    kept = kept.choosing(MaskedWordsChoices, place=None).choosing(AttentionChoices, key=None)
    assert view.with_text("a", "c") == kept
    assert view.with_text("a", "b") is view
