"""Where things are, how other programs are run, and what is said when one of them fails."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REASONS = (
    (
        r"No space left|Errno 28|not enough space|os error 28",
        "The disk is full: free some space (the app needs 1.8 GB) and start again.",
    ),
    (
        r"NewConnectionError|NameResolution|Connect ?Timeout|Read ?Timeout|ProxyError"
        r"|Read timed out|Failed to establish|name resolution|getaddrinfo|Network is unreachable"
        r"|Failed to fetch|Connection (refused|reset)|dns error|error sending|tcp connect error",
        "{doing} needs the network and nothing answered: connect this machine (or set the proxy "
        "it needs) and start again; what is done is kept.",
    ),
    (
        r"Permission denied|Errno 13|Read-only file system|Errno 30|Access is denied",
        "{doing} is not allowed to write in {root}: start as a user who is, or copy the folder.",
    ),
    (
        r"ensurepip|No module named '?venv",
        "This Python cannot make a virtual environment: install what it lacks (on Debian and "
        "Ubuntu: sudo apt-get install python3-venv) and start again.",
    ),
)


class StartError(Exception):
    """What kept the start from going on, in one sentence that says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def ask(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a short command out of sight; both its outputs end up in `stdout`."""
    pipe = subprocess.PIPE
    return subprocess.run(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False)


def explain(output: str, doing: str) -> str:
    """Say in one sentence why an installer failed, from what it wrote."""
    for pattern, sentence in REASONS:
        if re.search(pattern, output, re.IGNORECASE):
            return sentence.format(doing=doing, root=ROOT)
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    reason = ([line for line in lines if line.lower().startswith("error")] or lines)[-1][:300]
    return "%s failed (%s): start again, and report it if it comes back." % (doing, reason)


def call(command: "list[str]", doing: str) -> None:
    """Run an installer: its progress stays visible, its complaint becomes one sentence."""
    result = subprocess.run(command, cwd=str(ROOT), stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise StartError(explain(result.stderr, doing))


def run_until_ended(command: "list[str]", env: "dict[str, str]") -> int:
    """Run a child in the foreground; Ctrl-C (or SIGTERM) ends it too, and quietly."""
    child = subprocess.Popen([str(PYTHON), "-m", *command], cwd=str(ROOT), env=env)
    try:
        return child.wait()
    except KeyboardInterrupt:  # a terminal's Ctrl-C has reached the child as well
        for end in (child.terminate, child.kill):
            try:
                child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                end()
        return 130
