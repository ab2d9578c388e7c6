"""What is pressed in a component, each press once and in order, however the browser sends it.

The browser keeps its presses in a list and numbers them; the whole list goes with each message it
sends, since one message may take the place of another. What a component is given says up to which
number its presses are taken into account (`heard`); the browser drops those, and shows the others
as if they were answered. shared/events.js is the other half.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard, TypeVar

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui import state

Value = TypeVar("Value")

EVENTS = "events"
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

    def take() -> None:
        for number, sent in _numbered(st.session_state.get(key)):
            if number <= _taken(key):
                continue
            st.session_state[_taken_key(key)] = number
            value = read(sent)
            if value is not None:
                state.guarded(on_event, value)

    heard = {"key": key, "taken": _taken(key)}
    result = renderer(key=key, data=data(heard), on_events_change=take)
    if _taken_key(key) not in st.session_state:
        # A browser that comes back to a server that forgot it brings its old list along.
        st.session_state[_taken_key(key)] = max((n for n, _ in _numbered(result)), default=0)


def is_count(value: object, below: int | None = None) -> TypeGuard[int]:
    """Whether `value` is a whole number from 0, and less than `below`."""
    return type(value) is int and value >= 0 and (below is None or value < below)


def _numbered(held: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The events in a component's state with their numbers, ascending; nonsense is left out."""
    events = held.get(EVENTS) if isinstance(held, Mapping) else None
    latest = events[-MOST_EVENTS:] if isinstance(events, list) else []
    found = [event for event in latest if isinstance(event, Mapping)]
    numbered = [event for event in found if is_count(event.get("number"), MOST_NUMBER)]
    for event in sorted(numbered, key=lambda event: event["number"]):
        yield event["number"], event


def _taken(key: str) -> int:
    return int(st.session_state.get(_taken_key(key), 0))


def _taken_key(key: str) -> str:
    return f"{key}:taken"
