"""The tabs under the strip: the answer, and questions about it, one open at a time."""

from bert_core.model.inference import BertRun
from ui import markup
from ui.choices.next_sentence import NextSentenceChoices
from ui.next_sentence.answer import draw_answer
from ui.next_sentence.candidates import draw_candidates
from ui.next_sentence.layers import draw_layers
from ui.next_sentence.layout import draw_layout
from ui.next_sentence.order import draw_order
from ui.next_sentence.topic import draw_topic
from ui.next_sentence.why import draw_why
from ui.page import Page
from ui.words import next_sentence_studies as words

STUDY = {
    "candidates": draw_candidates,
    "order": draw_order,
    "why": draw_why,
    "test": draw_topic,
    "layers": draw_layers,
    "layout": draw_layout,
}
# Those that read sentences of their own besides the page's.
NEED_NO_PAIR = ("candidates", "order")


def draw_open_tab(page: Page, run: BertRun, typed: BertRun) -> None:
    """run: of the pair with its masks. typed: of the pair as it was typed."""
    study = page.view.chosen(NextSentenceChoices).nsp
    if study not in STUDY:
        draw_answer(page, run, typed)
    elif not page.bert.has_nsp:
        markup.note(words.NEEDS_HEAD)
    elif not run.encoding.has_pair and study not in NEED_NO_PAIR:
        markup.note(words.NEEDS_PAIR)
    else:
        STUDY[study](page, run)
