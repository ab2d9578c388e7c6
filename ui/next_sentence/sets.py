"""What the head says to the bundled pairs, measured once a session for each model."""

from collections.abc import Sequence

from bert_core.next_sentence.neighbours import KINDS, SetShare, bundled_texts, called_next
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from ui import markup
from ui.jobs import ask_button, asked_for, draw_progress, drop_job, say_partly, session_job
from ui.page import Page
from ui.words import next_sentence_studies as words

SETS = "next_sentence.test.sets"


def measured_sets(page: Page) -> Sequence[SetShare]:
    """The sets as far as they are measured; draws the button that begins, or the progress."""
    slot = f"{SETS}.{page.bert.fingerprint}"
    if not asked_for(slot):
        texts = bundled_texts()
        pairs = len(KINDS) * sum(len(text.sentences) - 1 for text in texts)
        markup.note(words.SETS_ASK.format(pairs=pairs, texts=len(texts)))
        ask_button(words.SETS_START, slot, lambda: True)
        return ()
    job: Job[SetShare] = session_job(
        slot,
        page.bert.fingerprint,
        len(KINDS),
        lambda wanted: called_next(page.bert, engine_runner(page.engine, wanted)),
    )
    if not draw_progress(job, SETS, words.SETS_RUNNING):
        return ()
    say_partly(job, slot, lambda: drop_job(slot))
    return job.results
