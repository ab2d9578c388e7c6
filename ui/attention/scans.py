"""What all heads do over many texts: read once for each model, and shared by all visitors."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bert_core.head_links import BestWeights, best_by_distance
from bert_core.head_measures import HeadMeasures, measure_heads
from bert_core.inference import ATTENTIONS, BertRun
from bert_core.scan import Scan
from bert_core.tokenization import encode
from ui import cached, html
from ui.page import Page
from ui.words import studies as words

Texts = Sequence[tuple[str, str | None]]
POLL_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class TextReading:
    """What is kept of one text: measures of its heads, and the best weight of each two words."""

    measures: HeadMeasures
    links: BestWeights


def read_text(run: BertRun) -> TextReading:
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    return TextReading(
        measure_heads(run.attentions, run.encoding),
        best_by_distance(run.attentions, run.encoding, unit="word"),
    )


def scan_texts(page: Page, texts: Texts) -> "Scan[TextReading]":
    """The scan of these texts by the page's model, which begins if nobody has asked before."""

    def start() -> "Scan[TextReading]":
        encodings = [encode(page.bert, text, pair) for text, pair in texts]
        return Scan(page.engine, encodings, (ATTENTIONS,), read_text)

    return cached.shared_scan((page.bert.fingerprint, tuple(texts)), start)


def draw_progress(scan: "Scan[TextReading]", key: str) -> bool:
    """Whether the scan has ended; until then how far it is, with a way to stop it."""
    if scan.error:
        st.warning(scan.error)
    if scan.finished:
        return True
    poll(scan, key)
    return False


@st.fragment(run_every=POLL_SECONDS)
def poll(scan: "Scan[TextReading]", key: str) -> None:
    if scan.finished:
        st.rerun()
    st.progress(
        scan.done / max(scan.total, 1), words.READING_TEXTS.format(done=scan.done, total=scan.total)
    )
    if st.button(words.STOP, key=f"{key}.stop", type="tertiary"):
        scan.stop()
        html.note(words.STOPPED)
