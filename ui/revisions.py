"""Widgets whose value is changed by more than the visitor's hand.

The browser sends every widget's value with every press, and may not have heard yet of what the
program set meanwhile. So what the program sets gets a new identity: its key carries a revision,
and a message that still holds the old value speaks of a widget that is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

MADE = "revisions"  # the newest revision of each widget, by its name
VISIT = "revisions.visit"  # the page that is open, and how many were opened before it
ABSENT = object()


@dataclass
class Revision:
    """A widget as it was made.

    value: what it was made with. held: what the browser said last that it holds.
    options: what there was to choose from. visit: of its page.
    """

    key: str
    value: Any
    held: Any
    options: tuple[Any, ...]
    visit: int


def revised(
    name: str,
    value: Any,
    take: Callable[[Any], None],
    *,
    argument: str = "value",
    options: Sequence[Any] = (),
) -> dict[str, Any]:
    """What a widget is given so that it shows `value`: its key, its default and its callback.

    name: of the page, a point, and the widget's own. take: called with what a visitor chose, before
    the script runs. argument: under which name the widget takes its default; "index" gives its
    place among `options`. options: given where they change, with the names they are shown by.

    A choice made in an older revision counts as well: its visitor saw no newer one. What says only
    what that revision held before is no choice.
    """
    revision = _revision(name, value, tuple(options))

    def changed() -> None:
        now = st.session_state[revision.key]
        if now != revision.held:
            revision.held = now
            take(now)

    # With the default that it was made with: a widget's default is what it shows at first only.
    default = revision.value
    if argument == "index" and default is not None:
        default = options.index(default)
    return {"key": revision.key, "on_change": changed, argument: default}


def _revision(name: str, value: Any, options: tuple[Any, ...]) -> Revision:
    """The newest one where it holds `value`, or else a new one."""
    made: dict[str, tuple[int, Revision]] = st.session_state.setdefault(MADE, {})
    visit = _visit(name.partition(".")[0])
    number, newest = made.get(name, (-1, None))
    if (
        newest is None
        or (newest.visit, newest.options) != (visit, options)
        or st.session_state.get(newest.key, ABSENT) != value
    ):
        newest = Revision(f"{name}.{number + 1}", value, value, options, visit)
        made[name] = number + 1, newest
    return newest


def _visit(page: str) -> int:
    """The number of this visit: a browser forgets a page's widgets when another page opens."""
    last, count = st.session_state.get(VISIT, ("", 0))
    if page != last:
        count += 1
        st.session_state[VISIT] = page, count
    return int(count)
