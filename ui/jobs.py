"""Long work on a page: how far it is, with a way to stop it, until its result can be drawn."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_core.serving.job import Job
from bert_core.serving.scan import Scan
from bert_core.serving.waiting import StillWanted
from ui import cached, markup
from ui.fragments import fragment
from ui.words import common as words

POLL_SECONDS = 0.5
SOON_SECONDS = 0.3


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


def say_partly(job: Job[Any]) -> None:
    """Where a job ended early: how far it came."""
    if job.finished and job.done < job.total:
        markup.note(words.PARTLY.format(done=job.done, total=job.total))


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


def draw_progress(work: Job[Any], key: str, doing: str) -> bool:
    """Whether the work has ended; until then how far it is, with a way to stop it.

    doing: what is done, with `{done}` and `{total}` in it. The page runs again at the end.
    """
    quick = work.wait(SOON_SECONDS)  # what is nearly there needs no bar
    if work.error:
        st.warning(work.error)
    if quick:
        return True
    _poll(work, key, doing)
    return False


@fragment(run_every=POLL_SECONDS)
def _poll(work: Job[Any], key: str, doing: str) -> None:
    if work.finished:
        st.rerun()
    share = min(work.done / max(work.total, 1), 1.0)
    st.progress(share, doing.format(done=work.done, total=work.total))
    if st.button(words.STOP, key=f"{key}.stop", type="tertiary"):
        work.stop()
        markup.note(words.STOPPED)
