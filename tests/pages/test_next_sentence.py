"""The next-sentence page: every question, with the library's own numbers in it."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest
from transformers import BertForMaskedLM

from bert_core.exports.prediction_snippets import next_sentence_snippet
from bert_core.figures.labels import percent
from bert_core.inside.lens import next_sentence_layers
from bert_core.intervals import Estimate
from bert_core.model.bert import Bert
from bert_core.model.inference import HIDDEN_STATES, run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence import neighbours as neighbour_sets
from bert_core.next_sentence.answer import Answer
from bert_core.next_sentence.candidates import PairScore, rank_candidates, score_candidates
from bert_core.next_sentence.neighbours import SetShare, called_next
from bert_core.next_sentence.order import best_order, pair_matrix, split_paragraph
from bert_core.next_sentence.reasons import Variant, compare_variants, weigh_parts
from bert_core.next_sentence.score import explain_logits, score_next_sentence
from tests.kit import visit as page
from tests.kit.tiny import save_tiny, tiny_bert, tiny_config
from tests.kit.visit import (
    figure,
    numbers,
    open_tab,
    press,
    press_bar,
    said,
    tables,
    view_of,
    visit,
    widget,
)
from ui.choices.next_sentence import NSP_STUDIES
from ui.next_sentence import candidates as candidates_module
from ui.next_sentence.answer import BAR, LINKS, headline
from ui.next_sentence.order import order_rows
from ui.next_sentence.parts import signed
from ui.next_sentence.topic import model_answer, pair_answer
from ui.next_sentence.why import LARGEST
from ui.words import common
from ui.words import next_sentence as answer_words
from ui.words import next_sentence_studies as words

pytestmark = pytest.mark.usefixtures("server")

PAIR = ("She opened the door and went in.", "The room was dark and cold.")
FAR = (PAIR[0], "Interest rates rose in the second quarter.")
HOSTILE = ("</script><img src=x onerror=alert(1)>", "<b>%{x}</b> $y$ **z** </script><img src=x>")
OPEN = {"a": PAIR[0], "b": PAIR[1]}
TEXTS = {
    "pair": OPEN,
    "far": {"a": FAR[0], "b": FAR[1]},
    "hostile": {"a": HOSTILE[0], "b": HOSTILE[1]},
}
KINDS = neighbour_sets.KINDS


def opened(study: str, **query: str) -> AppTest:
    """The page with this question open, after its work is done."""
    return settled(visit("next_sentence", **{**OPEN, **query}, nsp=study))


def settled(at: AppTest, patience: float = 30) -> AppTest:
    """The page after its jobs ended: as long as one goes on, it can be stopped."""
    end = time.monotonic() + patience
    while any(button.label == common.STOP for button in at.button):
        assert time.monotonic() < end
        time.sleep(0.05)
        at.run()
    return at


def assert_fine(at: AppTest) -> None:
    page.assert_whole(at, "next_sentence")
    assert page.errors(at) == page.warnings(at) == []
    assert "<img" not in "".join(page.markup(at))


def press_button(at: AppTest, label: str) -> AppTest:
    (button,) = (one for one in at.button if one.label == label)
    return button.click().run()


def links(at: AppTest) -> list[str]:
    """The labels of what can be pressed under the answer, in quick succession."""
    shown = json.loads(at.get_by_key(LINKS).proto.json)["buttons"]
    return [label for _, label in shown]


def drawn(at: AppTest) -> set[str]:
    """Which questions have a picture."""
    keys = (str(one.key) for kind in ("plotly_chart", "bidi_component") for one in at.get(kind))
    return {key.split(".")[1] for key in keys} & set(NSP_STUDIES)


def scores_of(bert: Bert, text: str, candidates: Sequence[str]) -> tuple[PairScore, ...]:
    return rank_candidates(score_candidates(bert, text, candidates))


# Every question


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("study", NSP_STUDIES)
def test_every_question_opens_and_closes(study: str, text: dict[str, str]) -> None:
    at = opened(study, **text)
    assert_fine(at)
    assert drawn(at) == {study} - {"none"}
    assert at.query_params.get("nsp", ["none"]) in (study, [study])
    open_tab(at, words.TABS["none"])
    assert_fine(at)
    assert drawn(at) == set()
    assert at.query_params.get("nsp", ["none"]) in ("none", ["none"])


@pytest.mark.parametrize("study", NSP_STUDIES)
def test_with_one_sentence_a_question_answers_or_says_what_to_do(study: str) -> None:
    at = opened(study, b="")
    assert_fine(at)
    alone = study in ("candidates", "order")
    assert drawn(at) == ({study} if alone else set())
    assert (words.NEEDS_PAIR in said(at)) == (not alone and study != "none")


def test_a_model_without_the_head_has_nothing_to_ask(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, BertForMaskedLM(tiny_config()))
    at = visit("next_sentence", a="the cat", b="a dog", nsp="why", model=str(folder))
    page.assert_whole(at, "next_sentence")
    assert words.NEEDS_HEAD in said(at)
    assert drawn(at) == set()
    assert words.PYTHON not in [button.label for button in at.download_button]


def test_the_program_that_is_taken_along_is_the_librarys(
    embedded: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Callable[[], bytes]] = {}
    keep = MediaFileManager.add_deferred

    def note(self: MediaFileManager, make: Callable[[], bytes], *rest: str, **named: str) -> str:
        made[named["file_name"].removeprefix("bert-lens-next-sentence.")] = make
        return keep(self, make, *rest, **named)

    monkeypatch.setattr(MediaFileManager, "add_deferred", note)
    at = opened("none", mask="3", masks="read")
    assert words.PYTHON in [button.label for button in at.download_button]
    assert made["py"]().decode() == next_sentence_snippet(
        "embedded", encode(embedded, *PAIR, masked=[3])
    )
    assert page.component(at, "pictures")


# The answer


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("probability", [0.51, 0.66, 0.67, 0.99])
@pytest.mark.parametrize("anyway", [None, Estimate(0.25, 0.125, 0.5)])
def test_the_headline_claims_no_more_than_the_head_says(
    follows: bool, probability: float, anyway: Estimate | None
) -> None:
    strong, quiet = headline(Answer(follows, probability, anyway))
    said = answer_words.FOLLOWS if follows else answer_words.NOT_FOLLOWS
    assert (strong == said) == (probability > 2 / 3)
    assert said in strong
    assert percent(probability) in quiet
    wrong = "sentences from other texts" if follows else "true neighbours"
    assert (f"25.0\N{NO-BREAK SPACE}% of {wrong}" in quiet) == (anyway is not None)


def test_the_answer_says_how_often_it_is_given_anyway_once_that_was_measured(
    embedded: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = neighbour_sets.bundled_texts()[::20]
    monkeypatch.setattr(neighbour_sets, "bundled_texts", lambda: few)
    measured = {one.kind: one for one in called_next(embedded)}
    at = opened("none")
    settled(press_button(at, words.SETS_START))
    assert_fine(at)
    said_anyway = percent(measured["other_text"].share)
    assert answer_words.ANYWAY[True].format(share=said_anyway) in said(at)
    rows = {row[0]: row for row in tables(at)[-1]}
    for kind, label in answer_words.WORTH_ROWS.items():
        one = measured[kind]
        assert rows[label][1] == f"{one.called} of {one.pairs}"
        assert rows[label][2] == percent(one.share)
    settled(page.go_to(page.type_text(at, "next_sentence", *FAR), "next_sentence"))
    refused = 1 - measured["true"].called / measured["true"].pairs
    assert answer_words.ANYWAY[False].format(share=percent(refused)) in said(at)


def test_a_closed_tab_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first tab's pair runs; no question asks for more."""

    def refuse(*_: object) -> None:
        raise AssertionError("a closed tab was worked out")

    for name in ("candidates.score_candidates", "order.score_pairs", "why.weigh_parts"):
        monkeypatch.setattr(f"ui.next_sentence.{name}", refuse)
    for name in ("topic.compare_variants", "sets.called_next", "layers.next_sentence_layers"):
        monkeypatch.setattr(f"ui.next_sentence.{name}", refuse)
    assert_fine(opened("none"))


