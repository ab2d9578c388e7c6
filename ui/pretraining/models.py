"""What was trained: opened on the other pages, taken away, and brought back."""

import streamlit as st

from bert_core.lab import folder as files
from bert_core.lab.archive import pack_model
from bert_core.lab.server import model_source
from ui import cached, state
from ui.pretraining.shown import ShownRun
from ui.words import pretraining as words

BRING = "pretraining.bring"


def draw_model(run: ShownRun) -> None:
    """The newest model that a run kept: to open, and as a file."""
    step = run.status.models[-1]
    st.button(
        words.OPEN,
        key=f"pretraining.open.{run.id}",
        type="tertiary",
        on_click=open_model,
        args=(model_source(run.id, step), words.OPEN_DONE),
    )
    folder = run.run.folder / files.MODELS / f"step-{step}"
    st.download_button(
        words.PACK,
        lambda: pack_model(folder),
        f"bert-lens-lab-step-{step}.zip",
        "application/zip",
        key=f"pretraining.pack.{run.id}",
        on_click="ignore",
        type="tertiary",
    )


def open_model(source: str, said: str) -> None:
    """Have all pages read with a model of the lab."""
    state.take_model(source)
    state.notice(said.format(source=source))


def draw_bring() -> None:
    """A field for a model that was taken away."""
    st.file_uploader(
        words.BRING, type="zip", key=BRING, on_change=state.guarded, args=(_take_brought,)
    )


def _take_brought() -> None:
    upload = st.session_state[BRING]
    if upload is not None:
        open_model(cached.lab().bring(upload.getvalue(), state.session_id()), words.BROUGHT)
