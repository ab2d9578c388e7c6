"""What BERT expects at each token of the strip, worked out while somebody reads the page."""

import threading
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.masked_words.surprisal import (
    TokenSurprisal,
    WordSurprisal,
    predict_each,
    word_surprisals,
)
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding
from bert_core.serving.job import Job
from bert_core.serving.runner import Runner, engine_runner
from ui import markup
from ui.components.hints import Hint, token_hints
from ui.default_tokens import text_positions
from ui.fragments import fragment
from ui.jobs import drop_job, held_job, session_job
from ui.page import Page, sentence_on_failure
from ui.words import common
from ui.words import masked_words_studies as words

AT_ONCE = 16  # masks that run together: what is pointed at meanwhile waits for no more
GUESSES = 5
# Up to here all masks are computed in a moment; above it the page says how far it is.
SHORT = 64
AGAIN_MS = 100
SOON_SECONDS = 0.15
SLOT = "masked_words.hints"
TURNS = "masked_words.turns"


class Turns:
    """The tokens still to be asked about; the one that somebody points at comes first."""

    def __init__(self, positions: Iterable[int]) -> None:
        self._waiting = list(positions)
        self._pointed: set[int] = set()
        self.later: dict[int, TokenSurprisal] = {}  # answered after the rest was stopped
        self._lock = threading.Lock()

    def want(self, position: int) -> None:
        with self._lock:
            self._pointed.add(position)
            if position in self._waiting:
                self._waiting.remove(position)
                self._waiting.insert(0, position)

    def asked(self, known: Collection[int]) -> list[int]:
        """What was pointed at and is not known yet."""
        with self._lock:
            return sorted(self._pointed - set(known))

    def take(self, count: int) -> list[int]:
        with self._lock:
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken


Answer = TokenSurprisal | WordSurprisal


def draw_hints(page: Page, encoding: Encoding) -> None:
    """The readout under the strip. The browser asks for what is in it once the page stands."""
    if page.bert.has_mlm and text_positions(encoding):
        draw_known(page, encoding)
    else:
        drop_job(SLOT)


def go_on(page: Page, encoding: Encoding, turns: Turns) -> None:
    """Begin the job for this input unless it has begun; one for another input ends."""
    job = session_job(
        SLOT,
        asked_of(page, encoding),
        len(text_positions(encoding)) + len(encoding.words),
        lambda wanted: ask_all(page.bert, encoding, turns, engine_runner(page.engine, wanted)),
    )
    job.wait(SOON_SECONDS)


def asked_of(page: Page, encoding: Encoding) -> Hashable:
    bert = page.bert.fingerprint
    return bert, encoding.ids, encoding.segments, encoding.text, encoding.pair


def turns_of(page: Page, encoding: Encoding) -> Turns:
    """The visitor's turns for this input, which outlive the run of the script."""
    asked = asked_of(page, encoding)
    held = st.session_state.get(TURNS)
    if held is None or held[0] != asked:
        st.session_state[TURNS] = held = (asked, Turns(text_positions(encoding)))
    turns: Turns = held[1]
    return turns


def ask_all(bert: Bert, encoding: Encoding, turns: Turns, run: Runner) -> Iterator[Answer]:
    """Every token masked alone, in the order of `turns`; then the words."""
    known: list[TokenSurprisal] = []
    while positions := turns.take(AT_ONCE):
        for one in predict_each(bert, encoding, GUESSES, positions, run):
            known.append(one)
            yield one
    yield from word_surprisals(bert, encoding, run, known)


@fragment()
def draw_known(page: Page, encoding: Encoding) -> None:
    """What is known by now; the browser asks again until that is all."""
    turns = turns_of(page, encoding)
    job: Job[Answer] | None = held_job(SLOT, asked_of(page, encoding))
    finished = job is not None and job.finished  # before its results are read
    if job is not None and job.error:
        markup.note(job.error)
    results = job.results if job is not None else ()
    tokens = [one for one in results if isinstance(one, TokenSurprisal)]
    scored = [one for one in results if isinstance(one, WordSurprisal)]
    if finished and len(tokens) < len(text_positions(encoding)):
        with sentence_on_failure():
            tokens += answer_pointed(page, encoding, turns, {one.position for one in tokens})
    token_hints(
        encoding,
        key=SLOT,
        label=words.HINTS,
        hints=hints_of(encoding, tokens, scored),
        bars={one.positions: one.total for one in scored},
        idle=idle_line(scored),
        pending=words.PENDING,
        again=0 if finished else AGAIN_MS,
        on_again=lambda: go_on(page, encoding, turns),
        on_want=turns.want,
    )
    if job is not None and not finished and len(encoding) > SHORT:
        _draw_progress(job, len(text_positions(encoding)))


def answer_pointed(
    page: Page, encoding: Encoding, turns: Turns, known: Collection[int]
) -> list[TokenSurprisal]:
    """What somebody pointed at after the rest was stopped."""
    asked = turns.asked({*known, *turns.later})
    if asked:
        for one in predict_each(page.bert, encoding, GUESSES, asked, page.ask):
            turns.later[one.position] = one
    return [one for at, one in turns.later.items() if at not in known]


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


def _draw_progress(job: Job[Answer], tokens: int) -> None:
    done = min(job.done, tokens)
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    left.progress(done / tokens, words.READING.format(done=done, total=tokens))
    if right.button(common.STOP, key=f"{SLOT}.stop", type="tertiary"):
        job.stop()
