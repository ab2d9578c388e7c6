"""What the head says of the pair, and what that is worth: the first tab."""

from collections.abc import Sequence

import streamlit as st

from bert_core.exports.prediction_snippets import next_sentence_snippet
from bert_core.figures.bars import split_bar
from bert_core.figures.labels import percent
from bert_core.model.inference import BertRun
from bert_core.next_sentence.answer import Answer, weigh_answer
from bert_core.next_sentence.neighbours import SetShare
from bert_core.next_sentence.score import NextSentenceScore, score_next_sentence
from ui import charts, markup, state
from ui.components.presses import presses
from ui.next_sentence.sets import measured_sets
from ui.page import Page, sentence_on_failure
from ui.takeaway import Download, draw_foot
from ui.words import next_sentence as words
from ui.words import next_sentence_studies as study_words

BAR = "next_sentence.bar"
LINKS = "next_sentence.links"


def draw_answer(page: Page, run: BertRun, typed: BertRun) -> None:
    """run: of the pair with its masks. typed: of the pair as it was typed."""
    answered = run.encoding.has_pair and page.bert.has_nsp
    if answered:
        place = st.empty()  # what is measured below belongs into the headline
        left, right = st.columns(2, gap="large")
        score = score_next_sentence(page.bert, run)
        with left:
            draw_score(page, score)
            draw_links(page, run, typed)
        with right:
            sets = draw_worth(page)
            draw_what()
        with place:
            markup.heading(*headline(weigh_answer(score, sets)))
    else:
        draw_missing(page, run)
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(page, run),
        words.HOW,
        more=(program(page, run),) if answered else (),
        chart=BAR if answered else None,
    )


def draw_missing(page: Page, run: BertRun) -> None:
    """What has to be done first."""
    left, right = st.columns(2, gap="large")
    with left, sentence_on_failure():
        if run.encoding.pair is None:
            markup.heading(words.NEEDS_PAIR)
            markup.note(words.TYPE_PAIR)
        else:
            score_next_sentence(page.bert, run)  # says what is missing
    with right:
        draw_what()


def draw_what() -> None:
    markup.heading(words.WHAT)
    for row in words.WHAT_ROWS:
        markup.note(row)


def headline(answer: Answer) -> tuple[str, str]:
    """Strong and quiet; where neither answer is twice as probable, nothing is claimed."""
    said = words.FOLLOWS if answer.follows else words.NOT_FOLLOWS
    strong = said if answer.decided else words.UNDECIDED[answer.follows]
    share = percent(answer.probability)
    quiet = words.SAYS.format(share=share)
    if answer.anyway is not None:
        wrong = words.ANYWAY[answer.follows]
        quiet += "; " + wrong.format(share=percent(answer.anyway.value))
    return strong, quiet


def draw_score(page: Page, score: NextSentenceScore) -> None:
    share = percent(score.is_next)
    charts.draw(
        split_bar(score.is_next, page.colours, colour=page.colours.sentence_a),
        BAR,
        words.BAR.format(share=share),
        saveable=True,
    )
    markup.big(share, words.BIG)
    logits = (score.is_next_logit, score.not_next_logit)
    shares = (score.is_next, score.not_next)
    markup.figures(
        [
            (name, percent(probability), words.LOGIT.format(logit=logit), meaning)
            for (name, meaning), probability, logit in zip(words.ROWS, shares, logits, strict=True)
        ]
    )


def draw_links(page: Page, run: BertRun, typed: BertRun) -> None:
    """What was hidden, and the ways back: pressed quickly, each press counts."""
    hidden = len(run.encoding.masked) - len(typed.encoding.masked)
    if hidden:
        before = percent(score_next_sentence(page.bert, typed).is_next)
        markup.note(words.MASKED_NOTE.format(count=hidden, share=before))
    else:
        markup.note(words.HINT)
    shown = [("swap", words.SWAP)]
    if state.can_undo():
        shown.append(("undo", study_words.UNDO))
    if hidden:
        shown.append(("unmask", words.UNMASK))
    presses(LINKS, shown, press_link)


def press_link(name: str) -> None:
    if name == "swap":
        view = state.view()
        state.change_text(view.pair, view.text)
    elif name == "undo":
        state.undo()
    else:
        state.change(with_masks=False)


def draw_worth(page: Page) -> Sequence[SetShare]:
    """How often it says so of pairs whose answer is known, once somebody asks."""
    markup.heading(words.WORTH)
    sets = measured_sets(page)
    if sets:
        shown = [one for one in sets if one.kind in words.WORTH_ROWS]
        markup.figures(
            [
                (
                    words.WORTH_ROWS[one.kind],
                    study_words.CALLED.format(called=one.called, asked=one.pairs),
                    percent(one.share),
                    words.INTERVAL.format(low=percent(one.low), high=percent(one.high)),
                )
                for one in shown
            ]
        )
    return sets


def program(page: Page, run: BertRun) -> Download:
    """Code that gets the same answer, with this library and without it."""
    return (
        study_words.PYTHON,
        "py",
        "text/x-python",
        lambda: next_sentence_snippet(page.bert.name, run.encoding).encode(),
    )


def table_rows(page: Page, run: BertRun) -> list[tuple[str, float, float]]:
    """Both answers; none where the reading has nothing to answer."""
    if not run.encoding.has_pair or not page.bert.has_nsp:
        return []
    score = score_next_sentence(page.bert, run)
    return [
        (words.ROWS[0][0], score.is_next, score.is_next_logit),
        (words.ROWS[1][0], score.not_next, score.not_next_logit),
    ]
