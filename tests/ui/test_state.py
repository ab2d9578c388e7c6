"""The session's view: what changes it, what is said of it, and widgets that show and change it."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from bert_core.model.tokenization import MAX_CHARACTERS
from ui.choices.attention import AttentionChoices
from ui.choices.masked_words import MaskedWordsChoices
from ui.view import View
from ui.words import common as words

OPEN = View("the cat", "it sat", masked=(1,), look=2).choosing(
    AttentionChoices, study="links", key=2
)


def script() -> None:
    """Does what a test asks for, as a callback would, and shows two fields of the view."""
    import streamlit as st

    from ui import state
    from ui.choices.attention import AttentionChoices
    from ui.view import View

    for name, args, options in st.session_state.pop("asked", ()):
        getattr(state, name)(*args, **options)
    st.toggle("masks", **state.bound(View, "with_masks", "page"))
    st.slider("hold", 10, 100, **state.bound(AttentionChoices, "hold", "page"))
    st.text(state.take_notice())


@pytest.fixture
def at() -> AppTest:
    made = AppTest.from_function(script)
    made.session_state["view"] = OPEN
    return made.run()


def act(at: AppTest, name: str, *args: Any, **options: Any) -> View:
    """The view after this function of `ui.state` was called."""
    at.session_state["asked"] = [(name, args, options)]
    at.run()
    assert not at.exception
    found: View = at.session_state["view"]
    return found


def said(at: AppTest) -> str:
    return at.text[0].value


def test_the_eight_fields_are_changed_and_a_pages_own_are_chosen(at: AppTest) -> None:
    assert act(at, "change", layer=3, head=1).head == 1
    view = act(at, "choose", AttentionChoices, hold=30)
    assert (view.layer, view.chosen(AttentionChoices).hold) == (3, 30)
    assert view.chosen(AttentionChoices).study == "links"


def test_another_model_drops_what_pointed_at_tokens(at: AppTest) -> None:
    view = act(at, "take_model", "another")
    assert view == View("the cat", "it sat", model="another").choosing(
        AttentionChoices, study="links"
    )


def test_another_text_drops_masks_and_says_so_only_where_there_were_some(at: AppTest) -> None:
    assert act(at, "change_text", "the dog", "it sat", "Gone.").masked == ()
    assert said(at) == "Gone."
    act(at, "change_text", "the bird", "it sat", "Gone.")
    assert said(at) == ""


def test_the_same_text_keeps_masks(at: AppTest) -> None:
    assert act(at, "change_text", "the cat", "it sat", "Gone.") == OPEN
    assert said(at) == ""


def test_a_text_that_is_too_long_is_cut_and_said_to_be(at: AppTest) -> None:
    view = act(at, "change_text", "a" * (MAX_CHARACTERS + 1), "b" * MAX_CHARACTERS)
    assert (len(view.text), len(view.pair)) == (MAX_CHARACTERS, MAX_CHARACTERS)
    assert said(at) == words.TOO_LONG.format(limit=MAX_CHARACTERS)


def test_a_notice_is_said_once(at: AppTest) -> None:
    act(at, "notice", "Look.")
    assert said(at) == "Look."
    assert said(at.run()) == ""


def test_undo_brings_back_sentences_masks_and_place_and_keeps_the_rest(at: AppTest) -> None:
    act(at, "choose", MaskedWordsChoices, place=1)
    act(at, "remember")
    act(at, "change_text", "a dog", "")
    act(at, "change", layer=4)
    view = act(at, "undo")
    assert (view.text, view.pair, view.masked, view.layer) == ("the cat", "it sat", (1,), 4)
    assert view.chosen(MaskedWordsChoices).place == 1
    assert act(at, "undo") == view  # there is nothing more to undo


def test_no_more_than_fifty_changes_are_remembered(at: AppTest) -> None:
    for number in range(60):
        act(at, "change_text", str(number), "")
        act(at, "remember")
    for _ in range(60):
        view = act(at, "undo")
    assert view.text == "10"


# Widgets


def test_a_widget_shows_and_changes_its_field(at: AppTest) -> None:
    assert (at.toggle[0].value, at.slider[0].value) == (False, 80)
    at.toggle[0].set_value(True).run()
    at.slider[0].set_value(55).run()
    view: View = at.session_state["view"]
    assert (view.with_masks, view.chosen(AttentionChoices).hold) == (True, 55)
    assert (at.toggle[0].key, at.slider[0].key) == ("page.with_masks.0", "page.hold.0")


def test_a_widget_shows_what_the_program_chose_and_a_late_browser_undoes_nothing(
    at: AppTest,
) -> None:
    old = at.slider[0].proto.id
    assert act(at, "choose", AttentionChoices, hold=30).chosen(AttentionChoices).hold == 30
    assert (at.slider[0].key, at.slider[0].value) == ("page.hold.1", 30)
    states = at._tree.get_widget_states()
    states.widgets.add(id=old).double_array_value.data.append(80)
    at._run(states)
    assert at.session_state["view"].chosen(AttentionChoices).hold == 30
