"""The four readings of one sentence, each the door to its page."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import streamlit as st

from bert_core.attention.links import LinkChance, how_often_as_strong
from bert_core.attention.maps import AttentionLink, find_strongest_link, head_name
from bert_core.figures.bars import share_bars, split_bar
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_maps
from bert_core.masked_words.first import find_written
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import Encoding
from bert_core.next_sentence.score import score_next_sentence
from ui import address, charts, markup
from ui.components.heads import single_map
from ui.contents import entry
from ui.default_tokens import word_positions
from ui.page import Page
from ui.view import View
from ui.words import home as words

GUESSES = 5
MOST_SPLIT = 3


def draw_pieces(page: Page) -> None:
    encoding = page.encoding
    pieces = sum(sequence is not None for sequence in encoding.sequences)
    markup.heading(
        words.PIECES_ONE if pieces == 1 else words.PIECES.format(count=pieces),
        words.PIECES_SPECIAL if encoding.pair is None else words.PIECES_SPECIAL_PAIR,
    )
    markup.lines(split_rows(encoding))
    door("tokenization")


def split_rows(encoding: Encoding) -> list[str]:
    """The words that became several pieces, as markup; what is unknown."""
    split = [word for word in encoding.words if len(word.positions) > 1]
    rows = [
        f"{markup.safe(markup.short(word.surface))} <span class='bl-quiet'>{words.SPLIT}</span> "
        + markup.chips(
            [encoding.tokens[at] for at in word.positions], "b" if word.sequence else "a"
        )
        for word in split[:MOST_SPLIT]
    ]
    if len(split) > MOST_SPLIT:
        rows.append(markup.quiet(words.MORE_SPLIT.format(count=len(split) - MOST_SPLIT)))
    unknown = encoding.tokens.count("[UNK]")
    if unknown:
        rows.append(markup.quiet(words.UNKNOWN.format(count=unknown)))
    return rows or [markup.quiet(words.ALL_WHOLE)]


def find_link(page: Page, run: BertRun, focus: int) -> AttentionLink | None:
    """Where the token that is asked about looks: in the view's head, or in the surest of all."""
    if run.attentions is None:
        return None
    chosen = page.view.look is not None
    return find_strongest_link(
        run.attentions,
        focus,
        word_positions(page.encoding),
        layer=page.layer if chosen else None,
        head=page.head if chosen else None,
    )


def find_chance(page: Page, run: BertRun, link: AttentionLink | None) -> LinkChance | None:
    """How many of the text's other tokens have some head that gives as much as this link does."""
    if run.attentions is None or link is None:
        return None
    return how_often_as_strong(
        run.attentions, word_positions(page.encoding), link.query, link.weight
    )


def draw_link(
    page: Page,
    run: BertRun,
    focus: int,
    link: AttentionLink | None,
    chance: LinkChance | None,
) -> None:
    if run.attentions is None:
        return
    layer, head = (link.layer, link.head) if link else (page.layer, page.head)
    link_heading(page, link, layer, head)
    with st.container(horizontal=True, gap="medium"):
        single_map(
            pool_maps(run.attentions[layer, head]),
            key="home.map",
            tokens=len(page.encoding),
            label=words.MAP.format(name=head_name(layer, head)),
        )
        with st.container(width="stretch"):
            for said in link_notes(page, link, chance):
                markup.note(said)
            door("attention", lambda view: replace(view, layer=layer, head=head, look=focus))


def link_notes(page: Page, link: AttentionLink | None, chance: LinkChance | None) -> Iterator[str]:
    """What the map is, and how much the link says: others choose their head as freely."""
    yield words.LINK_NOTE.format(heads=page.bert.layers * page.bert.heads)
    if link is None or chance is None:
        return
    said = words.LINK_STRONGEST if page.view.look is None else ""
    if chance.pairs:
        few = words.LINK_CHANCE_FEW.get(chance.reaching, words.LINK_CHANCE)
        said += " " + few.format(reaching=chance.reaching, tokens=chance.pairs)
    if said:
        yield f"{said.strip()} {words.LINK_LEFT_OUT}"


