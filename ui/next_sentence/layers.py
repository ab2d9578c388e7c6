"""Pooler and next-sentence head on [CLS] after every layer."""

from collections.abc import Iterator
from typing import Any

from bert_core.figures.labels import percent
from bert_core.figures.layer_lines import next_sentence_line
from bert_core.inside.lens import NextSentenceLayers, next_sentence_layers
from bert_core.model.inference import HIDDEN_STATES, Asked, BertRun
from ui import charts, markup
from ui.page import Page
from ui.takeaway import draw_foot
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

CHART = "next_sentence.layers.line"


def draw_layers(page: Page, run: BertRun) -> None:
    (kept,) = page.ask([Asked(run.encoding, {HIDDEN_STATES})])
    found = next_sentence_layers(page.bert, kept)
    markup.heading(*answer(found))
    charts.draw(
        next_sentence_line(
            found.is_next,
            page.colours,
            words.LAYER_AXES,
            names=[words.EMBEDDINGS, *map(str, range(1, len(found.is_next)))],
        ),
        CHART,
        words.LAYERS_ALT,
        saveable=True,
    )
    markup.note(words.LAYERS_NOTE)
    draw_foot(
        page,
        words.LAYERS_COLUMNS,
        lambda: table_rows(found),
        how_words.HOW["layers"],
        chart=CHART,
        study="layers",
    )


def answer(found: NextSentenceLayers) -> tuple[str, str]:
    """From which layer on the answer is the last layer's; strong and quiet."""
    said = [bool(share >= 0.5) for share in found.is_next]
    others = [layer for layer, one in enumerate(said) if one != said[-1]]
    strong = words.LAYERS_FROM if others else words.LAYERS_ALWAYS
    return (
        strong.format(answer=words.ANSWERS[said[-1]], layer=max(others, default=-1) + 1),
        words.LAYERS_QUIET.format(share=percent(float(found.is_next[-1]))),
    )


def table_rows(found: NextSentenceLayers) -> Iterator[tuple[Any, ...]]:
    """Layers count from 1; 0 is the embeddings."""
    for layer, (share, logits) in enumerate(zip(found.is_next, found.logits, strict=True)):
        yield layer, float(share), float(logits[0]), float(logits[1])
