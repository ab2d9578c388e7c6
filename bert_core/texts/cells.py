"""Cells of CSV that spreadsheets show as text, and never run.

A cell that begins with one of these is a formula to a spreadsheet, which may ask other hosts
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from typing import Any

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """`value` as it is written: text that begins like a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
