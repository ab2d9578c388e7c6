"""The questions under the attention picture, answered with the library's own numbers."""

from collections.abc import Callable
from itertools import combinations
from threading import Event

import numpy as np
import pytest
from numpy.testing import assert_allclose
from streamlit.testing.v1 import AppTest

import bert_core
from bert_core.attention import comparison
from bert_core.attention import links as head_links
from bert_core.attention.similarity import sorted_order
from bert_core.attention.summary import set_roles
from bert_core.errors import InputError
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_differences
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from tests.kit import visit as page
from tests.kit.attention_page import (
    FEW,
    HEAD,
    KEYS,
    LAYER,
    NAMES,
    OPEN,
    amount,
    assert_fine,
    scanned,
)
from tests.kit.visit import (
    chosen,
    figure,
    numbers,
    press,
    said,
    tables,
    type_text,
    view_of,
    visit,
    widget,
)
from ui.attention.scans import TextReading, read_text
from ui.components.heads.packing import unpack_maps
from ui.words import attention_heads as head_words
from ui.words import attention_studies as study_words
from ui.words import common

pytest_plugins = ("tests.kit.attention_page",)
pytestmark = pytest.mark.usefixtures("few_texts")


def test_the_heads_that_link_two_words_are_ranked_and_held_against_chance(embedded: Bert) -> None:
    encoding = encode(embedded, "The xyzzyx stopped because it was tired.")
    query, keys = encoding.tokens.index("it"), encoding.words[1].positions
    assert len(keys) > 1
    at = visit("attention", a=encoding.text, study="links")
    assert study_words.LINK_FIRST in said(at)
    press(at, "attention.strip", position=query)
    assert study_words.LINK_SECOND.format(word="it") in said(at)
    press(at, "attention.strip", position=keys[1])
    assert page.strip(at)["picked"] == [keys[1], query]
    attentions = run_bert(embedded, encoding).attentions
    ranked = bert_core.rank_links(attentions, [query], keys)[:8]
    names = [NAMES[12 * link.layer + link.head] for link in ranked]
    title = study_words.LINK.format(head=names[0], query="it", key="xyzzyx")
    assert f"{title} <span>{percent(ranked[0].weight)} of its attention</span>" in said(at)
    bars = figure(at, "attention.links")
    assert bars["layout"]["yaxis"]["ticktext"] == names
    assert_allclose(numbers(bars["data"][0]["x"]), [link.weight for link in ranked], atol=1e-6)
    asked = -3, ranked[0].weight
    assert study_words.ANYWAY_QUIET.format(count=3, side="before") in said(at)
    here = bert_core.how_often(attentions, encoding, *asked, exclude=([query], keys), unit="word")
    scanned(at)
    runs = [run_bert(embedded, encode(embedded, *text)) for text in FEW]
    best = (head_links.best_by_distance(r.attentions, r.encoding, unit="word") for r in runs)
    there = head_links.merge(best).reaching(*asked)
    assert tables(at)[1] == [
        [where, percent(found.share), f"{found.reaching} of {found.pairs} pairs"]
        for where, found in ((study_words.HERE, here), (study_words.HUNDRED, there))
    ]
    for row in (2, 1, 1):  # a bar can be pressed again
        page.press_bar(at, "attention.links", row)
        assert (view_of(at).layer, view_of(at).head) == (ranked[row].layer, ranked[row].head)
    press(at, "attention.strip", position=query)
    assert (view_of(at).look, chosen(at, "key")) == (None, None)


@pytest.mark.parametrize("second", [2, 3])
def test_a_word_is_not_linked_to_itself(second: int, embedded: Bert) -> None:
    encoding = encode(embedded, "The xyzzyx stopped because it was tired.")
    assert {2, 3} <= set(encoding.words[1].positions)
    at = visit("attention", a=encoding.text, study="links", look="2", key=str(second))
    assert study_words.LINK_SAME.format(word="xyzzyx") in said(at)
    assert "links “xyzzyx”" not in said(at)
    assert study_words.ANYWAY not in said(at)
    press(at, "attention.strip", position=encoding.tokens.index("it"))
    assert "links “xyzzyx” to “it” most" in said(at)


