"""What is pressed in components, each press once and in order, however the browser sends it.

The browser keeps the presses of each component in a list and numbers them by the clock; the whole
list goes with each message it sends, since one message may take the place of another. What a
component is given says up to which number its presses are taken into account (`heard`); the
browser drops those, and shows the others as if they were answered. shared/events.js is the other
half.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard, TypeVar

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui import state

Value = TypeVar("Value")

EVENTS = "events"
LISTENERS = "components"  # in the session: by key, how each component's events are read and done
MOST_EVENTS = 200  # in one list; the browser keeps no more
MOST_NUMBER = 2**52  # numbers are milliseconds since 1970: what JavaScript counts exactly


def mount(
    renderer: ComponentRenderer,
    key: str,
    data: Callable[[Mapping[str, Any] | None], Any],
    read: Callable[[Mapping[str, Any]], Value | None],
    on_event: Callable[[Value], None] | None,
) -> None:
    """Mount a component whose browser half uses `createEvents`.

    data: what to show, given `heard`, which belongs into it under that name.
    read: the value in one event that the browser sent, None where it is nonsense (it may come from
        anyone) or was pressed on another text than the present one.
    on_event: called with each value before the script runs, so that the whole page already shows
        its effect. What it cannot do is said on the page, and the next event has its turn. Where
        it is None the browser sends nothing.
    """
    if on_event is None:
        renderer(key=key, data=data(None))
        return
    listeners = st.session_state.setdefault(LISTENERS, {})
    for gone in [other for other in listeners if other not in st.session_state]:
        del listeners[gone]  # with its page, and all that its callbacks hold
    heard = {"key": key, "taken": _taken(key)}
    result = renderer(key=key, data=data(heard), on_events_change=_take)
    listeners[key] = (read, on_event)
    if _taken_key(key) not in st.session_state:
        # A browser that comes back to a server that forgot it brings its old list along.
        st.session_state[_taken_key(key)] = max((n for n, _ in _numbered(result)), default=0)


def is_count(value: object, below: int | None = None) -> TypeGuard[int]:
    """Whether `value` is a whole number from 0, and less than `below`."""
    return type(value) is int and value >= 0 and (below is None or value < below)


def _take() -> None:
    """Do what is new in any component, in the order in which it was pressed.

    One message may bring presses of several components, and Streamlit calls back for each.
    """
    listeners = st.session_state.get(LISTENERS, {})
    events = [
        (number, key, sent)
        for key in listeners
        for number, sent in _numbered(st.session_state.get(key))
    ]
    for number, key, sent in sorted(events, key=lambda event: event[:2]):
        if number <= _taken(key):
            continue
        st.session_state[_taken_key(key)] = number
        read, on_event = listeners[key]
        value = read(sent)
        if value is not None:
            state.guarded(on_event, value)


def _numbered(held: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The events in a component's state, with their numbers; nonsense is left out."""
    events = held.get(EVENTS) if isinstance(held, Mapping) else None
    for event in events[-MOST_EVENTS:] if isinstance(events, list) else []:
        if isinstance(event, Mapping) and is_count(event.get("number"), MOST_NUMBER):
            yield event["number"], event


def _taken(key: str) -> int:
    return int(st.session_state.get(_taken_key(key), 0))


def _taken_key(key: str) -> str:
    return f"{key}:taken"
