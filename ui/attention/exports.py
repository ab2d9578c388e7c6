"""What can be taken away from the attention page besides its table and its link."""

from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.exports.attention import all_heads_html, one_head_html, to_npz
from bert_core.exports.snippets import lens_snippet, transformers_snippet
from bert_core.model.inference import BertRun
from ui.attention.maps import PLOTLY_TOKENS
from ui.choices.attention import AttentionChoices
from ui.page import Page
from ui.takeaway import Download
from ui.words import attention as words


def downloads(page: Page, run: BertRun) -> tuple[Download, ...]:
    """Arrays, self-contained pages, and programs that get the same numbers."""
    return (
        (
            words.NPZ,
            "npz",
            "application/octet-stream",
            lambda: to_npz(run, model=page.bert.name),
        ),
        (words.HTML_ONE, "head.html", "text/html", lambda: head_page(page, run)),
        (words.HTML_ALL, "heads.html", "text/html", lambda: heads_page(page, run)),
        (words.PYTHON, "py", "text/x-python", lambda: programs(page, run)),
    )


def picture_of(page: Page, shown: AttentionMap) -> str | None:
    """The plotly figure that is open; canvases save themselves."""
    reading = page.view.chosen(AttentionChoices).reading
    if reading == "qk":
        return "attention.qk"
    small = len(shown.tokens) <= PLOTLY_TOKENS
    return "attention.map" if reading == "map" and small else None


def head_page(page: Page, run: BertRun) -> bytes:
    if run.attentions is None:
        return b""
    shown = read_attention(run.attentions, run.encoding.tokens, page.layer, page.head)
    return one_head_html(shown, run.encoding, model=page.bert.name).encode()


def heads_page(page: Page, run: BertRun) -> bytes:
    if run.attentions is None:
        return b""
    return all_heads_html(
        run.attentions, run.encoding, model=page.bert.name, layer=page.layer, head=page.head
    ).encode()


def programs(page: Page, run: BertRun) -> bytes:
    """One with this library, one with transformers alone."""
    given = (page.bert.name, run.encoding, page.layer, page.head)
    return f"{lens_snippet(*given)}\n\n{transformers_snippet(*given)}".encode()
