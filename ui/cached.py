"""The only use of Streamlit's caches: what all sessions share."""

import atexit
import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
import torch
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from bert_core.errors import EngineClosedError, ModelNotFoundError
from bert_core.lab.folder import SNAPSHOTS
from bert_core.lab.server import PREFIX as LAB
from bert_core.lab.server import Lab
from bert_core.lab.snapshot import Snapshot, load_snapshot
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import Progress, cached_checkpoints
from bert_core.model.inference import Asked, BertRun
from bert_core.serving.engine import Engine
from bert_core.serving.registry import EngineRegistry
from bert_core.serving.scan import Scan
from ui.settings import settings
from ui.words import common as words

MEGABYTE = 1_000_000
MOST_SCANS = 8
ATTEMPTS = 3


@st.cache_resource(show_spinner=False)
def registry() -> EngineRegistry:
    """The engines of this server, one for each model in use."""
    limits = settings()
    return EngineRegistry(
        limits.memory_mb * MEGABYTE,
        _load_for_good,
        cache_bytes=limits.cache_mb * MEGABYTE,
        max_waiting=limits.waiting,
    )


@st.cache_data(ttl=60, show_spinner=False)
def known_checkpoints() -> list[str]:
    """BERT checkpoints in the local hub cache; looked for once a minute."""
    return cached_checkpoints()


@st.cache_resource(show_spinner=False)
def _scans() -> "OrderedDict[Hashable, Scan[Any]]":
    """Scans under way or done, the one asked for last at the end."""
    return OrderedDict()


def shared_scan(key: Hashable, start: Callable[[], Scan[Any]]) -> Scan[Any]:
    """The scan that somebody started for this key, or a new one; the oldest make room.

    One that was stopped, or failed, is started anew: who looks at it keeps it, see `session_scan`.
    """
    scans = _scans()
    found = scans.pop(key, None)
    if found is None or (found.stopped and found.done < found.total):
        found = start()
    scans[key] = found
    while len(scans) > MOST_SCANS:
        scans.popitem(last=False)[1].stop()
    return found


def _load_for_good(source: str, device: str, **options: Any) -> Bert:
    """Load a model, then tell the garbage collector to leave alone what is there by now.

    torch and transformers bring 400,000 objects that never die; looking through them stops every
    thread for a sixth of a second, and Python would do it again and again.
    """
    if source.startswith(LAB):
        bert = replace(load_bert(str(lab_model(source)), device, **options), name=source)
    else:
        bert = load_bert(source, device, **options)
    gc.collect()
    gc.freeze()
    return bert


@st.cache_resource(show_spinner=False)
def lab() -> Lab:
    """The pretraining lab of this server."""
    made = Lab(settings().lab_runs)
    atexit.register(made.close)
    return made


def lab_model(source: str) -> Path:
    """The folder of a model that was trained in the lab.

    Raises:
        ModelNotFoundError: the lab keeps it no longer.
    """
    folder = lab().model_folder(source)
    if folder is None:
        raise ModelNotFoundError(words.NO_LAB_MODEL)
    return folder


@st.cache_resource(show_spinner=False, max_entries=1_000)
def lab_snapshot(folder: str, step: int) -> Snapshot:
    """What a model of the lab knew at a step; the files of a step never change."""
    return load_snapshot(Path(folder) / SNAPSHOTS, step)


def get_engine(source: str, progress: Progress | None = None) -> Engine:
    """The engine of a model, loaded if need be."""
    limits = settings()
    most = limits.max_parameters * MEGABYTE or None
    return registry().get(source, limits.device, max_parameters=most, progress=progress)


def run_many(engine: Engine, asked: Sequence[Asked]) -> list[BertRun]:
    """Run inputs for the visitor of this script run, who may have clicked on by then."""
    # What is left for the script's own thread is small: a team of threads for it costs more.
    torch.set_num_threads(1)
    for attempt in range(ATTEMPTS):
        try:
            return engine.run_many(asked, still_wanted=_wanted_by_this_run())
        except CancelledError:
            st.stop()
        except EngineClosedError:  # ended as the least used one, between get_engine and here
            if attempt == ATTEMPTS - 1:
                raise
            engine = get_engine(engine.bert.name)
    raise AssertionError("unreachable")


def _wanted_by_this_run() -> Callable[[], bool]:
    """Whether the script run that asks is still the one the browser waits for.

    Streamlit cannot interrupt a run that waits for an answer, but it notes that it wants to.
    """
    context = get_script_run_ctx()
    requests = context.script_requests if context is not None else None
    if requests is None:
        return lambda: True

    return lambda: requests._state is ScriptRequestType.CONTINUE
