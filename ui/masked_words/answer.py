"""What a tab of the page has found, for the foot below it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Numbers to take away.

    columns, rows: as a table; the rows are made when somebody asks. chart: the key of the figure
    that is saved as a picture.
    """

    columns: Sequence[str]
    rows: Callable[[], Iterable[Sequence[Any]]]
    chart: str | None = None