def test_two_texts_are_compared_head_by_head(embedded: Bert) -> None:
    pinned, typed = "The doctor saw her own dog.", "The nurse saw her dog."
    at = visit("attention", a=pinned, study="compare", head="3.7")
    assert study_words.PIN_ASK in said(at)
    at.button(key="attention.pin").click().run()
    assert study_words.PIN_TYPE in said(at)
    type_text(at, "attention", typed)
    before, after = (run_bert(embedded, encode(embedded, text)) for text in (pinned, typed))
    alignment = bert_core.align(before.encoding, after.encoding)
    changes = comparison.difference(before.attentions, after.attentions, alignment)
    changed, most = comparison.most_changed(changes), np.abs(changes).max()
    order = [12 * one.layer + one.head for one in changed]
    assert "<bdi>doctor → nurse</bdi>" in said(at)
    assert study_words.UNALIGNED.format(count=1) in said(at)
    assert f"full colour is {100 * most:.1f} points" in said(at)
    bars = figure(at, "attention.changed")
    assert bars["layout"]["yaxis"]["ticktext"] == [NAMES[at] for at in order[:8]]
    assert_allclose(numbers(bars["data"][0]["x"]), [one.change for one in changed[:8]], atol=1e-6)
    header, weights = page.weights_in(at, "attention.change")
    assert_allclose(weights, changes[LAYER, HEAD], atol=5e-5)
    assert header["tokens"][2]["text"] == "doctor → nurse"
    _, cells = unpack_maps(at.get_by_key("attention.changes").proto.bytes)
    expected = pool_differences(changes / most).reshape(72, -1)[order].astype(int)
    assert_allclose(cells.reshape(72, -1).astype(int), expected, atol=1)
    press(at, "attention.changes", layer=0, head=1)
    assert (view_of(at).layer, view_of(at).head) == (0, 1)
    page.press_bar(at, "attention.changed", 3)
    assert (view_of(at).layer, view_of(at).head) == divmod(order[3], 12)


def test_texts_that_do_not_align_are_refused_in_a_sentence(embedded: Bert) -> None:
    texts = KEYS, "Nobody knows what happened yesterday evening!"
    at = visit("attention", a=texts[1], study="compare", pa=texts[0])
    page.assert_whole(at, "attention")
    with pytest.raises(InputError) as refused:
        bert_core.align(*(encode(embedded, text) for text in texts))
    assert page.warnings(at) == [str(refused.value)]
    assert study_words.ALL_CHANGES not in said(at)


def test_flow_shows_attention_norms_and_rollout(embedded: Bert, pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, study="flow")
    expected = {
        "raw": pair_run.attentions[LAYER, HEAD],
        "norms": bert_core.value_weighted(
            embedded, run_bert(embedded, pair_run.encoding), normalised=True
        )[2, 6],
        "rollout": bert_core.attention_rollout(pair_run.attentions)[LAYER],
    }
    for name, weights in expected.items():
        shown = numbers(figure(at, f"attention.flow.{name}")["data"][0]["z"])
        assert_allclose(shown, weights, atol=1e-5)
        assert_allclose(shown.sum(axis=1), 1, atol=1e-4)


def test_flow_of_a_long_text_is_on_canvases(embedded: Bert) -> None:
    text = "word " * 130
    at = visit("attention", a=text, head="2.3", study="flow")
    assert_fine(at)
    run = run_bert(embedded, encode(embedded, text))
    expected = {
        "raw": run.attentions[1, 2],
        "norms": bert_core.value_weighted(embedded, run, normalised=True)[1, 2],
        "rollout": bert_core.attention_rollout(run.attentions)[1],
    }
    for name, weights in expected.items():
        header, shown = page.weights_in(at, f"attention.flow.{name}")
        assert_allclose(shown, weights, atol=2e-5)
        assert header["height"] == 380
    assert view_of(press(at, "attention.flow.norms", query=7)).look == 7


