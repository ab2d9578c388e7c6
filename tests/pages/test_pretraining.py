"""The pretraining page: runs, what they know, and what is done with them."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from bert_core.evaluation.evaluate import evaluate
from bert_core.figures.labels import percent
from bert_core.intervals import Estimate
from bert_core.lab import folder as files
from bert_core.lab import server, step_view
from bert_core.lab.archive import pack_model
from bert_core.lab.folder import Control
from bert_core.lab.learned import Learned
from bert_core.lab.process import LabRun
from bert_core.lab.server import Lab, model_source
from bert_core.lab.settings import LENGTH, LabSettings
from bert_core.lab.snapshot import load_snapshot
from bert_core.model.bert import Bert, load_bert
from tests.kit.visit import (
    chosen,
    errors,
    figure,
    go_to,
    numbers,
    open_tab,
    said,
    tables,
    view_of,
    visit,
    warnings,
    widget,
)
from ui import cached
from ui.choices.pretraining import TABS
from ui.pretraining import compare
from ui.pretraining import learning as learning_tab
from ui.pretraining import looks as looks_tab
from ui.pretraining import scale as scale_tab
from ui.pretraining import shown as shown_module
from ui.pretraining.scale import BASE, EMBEDDED
from ui.settings import settings
from ui.words import common
from ui.words import pretraining as words

SMALL = LabSettings(layers=1, heads=2, width=64, vocabulary=1_000, steps=300)
EVIL = "<img src=x onerror=alert(1)> the [MASK] **dog** $x$"
STEPS = 3


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose processes do nothing, with one run that took three steps."""

    def idle(_: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "spawn", idle)
        made = Lab(20, tmp_path_factory.mktemp("lab"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def done(lab: Lab) -> str:
    """The id of a run that ended, each of its steps taken alone."""
    chosen = replace(SMALL, sentences=("Once upon a [MASK] there was a [MASK].", EVIL))
    run_id = lab.start(chosen)
    run = LabRun(lab.root / run_id, chosen)
    asked: list[int] = []

    def listen() -> Control:
        asked.append(run.run.position.step)
        return Control(goes=False, until=STEPS, stop=asked.count(STEPS) > 1)

    run._listen = listen  # type: ignore[method-assign]
    run.work()
    found = lab.find(run_id)
    assert found is not None
    assert found.process is not None
    found.process.kill()
    return run_id


@pytest.fixture(autouse=True)
def _of_this_test(server: None, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "lab", lambda: lab)


def opened(*runs: str) -> AppTest:
    return visit("pretraining", runs=",".join(runs)) if runs else visit("pretraining")


def look(at: AppTest, name: str) -> AppTest:
    open_tab(at, words.TABS["looks"])
    at.get_by_key("pretraining.look").set_value(name)
    return at.run()


def click(at: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    (button,) = (one for one in at.button if one.label == label)
    return button.click().run()


def deliver(at: AppTest, button: Button) -> AppTest:
    """A press as a browser sends it: behind all that was chosen up to then."""
    states = at._tree.get_widget_states()
    others = [one for one in states.widgets if one.id != button.proto.id]
    del states.widgets[:]
    states.widgets.extend(others)
    states.widgets.add(id=button.proto.id, trigger_value=True)
    return at._run(states)


def assert_fine(at: AppTest) -> None:
    assert not at.exception
    assert not errors(at)
    assert not warnings(at)


# Starting


def test_it_opens_with_a_way_to_start_and_what_the_real_one_took() -> None:
    at = opened()
    assert_fine(at)
    assert words.OPENING in said(at)
    assert words.START in [button.label for button in at.button]
    drawn = figure(at, "pretraining.scale")["data"]
    for trace, model in zip(drawn, (BASE, EMBEDDED), strict=True):
        assert_allclose(numbers(trace["x"]), np.log10([*model.values()]))


def test_the_real_one_read_what_the_paper_says() -> None:
    """Appendix A.2: a million batches of 256; 900,000 have 128 tokens each, the others 512."""
    assert BASE["tokens"] == 900_000 * 256 * 128 + 100_000 * 256 * 512 == 42_598_400_000
    assert BASE["batch"] == 131_072  # "128,000 tokens/batch"


def test_a_press_starts_a_run_that_is_in_the_link(lab: Lab) -> None:
    at = click(opened(), words.START)
    (run_id,) = chosen(at, "runs")
    assert at.query_params["runs"] == run_id
    run = lab.find(run_id)
    assert run is not None
    assert run.settings == LabSettings()
    assert words.STATES["starting"] in said(at) or "Waiting" in said(at)
    click(at, words.STOP)
    at = click(at, words.ANEW)
    assert chosen(at, "runs") == ()


def test_a_press_that_is_delivered_twice_starts_one_run(lab: Lab) -> None:
    at = opened()
    (button,) = (one for one in at.button if one.label == words.START)
    at = deliver(at, button)
    begun = chosen(at, "runs")
    at = deliver(at, button)
    assert chosen(at, "runs") == begun
    assert len(begun) == 1
    lab.stop(begun[0])


def test_what_is_chosen_up_to_the_press_is_what_is_trained(lab: Lab) -> None:
    at = opened()
    widget(at.select_slider, "pretraining.rate").set_value(40)
    widget(at.toggle, "pretraining.pairs").set_value(False)
    widget(at.number_input, "pretraining.seed").set_value(7)
    widget(at.text_area, "pretraining.sentences").set_value("My [MASK] is here.\n\nIt [MASK].")
    (button,) = (one for one in at.button if one.label == words.START)
    at = deliver(at, button)
    run = lab.find(chosen(at, "runs")[0])
    assert run is not None
    expected = replace(
        LabSettings(), rate=40, pairs=False, seed=7, sentences=("My [MASK] is here.", "It [MASK].")
    )
    assert run.settings == expected
    lab.stop(run.id)


def test_a_sentence_without_a_blank_starts_nothing_and_says_what_to_write() -> None:
    at = opened()
    widget(at.text_area, "pretraining.sentences").set_value("No blank here.")
    at = click(at.run(), words.START)
    assert chosen(at, "runs") == ()
    assert "[MASK]" in said(at)
    assert widget(at.text_area, "pretraining.sentences").value == "No blank here."


def test_a_link_to_a_run_that_is_gone_says_so() -> None:
    at = opened("0" * 12)
    assert not at.exception
    assert words.GONE in said(at)


def test_a_server_without_a_lab_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERT_LENS_LAB_RUNS", "0")
    settings.cache_clear()
    try:
        at = opened()
        assert words.OFF in said(at)
        assert words.START not in [button.label for button in at.button]
    finally:
        settings.cache_clear()


def test_a_run_that_failed_says_why(lab: Lab, done: str) -> None:
    before = files.read_status(lab.root / done)
    files.write_status(lab.root / done, replace(before, state=files.FAILED, said="No room."))
    try:
        assert "No room." in warnings(opened(done))
    finally:
        files.write_status(lab.root / done, before)


# What it knows


def test_the_heading_says_how_far_it_is_and_how_often_it_is_right(lab: Lab, done: str) -> None:
    at = opened(done)
    assert_fine(at)
    newest = load_snapshot(lab.root / done / files.SNAPSHOTS, STEPS)
    assert newest.held_out is not None
    assert words.STATES["stopped"].format(step=STEPS, steps=300) in said(at)
    assert words.RIGHT.format(right=percent(newest.held_out.first_right)) in said(at)


def test_the_curves_hold_the_losses_of_each_step(lab: Lab, done: str) -> None:
    at = opened(done)
    losses = files.read_losses(lab.root / done)
    drawn = [numbers(trace["y"]) for trace in figure(at, "pretraining.curves")["data"]]
    held_out = [
        load_snapshot(lab.root / done / files.SNAPSHOTS, step).held_out for step in range(STEPS + 1)
    ]
    expected = [one.words_loss for one in held_out if one is not None]
    assert any(len(y) == STEPS and np.allclose(y, smoothed(losses[:, 0], 3)) for y in drawn)
    assert any(len(y) == STEPS + 1 and np.allclose(y, expected) for y in drawn)


def smoothed(losses: np.ndarray, window: int) -> list[float]:
    return [float(losses[max(0, at - window + 1) : at + 1].mean()) for at in range(len(losses))]


def test_the_guesses_are_those_of_the_step_that_is_looked_at(lab: Lab, done: str) -> None:
    at = open_tab(opened(done), words.TABS["looks"])
    for step in (STEPS, 0):
        if step != STEPS:
            widget(at.select_slider, "pretraining.at").set_value(step)
            at = at.run()
        watched = load_snapshot(lab.root / done / files.SNAPSHOTS, step).watched[0]
        shown = said(at)
        for blank in range(len(watched.masks)):
            for piece, share in watched.guesses(blank):
                assert f"<code dir='auto'>{piece}</code><b>{percent(share)}</b>" in shown


def test_a_head_is_drawn_with_its_own_weights(lab: Lab, done: str) -> None:
    at = look(opened(done), "head")
    at.get_by_key(f"pretraining.head.{done}").set_value((0, 1))
    at = at.run()
    watched = load_snapshot(lab.root / done / files.SNAPSHOTS, STEPS).watched[0]
    (drawn,) = figure(at, f"pretraining.map.{done}")["data"]
    assert_allclose(numbers(drawn["z"]), watched.attentions[0, 1], atol=1e-6)


def test_the_positions_are_those_of_the_model(lab: Lab, done: str) -> None:
    at = look(opened(done), "positions")
    bert = load_bert(str(lab.root / done / files.MODELS / f"step-{STEPS}"), "cpu")
    weights = bert.model.bert.embeddings.position_embeddings.weight[:LENGTH].numpy()
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    (drawn,) = figure(at, f"pretraining.positions.{done}")["data"]
    assert_allclose(numbers(drawn["z"]), unit @ unit.T, atol=1e-3)


def test_the_batch_is_that_of_the_last_step_taken_alone(lab: Lab, done: str) -> None:
    at = look(opened(done), "batch")
    view = step_view.from_json(files.read_json(lab.root / done / files.BATCH))
    assert view.step == STEPS
    assert words.BATCH.format(step=STEPS, words=view.words_loss) in said(at)
    shown = [table for table in tables(at) if table[0] == [*words.GUESS_COLUMNS]]
    assert len(shown) == len(view.shown)
    for table, example in zip(shown, view.shown, strict=True):
        assert [row[2] for row in table[1:]] == [f"{one.loss:.2f}" for one in example.guesses]


def test_tokens_that_look_like_a_program_are_text(done: str) -> None:
    at = opened(done)
    at.get_by_key("pretraining.sentence").set_value(1)
    at = at.run()
    assert_fine(at)
    bodies = [element.proto.body for element in at.get("html")]
    assert not any("<img" in body for body in bodies)


def test_two_runs_stand_beside_each_other_with_names_of_their_own(lab: Lab, done: str) -> None:
    other = lab.start(SMALL)
    at = opened(done, other)
    assert_fine(at)
    for number in (1, 2):
        assert f"{words.NAME.format(rate=15)} ({number})" in said(at)
    lab.stop(other)


# The answer of each tab


def test_every_tab_opens_by_its_link_with_one_foot_line(done: str) -> None:
    for tab in TABS:
        at = visit("pretraining", runs=done, lab=tab)
        assert_fine(at)
        labels = [button.label for button in at.download_button]
        assert labels.count(common.CSV) == labels.count(common.JSON) == 1
        charts = {str(one.key).split(".")[1] for one in at.get("plotly_chart")}
        assert (
            charts
            == {
                "learning": {"curves", "lines"},
                "looks": {"lines"},
                "scale": {"scale"},
                "compare": set(),
            }[tab]
        )  # what is closed is not drawn


def test_the_first_headline_is_what_the_losses_say(lab: Lab, done: str) -> None:
    facts = files.read_facts(lab.root / done)
    assert facts is not None
    newest = load_snapshot(lab.root / done / files.SNAPSHOTS, STEPS).held_out
    assert newest is not None
    assert newest.words_loss > facts.unigram  # three steps teach nothing
    text = said(opened(done))
    assert words.NOT_YET in text
    choices, others = np.exp([newest.words_loss, facts.unigram])
    assert words.UNSURE.format(choices=choices, others=others) in text


def test_the_first_headline_has_a_form_for_each_state() -> None:
    assert learning_tab.headline(None) == (words.NOT_TRIED, words.NOT_TRIED_QUIET)
    late = learning_tab.headline(Learned(step=400, loss=3.0, unigram=6.0, since=250))
    assert late[0] == "Since step 250 it uses the words around the blank"
    assert "among 20 equal pieces" in late[1]  # e ** 3 = 20.1
    assert "among 403" in late[1]  # e ** 6 = 403.4
    assert learning_tab.headline(Learned(400, 6.0, 6.0, None))[0] == words.NOT_YET


@pytest.mark.parametrize(
    ("share", "strong"), [(0.05, "It expects “dog” in the blank"), (0.04, words.EXPECTS_NOTHING)]
)
def test_what_it_knows_names_a_word_only_where_one_stands_out(share: float, strong: str) -> None:
    watched = SimpleNamespace(guesses=lambda blank: [("dog", share), ("a", 0.01)])
    said, quiet = looks_tab.headline(watched, 1200)  # type: ignore[arg-type]
    assert said == strong
    assert percent(share) in quiet
    assert "after step 1,200" in quiet


def test_the_scale_compares_with_the_last_that_learnt_from_anything() -> None:
    models = {words.BASE: BASE, words.EMBEDDED: EMBEDDED}
    times = f"{BASE['tokens'] / EMBEDDED['tokens']:,.0f}"
    assert times == "1,532"
    assert "1,500 times" in scale_tab.headline(models)[0]
    assert "embedded" in scale_tab.headline(models | {words.THIS: {"tokens": 0.0}})[0]
    said = scale_tab.headline(models | {words.THIS: {"tokens": 42_598.4}})[0]
    assert said == words.SCALE.format(times="1 million", name=words.THIS)


def test_a_best_model_is_named_only_where_the_intervals_lie_apart() -> None:
    def model(value: float) -> SimpleNamespace:
        return SimpleNamespace(top_1=Estimate(value, value - 0.1, value + 0.1))

    def said(*values: float) -> str:
        named = zip("abc", map(model, values), strict=False)
        return compare.headline(list(named))[0]  # type: ignore[arg-type]

    assert said() == said(0.5) == words.COMPARE
    assert said(0.2, 0.5, 0.1) == words.BEST.format(name="b")
    assert said(0.2, 0.3) == words.NONE_BEST


def test_the_slider_follows_the_newest_step_until_a_hand_moves_it(
    done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = shown_module.list_snapshots
    monkeypatch.setattr(shown_module, "list_snapshots", lambda folder: kept(folder)[:2])
    at = visit("pretraining", runs=done, lab="looks")
    assert widget(at.select_slider, "pretraining.at").value == 1
    monkeypatch.setattr(shown_module, "list_snapshots", kept)
    assert widget(at.run().select_slider, "pretraining.at").value == STEPS
    widget(at.select_slider, "pretraining.at").set_value(1).run()
    assert widget(at.run().select_slider, "pretraining.at").value == 1


# What is done with it


def test_its_model_is_opened_on_the_other_pages(lab: Lab, done: str) -> None:
    at = opened(done)
    at = click(at, words.OPEN)
    source = model_source(done, STEPS)
    assert view_of(at).model == source
    at = go_to(at, "masked_words")
    assert_fine(at)
    assert source in said(at)
    assert chosen(at, "runs") == (done,)


def test_a_model_that_the_lab_keeps_no_longer_is_refused_in_a_sentence() -> None:
    at = visit("masked_words", a="A dog.", model=model_source("0" * 12, 3))
    assert any(common.NO_LAB_MODEL in error for error in errors(at))


def test_a_model_that_is_brought_is_read_with(lab: Lab, done: str) -> None:
    packed = pack_model(lab.root / done / files.MODELS / f"step-{STEPS}")
    at = visit("tokenization", a="A dog.", model=lab.bring(packed))
    assert_fine(at)


def test_the_table_has_what_the_evaluation_gives(
    lab: Lab, done: str, embedded: Bert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "MASKS", 30)
    monkeypatch.setattr(compare, "PAIRS", 6)
    at = click(open_tab(opened(done), words.TABS["compare"]), words.COMPARE_START)
    for _ in range(100):
        shown = [table for table in tables(at) if table[-1][0] == words.COMPARE_ROWS["pairs"]]
        if shown:
            break
        at = at.run()
    assert_fine(at)
    (table,) = shown
    questions = compare.held_out_questions()
    own = load_bert(str(lab.root / done / files.MODELS / f"step-{STEPS}"), "cpu")
    for column, bert in enumerate((own, embedded), start=1):
        found = evaluate(bert, questions)
        for row, measure in zip(table[1:], words.COMPARE_ROWS, strict=True):
            assert row[column] == compare._cell(measure, getattr(found, measure))
