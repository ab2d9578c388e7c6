"""What stands around Streamlit's server."""

import threading
from typing import Any

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from launcher.app_server import hold_pages


def test_a_page_that_is_asked_for_early_runs_once_all_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported = threading.Event()
    ran: list[tuple[Any, ...]] = []

    def run(*given: Any) -> None:
        assert imported.is_set()
        ran.append(given)

    monkeypatch.setattr(ScriptRunner, "_run_script", run)
    ahead = threading.Thread(target=lambda: imported.wait(20))
    ahead.start()
    hold_pages(ahead)
    page = threading.Thread(target=ScriptRunner._run_script, args=("runner", "rerun data"))
    page.start()
    page.join(0.1)
    assert ran == []
    imported.set()
    page.join(20)
    assert ran == [("runner", "rerun data")]
    ahead.join(20)
