"""The questions under the attention picture, answered with the library's own numbers."""

from collections.abc import Callable
from itertools import combinations
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from streamlit.testing.v1 import AppTest

import bert_core
from bert_core.attention import comparison
from bert_core.attention.maps import AttentionMap
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
from ui.attention import compare, flow
from ui.attention.scans import read_links, read_measures
from ui.components.heads.packing import unpack_maps
from ui.words import attention_heads as head_words
from ui.words import attention_studies as study_words
from ui.words import common

pytest_plugins = ("tests.kit.attention_page",)
pytestmark = pytest.mark.usefixtures("few_texts")


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
    quiet = f"{percent(changed[0].change)} of a row moved, mean over the tokens"
    assert f"Head {NAMES[order[0]]} changed most <span>{quiet}</span>" in said(at)
    bars = figure(at, "attention.changed")
    assert bars["layout"]["yaxis"]["ticktext"] == [NAMES[at] for at in order[:4]]
    assert_allclose(numbers(bars["data"][0]["x"]), [one.change for one in changed[:4]], atol=1e-6)
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


def test_where_no_head_changed_that_is_said() -> None:
    for change, said_of_it in ((0.02, "Head 3.7 changed most"), (0.0199, "No head changed: 3.7")):
        strong, quiet = compare.headline(comparison.ChangedHead(2, 6, change))
        assert strong.startswith(said_of_it)
        assert percent(change) in quiet


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


def test_flow_says_how_much_rests_on_special_tokens(embedded: Bert, pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, study="flow")
    special = [
        at for at, token in enumerate(pair_run.encoding.tokens) if token in ("[CLS]", "[SEP]")
    ]
    run = run_bert(embedded, pair_run.encoding)
    weighted = bert_core.value_weighted(embedded, run, normalised=True)
    looked, given = (
        float(maps[LAYER, HEAD][:, special].sum(axis=1).mean())
        for maps in (pair_run.attentions, weighted)
    )
    assert looked > 1.5 * given
    said_of_it = study_words.FLOW_LESS.format(looked=percent(looked), given=percent(given))
    assert said_of_it in said(at)


@pytest.mark.parametrize(
    ("given", "form"),
    [(0.4, study_words.FLOW_LESS), (0.5, study_words.FLOW_ALIKE), (0.95, study_words.FLOW_MORE)],
)
def test_flow_says_whether_values_change_anything(
    given: float, form: str, pair_run: BertRun
) -> None:
    tokens = pair_run.encoding.tokens

    def resting(share: float) -> AttentionMap:
        """A map whose rows give this share to [CLS], and the rest to the first word."""
        weights = np.zeros((1, 1, len(tokens), len(tokens)), np.float32)
        weights[..., 0], weights[..., 1] = share, 1 - share
        return bert_core.read_attention(weights, tokens, 0, 0)

    strong, _ = flow.headline(pair_run, resting(0.62), resting(given))
    assert strong == form.format(looked=percent(0.62), given=percent(given))


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


def test_heads_are_compared_with_each_other(pair_run: BertRun) -> None:
    at = compared(visit("attention", **OPEN, study="alike"))
    distances = bert_core.head_distances(pair_run.attentions)
    order = sorted_order(distances)
    (heat,) = figure(at, "attention.alike.map")["data"]
    assert heat["x"] == heat["y"] == [NAMES[at] for at in order]
    assert_allclose(numbers(heat["z"]), distances[np.ix_(order, order)], atol=1e-5)
    first, second = min(combinations(range(72), 2), key=lambda pair: distances[pair])
    assert study_words.ALIKE.format(first=NAMES[first], second=NAMES[second]) in said(at)
    assert study_words.ALIKE_QUIET.format(distance=distances[first, second]) in said(at)
    ((nearest, *_),) = tables(at)
    assert nearest == [f"{NAMES[first]} and {NAMES[second]}", f"{distances[first, second]:.2f}"]
    type_text(at, "attention", "Another text.")
    another = figure(compared(at), "attention.alike.map")["data"][0]
    assert numbers(another["z"]).shape == (72, 72)
    assert another["x"] != heat["x"]


def compared(at: AppTest) -> AppTest:
    """The page after its heads were compared."""
    assert at.session_state["attention.alike:job"][1].wait(30)
    return at.run()


def test_where_no_two_heads_are_alike_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.attention.alike.FAR", 0.01)
    at = compared(visit("attention", a=KEYS, study="alike"))
    assert "No two heads are alike" in said(at)


