"""The address is written after each run, and read only where somebody went to it."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from ui import address
from ui.examples import EXAMPLES
from ui.view import View

CAT = View("the cat")


@pytest.fixture(autouse=True)
def _no_other_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of these tests is the only one: a link to another has nowhere to lead."""
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)


def page() -> None:
    """Opens the page that the session says, as that session's state and address are."""
    from dataclasses import replace

    import streamlit as st

    from ui import address

    st.session_state["shown"] = address.arrive(st.session_state.get("page", "home"))
    address.door("app.py", "a door", lambda view: replace(view, layer=2))


def opened(**query: str) -> AppTest:
    at = AppTest.from_function(page)
    set_address(at, query)
    return at.run()


def set_address(at: AppTest, query: dict[str, str]) -> None:
    for name in list(at.query_params):
        del at.query_params[name]
    for name, value in query.items():
        at.query_params[name] = value


def address_of(at: AppTest) -> dict[str, str]:
    said = {name: at.query_params[name] for name in at.query_params}
    return {name: one if isinstance(one, str) else one[0] for name, one in said.items()}


def shown(at: AppTest) -> View:
    assert not at.exception, at.exception
    found: View = at.session_state["shown"]
    return found


def test_a_session_starts_with_the_link_that_opened_it() -> None:
    assert shown(opened(a="the cat", head="2.3")) == replace(CAT, layer=1, head=2)


def test_a_bare_address_stands_for_the_first_example_and_stays_bare() -> None:
    at = opened()
    assert shown(at) == EXAMPLES[0].view()
    assert address_of(at) == {}  # or Back would lead from the written one to the bare one and on


def test_a_change_of_the_view_is_written() -> None:
    at = opened()
    at.session_state["view"] = CAT
    at.run()
    assert address_of(at) == {"a": "the cat"}


def test_what_the_browser_says_late_changes_nothing() -> None:
    at = opened(a="the cat")
    at.session_state["view"] = View("the dog")
    at.run()
    set_address(at, {"a": "the cat"})
    assert shown(at.run()) == View("the dog")


def test_even_an_address_that_was_never_written_is_not_read_on_the_way() -> None:
    at = opened(a="the cat")
    set_address(at, {"a": "a stranger"})
    assert shown(at.run()) == CAT


def test_back_leads_to_the_address_and_writes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(a="the cat")
    at.session_state["view"] = View("the dog")
    at.run()
    set_address(at, {"a": "the cat"})
    with monkeypatch.context() as patch:
        patch.setattr(address, "goes_back", lambda: True)
        assert shown(at.run()) == CAT
        assert address_of(at) == {"a": "the cat"}
    assert shown(at.run()) == CAT


def test_back_to_the_bare_address_shows_what_it_stood_for(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()
    at.session_state["view"] = CAT
    at.run()
    set_address(at, {})
    monkeypatch.setattr(address, "goes_back", lambda: True)
    assert shown(at.run()) == EXAMPLES[0].view()
    assert address_of(at) == {}


def test_a_link_to_another_page_that_the_browser_had_from_before_undoes_nothing() -> None:
    at = opened(a="the cat")
    at.session_state["view"] = View("the dog")
    at.run()
    at.session_state["page"] = "attention"
    set_address(at, {"a": "the cat"})
    assert shown(at.run()) == View("the dog")


def test_a_door_changes_the_view_as_it_is_when_it_is_followed() -> None:
    at = opened(a="the cat")  # the door leads to the cat in layer 3
    at.session_state["view"] = View("the cat", masked=(2,))  # pressed meanwhile
    at.session_state["page"] = "attention"
    set_address(at, replace(CAT, layer=2).to_query())
    assert shown(at.run()) == replace(CAT, masked=(2,), layer=2)


def test_another_page_with_an_address_of_its_own_shows_that() -> None:
    at = opened(a="the cat")
    at.session_state["page"] = "attention"
    set_address(at, {"a": "a stranger"})
    assert shown(at.run()) == View("a stranger")


def test_a_view_that_no_address_can_hold_is_kept_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address, "LONGEST_LINK", 20)
    long = View("a text that is too long for an address")
    at = opened(a="the cat")
    at.session_state["view"] = long
    at.run()
    assert (shown(at), address_of(at)) == (long, {})
    at.session_state["view"] = CAT
    at.run()
    set_address(at, {})
    monkeypatch.setattr(address, "goes_back", lambda: True)
    assert shown(at.run()) == long
