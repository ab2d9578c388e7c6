"""Long work on a page: how far it is, with a way to stop it, until its result can be drawn."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_core.serving.job import Job
from bert_core.serving.scan import Scan
from bert_core.serving.waiting import StillWanted
from ui import cached, markup
from ui.tail import place_for_progress, wait_for
from ui.words import common as words


def session_job(
    slot: str,
    asked: Hashable,
    total: int,
    produce: Callable[[StillWanted], Iterable[Any]],
) -> Job[Any]:
    """The visitor's job for `asked`, begun if it is new; another one in this slot is stopped.

    It ends when the visitor has gone.
    """
    held = st.session_state.get(_kept_at(slot))
    if held is None or held[0] != asked:
        drop_job(slot)
        lives = _session_lives()
        job: Job[Any] = Job(total, lambda wanted: produce(lambda: wanted() and lives()), slot)
        st.session_state[_kept_at(slot)] = held = (asked, job)
    kept: Job[Any] = held[1]
    return kept


def held_job(slot: str, asked: Hashable) -> Job[Any] | None:
    """The visitor's job for `asked`, None where it has not begun."""
    held = st.session_state.get(_kept_at(slot))
    return None if held is None or held[0] != asked else held[1]


def say_partly(work: Job[Any], key: str, again: Callable[[], None]) -> None:
    """Where work ended early, stopped or failed: how far it came, and a way to do all of it.

    again: forgets what there is, so that it begins anew.
    """
    if work.finished and work.done < work.total:
        markup.note(words.PARTLY.format(done=len(work.results), total=work.total))
        st.button(words.AGAIN, key=f"{key}.again", type="tertiary", on_click=again)


def drop_partly(slot: str) -> None:
    """Forget the job in this slot if it ended early, so that it can begin anew."""
    held = st.session_state.get(_kept_at(slot))
    if held is not None and held[1].finished and held[1].done < held[1].total:
        drop_job(slot)


def drop_job(slot: str) -> None:
    """Stop and forget the job in this slot, if there is one."""
    held = st.session_state.pop(_kept_at(slot), None)
    if held is not None:
        held[1].stop()


def session_scan(slot: str, asked: Hashable, start: Callable[[], Scan[Any]]) -> Scan[Any]:
    """The scan for `asked` that the visitor looks at, at first the one that all share.

    It stays the visitor's in any case: stopped or failed, it does not begin again by itself.
    """
    held = st.session_state.get(slot)
    if held is None or held[0] != asked:
        st.session_state[slot] = held = (asked, cached.shared_scan(asked, start))
    kept: Scan[Any] = held[1]
    return kept


def forget_scan(slot: str) -> None:
    """Look at no scan, so that the next one asked for is a shared one again, or new."""
    st.session_state.pop(slot, None)


def _kept_at(slot: str) -> str:
    """A key that no widget has."""
    return f"{slot}:job"


def _session_lives() -> Callable[[], bool]:
    """Whether the visitor of this script run is still there."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    server, session = runtime.get_instance(), context.session_id
    return lambda: server.is_active_session(session)


def ask_button(label: str, slot: str, asked: Callable[[], Any]) -> None:
    """A button that begins the work of a slot, or begins it anew where it ended early.

    asked: what it is pressed for, read when it is pressed; `asked_for` gives it to the page.
    """
    st.button(label, key=f"{slot}.go", on_click=_ask, args=(slot, asked))


def asked_for(slot: str, default: Any = None) -> Any:
    """What `ask_button` was last pressed for."""
    return st.session_state.get(f"{slot}.asked", default)


def _ask(slot: str, asked: Callable[[], Any]) -> None:
    st.session_state[f"{slot}.asked"] = asked()
    drop_partly(slot)


def draw_progress(work: Job[Any], key: str, doing: str) -> bool:
    """Whether the work has ended; until then how far it is, with a way to stop it.

    doing: what is done, with `{done}` and `{total}` in it. The part of the page that asks is drawn
    again at the end.
    """
    if work.error:
        markup.warning(work.error)
    if work.finished:
        return True
    wait_for(work, _Bar(work, key, doing).show)
    return False


class _Bar:
    """The progress of a job, in a place that stays empty until it is worth showing."""

    def __init__(self, work: Job[Any], key: str, doing: str) -> None:
        self._work, self._key, self._doing = work, key, doing
        self._slot = place_for_progress(work)
        self._line: DeltaGenerator | None = None
        self._said: tuple[int, bool] | None = None

    def show(self) -> None:
        """Say how far the work is, if that is new."""
        work = self._work
        now = work.done, work.stopped
        if now == self._said:
            return
        self._said = now
        share = min(work.done / max(work.total, 1), 1.0)
        text = self._doing.format(done=work.done, total=work.total)
        if self._line is None:
            with self._slot.container():
                self._line = st.progress(share, text)
                st.button(words.STOP, key=f"{self._key}.stop", type="tertiary", on_click=work.stop)
        else:
            self._line.progress(share, text)
        if work.stopped:
            self._line.html(markup.quiet(words.STOPPED))