def test_a_comparison_that_is_stopped_can_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()

    def wait(attentions: object, progress: Callable[[int, int], None]) -> Any:
        assert go_on.wait(30)
        progress(1, 2)
        return head_distances(attentions)

    head_distances = bert_core.head_distances
    monkeypatch.setattr("ui.attention.alike.head_distances", wait)
    at = visit("attention", a=KEYS, study="alike")
    at.button(key="attention.alike.stop").click().run()
    go_on.set()
    at = compared(at)
    assert "attention.alike.map" not in [chart.key for chart in at.get("plotly_chart")]
    at.button(key="attention.alike.again").click().run()
    assert study_words.ALIKE_NEAREST in said(compared(at))


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
    shown = {row[0]: row[1:] for row in tables(at)[0]}
    for name in ("entropy", "distance", "previous", "sep", "same_word", "between"):
        found = summary.measures[name]
        parts = found.mean.values, found.half_width, found.mean.baseline
        mean, half, base = (amount(name, float(values[LAYER, HEAD])) for values in parts)
        row = [
            f"{mean} ± {half.removeprefix('+')}",
            f"{'at most' if name == 'entropy' else 'chance'} {base}",
        ]
        assert shown[head_words.MEASURES[name]] == row
    stable = sum(role is not None and role.stable for row in set_roles(summary) for role in row)
    assert study_words.MANY_ROLES.format(count=stable, heads=72) in said(at)
    (table,) = page.open_expander(at, common.TABLE).dataframe
    means = [found.mean.values.ravel() for found in summary.measures.values()]
    assert_allclose(table.value["mean"], np.concatenate(means), atol=1e-5)
    role = set_roles(summary)[LAYER][HEAD]
    assert role is not None
    tiles = numbers(figure(at, "attention.many.all")["data"][0]["z"])
    assert_allclose(tiles, summary.measures[role.measure].mean.values, atol=1e-5)
    page.press_bar(at, "attention.many.all", 12 * 3 + 5)
    assert (view_of(at).layer, view_of(at).head, chosen(at, "study")) == (3, 5, "many")


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
    """In place of what reads a text: waits to be let go, and fails at the text that it is told."""

    def __init__(self, read: Callable[[BertRun], Any], fails_at: int | None = None) -> None:
        self.read = read
        self.begun, self.go_on = Event(), Event()
        self.fails_at = fails_at
        self.calls = 0

    def __call__(self, pair_run: BertRun) -> Any:
        self.begun.set()
        assert self.go_on.wait(30)
        self.calls += 1
        if self.calls - 1 == self.fails_at:
            raise RuntimeError("no room left")
        return self.read(pair_run)


Slow = Callable[..., Reader]


READERS: dict[str, tuple[str, Callable[[BertRun], Any]]] = {
    "many": ("many", read_measures),
    "links": ("anyway", read_links),
}


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Puts a `Reader` in place, from which the scans that begin then take their readings."""

    def put(fails_at: int | None = None, study: str = "many") -> Reader:
        module, read = READERS[study]
        reader = Reader(read, fails_at)
        monkeypatch.setattr(f"ui.attention.{module}.{read.__name__}", reader)
        return reader

    return put


def stopped(reader: Reader, at: AppTest, study: str) -> AppTest:
    """The page after its scan was stopped while the first text was read."""
    assert reader.begun.wait(30)
    at.button(key=f"attention.{study}.stop").click().run()
    reader.go_on.set()
    return scanned(at)


@pytest.mark.parametrize("study", READERS)
def test_a_scan_that_is_stopped_says_how_far_it_came(slow: Slow, study: str) -> None:
    reader = slow(study=study)
    at = visit("attention", a=KEYS, study=study, look="2", key="5")
    partly = common.PARTLY.format(done=1, total=len(FEW))
    assert partly in said(stopped(reader, at, study))
    for _ in range(2):
        assert_fine(at.run())
        assert partly in said(at)
    line = study_words.MANY_QUIET.format(texts=1) if study == "many" else "in 1 texts of"
    assert line in said(at)
    assert reader.calls == 1


def test_a_stopped_scan_is_read_again_on_request(slow: Slow) -> None:
    reader = slow()
    at = stopped(reader, visit("attention", a=KEYS, study="many"), "many")
    at.button(key="attention.many.again").click().run()
    scanned(at)
    assert study_words.MANY_QUIET.format(texts=len(FEW)) in said(at)
    assert "Stopped:" not in said(at)
    assert reader.calls == 1 + len(FEW)


def test_what_one_visitor_stopped_begins_anew_for_the_next(slow: Slow) -> None:
    reader = slow()
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


@pytest.mark.parametrize("study", READERS)
def test_what_one_visitor_began_is_shared_by_the_next(slow: Slow, study: str) -> None:
    reader = slow(study=study)
    first = visit("attention", a=KEYS, study=study, look="2", key="5")
    second = visit("attention", a=KEYS, study=study, look="2", key="6")
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
