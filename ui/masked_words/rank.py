"""Which sentence is better: pseudo-log-likelihood of a list, or of pairs."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.figures.labels import percent
from bert_core.figures.next_sentence import change_bars
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.minimal_pairs import (
    PairComparison,
    compare_pairs,
    read_pairs,
    summarise_pairs,
)
from bert_core.masked_words.scores import (
    MEASURES,
    METHODS,
    Measure,
    Method,
    SentenceScore,
    rank,
)
from bert_core.model.tokenization import Encoding
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from bert_core.texts.lists import ParsedList, read_lines
from ui import charts, markup
from ui.jobs import ask_button, asked_for, draw_progress, drop_job, say_partly, session_job
from ui.masked_words.answer import Answer
from ui.page import Page
from ui.sources import read_source, source_now
from ui.switches import draw_switch
from ui.words import masked_words_studies as words

SLOT = "masked_words.rank"
CHART = "masked_words.share"
LISTED = 20
SHORT = 90


def draw_rank(page: Page, encoding: Encoding, place: int | None) -> Answer | None:
    """The answer first, in the place above the fields that ask for it."""
    answer = st.container()
    what = draw_switch(f"{SLOT}.what", words.RANK_WHAT, words.RANK_WHATS)
    method: Method
    measure: Measure
    left, right = st.columns(2)
    with left:
        method = select(words.METHOD, METHODS, words.METHODS, "method")
    with right:
        measure = select(words.MEASURE, MEASURES, words.MEASURES, "measure")
    parsed = draw_source(what)
    if not parsed.lines:
        return None
    with answer:
        draw = draw_list if what == "list" else draw_pairs
        return draw(page, parsed, method, measure)


def draw_source(what: str) -> ParsedList:
    """The field for sentences or pairs; what was last asked for."""
    label = words.RANK_LIST if what == "list" else words.RANK_PAIRS
    key, example = f"{SLOT}.{what}", example_of(what)
    read_source(key, label, example, words.UPLOAD)
    ask_button(words.SCORE, key, lambda: source_now(key, example))
    if what == "pairs":
        markup.note(words.PAIRS_CARE)
    asked = asked_for(key, example)
    parsed = read_lines(asked) if what == "list" else read_pairs(asked)
    for _, problem in parsed.broken:
        markup.note(problem)
    return parsed


def select(label: str, options: Sequence[Any], names: dict[str, str], key: str) -> Any:
    return st.selectbox(label, options, format_func=lambda one: names[one], key=f"{SLOT}.{key}")


def example_of(what: str) -> str:
    return words.RANK_EXAMPLE if what == "list" else words.PAIRS_EXAMPLE


def draw_list(page: Page, parsed: ParsedList, method: Method, measure: Measure) -> Answer | None:
    texts = tuple(row.fields[0] for row in parsed.lines)
    job: Job[SentenceScore] = session_job(
        f"{SLOT}.list",
        (page.bert.fingerprint, texts, method),
        len(texts),
        lambda wanted: score_sentences(
            page.bert, texts, method, engine_runner(page.engine, wanted)
        ),
    )
    if not draw_progress(job, f"{SLOT}.list", words.SCORING):
        return None
    say_partly(job, f"{SLOT}.list", lambda: drop_job(f"{SLOT}.list"))
    if not job.results:
        return None
    scores = job.results
    order = rank(scores, measure)
    draw_ranked(page, scores, order, measure)
    numbers = [row.number for row in parsed.lines]
    return Answer(words.RANK_COLUMNS, lambda: list_rows(scores, order, numbers), CHART)


def draw_ranked(
    page: Page, scores: Sequence[SentenceScore], order: Sequence[int], measure: Measure
) -> None:
    best = scores[order[0]]
    if best.by(measure) is None:
        markup.heading(words.NONE_SCORED)
    else:
        text = markup.short(best.encoding.text, 200)
        markup.heading(
            words.BEST.format(text=text),
            words.BEST_QUIET.format(count=len(scores), measure=words.MEASURED[measure]),
        )
    left, right = st.columns([5, 4], gap="large")
    with left:
        rows = [list_row(at, scores[one], measure) for at, one in enumerate(order[:LISTED], 1)]
        markup.figures([("", words.RANK_COLUMNS[2], words.SHORT_MEASURED[measure]), *rows])
    with right:
        draw_shares(page, scores, order)


def list_row(at: int, score: SentenceScore, measure: Measure) -> tuple[str, ...]:
    found = score.by(measure)
    value = "" if found is None else f"{found:.2f}"
    return f"{at}.", markup.short(score.encoding.text, SHORT), value


def draw_shares(page: Page, scores: Sequence[SentenceScore], order: Sequence[int]) -> None:
    """What each token adds to one sentence's score."""
    markup.heading(words.SHARES_OF)
    place = st.selectbox(
        words.SHARES_PICK,
        order,
        format_func=lambda at: markup.short(scores[at].encoding.text, SHORT),
        label_visibility="collapsed",
        key=f"{SLOT}.shares",
    )
    score = scores[place]
    charts.draw(
        change_bars(
            [score.encoding.tokens[at] for at in score.positions],
            score.log_probabilities.tolist(),
            page.colours,
            colour=page.colours.mask,
        ),
        CHART,
        words.SHARES_OF,
        saveable=True,
    )


