"""Next sentence: does B follow A, and what that answer is worth."""

import streamlit as st

from bert_core.exports.prediction_snippets import next_sentence_snippet
from bert_core.figures.bars import split_bar
from bert_core.figures.labels import percent
from bert_core.model.inference import HIDDEN_STATES, Asked, BertRun
from bert_core.next_sentence.score import NextSentenceScore, score_next_sentence
from ui import charts, markup, state
from ui.choices.next_sentence import NextSentenceChoices
from ui.next_sentence.studies import draw_studies
from ui.next_sentence.why import hide
from ui.page import Page, open_page, sentence_on_failure
from ui.takeaway import Download, draw_foot
from ui.words import next_sentence as words
from ui.words import next_sentence_studies as study_words

BAR = "next_sentence.bar"


def main() -> None:
    page = open_page("next_sentence", words.TITLE, words.LEAD)
    masked = page.masked if page.view.with_masks else ()
    encoding = page.masked_encoding(masked)
    # What a question will need comes with the first pass; the engine keeps it.
    chosen = page.view.chosen(NextSentenceChoices)
    keep = (HIDDEN_STATES,) if chosen.nsp == "layers" else ()
    run, typed = page.run(Asked(encoding, keep), Asked(page.encoding))
    page.strip(encoding, words.STRIP, lambda at: hide(page, at), action="mask", whole_words=True)
    left, right = st.columns(2, gap="large")
    with left, sentence_on_failure():
        draw_answer(page, run, typed, len(masked))
    with right:
        markup.heading(words.WHAT)
        for row in words.WHAT_ROWS:
            markup.note(row)
    draw_studies(page, run)
    answered = run.encoding.pair is not None and page.bert.has_nsp
    draw_foot(
        page,
        words.COLUMNS,
        lambda: table_rows(page, run),
        words.HOW,
        more=(program(page, run),) if answered else (),
        chart=BAR if answered else None,
    )
    page.finish()


def program(page: Page, run: BertRun) -> Download:
    """Code that gets the same answer, with this library and without it."""
    return (
        study_words.PYTHON,
        "py",
        "text/x-python",
        lambda: next_sentence_snippet(page.bert.name, run.encoding).encode(),
    )


def swap() -> None:
    view = state.view()
    state.change_text(view.pair, view.text)


def draw_answer(page: Page, run: BertRun, typed: BertRun, hidden: int) -> None:
    if run.encoding.pair is None:
        markup.heading(words.NEEDS_PAIR)
        markup.note(words.TYPE_PAIR)
        return
    score = score_next_sentence(page.bert, run)
    draw_score(page, score)
    if hidden:
        before = percent(score_next_sentence(page.bert, typed).is_next)
        markup.note(words.MASKED_NOTE.format(count=hidden, share=before))
    else:
        markup.note(words.HINT)
    with st.container(horizontal=True, key="next_sentence_links"):
        st.button(words.SWAP, type="tertiary", on_click=swap)
        if state.can_undo():
            st.button(study_words.UNDO, type="tertiary", on_click=state.undo)
        if hidden:
            st.button(
                words.UNMASK, type="tertiary", on_click=state.change, kwargs={"with_masks": False}
            )


def draw_score(page: Page, score: NextSentenceScore) -> None:
    share = percent(score.is_next)
    markup.heading(words.FOLLOWS if score.is_next >= 0.5 else words.NOT_FOLLOWS, words.SAYS)
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


def table_rows(page: Page, run: BertRun) -> list[tuple[str, float, float]]:
    """Both answers; none where the reading has nothing to answer."""
    if run.encoding.pair is None or not page.bert.has_nsp:
        return []
    score = score_next_sentence(page.bert, run)
    return [
        (words.ROWS[0][0], score.is_next, score.is_next_logit),
        (words.ROWS[1][0], score.not_next, score.not_next_logit),
    ]


main()