def test_each_press_on_swap_counts() -> None:
    at = opened("none")
    press(at, LINKS, press="swap")
    assert (view_of(at).text, view_of(at).pair) == PAIR[::-1]
    press(at, LINKS, press="swap")
    assert (view_of(at).text, view_of(at).pair) == PAIR
    assert links(at) == [answer_words.SWAP]
    assert figure(at, BAR)


# Other candidates


def test_candidates_are_ranked_as_the_library_ranks_them(embedded: Bert) -> None:
    at = opened("candidates")
    listed = words.CANDIDATES_FOR[PAIR[0]].split("\n")
    ranked = scores_of(embedded, PAIR[0], listed)
    bars = figure(at, "next_sentence.candidates.bars")["data"][0]
    assert_allclose(numbers(bars["x"]), [one.is_next for one in ranked], atol=1e-5)
    assert tables(at)[0][1:] == [
        [f"{place}.", one.candidate, percent(one.is_next), signed(one.difference)]
        for place, one in enumerate(ranked, 1)
    ]
    quiet = words.BEST_QUIET.format(count=6, share=percent(ranked[0].is_next))
    assert f"“{ranked[0].candidate}” <span>{quiet}</span>" in said(at)


def test_a_press_on_a_bar_reads_that_candidate_and_undo_brings_the_old_one_back(
    embedded: Bert,
) -> None:
    at = opened("candidates")
    ranked = scores_of(embedded, PAIR[0], words.CANDIDATES_FOR[PAIR[0]].split("\n"))
    press_bar(at, "next_sentence.candidates.bars", 5)
    assert view_of(at).pair == ranked[5].candidate
    assert widget(at.text_input, "next_sentence.pair").value == ranked[5].candidate
    assert_fine(press(open_tab(at, words.TABS["none"]), LINKS, press="undo"))
    assert (view_of(at).text, view_of(at).pair) == PAIR


