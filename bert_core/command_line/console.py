"""What the command line reads from, writes to, and says beside it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TextIO, cast

from bert_core.texts.lists import BrokenLine, Line

STANDARD = "-"  # in place of a file's name: standard input or output


class Report:
    """What is said on standard error: broken lines, and on a terminal how many lines are read."""

    def __init__(self, file: TextIO, shows_progress: bool) -> None:
        self._file = file
        self._shows_progress = shows_progress
        self.lines = 0
        self.broken = 0

    def count(self, lines: Iterator[Line | BrokenLine]) -> Iterator[Line | BrokenLine]:
        """The same lines, counted as they are read."""
        for line in lines:
            self.lines += 1
            self._show(f"{self.lines:,} lines")
            yield line

    def fetched(self, done: int, total: int) -> None:
        """How much of a model has come."""
        self._show(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB")

    def say(self, sentence: str) -> None:
        """One line, in place of the progress."""
        self._show("")
        print(sentence, file=self._file, flush=True)

    def name_broken(self, line: BrokenLine) -> None:
        """Say what is wrong with a line, and count it."""
        self.broken += 1
        self.say(line.problem)

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *_: object) -> None:
        """Take the progress away, and say how many lines were broken if some were."""
        self._show("")
        if self.broken:
            self.say(f"{self.broken:,} of {self.lines:,} lines have no answer.")

    def _show(self, text: str) -> None:
        if self._shows_progress:
            print(f"\r\x1b[K{text}", end="", file=self._file, flush=True)


@contextmanager
def opened_input(name: str) -> Iterator[BufferedReader]:
    """The bytes of a file, or of standard input."""
    if name == STANDARD:
        yield cast(BufferedReader, sys.stdin.buffer)
    else:
        with Path(name).open("rb") as file:
            yield file


@contextmanager
def opened_output(name: str) -> Iterator[TextIO]:
    """A file or standard output for text, in UTF-8 and with the same line ends on all systems."""
    if name == STANDARD:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        try:
            yield sys.stdout
        finally:
            sys.stdout.flush()
    else:
        with Path(name).open("w", encoding="utf-8", newline="\n") as file:
            yield file


def close_standard_output() -> None:
    """Keeps Python from writing to a closed pipe once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
