"""What a component's browser half sends is taken once and in order, whoever sends it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ui.components.events import MOST_EVENTS, MOST_NUMBER, _numbered, is_count

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=7), inner),
    max_leaves=12,
)


def script() -> None:
    """One component; what its events do is written down."""
    from collections.abc import Mapping

    import streamlit as st

    from bert_core.errors import InputError
    from ui.components.events import is_count, mount

    counter = st.components.v2.component("events_under_test", js="export default () => {};")
    heard = st.session_state.setdefault("heard", [])

    def act(value: int) -> None:
        if value == 13:
            raise InputError("thirteen is refused")
        heard.append(value)

    def read(sent: Mapping[str, object]) -> int | None:
        value = sent.get("value")
        return value if is_count(value) else None

    mount(counter, "counter", lambda heard: {"heard": heard}, read, act)


def open_script() -> AppTest:
    return AppTest.from_function(script).run()


def send(at: AppTest, events: object) -> AppTest:
    """A message of the browser, in which the component's state has this list."""
    states = at._tree.get_widget_states()
    (element,) = at.get("bidi_component")
    states.widgets.add(id=element.proto.id, json_value=json.dumps({"events": events}))
    return at._run(states)


def numbered(*values: object, start: int = 1) -> list[dict[str, object]]:
    return [{"number": start + at, "value": value} for at, value in enumerate(values)]


def taken(at: AppTest) -> int:
    """Up to which number the browser is told that its events were taken."""
    (element,) = at.get("bidi_component")
    heard = json.loads(element.proto.json)["heard"]
    assert heard["key"] == "counter"
    number: int = heard["taken"]
    return number


def heard(at: AppTest) -> list[int]:
    found: list[int] = at.session_state["heard"]
    return found


def test_events_act_once_and_in_the_order_of_their_numbers() -> None:
    at = open_script()
    send(at, numbered(5, 6, 7)[::-1])
    assert (heard(at), taken(at)) == ([5, 6, 7], 3)
    send(at, numbered(5, 6, 7, 8))
    assert (heard(at), taken(at)) == ([5, 6, 7, 8], 4)


def test_an_event_that_two_lists_hold_acts_once() -> None:
    at = open_script()
    send(at, numbered(5, 6))
    send(at, numbered(6, 7, start=2))
    send(at, numbered(5, 6))
    assert heard(at) == [5, 6, 7]


def test_one_that_cannot_be_done_is_said_and_the_next_has_its_turn() -> None:
    at = open_script()
    send(at, numbered(5, 13, 6))
    assert not at.exception
    assert (heard(at), taken(at)) == ([5, 6], 3)
    assert at.session_state["notice"] == "thirteen is refused"


def test_nonsense_does_nothing_and_counts_as_taken() -> None:
    at = open_script()
    send(at, [*numbered(-1, "x", None, [1]), {"number": 9}])
    assert (heard(at), taken(at)) == ([], 9)
    send(at, numbered(1, start=10))
    assert heard(at) == [1]


@pytest.mark.parametrize("number", [None, True, -1, 1.5, "2", MOST_NUMBER, 10**30])
def test_what_has_no_number_leaves_the_numbers_as_they_are(number: object) -> None:
    at = open_script()
    send(at, [{"number": number, "value": 1}])
    assert (heard(at), taken(at)) == ([], 0)


@pytest.mark.parametrize("events", [None, 3, "x", {}, [3, None, "x", []]])
def test_what_is_no_list_of_events_does_nothing(events: object) -> None:
    at = open_script()
    send(at, events)
    assert not at.exception
    assert (heard(at), taken(at)) == ([], 0)


def test_of_a_list_that_is_too_long_the_newest_are_taken() -> None:
    at = open_script()
    values = range(100, MOST_EVENTS + 105)
    send(at, numbered(*values))
    assert heard(at) == [*values[5:]]


def test_a_browser_that_comes_back_to_a_new_session_does_nothing_twice() -> None:
    """Its list is from a session that is gone: the first run of the new one finds it there."""
    before = open_script()
    (element,) = before.get("bidi_component")
    states = before._tree.get_widget_states()
    states.widgets.add(id=element.proto.id, json_value=json.dumps({"events": numbered(5, 6)}))
    at = AppTest.from_function(script)
    at._run(states)
    assert heard(at) == []
    at.run()
    assert taken(at) == 2
    send(at, numbered(5, 6, 7))
    assert heard(at) == [7]


@given(ANYTHING)
def test_any_state_is_read_without_a_fault(held: object) -> None:
    for state in (held, {"events": held}, {"events": [held]}):
        numbers = [number for number, _ in _numbered(state)]
        assert numbers == sorted(numbers)
        assert all(is_count(number, MOST_NUMBER) for number in numbers)


@pytest.mark.parametrize("value", [None, True, -1, 7, 1.0, "1", [1], {}])
def test_only_whole_numbers_within_bounds_are_counts(value: Any) -> None:
    assert not is_count(value, 7)
    assert is_count(6, 7)