def test_heads_are_compared_with_each_other_on_request(pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, study="alike")
    at.button(key="attention.alike.go").click().run()
    distances = bert_core.head_distances(pair_run.attentions)
    order = sorted_order(distances)
    (heat,) = figure(at, "attention.alike.map")["data"]
    assert heat["x"] == heat["y"] == [NAMES[at] for at in order]
    assert_allclose(numbers(heat["z"]), distances[np.ix_(order, order)], atol=1e-5)
    first, second = min(combinations(range(72), 2), key=lambda pair: distances[pair])
    assert study_words.ALIKE.format(first=NAMES[first], second=NAMES[second]) in said(at)
    assert study_words.ALIKE_QUIET.format(distance=distances[first, second]) in said(at)
    type_text(at, "attention", "Another text.")
    assert study_words.ALIKE_ASK.format(count=72) in said(at)


def test_a_list_of_ones_own_is_summed_up(embedded: Bert) -> None:
    own = "The cat sat on the mat.\nShe ran.\tShe was late, and she ran.\nA dog saw a dog."
    at = scanned(visit("attention", **OPEN, study="many"))
    at.segmented_control(key="attention.many.set").set_value("own").run()
    widget(at.text_area, "attention.many.own.text").set_value(own).run()
    at.button(key="attention.many.own.go").click().run()
    assert_fine(scanned(at))
    runs = [run_bert(embedded, encode(embedded, *line.split("\t"))) for line in own.splitlines()]
    summary = bert_core.summarise_heads(
        [bert_core.measure_heads(one.attentions, one.encoding) for one in runs]
    )
    assert study_words.MANY_QUIET.format(texts=3) in said(at)
    shown = {row[0]: row[1:] for row in tables(at)[1]}
    for name in ("entropy", "distance", "previous", "sep", "same_word", "between"):
        found = summary.measures[name]
        parts = found.mean.values, found.half_width, found.mean.baseline
        mean, half, base = (amount(name, float(values[LAYER, HEAD])) for values in parts)
        row = [f"{mean} ± {half.removeprefix('+')}", f"chance {base}"]
        assert shown[head_words.MEASURES[name]] == row
    stable = sum(role is not None and role.stable for row in set_roles(summary) for role in row)
    assert study_words.MANY_ROLES.format(count=stable, heads=72) in said(at)
    (table,) = page.open_table(at, "attention.many.table").dataframe
    means = [found.mean.values.ravel() for found in summary.measures.values()]
    assert_allclose(table.value["mean"], np.concatenate(means), atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"a\tb\tc", b"\xff" * 6_000])
def test_a_file_that_is_no_list_is_refused_in_a_sentence(content: bytes) -> None:
    at = visit("attention", a=KEYS, study="many")
    at.segmented_control(key="attention.many.set").set_value("own").run()
    at.file_uploader(key="attention.many.own.file").set_value(("l.txt", content, "text/plain"))
    at.button(key="attention.many.own.go").click().run()
    page.assert_whole(at, "attention")
    assert len(page.warnings(at)) == 1


def test_a_list_that_is_refused_takes_the_place_of_the_one_before() -> None:
    at = visit("attention", a=KEYS, study="many")
    at.segmented_control(key="attention.many.set").set_value("own").run()
    for text in ("The cat sat.", "one\ttwo\tthree"):
        widget(at.text_area, "attention.many.own.text").set_value(text)
        at.button(key="attention.many.own.go").click().run()
        scanned(at)
    for _ in range(2):
        assert len(page.warnings(at)) == 1
        assert study_words.MANY_QUIET.format(texts=1) not in said(at)
        at.run()
    widget(at.text_area, "attention.many.own.text").set_value("The cat sat.")
    at.button(key="attention.many.own.go").click().run()
    assert page.warnings(scanned(at)) == []
    assert study_words.MANY_QUIET.format(texts=1) in said(at)


