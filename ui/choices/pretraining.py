"""What is chosen on the page Pretraining."""

from dataclasses import dataclass

from bert_core.lab.folder import RUN_ID
from ui.link import names

MOST_RUNS = 2


@dataclass(frozen=True)
class PretrainingChoices:
    """runs: ids of the runs of the lab that are looked at, two at most."""

    runs: tuple[str, ...] = names(MOST_RUNS, RUN_ID.fullmatch)
