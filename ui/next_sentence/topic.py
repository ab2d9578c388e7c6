"""Topic or order: variants of the visitor's own pair, and of many bundled ones."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import streamlit as st

from bert_core.figures.bars import share_bars
from bert_core.figures.labels import percent
from bert_core.figures.next_sentence import interval_bars
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import MAX_CHARACTERS
from bert_core.next_sentence.neighbours import KINDS, SetShare
from bert_core.next_sentence.order import split_paragraph
from bert_core.next_sentence.reasons import Variant, compare_variants, variant_pairs
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from ui import charts, markup
from ui.jobs import draw_progress, drop_job, say_partly, session_job
from ui.next_sentence.parts import signed
from ui.next_sentence.sets import SETS, measured_sets
from ui.page import Page, sentence_on_failure
from ui.sources import text_field
from ui.takeaway import draw_foot, to_csv
from ui.words import next_sentence_how as how_words
from ui.words import next_sentence_studies as words

AROUND = "next_sentence.test.around"
SLOT = "next_sentence.test"
BARS = f"{SLOT}.bars"
ORDER_VARIANTS = ("swapped", "shuffled")


def draw_topic(page: Page, run: BertRun) -> None:
    """The pair as it was typed, without its masks."""
    variants: Sequence[Variant] = ()
    sets: Sequence[SetShare] = ()
    left, right = st.columns(2, gap="large")
    with left, sentence_on_failure():
        variants = draw_variants(page)
    with right, sentence_on_failure():
        sets = draw_sets(page)
    more = (
        words.SETS_CSV,
        "sets.csv",
        "text/csv",
        lambda: to_csv(words.SET_COLUMNS, set_rows(sets)),
    )
    draw_foot(
        page,
        words.VARIANT_COLUMNS,
        lambda: variant_rows(variants),
        how_words.HOW["test"],
        more=[more] if sets else (),
        chart=BARS if variants else None,
        study="test",
    )


def draw_variants(page: Page) -> Sequence[Variant]:
    """The variants of the pair, as far as they are scored."""
    place = st.empty()  # the answer stands above what it is asked with
    around = text_field(AROUND, words.AROUND, "", height=80, most=MAX_CHARACTERS)
    others = split_paragraph(around).sentences if around.strip() else ()
    text, pair = page.encoding.text, page.encoding.pair or ""
    job: Job[Variant] = session_job(
        SLOT,
        (page.bert.fingerprint, text, pair, others),
        len(variant_pairs(text, pair, others)),
        lambda wanted: compare_variants(
            page.bert, text, pair, others, run=engine_runner(page.engine, wanted)
        ),
    )
    if not draw_progress(job, SLOT, words.VARYING):
        return ()
    say_partly(job, SLOT, lambda: drop_job(SLOT))
    variants = job.results
    if not variants:
        return ()
    with place:
        markup.heading(*pair_answer(variants))
    charts.draw(
        share_bars(
            [words.VARIANTS[one.name] for one in variants],
            [one.is_next for one in variants],
            page.colours,
            colour=page.colours.high,
        ),
        BARS,
        words.VARIANT_BARS,
        saveable=True,
    )
    markup.figures([words.VARIANT_HEADS, *map(variant_row, variants)])
    markup.note(words.VARIANT_NOTE)
    return variants


def pair_answer(variants: Sequence[Variant]) -> tuple[str, str]:
    """What follows for this pair, strong and quiet; believed is what is always called IsNext."""
    believed: dict[str, bool] = {one.name: called(one) == len(one.scores) for one in variants}
    if not believed.get("true", False):
        return words.PAIR_REFUSED, words.PAIR_REFUSED_QUIET
    order = not all(believed.get(name, True) for name in ORDER_VARIANTS)
    topic = not believed.get("other_text", True)
    strong = {
        (True, False): words.PAIR_TOPIC,
        (True, True): words.PAIR_BOTH,
        (False, True): words.PAIR_ORDER,
        (False, False): words.PAIR_NEITHER,
    }[topic, order]
    lists = {
        kept: ", ".join(words.VARIANTS[name] for name, said in believed.items() if said == kept)
        for kept in (True, False)
    }
    quiet = words.PAIR_QUIET.format(believed=lists[True], refused=lists[False] or words.NOTHING)
    return strong, quiet


def variant_row(one: Variant) -> tuple[str, ...]:
    return (
        words.VARIANTS[one.name],
        percent(one.is_next),
        signed(one.difference),
        words.CALLED.format(called=called(one), asked=len(one.scores)),
    )


def called(one: Variant) -> int:
    """How many of a variant's pairs the head calls IsNext."""
    return sum(score.difference > 0 for score in one.scores)


def variant_rows(variants: Sequence[Variant]) -> Iterator[tuple[Any, ...]]:
    for one in variants:
        for score in one.scores:
            name = words.VARIANTS[one.name]
            yield name, score.text, score.candidate, score.is_next, score.difference


def draw_sets(page: Page) -> Sequence[SetShare]:
    """The bundled pairs; what of them is measured."""
    markup.heading(words.SETS)
    sets = measured_sets(page)
    if sets:
        draw_shares(page, sets)
    return sets


def draw_shares(page: Page, sets: Sequence[SetShare]) -> None:
    if len(sets) == len(KINDS):
        strong, said = model_answer(sets)
        markup.heading(strong)
        markup.note(said)
    charts.draw(
        interval_bars(
            [words.KINDS[one.kind] for one in sets],
            [one.share for one in sets],
            [one.low for one in sets],
            [one.high for one in sets],
            page.colours,
            colour=page.colours.high,
        ),
        f"{SETS}.bars",
        words.SETS_ALT,
        saveable=True,
    )
    markup.note(words.SETS_NOTE)


def model_answer(sets: Sequence[SetShare]) -> tuple[str, str]:
    """What the shares say about the model: what it tells from true neighbours, in a sentence."""
    true = next(one for one in sets if one.kind == "true")
    others = [one for one in sets if one.kind != "true"]
    told = {one.kind for one in others if one.high < true.low}
    order = told - {"other_text"}
    if "other_text" in told:
        all_of_it = len(told) == len(others)
        strong = words.SETS_BOTH if all_of_it else words.SETS_SOME if order else words.SETS_TOPIC
    else:
        strong = words.SETS_ORDER if order else words.SETS_NEITHER
    return strong, words.SETS_TOLD.format(
        true=percent(true.share),
        told=named([one for one in others if one.kind in told]),
        untold=named([one for one in others if one.kind not in told]),
    )


def named(sets: Collection[SetShare]) -> str:
    """Sets with their shares, as part of a sentence."""
    shares = [
        words.KIND_SHARE.format(kind=words.KINDS[one.kind], share=percent(one.share))
        for one in sets
    ]
    return ", ".join(shares) or words.NO_KIND


def set_rows(sets: Sequence[SetShare]) -> Iterator[tuple[Any, ...]]:
    for one in sets:
        yield (
            words.KINDS[one.kind],
            one.called,
            one.pairs,
            one.share,
            one.low,
            one.high,
            one.mean_is_next,
            one.texts,
        )
