"""One click in the browser, one value in Python, and which clicks the data already answers.

The browser shows a click at once and stamps it. The data a component is given carries the stamp
of the last click it takes into account (`seen`); the browser ignores data that answers an older
one, so that a slow rerun does not undo what was clicked meanwhile.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard, TypeVar

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

Value = TypeVar("Value")

EVENT = "event"


def mount(
    renderer: ComponentRenderer,
    key: str,
    data: Callable[[int], Any],
    read: Callable[[Mapping[str, Any]], Value | None],
    on_event: Callable[[Value], None] | None = None,
) -> Value | None:
    """Mount a component and return what was clicked in it since the last run, None if nothing.

    data: what to show, given the stamp of the last click that is taken into account.
    read: the value in what the browser sent, None where it is nonsense (it may come from anyone).
    on_event: called with the value before the script runs, so that the whole page already shows
        its effect. Without it the answer counts from the next run on.
    """

    def changed() -> None:
        found = _value(st.session_state.get(key), read)
        # The browser sends a click twice where a fragment asks to run again in the same moment.
        if found is not None and on_event is not None and found[1] != _seen(key):
            _remember(key, found[1])
            on_event(found[0])

    result = renderer(key=key, data=data(_seen(key)), on_event_change=changed)
    found = _value(result, read)
    if found is None:
        return None
    _remember(key, found[1])
    return found[0]


def _value(
    result: object, read: Callable[[Mapping[str, Any]], Value | None]
) -> tuple[Value, int] | None:
    sent = result.get(EVENT) if isinstance(result, Mapping) else None
    if not isinstance(sent, Mapping) or not is_count(sent.get("stamp")):
        return None
    value = read(sent)
    return None if value is None else (value, sent["stamp"])


def is_count(value: object, below: int | None = None) -> TypeGuard[int]:
    """Whether `value` is a whole number from 0, and less than `below`."""
    return type(value) is int and value >= 0 and (below is None or value < below)


def _seen(key: str) -> int:
    return int(st.session_state.get(f"{key}:seen", 0))


def _remember(key: str, stamp: int) -> None:
    st.session_state[f"{key}:seen"] = max(stamp, _seen(key))
