"""A cache of runs that is bounded in bytes, for the Engine, which holds the lock."""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import replace

from bert_core.model.bert import Bert
from bert_core.model.inference import AT_MASKS, ATTENTIONS, HIDDEN_STATES, Asked, BertRun

# Everything that the numbers of a run depend on.
RunKey = tuple[str, Hashable, bool]


def run_key(bert: Bert, asked: Asked) -> RunKey:
    """What equal inputs share; a run of the states at masks only is never joined with others."""
    return bert.fingerprint, asked.numbers, AT_MASKS in asked.keep


def trim_run(run: BertRun, keep: Collection[str]) -> BertRun:
    """`run` without the parts that `keep` does not name; the arrays are shared, not copied."""
    return replace(
        run,
        attentions=run.attentions if ATTENTIONS in keep else None,
        hidden_states=run.hidden_states if HIDDEN_STATES in keep else None,
    )


class RunCache:
    """The runs that were asked for last, in at most `max_bytes` of arrays.

    Not safe for threads: its owner holds a lock.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._runs: OrderedDict[RunKey, BertRun] = OrderedDict()

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, key: RunKey, keep: Collection[str]) -> BertRun | None:
        """The run of `key` if it has all that `keep` names, perhaps with more."""
        run = self._runs.get(key)
        if run is None or not run.kept.issuperset(keep):
            return None
        self._runs.move_to_end(key)
        return run

    def put(self, key: RunKey, run: BertRun) -> None:
        """Hold `run`, with the parts that an earlier run of the same input had and it has not."""
        known = self._runs.get(key)
        if known is not None:
            run = replace(
                run,
                attentions=known.attentions if run.attentions is None else run.attentions,
                hidden_states=known.hidden_states
                if run.hidden_states is None
                else run.hidden_states,
            )
        if run.bytes > self.max_bytes:
            return
        self._remove(key)
        while self.bytes + run.bytes > self.max_bytes:
            self._remove(next(iter(self._runs)))
        self._runs[key] = run
        self.bytes += run.bytes

    def clear(self) -> None:
        self._runs.clear()
        self.bytes = 0

    def _remove(self, key: RunKey) -> None:
        run = self._runs.pop(key, None)
        if run is not None:
            self.bytes -= run.bytes
