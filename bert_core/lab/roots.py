"""Where servers keep the runs of their labs: a folder each, held while the server lives."""

import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, LOCK = "bert-lens-lab-", "server.lock"
YOUNG_SECONDS = 10.0  # a folder that was just made may not be held yet

_held: list[FileLock] = []


def make_root() -> Path:
    """A folder for this server; those of servers that died are deleted."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _remove_dead(folder)
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(root / LOCK)
    lock.acquire()
    _held.append(lock)  # the system lets go of it where this process dies
    return root


def _remove_dead(folder: Path) -> None:
    try:
        if folder.is_symlink() or time.time() - folder.stat().st_mtime < YOUNG_SECONDS:
            return
        with FileLock(folder / LOCK, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except (OSError, Timeout):  # it is held, or somebody else's
        return
