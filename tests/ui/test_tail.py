"""The tail of a page's run: what comes late stands in its place; nothing asks to run by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ui.settings import settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _tails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BERT_LENS_TAILS", "1")
    settings.cache_clear()
    yield
    settings.cache_clear()


def late_page() -> None:
    import time

    import streamlit as st

    from bert_core.serving.job import Job
    from ui.jobs import draw_progress
    from ui.tail import Tail

    def work(seconds: float) -> Job[str]:
        def produce(_: object) -> object:
            time.sleep(seconds)
            yield "found"

        return Job(1, produce)

    job = work(st.session_state.get("seconds", 0.1))
    tail = Tail()

    def draw() -> None:
        st.button("kept", key="kept")
        if draw_progress(job, "slot", "done {done} of {total}"):
            st.markdown(job.results[0])

    st.markdown("before")
    tail.part(draw)
    st.markdown("after")
    tail.run(lambda: st.markdown("settled"))


def test_a_part_that_waits_is_drawn_again_in_its_place_when_its_work_has_ended() -> None:
    at = AppTest.from_function(late_page).run()
    assert not at.exception
    assert [one.value for one in at.markdown] == ["before", "found", "after", "settled"]
    assert [one.key for one in at.button] == ["kept"]


def test_long_work_shows_a_bar_that_goes_with_its_end() -> None:
    at = AppTest.from_function(late_page)
    at.session_state["seconds"] = 0.6
    at.run()
    assert not at.exception
    assert [one.value for one in at.markdown] == ["before", "found", "after", "settled"]
    assert not at.get("progress")


def shrinking_page() -> None:
    import streamlit as st

    from ui.tail import Tail

    tail = Tail()
    count = st.session_state.get("count", 3)
    with st.container():
        for number in range(count):
            st.markdown(f"inner {number}")
    for number in range(count):
        st.markdown(f"row {number}")
    tail.run(lambda: None)


def test_what_a_former_run_drew_and_this_one_did_not_is_emptied_before_the_run_ends() -> None:
    at = AppTest.from_function(shrinking_page).run()
    at.session_state["count"] = 1
    at.run()
    assert not at.exception
    root = list(at.main.children.values())
    assert [one.type for one in root] == ["flex_container", "markdown", "empty", "empty"]
    assert [one.type for one in root[0].children.values()] == ["markdown", "empty", "empty"]


def moving_page() -> None:
    """A tab bar that moves to where a fuller container stood."""
    import streamlit as st

    from ui.tail import Tail

    tail = Tail()
    if st.session_state.get("notice"):
        st.markdown("notice")
    st.tabs(["one", "two"])
    with st.container():
        for number in range(5):
            st.markdown(f"row {number}")
    tail.run(lambda: None)


def test_a_tab_bar_gets_nothing_but_tabs_wherever_it_stands() -> None:
    at = AppTest.from_function(moving_page).run()
    at.session_state["notice"] = True
    at.run()
    assert not at.exception
    tabs = at.main.children[1]
    assert [one.type for one in tabs.children.values()] == ["tab", "tab"]
    assert [one.type for one in at.main.children[2].children.values()] == ["markdown"] * 5


def counted_twice_page() -> None:
    import streamlit as st

    from ui.leftovers import Drawn

    first, second = Drawn(), Drawn()
    st.markdown("one")
    st.session_state["counts"] = len(first._counts), len(second._counts)


def test_a_run_that_took_over_a_context_is_the_only_one_that_counts() -> None:
    at = AppTest.from_function(counted_twice_page).run()
    assert not at.exception
    assert at.session_state["counts"] == (0, 1)


def listened_to_page() -> None:
    import time

    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from bert_core.serving.job import Job
    from ui.jobs import draw_progress, session_job
    from ui.tail import SOON_SECONDS, Tail, again_in

    context, sent = get_script_run_ctx(), []
    send = context._enqueue

    def listen(message: object) -> None:
        sent.append(message.delta.new_element.WhichOneof("type"))
        send(message)

    def work(wanted: object) -> object:
        while wanted():
            time.sleep(0.01)
        yield "found"

    job: Job[str] = session_job("slot", "asked", 1, work)
    time.sleep(SOON_SECONDS)
    context._enqueue = listen
    tail = Tail()

    def draw() -> None:
        times.append(None)
        st.markdown("kept")
        draw_progress(job, "slot", "done {done} of {total}")
        if len(times) < 3:
            again_in(0.01)
        else:
            job.stop()

    times: list[None] = []
    tail.part(draw)
    tail.run(lambda: None)
    st.session_state["sent"] = sent[: len(sent) - sent[::-1].index("progress")]
    st.session_state["times"] = len(times)


def test_a_part_and_a_bar_that_stand_are_not_taken_down_before_they_are_drawn_again() -> None:
    """A browser that hears of an empty place builds anew what comes into it, and a press that
    is held down on it, or the focus, is lost."""
    at = AppTest.from_function(listened_to_page).run()
    assert not at.exception
    assert at.session_state["times"] > 3
    assert at.session_state["sent"].count("progress") == 3
    assert "empty" not in at.session_state["sent"]


def living_page() -> None:
    import streamlit as st

    from ui.tail import Tail, again_in

    tail = Tail()

    def draw() -> None:
        times = st.session_state["times"] = st.session_state.get("times", 0) + 1
        st.markdown(f"drawn {times}")
        if times < 3:
            again_in(0.01)

    tail.part(draw)
    tail.run(lambda: None)


def test_a_part_that_lives_is_drawn_again_and_again_until_it_says_no_more() -> None:
    at = AppTest.from_function(living_page).run()
    assert [one.value for one in at.markdown] == ["drawn 3"]


def test_with_tails_off_a_run_ends_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERT_LENS_TAILS", "0")
    settings.cache_clear()
    at = AppTest.from_function(late_page)
    at.session_state["seconds"] = 2.0
    at.run()
    assert [one.label for one in at.button] == ["kept", "Stop"]
    assert AppTest.from_function(living_page).run().markdown[0].value == "drawn 1"


def test_nothing_on_a_page_asks_to_run_by_itself() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("fragment", "rerun", "run_every")
    ]
    assert offenders == []


def test_no_page_acts_on_a_button_in_its_body() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.If)
        for call in ast.walk(node.test)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr.endswith("button")
    ]
    assert offenders == []