def link_heading(page: Page, link: AttentionLink | None, layer: int, head: int) -> None:
    name = f"{layer + 1}.{head + 1}"
    if link is None:
        markup.heading(words.LINK_NONE.format(name=name))
        return
    query, key = (page.encoding.tokens[at] for at in (link.query, link.key))
    markup.heading(
        words.LINK.format(name=name, query=query, key=key),
        words.LINK_SHARE.format(share=percent(link.weight)),
    )


def draw_guesses(page: Page, run: BertRun, focus: int) -> None:
    guess = predict_masked(page.bert, run, k=GUESSES, positions=[focus])[0]
    word = markup.short(page.encoding.surface(focus))
    markup.heading(words.EXPECTS.format(word=word), words.EXPECTS_CLICK)
    note = written_note(guess)
    charts.draw(
        share_bars(
            guess.pieces,
            guess.probabilities.tolist(),
            page.colours,
            colour=page.colours.mask,
            outlined=find_written(guess),
            note=note,
        ),
        "home.guesses",
        f"{words.BARS.format(word=word)}; {note or words.TYPED_MASK}",
    )
    if not note:
        markup.note(words.TYPED_MASK)
    door("masked_words")


def written_note(guess: MaskedPrediction) -> str:
    """Where the word that the text has stands among all guesses; empty where it has a mask."""
    if guess.original is None:
        return ""
    return words.WRITTEN.format(rank=guess.original_rank, vocabulary=guess.vocabulary)


def draw_next_sentence(page: Page, run: BertRun) -> None:
    if not page.encoding.has_pair:
        markup.heading(words.NEEDS_PAIR)
        markup.note(words.TYPE_PAIR)
        door("next_sentence")
        return
    score = score_next_sentence(page.bert, run)
    markup.heading(words.FOLLOWS if score.is_next >= 0.5 else words.NOT_FOLLOWS, words.SAYS)
    share = percent(score.is_next)
    charts.draw(
        split_bar(score.is_next, page.colours, colour=page.colours.sentence_a),
        "home.next",
        words.SPLIT_BAR.format(share=share),
    )
    markup.big(share, words.FOLLOWS_NOTE)
    door("next_sentence")


def door(name: str, change: Callable[[View], View] = lambda view: view) -> None:
    """The way to the page that says more, on which the view is changed."""
    page = entry(name)
    address.door(page.path, words.DOOR.format(page=page.label), change)


def table_rows(
    page: Page,
    typed: BertRun,
    masked: BertRun,
    focus: int | None,
    link: AttentionLink | None,
    chance: LinkChance | None,
) -> Iterator[tuple[str, str, float | None]]:
    """The numbers of the four readings."""
    tokens = page.encoding.tokens
    if focus is not None and page.bert.has_mlm:
        guess = predict_masked(page.bert, masked, k=GUESSES, positions=[focus])[0]
        name = words.ROW_GUESS.format(word=page.encoding.surface(focus))
        for piece, probability in zip(guess.pieces, guess.probabilities, strict=True):
            yield name, piece, float(probability)
    if link is not None:
        name = words.ROW_LINK.format(name=f"{link.layer + 1}.{link.head + 1}")
        ends = words.ROW_LINK_OF.format(query=tokens[link.query], key=tokens[link.key])
        yield name, ends, link.weight
    if chance is not None and chance.pairs:
        of = words.ROW_CHANCE_OF.format(reaching=chance.reaching, tokens=chance.pairs)
        yield words.ROW_CHANCE, of, chance.share
    if page.encoding.has_pair and page.bert.has_nsp:
        yield words.ROW_NEXT, words.FOLLOWS, score_next_sentence(page.bert, typed).is_next
