"""What is chosen on the page Pretraining."""

from dataclasses import dataclass

from bert_core.lab.folder import RUN_ID
from ui.link import names, one_of

MOST_RUNS = 2
TABS = ("learning", "looks", "scale", "compare")


@dataclass(frozen=True)
class PretrainingChoices:
    """runs: ids of the runs of the lab that are looked at, two at most. lab: the open tab."""

    runs: tuple[str, ...] = names(MOST_RUNS, RUN_ID.fullmatch)
    lab: str = one_of(*TABS)
