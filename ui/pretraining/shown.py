"""A run as this page shows it."""

from dataclasses import dataclass
from functools import cached_property

from bert_core.figures.labels import percent
from bert_core.figures.losses import LossCurve
from bert_core.lab import folder as files
from bert_core.lab.folder import Facts, Status
from bert_core.lab.server import Run
from bert_core.lab.settings import LabSettings
from bert_core.lab.snapshot import Snapshot, list_snapshots
from ui import cached
from ui.words import pretraining as words


@dataclass(eq=False)
class ShownRun:
    """A run, as it was when it was read.

    status: how far it was. snapshots: the steps that can be looked at, ascending.
    mark: what sets it apart from another with the same name.
    """

    run: Run
    status: Status
    facts: Facts | None
    snapshots: list[int]
    mark: str = ""

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def settings(self) -> LabSettings:
        return self.run.settings

    @property
    def name(self) -> str:
        """What sets it apart from another."""
        name = words.NAME if self.settings.pairs else words.NAME_ALONE
        return name.format(rate=self.settings.rate) + self.mark

    @cached_property
    def newest(self) -> Snapshot | None:
        return self.at(self.snapshots[-1]) if self.snapshots else None

    def at(self, step: int) -> Snapshot | None:
        """What it knew at the last snapshot up to a step."""
        known = [one for one in self.snapshots if one <= step]
        return _load(str(self.run.folder), known[-1]) if known else None

    def all(self) -> list[Snapshot]:
        """Everything that can be looked at."""
        return [_load(str(self.run.folder), step) for step in self.snapshots]

    @cached_property
    def curve(self) -> LossCurve:
        held_out = [
            (one.step, one.held_out.words_loss, one.held_out.pairs_loss)
            for one in self.all()
            if one.held_out is not None
        ]
        return LossCurve(self.name, files.read_losses(self.run.folder), held_out)

    @property
    def said(self) -> str:
        """How it is going, in one line."""
        before = cached.lab().waiting_before(self.id)
        status = self.status
        return words.STATES[status.state].format(
            step=status.step, steps=status.steps, before=before
        )

    @property
    def right(self) -> str:
        """How good it is by now."""
        newest = self.newest
        if newest is None or newest.held_out is None:
            return ""
        return words.RIGHT.format(right=percent(newest.held_out.first_right))


def read_runs(ids: tuple[str, ...]) -> list[ShownRun]:
    """The runs of these ids that this server has."""
    found = [cached.lab().find(run_id) for run_id in ids]
    runs = [
        ShownRun(
            run,
            run.status,
            files.read_facts(run.folder),
            list_snapshots(run.folder / files.SNAPSHOTS),
        )
        for run in found
        if run is not None
    ]
    if len({run.name for run in runs}) < len(runs):
        for number, run in enumerate(runs, start=1):
            run.mark = f" ({number})"
    return runs


def _load(folder: str, step: int) -> Snapshot:
    return cached.lab_snapshot(folder, step)
