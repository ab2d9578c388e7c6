"""How often some head links two words as strongly anyway: in this text, and in others as long."""

from collections.abc import Sequence

import streamlit as st

from bert_core.attention.links import LinkChance, how_often, link_distance, merge
from bert_core.figures.labels import percent
from bert_core.figures.waffle import waffle
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Word
from bert_core.next_sentence.neighbours import bundled_texts
from bert_core.texts.hundred import Texts, bundled_hundred
from bert_core.texts.passages import like_length, passages_like
from ui import charts, markup
from ui.attention.measured import remembered
from ui.attention.scans import read_links, read_texts
from ui.page import Page
from ui.words import attention_links as words


def draw_anyway(page: Page, run: BertRun, query: Word, key: Word, weight: float) -> None:
    """Of the other pairs of words as far apart, how many have a head that reaches the weight."""
    if run.attentions is None:
        return
    asked = query.positions, key.positions
    distance = link_distance(run.encoding, *asked, "word")
    here = how_often(run.attentions, run.encoding, distance, weight, exclude=asked, unit="word")
    side = words.SIDES["before" if distance < 0 else "after"]
    with st.container(key="anyway"):
        markup.heading(words.ANYWAY, words.ANYWAY_QUIET.format(count=abs(distance), side=side))
        texts = remembered(page, run, "passages", lambda: passages_for(page, len(run.encoding)))
        readings = read_texts(page, texts, "attention.links", read_links) if texts else ()
        there = merge(readings).reaching(distance, weight)
        left, right = st.columns(2, gap="large")
        if there.pairs:
            with left:
                figure = waffle(there.reaching, there.pairs, page.colours)
                charts.draw(figure, "attention.anyway", counts(there))
        with right:
            fewest, most = like_length(len(run.encoding))
            where = words.THERE.format(texts=len(readings), fewest=fewest, most=most)
            rows = [chance_row(where, there)] if readings or not texts else []
            markup.figures([*rows, chance_row(words.HERE, here)])
            if rows:
                markup.note(verdict(there, weight, page.bert.layers * page.bert.heads))


def passages_for(page: Page, tokens: int) -> Texts:
    """Passages as long as the text, out of all texts that ship."""
    lines = [tuple(part for part in line if part) for line in bundled_hundred()]
    sources: list[Sequence[str]] = [*(text.sentences for text in bundled_texts()), *lines]
    return passages_like(tokens, sources, lambda text: len(page.bert.wordpiece.split(text)))


def verdict(chance: LinkChance, weight: float, heads: int) -> str:
    """What the chance says of the link."""
    return words.VERDICTS[chance.verdict].format(share=percent(weight), heads=heads)


def chance_row(where: str, chance: LinkChance) -> tuple[str, ...]:
    if chance.share is None or chance.interval is None:
        return where, words.NO_PAIRS, ""
    low, high = (f"{100 * end:.1f}" for end in chance.interval)
    share = words.SHARE.format(share=percent(chance.share), low=low, high=high)
    return where, counts(chance), share


def counts(chance: LinkChance) -> str:
    return words.PAIRS.format(reaching=chance.reaching, pairs=chance.pairs)
