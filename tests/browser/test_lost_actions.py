"""Presses put into the moments in which they were once lost, undone or doubled: each kind, once."""

import pytest
from playwright.sync_api import Browser

from benchmarks.browser import Server
from benchmarks.late_visitor import Bench
from benchmarks.lost_actions import TRIALS


@pytest.mark.parametrize("name", TRIALS)
def test_no_press_is_lost_undone_or_doubled(name: str, browser: Browser, app: Server) -> None:
    bench = Bench(browser, app.url)
    outcome = TRIALS[name](bench)
    bench.tab.context.close()
    assert bench.errors == []
    assert outcome is not None, "it did not come about"
    right, seen = outcome
    assert right, seen
