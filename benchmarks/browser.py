"""A server of its own, Chromium, and the moment of the last change on a page.

tests/browser/test_app.py starts its server here too.
"""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from launcher.chromium import find_chromium
from launcher.commands import ROOT, StartError
from launcher.serve import app_environment

PAINT_CLOCK = Path(__file__).with_name("paint_clock.js")
EMPTY_APP = "benchmarks/empty_app.py"
FIELD = "Sentence A"
WIDE = {"width": 1440, "height": 1000}
PATIENCE = 60  # seconds until a server or a page that says nothing counts as broken
PROBE = re.compile(r"//[^/]+/[a-z_]+/_stcore/(health|host-config)$")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class BrokenPageError(RuntimeError):
    """The server or a page complained: what was measured would mean nothing."""


@dataclass(frozen=True)
class Server:
    """A running app. started: `time.time()` just before its process was launched."""

    url: str
    process: subprocess.Popen[bytes]
    log_path: Path
    started: float

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def answers(self) -> bool:
        """Whether it takes requests; raises where it has ended.

        Raises:
            BrokenPageError: the process is gone.
        """
        if self.process.poll() is not None:
            raise BrokenPageError(f"The server ended:\n{self.log}")
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def check(self) -> None:
        """Raise BrokenPageError where a page failed on the server."""
        if "Traceback" in self.log:
            raise BrokenPageError(f"The server complained:\n{self.log}")


@contextmanager
def serve(script: str = "app.py", **environment: str) -> Iterator[Server]:
    """Run an app as run.py does, on a free port of this machine; wait until it answers."""
    with TemporaryDirectory() as folder:
        server = _launch(script, Path(folder) / "server.log", environment)
        try:
            deadline = time.monotonic() + PATIENCE
            while not server.answers:
                if time.monotonic() > deadline:
                    raise BrokenPageError(f"The server does not answer:\n{server.log}")
                time.sleep(0.02)
            yield server
        finally:
            _stop(server.process)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium_options() -> dict[str, Any]:
    """What playwright's `chromium.launch` is given.

    Raises:
        StartError: there is no Chromium.
    """
    found = find_chromium()
    if found is None:
        raise StartError("Install Chromium, or name it in BERT_LENS_CHROMIUM.")
    return {"executable_path": found, "args": CHROMIUM_ARGS}


def complaints(page: Any) -> list[str]:
    """Console errors and uncaught exceptions of a playwright page, filled in as they come.

    Streamlit opened at /PAGE first asks /PAGE/_stcore/ whether it is served from there: those two
    answers of 404 are its own way of finding out.
    """
    heard: list[str] = []

    def listen(said: Any) -> None:
        place = said.location.get("url", "")
        if said.type == "error" and not PROBE.search(place):
            heard.append(f"{said.text} ({place})")

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def _launch(script: str, log_path: Path, environment: dict[str, str]) -> Server:
    port = free_port()
    flags = ["--server.headless=true", "--server.address=localhost", f"--server.port={port}"]
    flags.append("--browser.serverAddress=localhost")
    command = [sys.executable, "-m", "launcher.app_server", "run", script, *flags]
    env = {**app_environment("localhost", False), **environment}
    started = time.time()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    return Server(f"http://localhost:{port}", process, log_path, started)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
