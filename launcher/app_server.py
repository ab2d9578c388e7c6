"""Streamlit as run.py starts it: `python -m launcher.app_server run app.py`.

Four things differ from `streamlit run app.py`. Streamlit's one question to the internet is not
asked: when a page of another site knocks, it fetches this machine's public address from
checkip.amazonaws.com, to see whether the page came from there; no setting keeps it from asking.
Torch is imported while the browser opens, not when the first page is asked for. And a page that is
asked for meanwhile waits for that: of two threads that import transformers at once, one may find
names missing that are there a moment later. And no request is answered that came under a name that
is not this server's (`launcher.gate`).
"""

import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from streamlit import net_util
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_app

from launcher.gate import Gate, names_of_server


def no_address() -> "str | None":
    """Stands in for `net_util.get_external_ip`: nobody is asked, so no public address is known."""
    return None


def import_ahead() -> None:
    """Import what the first page needs; whatever is wrong with it, the page itself will say."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    for module in ("bert_core.serving.registry", "plotly.graph_objects"):
        import_module(module)


def hold_pages(ahead: threading.Thread) -> None:
    """Let no page run before this thread has ended."""
    run_script = ScriptRunner._run_script

    def run_afterwards(runner: ScriptRunner, *data: Any) -> None:
        ahead.join()
        run_script(runner, *data)

    ScriptRunner._run_script = run_afterwards  # type: ignore[assignment, method-assign]


def put_gate() -> None:
    """Have every request pass the gate first."""
    usual = starlette_app.create_streamlit_middleware

    def with_gate() -> list[Middleware]:
        return [Middleware(Gate, names=names_of_server()), *usual()]

    starlette_app.create_streamlit_middleware = with_gate


if __name__ == "__main__":
    put_gate()
    net_util.get_external_ip = no_address
    importing = threading.Thread(target=import_ahead, daemon=True)
    importing.start()
    hold_pages(importing)
    cli.main(prog_name="streamlit")
