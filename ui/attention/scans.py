"""What all heads do over many texts: read once for each model, and shared by all visitors."""

from collections.abc import Sequence
from dataclasses import dataclass

from bert_core.attention.links import BestWeights, best_by_distance
from bert_core.attention.measures import HeadMeasures, measure_heads
from bert_core.model.inference import ATTENTIONS, Asked, BertRun
from bert_core.model.tokenization import encode
from bert_core.serving.scan import Scan
from ui.jobs import draw_progress, forget_scan, say_partly, session_scan
from ui.page import Page
from ui.words import attention_studies as words

Texts = Sequence[tuple[str, str | None]]
SLOT = "attention.scan"


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


def read_texts(page: Page, texts: Texts, key: str) -> tuple[TextReading, ...]:
    """What was read of these texts, once no more will come; until then how far it is.

    Where it was stopped or failed, that is said, and it can be started again.
    """
    scan = scan_texts(page, texts)
    if not draw_progress(scan, key, words.READING_TEXTS):
        return ()
    say_partly(scan, key, lambda: forget_scan(SLOT))
    return scan.results


def scan_texts(page: Page, texts: Texts) -> "Scan[TextReading]":
    """The scan of these texts by the page's model, which begins if nobody has asked before."""

    def start() -> "Scan[TextReading]":
        asked = [Asked(encode(page.bert, text, pair), {ATTENTIONS}) for text, pair in texts]
        return Scan(page.engine, asked, read_text)

    return session_scan(SLOT, (page.bert.fingerprint, tuple(texts)), start)