def test_a_list_with_broken_lines_is_scored_without_them() -> None:
    at = opened("candidates")
    widget(at.text_area, "next_sentence.candidates.text").set_value(
        f"It was cold.\n\n{'x' * 6000}\n<b>Bold</b> it was.\n" + "\n".join(HOSTILE)
    )
    settled(at.run())
    assert_fine(at)
    assert "Line 3 has 6000 characters; a line may have 5000." in said(at)
    assert len(tables(at)[0]) == 1 + 4
    (table,) = (one for one in at.expander if "candidates" in one.proto.id)
    page._send(at, table.proto.id, bool_value=True)
    assert sorted(at.dataframe[0].value["line"]) == [1, 4, 5, 6]


def test_what_was_typed_stays_when_the_question_is_closed_and_an_upload_comes_first() -> None:
    at = opened("candidates")
    widget(at.text_area, "next_sentence.candidates.text").set_value("One.\nTwo.").run()
    open_tab(at, words.TABS["layers"])
    open_tab(at, words.TABS["candidates"])
    settled(at)
    assert widget(at.text_area, "next_sentence.candidates.text").value == "One.\nTwo."
    assert len(tables(at)[0]) == 1 + 2
    upload = at.file_uploader(key="next_sentence.candidates.text.file")
    settled(upload.set_value(("b.txt", "Drei.\nVier.\nFünf.".encode(), "text/plain")).run())
    assert {row[1] for row in tables(at)[0][1:]} == {"Drei.", "Vier.", "Fünf."}


def test_an_empty_list_is_asked_for_in_a_sentence() -> None:
    at = opened("candidates")
    widget(at.text_area, "next_sentence.candidates.text").set_value(" \n ").run()
    page.assert_whole(at, "next_sentence")
    assert page.warnings(at) == ["The list is empty: write one sentence, or one row, on each line."]


