"""The one `View` of a session: read from the link, changed by widgets, written back to the link.

Widgets change it in their callbacks, which run before the script does, so that each click costs
one run of the script and every part of the page sees the same state.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_core.errors import BertLensError
from bert_core.model.tokenization import MAX_CHARACTERS
from ui.examples import EXAMPLES
from ui.view import LONGEST_LINK, View, link_length, read_query
from ui.words import common as words

VIEW = "view"
LINK = "link"  # the query this session wrote last; another one in the address is a link to follow
LINKS = "links"  # all that it wrote lately
NOTICE = "notice"
TOO_LONG = "link_too_long"
BEFORE = "before"  # sentences and masks that `undo` brings back, the last one at the end
MOST_UNDONE = 50


def current_view() -> View:
    """The session's view, after a link that was opened, or the browser's back button, had its say.

    A session that starts without a link starts with the first example.
    """
    asked = {
        name: value for name, value in st.query_params.to_dict().items() if value or name == "a"
    }
    if asked and asked != st.session_state.get(LINK) and not _is_late(asked):
        view = read_query(asked)
        if not asked.keys() & {"a", "b", "z"}:
            view = replace(view, text=EXAMPLES[0].text, pair=EXAMPLES[0].pair)
        st.session_state[VIEW] = view
    elif VIEW not in st.session_state:
        st.session_state[VIEW] = EXAMPLES[0].view()
    view = st.session_state[VIEW]
    _write_link(view)
    return view


def held_view() -> View | None:
    """The view as the session's callbacks left it; None before a page asked for it."""
    view: View | None = st.session_state.get(VIEW)
    return view


def change(**fields: Any) -> None:
    """Replace fields of the view. For callbacks: the run that follows shows it."""
    st.session_state[VIEW] = replace(st.session_state[VIEW], **fields)


def change_text(text: str, pair: str, notice: str = "") -> None:
    """Other sentences; `notice` is shown if masks are dropped with the old ones."""
    view: View = st.session_state[VIEW]
    if max(len(text), len(pair)) > MAX_CHARACTERS:
        text, pair = text[:MAX_CHARACTERS], pair[:MAX_CHARACTERS]
        st.session_state[NOTICE] = words.TOO_LONG.format(limit=MAX_CHARACTERS)
    elif view.masked and (text, pair) != (view.text, view.pair):
        st.session_state[NOTICE] = notice
    st.session_state[VIEW] = view.with_text(text, pair)


def replace_view(view: View) -> None:
    """Another view altogether, such as an example's or a saved file's."""
    st.session_state[VIEW] = view


def remember() -> None:
    """Keep the present sentences and masks, so that `undo` brings them back."""
    view: View = st.session_state[VIEW]
    before = st.session_state.setdefault(BEFORE, [])
    before.append((view.text, view.pair, view.masked, view.place))
    del before[:-MOST_UNDONE]


def can_undo() -> bool:
    return bool(st.session_state.get(BEFORE))


def undo() -> None:
    """The sentences and masks of before the last change that was remembered."""
    if not can_undo():
        return
    text, pair, masked, place = st.session_state[BEFORE].pop()
    view: View = st.session_state[VIEW]
    st.session_state[VIEW] = replace(view.with_text(text, pair), masked=masked, place=place)


def take_notice() -> str:
    """What the last callback wanted said, once."""
    return str(st.session_state.pop(NOTICE, ""))


KEEP = object()


def bound(field: str, page: str, shown: Any = KEEP, *, typed: bool = False) -> dict[str, Any]:
    """`key` and `on_change` for a widget that shows and changes `field` of the view.

    The widget's own state goes with its page, so it is filled from the view before it is drawn;
    or with `shown`, where the page shows something else than the view says.
    typed: a field in which somebody may be writing: it is filled only where it says another thing,
    and `value` is there for a browser that begins with it. The others are filled in every run,
    since a browser that is late drops what an earlier run said of an element, and would show the
    widget's own default.
    """
    key = f"{page}.{field}"
    value = getattr(st.session_state[VIEW], field) if shown is KEEP else shown
    if not typed or st.session_state.get(key) != value:
        st.session_state[key] = value

    def take() -> None:
        change(**{field: st.session_state[key]})

    return {"key": key, "on_change": take} | ({"value": value} if typed else {})


def guarded(action: Callable[..., None], *args: Any) -> None:
    """Run a callback's action; what it cannot do is said on the page."""
    try:
        action(*args)
    except BertLensError as error:
        st.session_state[NOTICE] = str(error)


def _is_late(asked: dict[str, str]) -> bool:
    """Whether the browser had not heard of the newest link yet, and named one from before it.

    One from before is asked for by the back button only, and Streamlit says so.
    """
    context = get_script_run_ctx()
    goes_back = context is not None and context.is_history_navigation
    return asked in st.session_state.get(LINKS, ()) and not goes_back


def _write_link(view: View) -> None:
    query = view.to_query()
    st.session_state[TOO_LONG] = link_length(query) > LONGEST_LINK
    if st.session_state[TOO_LONG]:
        query = {}
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[LINK] = query
    links = st.session_state.setdefault(LINKS, [])
    if query not in links:
        links.append(query)
        del links[:-MOST_UNDONE]
