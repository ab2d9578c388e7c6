"""Parts of a page that run again by themselves."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest

from ui import cached

ROOT = Path(__file__).resolve().parents[2]


def script() -> None:
    import streamlit as st

    from ui.fragments import fragment

    @fragment()
    def draw(what: str) -> None:
        st.button("again", on_click=lambda: st.session_state.update(times=2))
        st.markdown(f"{what} {st.session_state.get('times', 1)}")

    st.markdown("before")
    draw("drawn")
    st.markdown("after")


def test_a_fragment_is_the_only_thing_in_a_container_that_the_page_itself_draws() -> None:
    at = AppTest.from_function(script).run()
    before, place, after = at.main.children.values()
    assert (before.proto.body, after.proto.body) == ("before", "after")
    (inner,) = place.children.values()
    assert [one.type for one in inner.children.values()] == ["button", "markdown"]


def test_a_fragment_draws_what_it_is_given_and_runs_again() -> None:
    at = AppTest.from_function(script).run()
    assert [one.value for one in at.markdown] == ["before", "drawn 1", "after"]
    at.button[0].click().run()
    assert [one.value for one in at.markdown] == ["before", "drawn 2", "after"]


def test_no_page_has_a_fragment_of_another_kind() -> None:
    users = {
        path.name
        for folder in ("ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "fragment"
    }
    assert users == {"fragments.py"}


def test_a_fragment_that_asks_to_run_again_does_not_end_the_run_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = ScriptRequests()
    context = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr(cached, "get_script_run_ctx", lambda: context)
    wanted = cached._wanted_by_this_run()
    assert wanted()
    requests.request_rerun(RerunData(fragment_id="hints"))
    assert wanted()
    requests.request_rerun(RerunData())
    assert not wanted()


def test_a_page_that_is_left_ends_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = ScriptRequests()
    context = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr(cached, "get_script_run_ctx", lambda: context)
    wanted = cached._wanted_by_this_run()
    requests.request_stop()
    assert not wanted()
