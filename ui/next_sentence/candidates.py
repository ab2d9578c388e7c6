"""A list of possible second sentences, scored and ranked."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.next_sentence.candidates import PairScore, is_read, rank_candidates, score_candidates
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from bert_core.texts.lists import BrokenLine, ParsedList, read_lines
from ui import charts, markup, state
from ui.jobs import draw_progress, drop_job, say_partly, session_job
from ui.next_sentence.parts import signed
from ui.page import Page
from ui.sources import read_source
from ui.takeaway import draw_foot
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

SLOT = "next_sentence.candidates"
BARS = f"{SLOT}.bars"
SHOWN = 20
SHORT = 70
LONG = 200
BROKEN_SHOWN = 5


def draw_candidates(page: Page, run: BertRun) -> None:
    """Reads the page's A as typed; works with one sentence too. The answer, then the list."""
    answer, foot = st.container(), st.container()
    default = words.CANDIDATES_FOR.get(page.encoding.text, words.CANDIDATES_ELSE)
    parsed = without_unread(
        page, read_lines(read_source(f"{SLOT}.text", words.CANDIDATES, default, words.UPLOAD))
    )
    draw_broken(parsed)
    if not parsed.lines:
        return
    numbers = [row.number for row in parsed.lines]
    with answer:
        ranked = rank_candidates(scored(page, tuple(row.fields[0] for row in parsed.lines)))
        if ranked:
            draw_ranking(page, ranked)
    with foot:
        draw_foot(
            page,
            words.CANDIDATE_COLUMNS,
            lambda: table_rows(ranked, numbers),
            how_words.HOW["candidates"],
            chart=BARS if ranked else None,
            study="candidates",
        )


def scored(page: Page, candidates: tuple[str, ...]) -> Sequence[PairScore]:
    """The candidates once they are scored; until then how far it is."""
    text = page.encoding.text
    job: Job[PairScore] = session_job(
        SLOT,
        (page.bert.fingerprint, text, candidates),
        len(candidates),
        lambda wanted: score_candidates(
            page.bert, text, candidates, engine_runner(page.engine, wanted)
        ),
    )
    if not draw_progress(job, SLOT, words.SCORING):
        return ()
    say_partly(job, SLOT, lambda: drop_job(SLOT))
    return job.results


def without_unread(page: Page, parsed: ParsedList) -> ParsedList:
    """The list without the lines of which the model reads nothing; they are broken ones."""
    unread = [row for row in parsed.lines if not is_read(page.bert, row.fields[0])]
    said = [BrokenLine(row.number, words.UNREAD.format(number=row.number)) for row in unread]
    lines = tuple(row for row in parsed.lines if row not in unread)
    return ParsedList(lines, tuple(sorted((*parsed.broken, *said))))


def draw_broken(parsed: ParsedList) -> None:
    """Lines that could not be read, by their numbers."""
    for _, problem in parsed.broken[:BROKEN_SHOWN]:
        markup.note(problem)
    if len(parsed.broken) > BROKEN_SHOWN:
        markup.note(words.MORE_BROKEN.format(count=len(parsed.broken) - BROKEN_SHOWN))


def draw_ranking(page: Page, ranked: Sequence[PairScore]) -> None:
    best, shown = ranked[0], ranked[:SHOWN]
    markup.heading(
        words.BEST.format(text=markup.short(best.candidate, 2 * SHORT)),
        words.BEST_QUIET.format(count=len(ranked), share=percent(best.is_next)),
    )
    left, right = st.columns(2, gap="large")
    with left:
        charts.draw_clickable(
            share_bars(
                [score.candidate for score in shown],
                [score.is_next for score in shown],
                page.colours,
                colour=page.colours.sentence_b,
            ),
            BARS,
            words.BARS,
            [words.PUT_IN.format(candidate=markup.short(one.candidate, LONG)) for one in shown],
            lambda row: put_in(ranked[row]),
        )
    with right:
        markup.figures([words.CANDIDATE_HEADS, *map(ranking_row, range(1, SHOWN + 1), shown)])
    if len(ranked) > SHOWN:
        markup.note(words.NOT_LISTED.format(shown=SHOWN, count=len(ranked)))
    if cut := sum(score.cut for score in ranked):
        markup.note(words.CUT.format(count=cut))
    markup.note(words.CANDIDATES_NOTE)


def put_in(score: PairScore) -> None:
    """Read this candidate as the page's B."""
    view = state.view()
    if view.pair != score.candidate:
        state.remember()
        state.change_text(view.text, score.candidate)


def ranking_row(place: int, score: PairScore) -> tuple[str, ...]:
    return (
        words.PLACE.format(place=place),
        markup.short(score.candidate, SHORT),
        percent(score.is_next),
        signed(score.difference),
    )


def table_rows(ranked: Sequence[PairScore], numbers: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """numbers: of the line that each candidate stands on, by its index."""
    for place, score in enumerate(ranked, start=1):
        yield (
            place,
            numbers[score.index],
            score.candidate,
            score.is_next,
            score.is_next_logit,
            score.not_next_logit,
            score.difference,
            score.cut,
        )
