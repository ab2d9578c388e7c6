"""What all benchmarks share: machine, medians, and the table and file that they leave."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import torch
import transformers

RESULTS = Path(__file__).parent / "results"

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Figure:
    """One line of a table: ours beside what it is compared with, and what was aimed at.

    ratio: ours over theirs. at_least, at_most: the aim for the ratio.
    difference: ours less theirs. at_most_over: the aim for the difference.
    limit: the aim for ours alone.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    at_most_over: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def difference(self) -> float:
        return self.ours - self.theirs

    @property
    def met(self) -> bool:
        aims = (
            (self.ours, self.limit),
            (self.ratio, self.at_most),
            (self.difference, self.at_most_over),
            (-self.ratio, None if self.at_least is None else -self.at_least),
        )
        return all(value <= most for value, most in aims if most is not None)

    @property
    def aim(self) -> str:
        aims = (
            (self.at_least, "at least {:g} times"),
            (self.at_most, "at most {:g} times"),
            (self.at_most_over, "at most {:g} more"),
            (self.limit, "at most {:g}"),
        )
        return ", ".join(text.format(value) for value, text in aims if value is not None)


def measure_seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def interleave(
    rounds: int, *measures: Callable[[], Measured], warm_up: int = 1
) -> tuple[list[Measured], ...]:
    """What each of `measures` returned in each round, run in turn, the order reversed every time.

    So whatever else the machine does meanwhile falls on all of them alike.
    """
    taken: tuple[list[Measured], ...] = tuple([] for _ in measures)
    for number in range(-warm_up, rounds):
        order = range(len(measures)) if number % 2 else reversed(range(len(measures)))
        for at in order:
            value = measures[at]()
            if number >= 0:
                taken[at].append(value)
    return taken


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def describe_machine() -> dict[str, Any]:
    """Processor, cores, and the versions that decide the speed."""
    return {
        "cpu": _cpu_name(),
        "cores": _cores(),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


def publish(name: str, title: str, figures: Sequence[Figure], **more: Any) -> None:
    """Print the table and write `benchmarks/results/NAME.json`; `more` goes into the file."""
    machine = describe_machine()
    print(f"\n{title}\n{machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}\n")
    rows = [("", "ours", "compared", "unit", "ratio", "difference", "aim", "")]
    for one in figures:
        verdict = ("met" if one.met else "MISSED") if one.aim else ""
        numbers = (f"{one.ours:.4g}", f"{one.theirs:.4g}", one.unit, f"{one.ratio:.3f}")
        rows.append((one.name, *numbers, f"{one.difference:+.4g}", one.aim, verdict))
    print_table(rows)
    lines = [
        {
            "name": one.name,
            "ours": one.ours,
            "compared": one.theirs,
            "unit": one.unit,
            "ratio": one.ratio,
            "difference": one.difference,
            "aim": one.aim,
            "met": one.met,
        }
        for one in figures
    ]
    RESULTS.mkdir(exist_ok=True)
    content = {"title": title, "figures": lines, "machine": machine, **more}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nwritten: {path.relative_to(RESULTS.parent.parent)}")


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows of text in columns, the first row as heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
