"""Answers written one after another, as CSV (RFC 4180) or JSON Lines (https://jsonlines.org)."""

import csv
import json
import time
from typing import NamedTuple, TextIO

from bert_core.texts.cells import cell

FORMATS = ("csv", "jsonl")
FLUSH_SECONDS = 1.0  # until what is written can be seen by others


class RecordWriter:
    """Writes records of one kind to an open text file; their fields are the columns.

    Numbers are written with all their digits, so that what is read back is the same. In CSV None is
    an empty field, and text that begins like a formula has an apostrophe before it.
    """

    def __init__(self, file: TextIO, kind: type[NamedTuple], form: str) -> None:
        self._file = file
        self._kind = kind
        self._rows = csv.writer(file, lineterminator="\n") if form == "csv" else None
        self._flushed = time.monotonic()
        self.written = 0

    def write(self, record: NamedTuple) -> None:
        """Write one, after the header if it is the first."""
        if not self.written:
            self.write_header()
        self.written += 1
        fields = record._asdict()
        if self._rows is None:
            self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        else:
            self._rows.writerow(map(cell, fields.values()))
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self._file.flush()
            self._flushed = time.monotonic()

    def write_header(self) -> None:
        """Write the names of the columns; `write` does so unless nothing is written."""
        if self._rows is not None:
            self._rows.writerow(self._kind._fields)
