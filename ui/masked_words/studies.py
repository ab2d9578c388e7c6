"""The questions of the page, one open at a time: its answer takes the place of the guesses."""

from bert_core.exports.prediction_snippets import masked_words_snippet
from bert_core.model.tokenization import Encoding
from ui.choices.masked_words import MaskedWordsChoices
from ui.masked_words.answer import Answer
from ui.masked_words.blank import draw_blank
from ui.masked_words.calibration import draw_calibration
from ui.masked_words.joint import draw_joint
from ui.masked_words.layers import draw_layers
from ui.masked_words.predictions import draw_predictions
from ui.masked_words.rank import draw_rank
from ui.masked_words.targets import draw_targets
from ui.masked_words.training import draw_training
from ui.page import Page, sentence_on_failure
from ui.takeaway import Download, draw_foot
from ui.words import masked_words as words
from ui.words import masked_words_how as how_words

STUDY = {
    "none": draw_predictions,
    "layers": draw_layers,
    "joint": draw_joint,
    "blank": draw_blank,
    "rank": draw_rank,
    "targets": draw_targets,
    "training": draw_training,
    "calibration": draw_calibration,
}
NOTHING = Answer((), lambda: ())


def draw_open_tab(page: Page, encoding: Encoding, place: int | None) -> None:
    """The answer to the open question, and one foot for it.

    `encoding` has the masks of the page; `place` is the token whose guesses are listed.
    """
    study = page.view.chosen(MaskedWordsChoices).mlm
    answer = None
    with sentence_on_failure():
        answer = STUDY[study](page, encoding, place)
    found = answer or NOTHING
    more: list[Download] = []
    if study == "none":
        code = words.PYTHON, "py", "text/x-python", lambda: program(page, encoding)
        more.append(code)
    draw_foot(
        page,
        found.columns,
        found.rows,
        how_words.HOW[study],
        more,
        found.chart,
        study="" if study == "none" else study,
    )


def program(page: Page, encoding: Encoding) -> bytes:
    """Code that gets the guesses behind the masks again."""
    guesses = page.view.chosen(MaskedWordsChoices).guesses
    return masked_words_snippet(page.bert.name, encoding, guesses).encode()