# Texts that are read by and by


class Reader:
    """In place of `read_text`: waits to be let go, and fails at the text that it is told."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.begun, self.go_on = Event(), Event()
        self.fails_at = fails_at
        self.calls = 0

    def __call__(self, pair_run: BertRun) -> TextReading:
        self.begun.set()
        assert self.go_on.wait(30)
        self.calls += 1
        if self.calls - 1 == self.fails_at:
            raise RuntimeError("no room left")
        return read_text(pair_run)


Slow = Callable[[int | None], Reader]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Puts a `Reader` in place, from which the scans that begin then take their readings."""

    def put(fails_at: int | None = None) -> Reader:
        reader = Reader(fails_at)
        monkeypatch.setattr("ui.attention.scans.read_text", reader)
        return reader

    return put


def stopped(reader: Reader, at: AppTest, study: str) -> AppTest:
    """The page after its scan was stopped while the first text was read."""
    assert reader.begun.wait(30)
    at.button(key=f"attention.{study}.stop").click().run()
    reader.go_on.set()
    return scanned(at)


@pytest.mark.parametrize("study", ["many", "links"])
def test_a_scan_that_is_stopped_says_how_far_it_came(slow: Slow, study: str) -> None:
    reader = slow(None)
    at = visit("attention", a=KEYS, study=study, look="2", key="5")
    partly = common.PARTLY.format(done=1, total=len(FEW))
    assert partly in said(stopped(reader, at, study))
    for _ in range(2):
        assert_fine(at.run())
        assert partly in said(at)
    line = study_words.MANY_QUIET.format(texts=1) if study == "many" else study_words.HUNDRED
    assert line in said(at)
    assert reader.calls == 1


def test_a_stopped_scan_is_read_again_on_request(slow: Slow) -> None:
    reader = slow(None)
    at = stopped(reader, visit("attention", a=KEYS, study="many"), "many")
    at.button(key="attention.many.again").click().run()
    scanned(at)
    assert study_words.MANY_QUIET.format(texts=len(FEW)) in said(at)
    assert "Stopped:" not in said(at)
    assert reader.calls == 1 + len(FEW)


def test_what_one_visitor_stopped_begins_anew_for_the_next(slow: Slow) -> None:
    reader = slow(None)
    first = visit("attention", a=KEYS, study="many")
    assert reader.begun.wait(30)
    first.button(key="attention.many.stop").click().run()
    second = visit("attention", a=KEYS, study="many")  # while the first text is still being read
    reader.go_on.set()
    scanned(second)
    assert study_words.MANY_QUIET.format(texts=len(FEW)) in said(second)
    partly = common.PARTLY.format(done=1, total=len(FEW))
    assert partly in said(first.run())
    assert partly not in said(second)


def test_what_one_visitor_began_is_shared_by_the_next(slow: Slow) -> None:
    reader = slow(None)
    first = visit("attention", a=KEYS, study="many")
    second = visit("attention", a=KEYS, study="links", look="2", key="5")
    reader.go_on.set()
    for at in (first, second):
        assert "Stopped:" not in said(scanned(at))
    assert reader.calls == len(FEW)


@pytest.mark.parametrize("texts", [0, 3])
def test_a_scan_that_fails_says_why_and_stays_so(slow: Slow, texts: int) -> None:
    reader = slow(texts)
    reader.go_on.set()
    at = scanned(visit("attention", a=KEYS, study="many"))
    for _ in range(2):
        (warning,) = page.warnings(at)
        assert "no room left" in warning
        assert common.PARTLY.format(done=texts, total=len(FEW)) in said(at)
        assert (study_words.MANY_QUIET.format(texts=texts) in said(at)) == (texts > 0)
        assert reader.calls == texts + 1
        at.run()
    at.button(key="attention.many.again").click().run()
    scanned(at)
    assert page.warnings(at) == []
    assert study_words.MANY_QUIET.format(texts=len(FEW)) in said(at)
