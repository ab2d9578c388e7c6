"""What BERT expects at each token of the strip, worked out while somebody reads the page."""

from collections.abc import Collection, Hashable, Sequence

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.masked_words.surprisal import (
    TokenSurprisal,
    WordSurprisal,
    predict_each,
    readout,
    readout_size,
)
from bert_core.model.tokenization import Encoding
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from ui import markup
from ui.components.hints import Hint, token_hints
from ui.default_tokens import text_positions
from ui.jobs import drop_job, session_job
from ui.page import Page
from ui.tail import again_in, wait_for
from ui.words import common
from ui.words import masked_words_studies as words

GUESSES = 5
# Up to here all masks are computed in a moment; above it the page says how far it is.
SHORT = 64
AGAIN_SECONDS = 1.0
SLOT = "masked_words.hints"
POINTED = "masked_words.pointed"  # a stopped reading, and what was pointed at since

Answer = TokenSurprisal | WordSurprisal


def draw_hints(page: Page, encoding: Encoding) -> None:
    """The readout under the strip: the page's tail fills it."""
    if page.bert.has_mlm and text_positions(encoding):
        page.part(lambda: draw_known(page, encoding))
    else:
        drop_job(SLOT)


def reading_of(page: Page, encoding: Encoding) -> Job[Answer]:
    """The job that reads this input, begun if it is new; one for another input ends."""
    asked: Hashable = (
        page.bert.fingerprint,
        encoding.ids,
        encoding.segments,
        encoding.text,
        encoding.pair,
    )
    return session_job(
        SLOT,
        asked,
        readout_size(page.bert, encoding),
        lambda wanted: readout(
            page.bert, encoding, GUESSES, engine_runner(page.engine, wanted, "readout")
        ),
    )


def draw_known(page: Page, encoding: Encoding) -> None:
    """What is known by now: at the end in one message, of a long text all that there is."""
    job = reading_of(page, encoding)
    finished = job.finished  # before its results are read
    is_long = len(encoding) > SHORT
    if job.error:
        markup.note(job.error)
    results = job.results if finished or is_long else ()
    tokens = [one for one in results if isinstance(one, TokenSurprisal)]
    scored = [one for one in results if isinstance(one, WordSurprisal)]
    total = len(text_positions(encoding))
    stopped = finished and len(tokens) < total
    if stopped:
        tokens += answer_pointed(page, encoding, job, {one.position for one in tokens})
    reading = words.READING.format(done=len(tokens), total=total)
    left, right = st.columns([8, 1], vertical_alignment="center")
    with left:
        token_hints(
            encoding,
            key=SLOT,
            label=words.HINTS,
            hints=hints_of(encoding, tokens, scored),
            bars={one.positions: one.total for one in scored},
            idle=reading if is_long and not finished else idle_line(scored),
            pending=words.PENDING,
            whole=finished,
            on_want=(lambda at: want(job, at)) if stopped else None,
        )
    if finished:
        return
    wait_for(job, lambda: None)
    if is_long:
        again_in(AGAIN_SECONDS)
        right.button(common.STOP, key=f"{SLOT}.stop", type="tertiary", on_click=job.stop)


def want(job: Job[Answer], position: int) -> None:
    """Somebody points at a token that was not reached before the reading was stopped."""
    held = st.session_state.get(POINTED)
    answers: dict[int, TokenSurprisal | None] = (
        held[1] if held is not None and held[0] is job else {}
    )
    st.session_state[POINTED] = (job, {position: None, **answers})


def answer_pointed(
    page: Page, encoding: Encoding, job: Job[Answer], known: Collection[int]
) -> list[TokenSurprisal]:
    """What is expected at the tokens that were pointed at after a stop."""
    held = st.session_state.get(POINTED)
    if held is None or held[0] is not job:
        return []
    answers: dict[int, TokenSurprisal | None] = held[1]
    asked = [at for at, found in answers.items() if found is None and at not in known]
    if asked:
        for one in predict_each(page.bert, encoding, GUESSES, asked, page.ask):
            answers[one.position] = one
    return [one for one in answers.values() if one is not None]


def hints_of(
    encoding: Encoding, tokens: Sequence[TokenSurprisal], scored: Sequence[WordSurprisal]
) -> dict[int, Hint]:
    """What the readout says at each token that is known."""
    totals = {at: word for word in scored for at in word.positions}
    return {one.position: _hint(encoding, one, totals.get(one.position)) for one in tokens}


def _hint(encoding: Encoding, one: TokenSurprisal, word: WordSurprisal | None) -> Hint:
    found = one.prediction
    guesses = [
        (piece, float(share))
        for piece, share in zip(found.pieces, found.probabilities, strict=True)
    ]
    if one.bits is None or found.original_probability is None:
        return Hint(guesses, words.TYPED)
    several = word is not None and len(word.positions) > 1
    template = words.WRITTEN_WORD if several else words.WRITTEN
    written = template.format(
        word=found.original,
        share=percent(found.original_probability),
        rank=found.original_rank,
        bits=word.total if several and word is not None else one.bits,
    )
    return Hint(guesses, written)


def idle_line(scored: Sequence[WordSurprisal]) -> str:
    if not scored:
        return words.NOTHING_YET
    most = max(scored, key=lambda word: word.total)
    return words.IDLE.format(word=markup.short(most.surface, 30), bits=most.total)