def test_a_long_list_that_is_stopped_keeps_what_was_scored(
    monkeypatch: pytest.MonkeyPatch, embedded: Bert
) -> None:
    """The scoring is held after its first three results until it is stopped."""
    go_on, held = Event(), Event()

    def slowly(*asked: object) -> Iterator[PairScore]:
        for number, score in enumerate(score_candidates(*asked)):
            if number == 3:
                held.set()
                assert go_on.wait(30)
            yield score

    monkeypatch.setattr(candidates_module, "score_candidates", slowly)
    at = visit("next_sentence", **OPEN)
    open_tab(at, words.TABS["candidates"])
    lines = [f"It was {number} degrees." for number in range(1000)]
    widget(at.text_area, "next_sentence.candidates.text").set_value("\n".join(lines)).run()
    assert held.wait(30)
    at.run()
    assert drawn(at) == set()
    press_button(at, common.STOP)
    go_on.set()
    settled(at)
    assert_fine(at)
    done = len(tables(at)[0]) - 1
    assert 3 <= done <= 4
    assert common.PARTLY.format(done=done, total=1000) in said(at)
    monkeypatch.undo()
    expected = scores_of(embedded, PAIR[0], lines[:done])
    assert [row[1] for row in tables(at)[0][1:]] == [one.candidate for one in expected]
    settled(at.run())
    assert len(tables(at)[0]) == 1 + done  # it does not begin again by itself
    assert common.AGAIN in [button.label for button in at.button]


# Order


def test_the_best_order_is_the_librarys_beside_the_true_one(embedded: Bert) -> None:
    at = opened("order")
    sentences = split_paragraph(words.PARAGRAPH_EXAMPLE).sentences
    matrix = pair_matrix(embedded, sentences)
    best = best_order(matrix.log_probabilities)
    shown = numbers(figure(at, "next_sentence.order.matrix")["data"][0]["z"]).astype(float)
    assert_allclose(shown, matrix.is_next, atol=1e-5)
    assert words.ORDER.format(order=" ".join(str(at + 1) for at in best.order)) in said(at)
    assert f"place {best.true_rank} of {best.orders}" in said(at)
    assert tables(at) == [
        [list(row) for row in order_rows(matrix, order)]
        for order in (best.order, range(len(sentences)))
    ]


def test_a_paragraph_of_one_sentence_or_none_is_refused_in_a_sentence() -> None:
    at = opened("order")
    for text in ("Only one.", "", "!!!"):
        widget(at.text_area, "next_sentence.order.text").set_value(text).run()
        page.assert_whole(at, "next_sentence")
        assert len(page.warnings(at)) == 1
    widget(at.text_area, "next_sentence.order.text").set_value("It <b>rained. He ran. " * 8).run()
    settled(at)
    assert_fine(at)
    assert words.LEFT_OUT.format(read=12, count=4) in said(at)


# Why


@pytest.mark.parametrize("pair", [PAIR, FAR], ids=["follows", "does not"])
@pytest.mark.parametrize(("unit", "way"), [("token", "remove"), ("word", "mask")])
def test_changes_are_the_librarys(
    unit: str, way: str, pair: tuple[str, str], embedded: Bert
) -> None:
    at = opened("why", b=pair[1])
    at.segmented_control(key="next_sentence.why.unit").set_value(unit)
    at.segmented_control(key="next_sentence.why.way").set_value(way)
    settled(at.run())
    encoding = encode(embedded, *pair)
    changes = list(weigh_parts(embedded, encoding, way, unit))
    largest = sorted(changes, key=lambda one: -abs(one.difference_change))[:LARGEST]
    bars = numbers(figure(at, "next_sentence.why.bars")["data"][0]["x"])
    assert_allclose(bars, [one.difference_change for one in largest], atol=1e-4)
    follows = score_next_sentence(embedded, run_bert(embedded, encoding)).is_next > 0.5
    most = (min if follows else max)(changes, key=lambda one: one.difference_change)
    assert (words.FOR if follows else words.AGAINST).format(part=most.label) in said(at)