def list_rows(
    scores: Sequence[SentenceScore], order: Sequence[int], numbers: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    for at, place in enumerate(order, 1):
        one = scores[place]
        yield (
            at,
            numbers[place],
            one.encoding.text,
            one.total,
            one.per_token,
            one.per_word,
            len(one.positions),
            one.words,
        )


def draw_pairs(page: Page, parsed: ParsedList, method: Method, measure: Measure) -> Answer | None:
    pairs = tuple(row.fields for row in parsed.lines)
    job: Job[PairComparison] = session_job(
        f"{SLOT}.pairs",
        (page.bert.fingerprint, pairs, method, measure),
        len(pairs),
        lambda wanted: compare_pairs(
            page.bert, pairs, method, engine_runner(page.engine, wanted), measure
        ),
    )
    if not draw_progress(job, f"{SLOT}.pairs", words.SCORING_PAIRS):
        return None
    say_partly(job, f"{SLOT}.pairs", lambda: drop_job(f"{SLOT}.pairs"))
    found = job.results
    summary = summarise_pairs(found)
    if summary.share is None or summary.low is None or summary.high is None:
        return None
    quiet = words.PAIRS_QUIET if not summary.low <= 0.5 <= summary.high else words.PAIRS_OPEN
    markup.heading(
        words.PAIRS_RESULT.format(better=summary.better, pairs=summary.pairs),
        quiet.format(
            share=percent(summary.share), low=percent(summary.low), high=percent(summary.high)
        ),
    )
    if summary.ties:
        markup.note(words.PAIRS_TIES.format(ties=summary.ties))
    name = words.SHORT_MEASURED[measure]
    heads = tuple(head.format(measure=name) for head in words.PAIRS_HEADS)
    markup.figures([heads, *map(pair_row, found[:LISTED])])
    numbers = [row.number for row in parsed.lines]
    columns = tuple(column.format(measure=name) for column in words.PAIRS_COLUMNS)
    return Answer(columns, lambda: pair_rows(found, numbers))


def pair_row(one: PairComparison) -> tuple[str, ...]:
    difference = one.difference
    mark = "" if difference is None else mark_of(difference)
    value = "" if difference is None else f"{difference:+.2f}"
    texts = (markup.short(side.encoding.text, SHORT) for side in (one.good, one.bad))
    return mark, *texts, value


def mark_of(difference: float) -> str:
    return words.TIE if difference == 0 else words.RIGHT if difference > 0 else words.WRONG


def pair_rows(found: Sequence[PairComparison], numbers: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for one, number in zip(found, numbers, strict=False):
        values = (side.by(one.measure) for side in (one.good, one.bad))
        yield number, one.good.encoding.text, one.bad.encoding.text, *values, one.difference
