"""How each word was cut, what was changed before, and what the vocabulary cannot spell."""

from collections.abc import Iterator
from unicodedata import category

import streamlit as st

from bert_core.figures.bars import split_bar
from bert_core.figures.labels import percent
from bert_core.model.cuts import Cuts, count_cuts
from bert_core.model.tokenization import Word
from bert_core.model.wordpiece_trace import (
    WordTrace,
    changed_words,
    dropped_characters,
    trace_word,
)
from ui import charts, markup
from ui.page import Page
from ui.takeaway import draw_foot
from ui.tokenization.tokens import headline as tokens_headline
from ui.tokenization.tokens import table_rows
from ui.words import tokenization as words

MOST_ROWS = 8
UNSEEN = "MC"  # first letters of what cannot be seen by itself: marks, and what controls


def chosen_word(page: Page) -> Word | None:
    """The word that was pressed, or else the one cut into most pieces."""
    pressed = None if page.look is None else page.encoding.word_at(page.look)
    return pressed or max(page.encoding.words, key=lambda word: len(word.positions), default=None)


def draw_cuts(page: Page, word: Word | None) -> None:
    """How the text was cut, and how this word of it was."""
    encoding = page.encoding
    cuts = count_cuts(encoding, page.bert.wordpiece.special_ids["unk"])
    markup.heading(*headline(cuts))
    left, right = st.columns(2, gap="large")
    with left:
        draw_trace(page, word)
        draw_count(page)
    with right:
        draw_changed(page)
        draw_unknown(page)
        draw_special()
    draw_foot(page, words.COLUMNS, lambda: table_rows(encoding), words.HOW)


def headline(cuts: Cuts) -> tuple[str, str]:
    """What cutting made of the text, strong and quiet; what the model cannot read comes first."""
    most = ""
    if cuts.most is not None:
        most = words.MOST.format(
            word=markup.short(cuts.most.surface), count=len(cuts.most.positions)
        )
    if cuts.unknown:
        strong = words.SOME_UNKNOWN if cuts.words > 1 else words.ONE_UNKNOWN
        return strong.format(count=cuts.unknown, words=cuts.words), most
    if cuts.split:
        strong = words.SOME_SPLIT if cuts.words > 1 else words.ONE_SPLIT
        return strong.format(count=cuts.split, words=cuts.words), most
    return words.NONE_SPLIT, words.NONE_SPLIT_QUIET.format(words=cuts.words)


def draw_trace(page: Page, word: Word | None) -> None:
    if word is None:
        markup.heading(words.TRACE_NONE)
        return
    trace = trace_word(page.bert.wordpiece, word.surface)
    markup.heading(words.TRACE.format(word=markup.short(word.surface)), words.TRACE_QUIET)
    if word.surface == page.bert.wordpiece.special_token("mask"):
        markup.note(words.TRACE_MASK)
    elif trace.unknown == "":
        markup.note(words.TRACE_TOO_LONG.format(limit=page.bert.wordpiece.longest_word))
    else:
        markup.lines(list(trace_rows(trace)))
        if trace.added:
            markup.note(words.TRACE_ADDED)
        elif len(trace.steps) == 1 and trace.unknown is None:
            markup.note(words.TRACE_WHOLE)


def trace_rows(trace: WordTrace) -> Iterator[str]:
    for step in trace.steps[:MOST_ROWS]:
        if step.piece is None:
            yield markup.quiet(words.TRACE_FAILED.format(rest=markup.short(step.rest)))
            continue
        found = words.TRACE_FOUND.format(rest=markup.short(step.rest))
        tries = words.TRIES.format(count=step.tries)
        yield f"{markup.chips([step.piece])} {markup.quiet(f'{found}, {tries}')}"


def draw_changed(page: Page) -> None:
    changed = changed_words(page.bert.wordpiece, page.encoding)
    markup.heading(words.CHANGED, words.CHANGED_QUIET)
    if not changed:
        markup.note(words.CHANGED_NONE)
        return
    markup.lines([changed_row(page, *one) for one in changed[:MOST_ROWS]])
    if len(changed) > MOST_ROWS:
        markup.note(words.CHANGED_MORE.format(count=len(changed) - MOST_ROWS))


def changed_row(page: Page, typed: str, after: str) -> str:
    """A word, what became of it, and the characters in it that nobody would see."""
    gone = dropped_characters(page.bert.wordpiece, typed)
    unseen = [f"U+{ord(char):04X}" for char in gone if category(char)[0] in UNSEEN]
    row = f"{markup.safe(markup.short(typed))} {markup.quiet('→')} "
    row += markup.safe(markup.short(after) or words.REMOVED)
    if unseen:
        row += f" {markup.quiet(words.WITHOUT.format(characters=', '.join(unseen[:MOST_ROWS])))}"
    return row


def draw_unknown(page: Page) -> None:
    """The words that the vocabulary cannot spell, and the character that is missing."""
    unknown_id = page.bert.wordpiece.special_ids["unk"]
    unknown = [
        word for word in page.encoding.words if page.encoding.ids[word.positions[0]] == unknown_id
    ]
    if not unknown:
        return
    markup.heading(words.UNKNOWN)
    markup.lines([unknown_row(page, word) for word in unknown[:MOST_ROWS]])
    if len(unknown) > MOST_ROWS:
        markup.note(words.UNKNOWN_MORE.format(count=len(unknown) - MOST_ROWS))
    markup.note(words.UNKNOWN_NOTE)


def unknown_row(page: Page, word: Word) -> str:
    culprit = trace_word(page.bert.wordpiece, word.surface).unknown
    if culprit:
        code = f"U+{ord(culprit):04X}"
        reason = words.UNKNOWN_ROW.format(character=culprit, code=code)
    else:
        reason = words.UNKNOWN_LONG.format(limit=page.bert.wordpiece.longest_word)
    return f"{markup.safe(markup.short(word.surface))} {markup.quiet(reason)}"


def draw_special() -> None:
    markup.heading(words.SPECIAL)
    markup.lines(
        [
            f"{markup.chips([token], 'special')} {markup.quiet(why)}"
            for token, why in words.SPECIAL_ROWS
        ]
    )
    markup.note(words.SPECIAL_TYPED)


def draw_count(page: Page) -> None:
    markup.heading(*tokens_headline(page))
    share = len(page.encoding) / page.bert.max_tokens
    charts.draw(
        split_bar(share, page.colours, colour=page.colours.sentence_a, height=16),
        "tokenization.count",
        words.COUNT_BAR.format(share=percent(share)),
    )
