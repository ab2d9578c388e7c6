"""The sidebar: the way to each page, and the model that speaks."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from threading import current_thread

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from bert_core.errors import ModelError
from bert_core.model.bert import Bert
from bert_core.model.checkpoints import EMBEDDED, EMBEDDED_FOLDER, Progress
from bert_core.model.inference import BertRun
from bert_core.serving.engine import Engine
from ui import address, cached, markup, state
from ui.contents import CONTENTS
from ui.revisions import revised
from ui.settings import settings
from ui.view import LONGEST_MODEL, View
from ui.words import common as words

PICKER = "model_picker"
FIELD = "model_field"
FAILED = "model_failed"


def draw_navigation(page: str, view: View) -> DeltaGenerator:
    """Links to all pages, each with the state carried along; returns the place for the status."""
    query = None if address.link_is_too_long() else view.to_query()
    st.html(f"<p class='bl-brand'>{escape(words.BRAND)}</p>")
    for group, pages in groupby(CONTENTS, key=lambda one: one.group):
        if group:
            st.html(f"<p class='bl-group'>{escape(group)}</p>")
        for one in pages:
            st.page_link(one.path, label=one.label, query_params=query)
    st.divider()
    status = st.empty()
    _draw_picker(page, view)
    return status


def draw_status(place: DeltaGenerator, bert: Bert, run: BertRun | None) -> None:
    """Which model speaks, on what, and how long the forward pass took."""
    embedded = bert.name == EMBEDDED
    rows = [f"<strong>{escape(bert.name)} · {bert.layers} × {bert.heads}</strong>"]
    rows += [escape(words.EMBEDDED_NOTE)] if embedded else []
    rows += [words.NO_MLM] if not bert.has_mlm else []
    rows += [words.NO_NSP] if not bert.has_nsp else []
    rows += [escape(unused_line(bert.unused))] if bert.unused else []
    if run is None:
        rows.append(escape(str(bert.device)))
    else:
        rows.append(
            escape(
                words.RAN.format(
                    device=bert.device, tokens=len(run.encoding), milliseconds=run.seconds * 1000
                )
            )
        )
    place.html(f"<p class='bl-model'>{'<br>'.join(rows).replace('</strong><br>', '</strong>')}</p>")


def unused_line(names: Sequence[str]) -> str:
    """What of a checkpoint is not read."""
    line = words.UNUSED_ONE if len(names) == 1 else words.UNUSED
    return line.format(count=len(names), name=names[0])


def open_engine(view: View) -> Engine:
    """The engine of the view's model; where it cannot be had, why, and the embedded one."""
    if view.model == EMBEDDED:
        return cached.get_engine(EMBEDDED)
    failed = st.session_state.get(FAILED, ("", ""))
    try:
        if failed[0] == view.model:  # not tried again on each run: the hub may keep silent for long
            raise ModelError(failed[1])
        if not settings().allows(view.model):
            raise ModelError(words.NOT_ALLOWED.format(model=view.model[:80]))
        model = markup.escape_markdown(view.model[:80])
        with st.spinner(words.LOADING.format(model=model)):
            return cached.get_engine(view.model, _progress_line(view.model))
    except ModelError as error:
        st.session_state[FAILED] = (view.model, str(error))
        markup.error(f"{error} {words.FALLBACK}")
        return cached.get_engine(EMBEDDED)


def _draw_picker(page: str, view: View) -> None:
    with st.popover(words.CHANGE_MODEL, type="tertiary"):
        limits = settings()
        options = [EMBEDDED, *(limits.named_models or cached.known_checkpoints())]
        if view.model not in options and limits.allows(view.model):
            options.append(view.model)
        shown = view.model if view.model in options else EMBEDDED
        picker = revised(f"{page}.{PICKER}", shown, _take_model, argument="index", options=options)
        st.selectbox(words.MODEL, options, **picker)
        if limits.other_models and not limits.named_models:
            key = f"{page}.{FIELD}"
            st.text_input(
                words.OTHER_MODEL,
                key=key,
                max_chars=LONGEST_MODEL,
                help=words.OTHER_MODEL_HELP,
                on_change=lambda: _take_model(st.session_state[key]),
            )
    if view.model == EMBEDDED:
        with st.popover(words.CARD, type="tertiary"):
            st.markdown(_card())


def _take_model(typed: str) -> None:
    source = typed.strip()
    st.session_state.pop(FAILED, None)
    view = state.view()
    if source and source != view.model:
        if view.masked:
            state.notice(words.MODEL_CHANGED)
        state.take_model(source)


def _card() -> str:
    """The model card, without the header that is meant for machines."""
    text = (EMBEDDED_FOLDER / "README.md").read_text(encoding="utf-8")
    return text.split("---\n", 2)[-1].replace("\n# ", "\n#### ").replace("\n## ", "\n##### ")


def _progress_line(model: str) -> Progress:
    """A progress bar that the threads of a download may move."""
    line = st.empty()
    context = get_script_run_ctx()
    name = markup.escape_markdown(model)

    def show(done: int, total: int) -> None:
        if total:
            add_script_run_ctx(current_thread(), context)
            line.progress(
                min(done / total, 1.0),
                words.FETCHING.format(model=name, done=done // 10**6, total=total // 10**6),
            )

    return show
