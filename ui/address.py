"""The address of a page: written after each run, read only where somebody went to it.

What the browser says of its address with every message may be late: it has not heard of the newest
one yet. So it counts where a session starts, where Streamlit or the page says that Back or Forward
was pressed, and where another page was opened by a link that says something new.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import state
from ui.examples import EXAMPLES
from ui.link import LONGEST_LINK, link_length
from ui.view import View, read_query

WRITTEN = "address.written"  # the query that stands for the view, whether or not it was written
LATELY = "address.lately"  # all those that stood for it lately
BARE = "address.bare"  # the view that an address without a query stands for
DOORS = "address.doors"  # what following a link of a page changes, by its query
PAGE = "address.page"
TOO_LONG = "link_too_long"
MOST_KEPT = 50

Query = dict[str, str]
Change = Callable[[View], View]


def arrive(page: str) -> View:
    """The view that this run of a page shows, after the address had its say; then write it there.

    A session that starts without a link starts with the first example.
    """
    came_from = st.session_state.get(PAGE)
    st.session_state[PAGE] = page
    asked = _asked()
    if not state.is_open():
        st.session_state[BARE] = EXAMPLES[0].view()
        go_to(asked)
    elif goes_back():
        go_to(asked)
    elif came_from != page and asked:
        _follow(asked)
    view = state.view()
    _write(view)
    return view


def goes_back() -> bool:
    """Whether this run was asked for by Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def go_to(query: Query) -> None:
    """Show what an address stands for; it stands in the browser already."""
    view: View = st.session_state[BARE]
    if query:
        view = read_query(query)
        if not query.keys() & {"a", "b", "z"}:
            view = replace(view, text=EXAMPLES[0].text, pair=EXAMPLES[0].pair)
    state.replace_view(view)
    _remember(_query_of(view))


def take_history(said: str) -> None:
    """Back or Forward led to this query, as the page in the browser tells; for its callback."""
    go_to(_without_blanks(dict(parse_qsl(said, keep_blank_values=True))))


def door(path: str, label: str, change: Change = lambda view: view) -> None:
    """A link to another page, on which the view is changed.

    Followed here, it changes the view as it is then, whatever was pressed since it was drawn.
    """
    query = _query_of(change(state.view()))
    doors = st.session_state.setdefault(DOORS, {})
    doors.pop(_name_of(query), None)
    doors[_name_of(query)] = change
    while len(doors) > MOST_KEPT:
        del doors[next(iter(doors))]
    st.page_link(path, label=label, query_params=query)


def link_is_too_long() -> bool:
    """Whether the view does not fit into an address."""
    return bool(st.session_state.get(TOO_LONG))


def _asked() -> Query:
    """What the browser says its address holds."""
    return _without_blanks(st.query_params.to_dict())


def _without_blanks(query: Query) -> Query:
    """An empty text is a text; nothing else is said by an empty value."""
    return {name: value for name, value in query.items() if value or name == "a"}


def _follow(asked: Query) -> None:
    """Another page was opened: by a door, by a link that only carries the view along, or anew."""
    change: Change | None = st.session_state.get(DOORS, {}).get(_name_of(asked))
    if change is not None:
        state.replace_view(change(state.view()))
    elif asked not in st.session_state.get(LATELY, ()):
        go_to(asked)


def _name_of(query: Query) -> str:
    return urlencode(sorted(query.items()))


def _query_of(view: View) -> Query:
    """The query that stands for a view; none where it would be too long."""
    query = view.to_query()
    return {} if link_length(query) > LONGEST_LINK else query


def _write(view: View) -> None:
    query = _query_of(view)
    st.session_state[TOO_LONG] = not query
    if query != st.session_state.get(WRITTEN):
        if not query:
            st.session_state[BARE] = view
        st.query_params.from_dict(query)
    _remember(query)


def _remember(query: Query) -> None:
    st.session_state[WRITTEN] = query
    lately = st.session_state.setdefault(LATELY, [])
    if query not in lately:
        lately.append(query)
        del lately[:-MOST_KEPT]