def test_a_press_in_the_second_strip_masks_the_word_above() -> None:
    at = opened("why")
    press(at, "next_sentence.why.strip", position=4)
    assert view_of(settled(at)).masked == (4,)
    assert view_of(at).with_masks
    assert_fine(at)
    press(at, "next_sentence.why.strip", position=4)
    assert view_of(at).masked == ()


# Topic or order?


def test_variants_of_the_pair_are_the_librarys(embedded: Bert) -> None:
    at = opened("test")
    assert words.VARIANTS["elsewhere"] not in said(at)
    widget(at.text_area, "next_sentence.test.around").set_value("He ran off. It rained.").run()
    settled(at)
    variants = list(compare_variants(embedded, *PAIR, ("He ran off.", "It rained.")))
    assert tables(at)[0][1:] == [
        [
            words.VARIANTS[one.name],
            percent(one.is_next),
            signed(one.difference),
            f"{sum(score.difference > 0 for score in one.scores)} of {len(one.scores)}",
        ]
        for one in variants
    ]
    assert words.VARIANTS["elsewhere"] in said(at)


@pytest.mark.parametrize(
    ("refused", "strong"),
    [
        (set(), words.PAIR_NEITHER),
        ({"other_text"}, words.PAIR_TOPIC),
        ({"swapped"}, words.PAIR_ORDER),
        ({"shuffled", "other_text"}, words.PAIR_BOTH),
        ({"true", "other_text"}, words.PAIR_REFUSED),
    ],
)
def test_what_is_said_of_a_pair_follows_from_its_variants(refused: set[str], strong: str) -> None:
    def score(follows: bool) -> PairScore:
        return PairScore(0, "a", "b", 0.5, 1.0 if follows else -1.0, 0.0, False)

    names = ("true", "swapped", "shuffled", "other_text")
    variants = [Variant(name, (score(True), score(name not in refused))) for name in names]
    assert pair_answer(variants)[0] == strong


def test_the_pair_that_is_refused_can_tell_nothing() -> None:
    assert words.PAIR_REFUSED in said(opened("test", b=FAR[1]))


