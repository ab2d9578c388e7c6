"""The order of a paragraph's sentences, as the head would have it, beside the true one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st

from bert_core.figures.labels import percent
from bert_core.figures.next_sentence import pair_heatmap
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import MAX_CHARACTERS
from bert_core.next_sentence.candidates import PairScore, score_pairs
from bert_core.next_sentence.order import (
    BestOrder,
    PairMatrix,
    Paragraph,
    all_pairs,
    as_matrix,
    best_order,
    split_paragraph,
)
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from ui import charts, markup
from ui.jobs import draw_progress, drop_job, say_partly, session_job
from ui.next_sentence.parts import signed
from ui.page import Page
from ui.sources import text_field
from ui.takeaway import draw_foot
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

SLOT = "next_sentence.order"
CHART = f"{SLOT}.matrix"
SHORT = 90


def draw_order(page: Page, run: BertRun) -> None:
    """Reads a paragraph of its own, so that it works with one sentence too; the answer first."""
    place, foot = st.container(), st.container()
    text = text_field(
        "next_sentence.order.text",
        words.PARAGRAPH,
        words.PARAGRAPH_EXAMPLE,
        height=130,
        most=MAX_CHARACTERS,
    )
    paragraph = split_paragraph(text)
    draw_unread(paragraph)
    with place:
        found = ordered(page, paragraph.sentences)
        if found is None:
            return
        matrix, best = found
        draw_matrix(page, matrix, best)
    with foot:
        draw_foot(
            page,
            words.ORDER_COLUMNS,
            lambda: table_rows(matrix, best),
            how_words.HOW["order"],
            chart=CHART,
            study="order",
        )


def ordered(page: Page, sentences: Sequence[str]) -> tuple[PairMatrix, BestOrder | None] | None:
    """All pairs, and the best order if every pair was scored; None until the scoring has ended."""
    pairs = all_pairs(sentences)
    job: Job[PairScore] = session_job(
        SLOT,
        (page.bert.fingerprint, sentences),
        len(pairs),
        lambda wanted: score_pairs(page.bert, pairs, engine_runner(page.engine, wanted)),
    )
    if not draw_progress(job, SLOT, words.SCORING):
        return None
    say_partly(job, SLOT, lambda: drop_job(SLOT))
    if not job.results:
        return None
    matrix = as_matrix(sentences, job.results)
    return matrix, best_order(matrix.log_probabilities) if job.done == job.total else None


def draw_unread(paragraph: Paragraph) -> None:
    if paragraph.left_out:
        read, count = len(paragraph.sentences), len(paragraph.left_out)
        markup.note(words.LEFT_OUT.format(read=read, count=count))
    if paragraph.shortened:
        numbers = ", ".join(str(at + 1) for at in paragraph.shortened)
        markup.note(words.SHORTENED.format(numbers=numbers))


def draw_matrix(page: Page, matrix: PairMatrix, best: BestOrder | None) -> None:
    """best: None where not every pair was scored."""
    markup.heading(*answer(matrix, best))
    left, right = st.columns([2, 3], gap="large")
    with left:
        charts.draw(
            pair_heatmap(
                matrix.is_next,
                matrix.sentences,
                page.colours,
                order=None if best is None else best.order,
            ),
            CHART,
            words.MATRIX,
            saveable=True,
        )
        markup.note(words.MATRIX_NOTE)
    with right:
        if best is not None:
            markup.heading(words.BEST_ORDER, words.ADJACENT_QUIET)
            markup.figures(order_rows(matrix, best.order))
        markup.heading(words.TRUE_ORDER, words.ADJACENT_QUIET)
        markup.figures(order_rows(matrix, range(len(matrix.sentences))))
    markup.note(words.ORDER_NOTE)


def answer(matrix: PairMatrix, best: BestOrder | None) -> tuple[str, str]:
    """The heading, strong and quiet."""
    if best is None:
        done = int(np.isfinite(matrix.is_next).sum())
        total = len(matrix.sentences) * (len(matrix.sentences) - 1)
        return words.ORDER_STOPPED, words.ORDER_STOPPED_QUIET.format(done=done, total=total)
    told = " ".join(str(at + 1) for at in best.order)
    is_true = best.order == tuple(range(len(best.order)))
    place = ""
    if best.true_rank is not None:
        place = words.ORDER_PLACE.format(rank=best.true_rank, orders=f"{best.orders:,}")
    quiet = words.ORDER_QUIET.format(
        score=signed(best.score), true=signed(best.true_score), place=place, tau=signed(best.tau)
    )
    return words.ORDER_TRUE if is_true else words.ORDER.format(order=told), quiet


def order_rows(matrix: PairMatrix, order: Sequence[int]) -> list[tuple[str, ...]]:
    """Number, sentence, and how probable it is that the next one follows."""
    follows = [matrix.is_next[step] for step in pairwise(order)]
    shares = ["" if np.isnan(share) else percent(float(share)) for share in follows]
    return [
        (str(at + 1), markup.short(matrix.sentences[at], SHORT), share)
        for at, share in zip(order, [*shares, ""], strict=True)
    ]


def table_rows(matrix: PairMatrix, best: BestOrder | None) -> Iterator[tuple[Any, ...]]:
    """Every pair that was scored; sentences count from 1."""
    steps = set() if best is None else set(pairwise(best.order))
    for first, second in np.argwhere(np.isfinite(matrix.is_next)).tolist():
        yield (
            first + 1,
            second + 1,
            matrix.sentences[first],
            matrix.sentences[second],
            float(matrix.is_next[first, second]),
            float(matrix.is_next_logits[first, second]),
            float(matrix.not_next_logits[first, second]),
            second == first + 1,
            (first, second) in steps,
        )
