"""What all heads do over many texts: read once for each model, and shared by all visitors."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bert_core.attention.links import BestWeights, best_by_distance
from bert_core.attention.measures import HeadMeasures, measure_heads
from bert_core.model.inference import ATTENTIONS, Asked, BertRun
from bert_core.model.tokenization import encode
from bert_core.serving.scan import Scan
from ui.jobs import draw_progress, forget_scan, say_partly, session_scan
from ui.page import Page
from ui.words import attention_studies as words

Texts = Sequence[tuple[str, str | None]]
Reading = TypeVar("Reading")


def read_measures(run: BertRun) -> HeadMeasures:
    """What each head does in one text."""
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    return measure_heads(run.attentions, run.encoding)


def read_links(run: BertRun) -> BestWeights:
    """The best head's weight of each two words of one text."""
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    return best_by_distance(run.attentions, run.encoding, unit="word")


def read_texts(
    page: Page, texts: Texts, key: str, read: Callable[[BertRun], Reading]
) -> tuple[Reading, ...]:
    """What `read` says of each of these texts, once no more will come; until then how far it is.

    Where it was stopped or failed, that is said, and it can be started again.
    """
    slot = f"{key}.scan"
    scan = _scan_texts(page, texts, slot, read)
    if not draw_progress(scan, key, words.READING_TEXTS):
        return ()
    say_partly(scan, key, lambda: forget_scan(slot))
    return scan.results


def _scan_texts(
    page: Page, texts: Texts, slot: str, read: Callable[[BertRun], Reading]
) -> Scan[Reading]:
    """The scan of these texts by the page's model, which begins if nobody has asked before."""

    def start() -> Scan[Reading]:
        asked = [Asked(encode(page.bert, text, pair), {ATTENTIONS}) for text, pair in texts]
        return Scan(page.engine, asked, read)

    return session_scan(slot, (slot, page.bert.fingerprint, tuple(texts)), start)