def test_bundled_sets_are_measured_when_asked_and_kept(
    embedded: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = neighbour_sets.bundled_texts()[::20]
    monkeypatch.setattr(neighbour_sets, "bundled_texts", lambda: few)
    expected = list(called_next(embedded))
    at = opened("test")
    assert "next_sentence.test.sets.bars" not in [one.key for one in at.get("plotly_chart")]
    settled(press_button(at, words.SETS_START))
    assert_fine(at)
    bars = figure(at, "next_sentence.test.sets.bars")["data"][0]
    assert_allclose(numbers(bars["x"]), [one.share for one in expected])
    strong, sentence = model_answer(expected)
    assert strong in said(at)
    assert sentence in said(at)
    page.go_to(at, "attention")
    settled(page.go_to(at, "next_sentence"))
    assert sentence in said(at)


@pytest.mark.parametrize(
    ("lower", "strong"),
    [
        ({"other_text"}, words.SETS_TOPIC),
        ({"other_text", "reversed"}, words.SETS_SOME),
        (set(KINDS) - {"true"}, words.SETS_BOTH),
        ({"shuffled"}, words.SETS_ORDER),
        (set(), words.SETS_NEITHER),
    ],
)
def test_what_is_said_of_a_model_follows_from_its_shares(lower: set[str], strong: str) -> None:
    sets = [
        SetShare(kind, 1, 10, *((0.3, 0.2, 0.4) if kind in lower else (0.9, 0.8, 1.0)), 0.5, 3)
        for kind in KINDS
    ]
    found, sentence = model_answer(sets)
    assert found == strong
    told, _, untold = sentence.partition("It does not")
    for kind in set(KINDS) - {"true"}:
        assert (words.KINDS[kind] in told, words.KINDS[kind] in untold) == (
            kind in lower,
            kind not in lower,
        )


def test_a_lower_share_tells_nothing_where_its_interval_reaches_that_of_true_neighbours() -> None:
    true = SetShare("true", 9, 10, 0.9, 0.75, 1.0, 0.5, 3)
    close = SetShare("other_text", 6, 10, 0.6, 0.4, 0.8, 0.5, 3)
    apart = SetShare("other_text", 6, 10, 0.6, 0.4, 0.74, 0.5, 3)
    assert model_answer([true, close])[0] == words.SETS_NEITHER
    assert model_answer([true, apart])[0] == words.SETS_BOTH


# Through the layers, and the layout


def test_layers_are_the_librarys(embedded: Bert) -> None:
    at = opened("layers")
    run = run_bert(embedded, encode(embedded, *PAIR), (HIDDEN_STATES,))
    found = next_sentence_layers(embedded, run)
    line = figure(at, "next_sentence.layers.line")["data"][0]
    assert_allclose(numbers(line["y"]), found.is_next, atol=1e-5)
    last = max(at for at, share in enumerate(found.is_next) if share < 0.5) + 1
    assert words.LAYERS_FROM.format(answer=words.ANSWERS[True], layer=last) in said(at)
    assert words.LAYERS_NOTE in said(at)


def test_the_layout_names_all_parts_and_its_sums_make_the_logits(embedded: Bert) -> None:
    at = opened("layout")
    run = run_bert(embedded, encode(embedded, *PAIR))
    assert words.LAYOUT_QUIET.format(first=8, second=7) in said(at)
    heat = figure(at, "next_sentence.layout.pooled")["data"]
    assert_allclose(numbers(heat[0]["z"])[0], run.pooled, atol=1e-5)
    cells = [[float(cell.replace("−", "-")) for cell in row[1:]] for row in tables(at)[0][1:]]
    total, bias, together, logit = np.array(cells)
    assert_allclose(total + bias, together, atol=2e-5)
    assert_allclose(together, logit, atol=2e-5)
    assert_allclose(logit, run.next_sentence_logits, atol=2e-5)


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_the_logits_are_weights_times_pooled_plus_bias(
    which: str, request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    run = run_bert(bert, encode(bert, "the cat sat", "a dog ran"))
    parts = explain_logits(bert, run)
    assert parts.contributions.shape == parts.weights.shape == (2, bert.hidden)
    for row in range(2):
        slow = float(parts.biases[row])
        for at in range(bert.hidden):
            slow += float(parts.weights[row, at]) * float(run.pooled[at])
        assert slow == pytest.approx(float(run.next_sentence_logits[row]), abs=1e-5)
        assert parts.sums[row] + parts.biases[row] == pytest.approx(slow, abs=1e-9)
    assert parts.gap <= 1e-5
    assert np.abs(parts.pooled).max() <= 1


def test_a_bias_of_its_own_is_in_the_sum() -> None:
    bert = tiny_bert()
    bert.model.cls.seq_relationship.bias.data = torch.tensor([0.5, -2.0])
    parts = explain_logits(bert, run_bert(bert, encode(bert, "the cat", "a dog")))
    assert parts.biases.tolist() == [0.5, -2.0]
    assert parts.gap <= 1e-5


@pytest.mark.parametrize("pair", ["\u200b", "\ufe0f \u00ad", "\u0301"])
def test_a_sentence_b_of_which_nothing_is_read_gets_no_answer(pair: str) -> None:
    at = visit("next_sentence", a="the cat", b=pair)
    assert "Sentence B has nothing in it that the model reads" in " ".join(page.warnings(at))
    assert not at.get("plotly_chart")
    assert not visit("home", a="the cat", b=pair).exception


def test_a_candidate_of_which_nothing_is_read_is_named_and_not_ranked() -> None:
    at = visit("next_sentence", a="the cat", nsp="candidates")
    widget(at.text_area, "next_sentence.candidates.text").set_value("it ran\n\u200b\nit sat").run()
    assert "Line 2 has nothing in it that the model reads." in said(at)
