"""What the program sets is not undone by a browser that is late, and what a visitor chooses counts.

A late browser is one whose message holds what an older revision of a widget showed.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

FIRST, SET = "first", "set by the program"


def script() -> None:
    """A field that a visitor and the program both change."""
    import streamlit as st

    from ui.revisions import revised

    kept = st.session_state
    kept.setdefault("shown", "first")
    kept.setdefault("taken", [])

    def take(value: str) -> None:
        kept["taken"].append(value)
        kept["shown"] = value[:20]

    if kept.get("page", "page") == "other":
        st.text_input("other", **revised("other.field", "x", take))
    elif not kept.get("closed"):
        st.text_input("field", **revised("page.field", kept["shown"], take))
    st.button("set", on_click=kept.update, kwargs={"shown": "set by the program"})


@pytest.fixture
def at() -> AppTest:
    return AppTest.from_function(script).run()


def held(at: AppTest) -> tuple[str, str, list[str]]:
    """Key and value of the field, and what was taken as a visitor's choice."""
    return at.text_input[0].key, at.text_input[0].value, at.session_state["taken"]


def late(at: AppTest, *older: tuple[str, str]) -> AppTest:
    """A message of a browser that still shows older fields: ids, and what they hold."""
    states = at._tree.get_widget_states()
    for element, value in older:
        states.widgets.add(id=element, string_value=value)
    return at._run(states)


def test_what_a_visitor_types_is_taken_once_and_the_field_stays_what_it_is(at: AppTest) -> None:
    assert held(at) == ("page.field.0", FIRST, [])
    at.text_input[0].set_value("mine").run()
    assert held(at) == ("page.field.0", "mine", ["mine"])
    assert at.text_input[0].proto.default == FIRST  # as it was made
    assert held(at.run()) == ("page.field.0", "mine", ["mine"])
    at.text_input[0].set_value(FIRST).run()
    assert held(at) == ("page.field.0", FIRST, ["mine", FIRST])


def test_what_the_program_sets_is_shown_by_a_new_field(at: AppTest) -> None:
    at.button[0].click().run()
    assert held(at) == ("page.field.1", SET, [])
    assert at.text_input[0].proto.default == SET
    assert held(at.run()) == ("page.field.1", SET, [])


def test_what_the_program_sets_to_what_is_shown_changes_nothing(at: AppTest) -> None:
    at.text_input[0].set_value(SET).run()
    at.button[0].click().run()
    assert held(at) == ("page.field.0", SET, [SET])


@pytest.mark.parametrize("typed", [(), ("mine",), ("mine", "mine too")])
def test_a_late_message_with_the_old_value_undoes_nothing(
    at: AppTest, typed: Sequence[str]
) -> None:
    old = at.text_input[0].proto.id
    for text in typed:
        at.text_input[0].set_value(text).run()
    at.button[0].click().run()
    for _ in range(2):
        late(at, (old, [FIRST, *typed][-1]))
        assert held(at) == ("page.field.1", SET, [*typed])


def test_a_choice_in_a_field_that_the_program_replaced_meanwhile_counts_once(at: AppTest) -> None:
    old = at.text_input[0].proto.id
    at.button[0].click().run()
    late(at, (old, "mine"))
    assert held(at) == ("page.field.2", "mine", ["mine"])
    late(at, (old, "mine"))
    assert held(at) == ("page.field.2", "mine", ["mine"])


def test_what_is_made_of_a_choice_is_shown_by_a_new_field(at: AppTest) -> None:
    at.text_input[0].set_value("a" * 30).run()
    assert held(at) == ("page.field.1", "a" * 20, ["a" * 30])


@pytest.mark.parametrize("away", [{"closed": True}, {"page": "other"}])
def test_a_field_that_was_away_comes_back_anew_with_what_it_shows(
    at: AppTest, away: dict[str, Any]
) -> None:
    at.text_input[0].set_value("mine").run()
    for name, value in away.items():
        at.session_state[name] = value
    at.run()
    for name in away:
        del at.session_state[name]
    at.run()
    assert held(at) == ("page.field.1", "mine", ["mine"])


def chooser() -> None:
    """A choice among what may change."""
    import streamlit as st

    from ui.revisions import revised

    kept = st.session_state
    options = kept.get("options", ["a", "b", "c"])
    bound = revised("page.one", kept.get("one"), kept.update, argument="index", options=options)
    st.selectbox("one", options, **bound)


def test_a_choice_among_other_options_is_another_widget() -> None:
    at = AppTest.from_function(chooser).run()
    assert (at.selectbox[0].key, at.selectbox[0].index) == ("page.one.0", None)
    at.session_state["one"] = "b"
    at.run()
    assert (at.selectbox[0].key, at.selectbox[0].index) == ("page.one.1", 1)
    at.session_state["options"] = ["b", "c"]
    at.run()
    assert (at.selectbox[0].key, at.selectbox[0].index) == ("page.one.2", 0)
