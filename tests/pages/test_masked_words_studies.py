"""The questions about masked words, answered with the library's own numbers.

What must be right: each question opens for every kind of text, its numbers are those of the
library called directly, long work can be stopped and says so, and every change can be undone.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from streamlit.testing.v1 import AppTest
from transformers import BertForNextSentencePrediction

from bert_core.evaluation.calibration import MaskedGuesses, calibrate
from bert_core.evaluation.reliability import summarise_calibration
from bert_core.figures.labels import percent
from bert_core.inside.lens import read_layers
from bert_core.masked_words.beam import beam_search
from bert_core.masked_words.blanks import BlankComparison, compare_blanks, locate
from bert_core.masked_words.joint import fill_in_turn, fill_independently, pseudo_log_likelihoods
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.minimal_pairs import compare_pairs, summarise_pairs
from bert_core.masked_words.scores import SentenceScore, rank
from bert_core.masked_words.several_pieces import word_candidates
from bert_core.masked_words.surprisal import TokenSurprisal, predict_each, readout, word_surprisals
from bert_core.masked_words.targets import parse_targets, predict_targets
from bert_core.masked_words.training import answer_chosen
from bert_core.model.bert import Bert
from bert_core.model.inference import HIDDEN_STATES, Asked, BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.pretraining.mask_counts import masking_counts
from bert_core.pretraining.masks import roll_masks
from bert_core.serving.runner import Runner
from bert_core.texts.hundred import bundled_hundred
from tests.kit import visit as page
from tests.kit.ranking import best_quiet, pairs_heads, rank_heads
from tests.kit.tiny import save_tiny, tiny_config
from tests.kit.visit import (
    chosen,
    component,
    figure,
    masked_in_strip,
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
from ui import cached
from ui.choices.masked_words import MLM_STUDIES, MaskedWordsChoices
from ui.masked_words import blank, calibration, joint, layers, targets, training
from ui.masked_words import rank as ranking
from ui.masked_words.hints import GUESSES, SLOT
from ui.masked_words.masks import PRESSES
from ui.view import View, read_query
from ui.words import common
from ui.words import masked_words_studies as words
from ui.words.masked_words_how import HOW

STUDIES = MLM_STUDIES[1:]
CAR = {"a": "She bought a new car last week.", "mask": "3,4"}  # three ways, three answers
DOCTOR = "The doctor said that she was late."
TEXAS, NEW_YORK = words.BLANK_EXAMPLES[0]
EVIL = "</script><img src=x onerror=alert(1)>"
LONG = " ".join(["the doctor said that she was very late today and then he left"] * 6)
NO_HEAD = "no masked-word head, so it cannot guess words"
WAIT = 30  # seconds; the cores are shared
FEW = bundled_hundred()[::25]
LIST = (
    "The keys to the cabinet are on the table.",
    "The keys to the cabinet is on the table.",
    "He spread the warm bread with socks.",
    "An unbelievably long embedding.",
)

TEXTS = {
    "one": {"a": DOCTOR, "mask": "2,5"},
    "pair": {"a": "The dog saw the other dog.", "b": "It ran because it was late.", "mask": "2,12"},
    "no mask": {"a": DOCTOR, "click": "ask"},
    "typed": {"a": "The [MASK] said that she was [MASK]."},
    "hostile": {"a": f"{EVIL} dog", "b": "<b>%{x}</b> $y$ **z** `q`", "mask": "2,3"},
    "chinese": {"a": "我 是 学生 , 你 好 。", "mask": "1,2"},
}


@pytest.fixture(autouse=True)
def _few(server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled texts are a few."""
    monkeypatch.setattr("ui.masked_words.calibration.bundled_hundred", lambda: FEW)
    monkeypatch.setattr(words, "RANK_EXAMPLE", "A dog ran.")
    monkeypatch.setattr(words, "PAIRS_EXAMPLE", "A dog ran. ||| A dogs ran.")


def jobs(at: AppTest) -> list[Any]:
    slots = (
        SLOT,
        joint.SLOT,
        calibration.SLOT,
        *(f"{ranking.SLOT}.{what}" for what in ("list", "pairs")),
    )
    return [
        at.session_state[f"{slot}:job"][1] for slot in slots if f"{slot}:job" in at.session_state
    ]


def ready(at: AppTest) -> AppTest:
    """The page once all that goes on beside it has ended."""
    assert all(job.wait(WAIT) for job in jobs(at))
    return at.run()


def ask(study: str, **query: str) -> AppTest:
    return ready(visit("masked_words", mlm=study, **query))


def assert_fine(at: AppTest) -> None:
    page.assert_whole(at, "masked_words")
    assert page.errors(at) == page.warnings(at) == []
    assert "<img" not in "".join(page.markup(at))


def pressable(at: AppTest) -> list[str]:
    """The names of what may be pressed in quick succession."""
    drawn = (one for one in page.components(at) if one.component_name == "bert_lens_presses")
    return [name for one in drawn for name, _ in json.loads(one.json)["buttons"]]


def table_with(at: AppTest, *head: str) -> list[list[str]]:
    """The rows of the one table that begins with `head`."""
    (found,) = (table for table in tables(at) if tuple(table[0]) == head)
    return found[1:]


def values(rows: Iterable[Sequence[str]], column: int) -> list[float]:
    return [float(row[column]) for row in rows]


def brush(at: AppTest, points: Sequence[int]) -> AppTest:
    """A frame drawn round these points of the scatter, as the browser says it."""
    chosen = {
        "points": [{"curve_number": 0, "point_index": one} for one in points],
        "point_indices": list(points),
        "box": [],
        "lasso": [],
    }
    element = at.get_by_key(blank.CHART).proto.id
    return page._send(at, element, string_value=json.dumps({"selection": chosen}))


def hints(at: AppTest) -> dict[str, Any]:
    """What the readout was given."""
    found: dict[str, Any] = json.loads(component(at, "hints").json)
    return found


def encoding_of(bert: Bert, query: dict[str, str]) -> Encoding:
    masked = [int(at) for at in query.get("mask", "").split(",") if at]
    return encode(bert, query["a"], query.get("b"), masked)


# Every question opens


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_question_opens_for_every_text(text: dict[str, str]) -> None:
    expected = {
        "joint": words.JOINT_NOTE,
        "layers": words.LENS_NOTE.format(layer=6),
        "blank": words.BLANK_NOTE,
        "rank": words.SHARES_OF,
        "targets": words.TARGETS_HEADS[1],
        "training": words.TRAINING_HEADS[1],
        "calibration": words.CALIBRATION_START,
    }
    if "click" in text:
        expected |= {"joint": words.JOINT_NEEDS, "blank": words.BLANK_FIRST}
    at = visit("masked_words", **text, other=NEW_YORK, mlm="joint")
    for study in STUDIES:
        assert_fine(ready(open_tab(at, words.TABS[study])))
        assert_one_foot(at, study)
        labels = [one.label for one in at.button]
        assert expected[study] in "\n".join([said(at), *labels])
        assert at.query_params["mlm"] == study
    assert_fine(open_tab(at, words.TABS["none"]))
    assert_one_foot(at, "none")
    assert "mlm" not in at.query_params


def assert_one_foot(at: AppTest, study: str) -> None:
    """One line to take away and to read, of the tab that is open."""
    (explained,) = (
        one.value for one in at.markdown if one.value in {*map(str.strip, HOW.values())}
    )
    assert explained == HOW[study].strip()
    assert said(at).count(common.TAKE_AWAY) == 1


@pytest.mark.parametrize("study", MLM_STUDIES)
def test_a_text_of_which_nothing_is_left_leaves_every_question_a_sentence(study: str) -> None:
    at = ask(study, a="\u200b", other=NEW_YORK)
    page.assert_whole(at, "masked_words")
    assert page.errors(at) == []
    assert len(page.warnings(at)) == (study == "training")
    assert not [one for one in page.components(at) if one.component_name.endswith("hints")]


@pytest.mark.parametrize("study", MLM_STUDIES)
def test_a_model_without_the_head_says_so_at_every_question(study: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    kind, config = BertForNextSentencePrediction, tiny_config()
    bare = kind._from_config(config, attn_implementation="eager")
    folder = str(save_tiny(tmp_path / "bare", bare))
    at = ask(
        study,
        a="the cat sat on the mat",
        mask="2,5",
        model=folder,
        other="the [MASK]",
        targets="cat, dog",
    )
    if study == "calibration":
        at.button(key="masked_words.calibration.go").click().run()
        ready(at)
    page.assert_whole(at, "masked_words")
    assert page.errors(at) == []
    assert page.warnings(at)
    assert all(NO_HEAD in warning for warning in page.warnings(at))
    assert not [one for one in page.components(at) if one.component_name.endswith("hints")]


# Several masks


@pytest.mark.parametrize("order", ["certain_first", "left_to_right"])
def test_the_ways_of_filling_are_those_of_the_library(order: Any, embedded: Bert) -> None:
    encoding = encoding_of(embedded, CAR)
    at = ask("joint", **CAR, order=order, width="3")
    ways = {
        "independent": fill_independently(embedded, encoding),
        order: fill_in_turn(embedded, encoding, order),
        "beam": beam_search(embedded, encoding, 3)[0],
    }
    likelihoods = pseudo_log_likelihoods(embedded, [*ways.values()])
    rows = table_with(at, *words.JOINT_HEADS)
    assert [row[:2] for row in rows] == [
        [words.WAYS[name], " · ".join(way.pieces)] for name, way in ways.items()
    ]
    assert_allclose(values(rows, 2), [w.log_probability for w in ways.values()], atol=0.006)
    assert_allclose(values(rows, 3), likelihoods, atol=0.006)
    best = [*ways.values()][int(np.argmax(likelihoods))]
    assert words.JOINT.format(text=best.text) in said(at)
    assert len({way.ids for way in ways.values()}) == 3
    for way in ways.values():
        for turn, step in enumerate(way.steps, 1):
            place = f"{turn}. token {step.position}: {step.piece} {percent(step.probability)}"
            assert place in said(at)


def test_masks_are_filled_in_the_order_that_is_said(embedded: Bert) -> None:
    encoding = encoding_of(embedded, CAR)
    last = encoding.masked[-1]
    at = ask("joint", **CAR, order="chosen", width="3")
    at.multiselect(key="masked_words.joint.chosen").set_value([last]).run()
    ready(at)
    order = (last, *encoding.masked[:-1])
    turns = fill_in_turn(embedded, encoding, order)
    beam = beam_search(embedded, encoding, 3, order)[0]
    rows = table_with(at, *words.JOINT_HEADS)
    assert rows[1][:2] == [words.WAYS["chosen"], " · ".join(turns.pieces)]
    assert rows[2][:2] == [words.WAYS["beam"], " · ".join(beam.pieces)]
    found = (turns.log_probability, beam.log_probability)
    assert_allclose(values(rows[1:], 2), found, atol=0.006)


def test_the_ways_of_filling_are_a_table_to_take_away(embedded: Bert) -> None:
    at = ask("joint", a=DOCTOR, mask="2,5")
    (table,) = open_table(at, "joint").dataframe
    ways = [
        fill_independently(embedded, encoding_of(embedded, {"a": DOCTOR, "mask": "2,5"})),
        fill_in_turn(embedded, encoding_of(embedded, {"a": DOCTOR, "mask": "2,5"})),
        beam_search(embedded, encoding_of(embedded, {"a": DOCTOR, "mask": "2,5"}))[0],
    ]
    assert [*table.value.columns] == [*words.JOINT_COLUMNS]
    assert [*table.value["filled"]] == [way.text for way in ways]
    for column, expected in (
        (words.JOINT_COLUMNS[2], [way.log_probability for way in ways]),
        (words.JOINT_COLUMNS[3], pseudo_log_likelihoods(embedded, ways)),
    ):
        assert_allclose(table.value[column], expected, atol=1e-4)


def open_table(at: AppTest, study: str) -> AppTest:
    """The page with the study's table open."""
    element = at.get_by_key(f"masked_words.{study}.table").proto.id
    return page._send(at, element, bool_value=True)


def test_words_of_one_to_three_pieces_stand_behind_the_mask_that_is_read(embedded: Bert) -> None:
    at = ask("joint", a=DOCTOR, mask="2,5", place="5")
    encoding = encoding_of(embedded, {"a": DOCTOR, "mask": "2,5"})
    found = word_candidates(embedded, encoding, 5, width=joint.WORDS_EACH)
    rows = table_with(at, *words.PIECES_HEADS)
    assert words.PIECES_QUIET.format(position=5) in said(at)
    assert [row[0].removesuffix(" *") for row in rows] == [one.word for one in found]
    assert [row[1] for row in rows] == [" ".join(one.pieces) for one in found]
    assert [row[0].endswith(" *") for row in rows] == [not one.regular for one in found]
    assert_allclose(values(rows, 2), [one.log_probability for one in found], atol=0.006)
    assert_allclose(values(rows, 3), [one.mean_log_probability for one in found], atol=0.006)


def test_a_mask_on_a_part_of_a_word_has_no_words_of_pieces() -> None:
    at = ask("joint", a="An unbelievably late doctor.", mask="3", pieces="single")
    assert_fine(at)
    assert words.PIECES_NONE in said(at)


@pytest.mark.parametrize("way", ["independent", "beam"])
def test_a_filling_that_is_put_in_can_be_undone(way: str, embedded: Bert) -> None:
    encoding = encoding_of(embedded, CAR)
    filled = {
        "independent": fill_independently(embedded, encoding),
        "beam": beam_search(embedded, encoding)[0],
    }[way]
    at = ask("joint", **CAR, place="4")
    at.button(key=f"masked_words.joint.{way}").click().run()
    assert_fine(at)
    assert (view_of(at).text, view_of(at).masked) == (filled.text, ())
    assert widget(at.text_input, "masked_words.text").value == filled.text
    assert common.MASKS_DROPPED not in said(at)
    press(at, PRESSES, press="undo")
    assert (view_of(at).text, view_of(at).masked, chosen(at, "place")) == (CAR["a"], (3, 4), 4)
    assert masked_in_strip(at) == [3, 4]
    assert "undo" not in pressable(at)


def test_a_filling_that_is_what_was_written_takes_the_masks_off(embedded: Bert) -> None:
    assert fill_in_turn(embedded, encoding_of(embedded, CAR)).text == CAR["a"]
    at = ask("joint", **CAR)
    at.button(key="masked_words.joint.certain_first").click().run()
    assert (view_of(at).text, view_of(at).masked) == (CAR["a"], ())
    press(at, PRESSES, press="undo")
    assert view_of(at).masked == (3, 4)


def test_more_masks_than_can_be_filled_are_refused_in_a_sentence() -> None:
    at = ask("joint", a=f"{DOCTOR} {DOCTOR}", mask=",".join(map(str, range(1, 12))))
    page.assert_whole(at, "masked_words")
    (warning,) = page.warnings(at)
    assert "11 are masked" in warning


# Through the layers


@pytest.mark.parametrize("text", ["one", "pair", "typed", "chinese"])
def test_the_layers_say_what_the_library_reads_in_them(text: str, embedded: Bert) -> None:
    query = TEXTS[text]
    encoding = encoding_of(embedded, query)
    place = encoding.masked[1]
    at = ask("layers", **query, place=str(place))
    run = run_bert(embedded, encoding, keep=(HIDDEN_STATES,))
    reading = read_layers(embedded, run, place, layers.GUESSES)
    templates = {0: words.LENS_EMBEDDINGS, 6: words.LENS_LAST}
    template = templates.get(reading.settled, words.LENS)
    assert template.format(answer=reading.pieces[-1][0], layer=reading.settled) in said(at)
    table, cells = figure(at, layers.CHART)["data"]
    assert_allclose(numbers(table["z"]), reading.probabilities, atol=1e-4)
    pieces = [piece for row in reading.pieces for piece in row]
    assert [unescape(cell.partition("<br>")[0]) for cell in cells["customdata"]] == pieces
    lines = figure(at, f"{layers.CHART}.share")["data"]
    for at_, followed in enumerate(reading.followed):
        (share,) = (one for one in lines if followed == unescape(one["text"][0]))
        assert_allclose(numbers(share["y"]), reading.followed_probabilities[at_], atol=1e-4)
    for name, expected in (("cosine", reading.cosines), ("entropy", reading.entropies)):
        (line,) = figure(at, f"{layers.CHART}.{name}")["data"]
        assert_allclose(numbers(line["y"]), expected, atol=1e-4)


# Two sentences, one blank


def compared(bert: Bert) -> BlankComparison:
    runs = [run_bert(bert, encode(bert, text)) for text in (TEXAS, NEW_YORK)]
    return compare_blanks(bert, *runs)


def test_two_blanks_name_the_words_that_the_library_finds(embedded: Bert) -> None:
    found = compared(embedded)
    at = ask("blank", a=TEXAS, other=NEW_YORK, targets="oil, theatre, unbelievably")
    sides = found.favoured(blank.NAMED)
    first, second = (side[0].piece for side in sides)
    assert words.BLANK.format(first=first, second=second) in said(at)
    assert words.BLANK_QUIET.format(divergence=found.divergence) in said(at)
    own, problems = locate(embedded, found, "oil, theatre, unbelievably")
    shown = [table[1:] for table in tables(at) if table[0] == [*words.BLANK_HEADS]]
    for rows, side in zip(shown, (*(side[:6] for side in sides), own), strict=True):
        assert rows == [[one.piece, percent(one.first), percent(one.second)] for one in side]
    assert problems
    assert all(problem in said(at) for problem in problems)
    points, _, named, _ = figure(at, blank.CHART)["data"]
    assert points["type"] == "scattergl"
    assert_allclose(np.log(numbers(points["x"])), found.first[found.ids], atol=1e-3)
    assert_allclose(np.log(numbers(points["y"])), found.second[found.ids], atol=1e-3)
    assert {one.strip() for one in named["text"]} <= {one.piece for side in sides for one in side}
    assert named["text"]


def test_words_in_the_frame_are_listed_the_most_telling_first(embedded: Bert) -> None:
    found = compared(embedded)
    at = ask("blank", a=TEXAS, other=NEW_YORK)
    places = [int(np.flatnonzero(found.ids == number)[0]) for number in found.telling(30)[::-3]]
    brush(at, places)
    assert_fine(at)
    assert words.BLANK_BRUSHED.format(count=10) in said(at)
    chosen = sorted((int(found.ids[one]) for one in places), key=lambda one: -found.scores[one])
    (rows, *_) = (table[1:] for table in tables(at) if table[0] == [*words.BLANK_HEADS])
    assert rows == [
        [one.piece, percent(one.first), percent(one.second)] for one in found.words(chosen)
    ]


def test_without_webgl_the_most_telling_words_are_drawn_and_framed(embedded: Bert) -> None:
    found = compared(embedded)
    at = ask("blank", a=TEXAS, other=NEW_YORK)
    press(at, f"{blank.CHART}.webgl", lacks=True)
    assert words.BLANK_NO_GL.format(count=blank.TELLING) in said(at)
    points = figure(at, blank.CHART)["data"][0]
    ids = found.to_draw(blank.TELLING)
    assert points["type"] == "scatter"
    assert_allclose(np.log(numbers(points["x"])), found.first[ids], atol=1e-3)
    brush(at, [7])
    assert words.BLANK_BRUSHED.format(count=1) in said(at)
    assert [found.pieces[ids[7]]] in [[row[0] for row in table[1:]] for table in tables(at)]


def test_an_example_of_two_blanks_fills_both_and_is_undone() -> None:
    at = ask("blank", a=DOCTOR)
    assert words.BLANK_NEEDS in said(at)
    at.button(key=f"{blank.CHART}.example.1").click().run()
    first, second = words.BLANK_EXAMPLES[1]
    assert (view_of(at).text, chosen(at, "other")) == (first, second)
    assert words.BLANK_SAME in said(at) or words.BLANK_LEFT in said(at)
    press(at, PRESSES, press="undo")
    assert view_of(at).text == DOCTOR


def test_two_blanks_that_are_one_expect_the_same() -> None:
    at = ask("blank", a=TEXAS, other=TEXAS)
    assert_fine(at)
    assert words.BLANK_SAME in said(at)


# Which sentence is better?


def score(at: AppTest, source: str, what: str = "list") -> AppTest:
    """The page after this was pasted and scored."""
    if what == "pairs":
        at.segmented_control(key="masked_words.rank.what").set_value(what).run()
    widget(at.text_area, f"masked_words.rank.{what}").set_value(source).run()
    at.button(key=f"masked_words.rank.{what}.go").click().run()
    return ready(at)


@pytest.mark.parametrize("method", ["within_word_l2r", "original"])
def test_a_list_is_ranked_as_the_library_ranks_it(method: Any, embedded: Bert) -> None:
    at = score(ask("rank", a=DOCTOR), "\n".join(LIST))
    at.selectbox(key="masked_words.rank.method").set_value(method).run()
    scores = [*score_sentences(embedded, LIST, method)]
    for measure in words.MEASURES:
        at.selectbox(key="masked_words.rank.measure").set_value(measure).run()
        assert_fine(ready(at))
        order = rank(scores, measure)
        rows = table_with(at, *rank_heads(measure))
        assert [row[:2] for row in rows] == [
            [f"{place}.", LIST[one]] for place, one in enumerate(order, 1)
        ]
        assert_allclose(values(rows, 2), [scores[one].by(measure) for one in order], atol=0.006)
        assert words.BEST.format(text=LIST[order[0]]) in said(at)
        assert best_quiet(len(LIST), measure) in said(at)
    (table,) = open_table(at, "rank").dataframe
    found = [scores[one] for one in order]
    for name, expected in (
        ("PLL", [one.total for one in found]),
        ("PLL per token", [one.per_token for one in found]),
        ("PLL per word", [one.per_word for one in found]),
    ):
        assert_allclose(table.value[name], expected, atol=1e-4)
    assert [*table.value["line"]] == [one + 1 for one in order]


def test_each_token_shows_what_it_adds(embedded: Bert) -> None:
    at = score(ask("rank", a=DOCTOR), "\n".join(LIST))
    scores = [*score_sentences(embedded, LIST)]
    place = rank(scores)[-1]
    at.selectbox(key="masked_words.rank.shares").set_value(place).run()
    (bars,) = figure(at, ranking.CHART)["data"]
    assert_allclose(numbers(bars["x"]), scores[place].log_probabilities, atol=1e-4)
    tokens = [scores[place].encoding.tokens[one] for one in scores[place].positions]
    assert bars["customdata"] == tokens


def test_a_broken_line_is_named_by_its_number_and_the_others_are_scored(embedded: Bert) -> None:
    source = f"{LIST[0]}\n\n{'x' * 6000}\n{LIST[2]}\n{EVIL}\n[MASK]"
    at = score(ask("rank", a=DOCTOR), source)
    assert_fine(at)
    assert "Line 3 has 6000 characters" in said(at)
    rows = table_with(at, *rank_heads())
    kept = [LIST[0], LIST[2], EVIL, "[MASK]"]
    order = rank([*score_sentences(embedded, kept)])
    assert [row[1] for row in rows] == [kept[one] for one in order]
    assert rows[-1] == ["4.", "[MASK]", ""]
    (table,) = open_table(at, "rank").dataframe
    assert [*table.value["line"]] == [(1, 4, 5, 6)[one] for one in order]


def test_a_list_with_nothing_to_score_is_no_failure() -> None:
    at = score(ask("rank", a=DOCTOR), "[MASK]")
    assert_fine(at)
    assert table_with(at, *rank_heads()) == [["1.", "[MASK]", ""]]


def test_an_empty_list_is_refused_in_a_sentence_and_the_next_is_scored() -> None:
    at = score(ask("rank", a=DOCTOR), " \n ")
    page.assert_whole(at, "masked_words")
    (warning,) = page.warnings(at)
    assert "The list is empty" in warning
    at = score(at, LIST[0])
    assert_fine(at)
    assert len(table_with(at, *rank_heads())) == 1


def test_pairs_are_counted_and_a_broken_one_is_named(embedded: Bert) -> None:
    pairs = [(LIST[0], LIST[1]), ("She has ate it.", "She has eaten it.")]
    lines = [" ||| ".join(pairs[0]), "only one side", "\t".join(pairs[1])]
    at = score(ask("rank", a=DOCTOR), "\n".join(lines), "pairs")
    assert_fine(at)
    assert words.PAIRS_CARE in said(at)
    assert "Line 2 " in said(at)
    found = [*compare_pairs(embedded, pairs)]
    summary = summarise_pairs(found)
    assert summary.share is not None
    assert summary.low is not None
    assert words.PAIRS_RESULT.format(better=summary.better, pairs=2) in said(at)
    share, low = percent(summary.share), percent(summary.low)
    assert f"{share}, 95 % interval {low} to " in said(at)
    rows = table_with(at, *pairs_heads())
    assert [tuple(row[1:3]) for row in rows] == pairs
    assert_allclose(values(rows, 3), [one.difference for one in found], atol=0.006)
    marks = [words.RIGHT if (one.difference or 0) > 0 else words.WRONG for one in found]
    assert [row[0] for row in rows] == marks
    assert "50 %" in said(at)
    (table,) = open_table(at, "rank").dataframe
    assert [*table.value["line"]] == [1, 3]


@pytest.mark.parametrize("measure", words.MEASURES)
def test_a_tie_is_neither_right_nor_wrong_and_the_measure_is_named(measure: str) -> None:
    at = score(ask("rank", a=DOCTOR), f"{LIST[0]} ||| {LIST[0]}", "pairs")
    at.selectbox(key="masked_words.rank.measure").set_value(measure).run()
    (row,) = table_with(ready(at), *pairs_heads(measure))
    assert row[0] == words.TIE
    assert words.PAIRS_TIES.format(ties=1) in said(at)
    (table,) = open_table(at, "rank").dataframe
    assert f"{words.SHORT_MEASURED[measure]} of the better" in table.value.columns


def test_an_uploaded_file_of_pairs_is_read(embedded: Bert) -> None:
    at = ask("rank", a=DOCTOR)
    at.segmented_control(key="masked_words.rank.what").set_value("pairs").run()
    content = f'id,bad,good\n1,"{LIST[1]}","{LIST[0]}"\n'.encode()
    at.file_uploader(key="masked_words.rank.pairs.file").set_value(("p.csv", content, "text/csv"))
    at.run()
    at.button(key="masked_words.rank.pairs.go").click().run()
    (row,) = table_with(ready(at), *pairs_heads())
    assert row[1:3] == [LIST[0], LIST[1]]


# Work that is stopped


class Held:
    """A generator function that waits, after so many items, until it is let go."""

    def __init__(self, make: Callable[..., Iterator[Any]], after: int) -> None:
        self.make, self.after = make, after
        self.waits, self.go_on = Event(), Event()
        self.calls = 0

    def __call__(self, *given: Any, **named: Any) -> Iterator[Any]:
        self.calls += 1
        for number, item in enumerate(self.make(*given, **named)):
            if number == self.after and not self.go_on.is_set():
                self.waits.set()
                assert self.go_on.wait(WAIT)
            yield item


def stopped(at: AppTest, held: Held, key: str) -> AppTest:
    """The page after its work was stopped while it waited."""
    assert held.waits.wait(WAIT)
    at.button(key=f"{key}.stop").click().run()
    held.go_on.set()
    return ready(at)


def hold_scores(monkeypatch: pytest.MonkeyPatch, after: int) -> Held:
    held = Held(score_sentences, after)
    monkeypatch.setattr("ui.masked_words.rank.score_sentences", held)
    return held


def paste_long(at: AppTest) -> AppTest:
    source = "\n".join(f"The cat sat on mat {number}." for number in range(30))
    widget(at.text_area, "masked_words.rank.list").set_value(source).run()
    return at.button(key="masked_words.rank.list.go").click().run()


def test_a_list_that_is_stopped_keeps_what_was_scored_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = ask("rank", a=DOCTOR)
    held = hold_scores(monkeypatch, 4)
    paste_long(at)
    assert held.waits.wait(WAIT)
    at.run()
    assert words.SCORING.format(done=4, total=30) in progress(at)
    stopped(at, held, "masked_words.rank.list")
    for _ in range(2):
        assert_fine(at)
        partly = said(at)
        assert "Stopped: " in partly
        (count,) = {int(one.split(" of 30")[0]) for one in partly.split("Stopped: ")[1:]}
        assert 4 <= count < 30
        assert len(table_with(at, *rank_heads())) == count
        at.run()


def progress(at: AppTest) -> str:
    return "\n".join(one.proto.text for one in at.get("progress"))


def test_a_list_that_is_stopped_before_its_first_line_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = ask("rank", a=DOCTOR)

    held = Held(score_sentences, 0)

    def none(*given: Any, **named: Any) -> Iterator[SentenceScore]:
        list(held(*given, **named))
        return iter(())

    monkeypatch.setattr("ui.masked_words.rank.score_sentences", none)
    paste_long(at)
    stopped(at, held, "masked_words.rank.list")
    assert_fine(at)
    assert common.PARTLY.format(done=0, total=30) in said(at)


def test_a_list_that_was_stopped_is_scored_again_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = ask("rank", a=DOCTOR)
    held = hold_scores(monkeypatch, 4)
    stopped(paste_long(at), held, "masked_words.rank.list")
    at.button(key="masked_words.rank.list.go").click().run()
    ready(at)
    assert best_quiet(30) in said(at)
    assert "Stopped: " not in said(at)


def test_calibration_that_is_stopped_keeps_the_texts_so_far_and_can_be_made_again(
    monkeypatch: pytest.MonkeyPatch, embedded: Bert
) -> None:
    held = Held(calibrate, 2)
    monkeypatch.setattr("ui.masked_words.calibration.calibrate", held)
    at = ask("calibration", a=DOCTOR)
    at.button(key="masked_words.calibration.go").click().run()
    assert held.waits.wait(WAIT)
    at.run()
    assert words.CALIBRATION_RUNNING.format(done=2, total=len(FEW)) in progress(at)
    stopped(at, held, "masked_words.calibration")
    assert_fine(at)
    assert common.PARTLY.format(done=3, total=len(FEW)) in said(at)
    partly = summarise_calibration([*calibrate(embedded, FEW)][:3])
    assert f"{partly.masks:,} masks in 3 texts" in said(at)
    at.button(key="masked_words.calibration.go").click().run()
    ready(at)
    assert "Stopped: " not in said(at)
    assert f"masks in {len(FEW)} texts" in said(at)


# Only these words


@pytest.mark.parametrize("asked", ["", "she, he, unbelievably"])
@pytest.mark.parametrize("text", ["one", "typed", "no mask"])
def test_only_these_words_share_the_probability(asked: str, text: str, embedded: Bert) -> None:
    query = TEXTS[text]
    encoding = encoding_of(embedded, query)
    place = encoding.masked[-1] if encoding.masked else 2
    at = ask("targets", **query, place=str(place), targets=asked)
    assert_fine(at)
    named = parse_targets(embedded, asked or words.TARGETS_DEFAULT)
    found = predict_targets(embedded, run_bert(embedded, encoding), place, named.ids)
    order = [*np.argsort(-found.shares, kind="stable")]
    rows = table_with(at, *words.TARGETS_HEADS)
    for row, one in zip(rows, order, strict=True):
        assert row[:4] == [
            found.pieces[one],
            percent(found.shares[one]),
            percent(found.probabilities[one]),
            f"{found.ranks[one]:,}",
        ]
        assert float(row[4]) == pytest.approx(found.log_odds[one], abs=0.006)
        assert (row[5] == "") == (one == found.against)
    (bars,) = figure(at, targets.CHART)["data"]
    assert_allclose(numbers(bars["x"]), found.shares[order], atol=1e-4)
    assert words.TARGETS_QUIET.format(together=percent(found.together)) in said(at)
    assert all(problem in said(at) for problem in named.problems)


def test_words_that_are_typed_are_kept_and_none_at_all_asks_for_the_usual_ones() -> None:
    at = ask("targets", a=DOCTOR, mask="5")
    field = "masked_words.targets"
    assert widget(at.text_input, field).value == words.TARGETS_DEFAULT
    widget(at.text_input, field).set_value("cat, dog").run()
    assert [row[0] for row in sorted(table_with(at, *words.TARGETS_HEADS))] == ["cat", "dog"]
    assert at.query_params["targets"] == "cat, dog"
    widget(at.text_input, field).set_value("unbelievably").run()
    assert_fine(at)
    assert "pieces" in said(at)
    widget(at.text_input, field).set_value("").run()
    assert_fine(at)
    assert widget(at.text_input, field).value == words.TARGETS_DEFAULT


# How it was trained


@pytest.mark.parametrize("draw", ["", "words"])
def test_a_draw_is_the_one_of_its_seed(draw: str, embedded: Bert) -> None:
    text = "The unbelievably late doctor said that she was sorry about the embedding."
    encoding, whole = encode(embedded, text), draw == "words"
    query = {"a": text, "seed": "7", "rate": "30", **({"draw": draw} if draw else {})}
    at = ask("training", **query)
    options = {"rate": 0.3, "whole_words": whole}
    found = answer_chosen(embedded, encoding, roll_masks(embedded, encoding, 7, **options))
    assert_training(at, found, 7)
    counts = masking_counts(embedded, encoding, 1_000, **options)
    bars = figure(at, training.CHART)["data"][0]
    assert_allclose(numbers(bars["x"]), counts.fates / counts.fates.sum(), atol=1e-6)
    assert percent(counts.share) in said(at)
    at.button(key="masked_words.roll").click().run()
    assert (chosen(at, "seed"), at.query_params["seed"]) == (8, "8")
    again = answer_chosen(embedded, encoding, roll_masks(embedded, encoding, 8, **options))
    assert_training(at, again, 8)


def assert_training(at: AppTest, found: Any, seed: int) -> None:
    assert_fine(at)
    assert words.TRAINING.format(right=found.right, chosen=len(found.answers)) in said(at)
    assert words.TRAINING_QUIET.format(loss=found.loss, seed=seed) in said(at)
    rows = table_with(at, *words.TRAINING_HEADS)
    for row, one in zip(rows, found.answers, strict=True):
        fate = words.FATES[one.fate]
        seen = fate if one.fate != "random" else f"{fate}: {one.seen}"
        mark = words.RIGHT if one.right else words.WRONG
        assert row[:3] == [
            str(one.position),
            seen,
            f"{mark} {one.guess} {percent(one.guess_probability)}",
        ]
        written = percent(one.original_probability)
        assert row[3] == f"{one.original} {written}, rank {one.original_rank:,}"
        assert float(row[4]) == pytest.approx(one.loss, abs=0.006)


def test_masks_put_in_by_hand_do_not_matter_to_a_draw() -> None:
    shown = [ask("training", a=DOCTOR, seed="3", **more) for more in ({}, {"mask": "2,5"})]
    assert len({str(table_with(at, *words.TRAINING_HEADS)) for at in shown}) == 1


# How sure?


def test_calibration_is_measured_on_request_and_is_the_librarys(embedded: Bert) -> None:
    at = ask("calibration", a=DOCTOR)
    assert words.CALIBRATION_ASK.format(masks=1200, texts=len(FEW)) in said(at)
    assert not [one for one in at.get("plotly_chart") if one.key == calibration.CHART]
    at.button(key="masked_words.calibration.go").click().run()
    assert_fine(ready(at))
    samples: list[MaskedGuesses] = [*calibrate(embedded, FEW)]
    found = summarise_calibration(samples)
    sure, right = percent(found.sure.value), percent(found.top_1.value)
    assert f"{sure} sure on average, right in {right}" in said(at)
    assert words.CALIBRATED_QUIET.format(masks=found.masks, texts=found.texts) in said(at)
    rows = {row[0]: row[1:] for table in tables(at) for row in table}
    for name, label in words.CALIBRATION_ROWS.items():
        one = getattr(found, name)
        interval = words.INTERVAL.format(low=percent(one.low), high=percent(one.high))
        assert rows[label] == [percent(one.value), interval]
    filled = found.counts > 0
    (table,) = open_table(at, "calibration").dataframe
    assert [*table.value["guesses"]] == found.counts.tolist()
    columns = {"says": found.confidence, "right": found.accuracy, "low": found.low}
    for name, expected in columns.items():
        assert_allclose(table.value[name][filled].astype(float), expected[filled], atol=1e-4)
    points = figure(at, calibration.CHART)["data"][0]
    assert_allclose(numbers(points["x"])[: filled.sum()], found.confidence[filled], atol=1e-4)
    assert_allclose(numbers(points["y"])[: filled.sum()], found.accuracy[filled], atol=1e-4)


# Under the pointer


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_readout_is_given_what_the_library_expects(
    text: dict[str, str], embedded: Bert
) -> None:
    at = ready(visit("masked_words", **text))
    encoding = encoding_of(embedded, text)
    shown = replace(encoding, masked=encoding.masked) if "mask" in text else None
    encoding = shown or encode(embedded, encoding.text, encoding.pair, masked_in_strip(at))
    given = hints(at)
    known = [*predict_each(embedded, encoding, GUESSES)]
    assert sorted(map(int, given["hints"])) == [one.position for one in known]
    scored = {at: word for word in word_surprisals(embedded, encoding) for at in word.positions}
    for one in known:
        assert_hint(given["hints"][str(one.position)], one, scored.get(one.position))
    bars = {tuple(positions): bits for positions, bits in given["bars"]["bars"]}
    totals = {word.positions: word.total for word in scored.values()}
    assert bars.keys() == totals.keys()
    assert_allclose([*bars.values()], [totals[one] for one in bars], atol=0.06)
    most = max(scored.values(), key=lambda word: word.total)
    assert most.surface[:20] in given["idle"]


def assert_hint(given: list[Any], one: TokenSurprisal, word: Any) -> None:
    written, guesses = given
    found = one.prediction
    assert [piece for piece, _, _ in guesses] == [*found.pieces]
    assert_allclose([share for _, share, _ in guesses], found.probabilities, atol=1e-4)
    if one.bits is None:
        assert written == words.TYPED
        return
    several = word is not None and len(word.positions) > 1
    assert f"“{found.original}”" in written
    assert f"rank {found.original_rank:,}" in written
    bits = word.total if several else one.bits
    assert float(written.split()[-2]) == pytest.approx(bits, abs=0.06)
    assert ("the whole word" in written) == several


def test_a_long_text_says_how_far_it_is_and_what_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, go_on = hold_reading(monkeypatch)
    at = visit("masked_words", a=LONG)
    assert waits.wait(WAIT)
    at.run()
    known = sorted(map(int, hints(at)["hints"]))
    total = len(page.strip_tokens(at)) - 2
    assert known == [*range(1, len(known) + 1)]
    assert 0 < len(known) < total
    assert hints(at)["idle"] == words.READING.format(done=len(known), total=total)
    assert not hints(at)["whole"]
    go_on.set()
    assert hints(ready(at))["whole"]
    assert sorted(map(int, hints(at)["hints"])) == [*range(1, total + 1)]
    assert SLOT not in "".join(str(one.key) for one in at.button)


def hold_reading(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Hold the reading before its second portion; says when it is there, and lets it go on."""
    waits, go_on = Event(), Event()

    def slow(bert: Bert, encoding: Encoding, k: int, run: Runner) -> Any:
        portions: list[int] = []

        def held(asked: Sequence[Asked]) -> Sequence[BertRun]:
            if portions:
                waits.set()
                assert go_on.wait(WAIT)
            portions.append(len(asked))
            return run(asked)

        return readout(bert, encoding, k, held)

    monkeypatch.setattr("ui.masked_words.hints.readout", slow)
    return waits, go_on


@pytest.fixture
def stopped_reading(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A long text whose reading was stopped after the first tokens."""
    waits, go_on = hold_reading(monkeypatch)
    at = visit("masked_words", a=LONG)
    assert waits.wait(WAIT)
    at.run()
    at.button(key=f"{SLOT}.stop").click().run()
    go_on.set()
    return ready(at)


def test_reading_that_is_stopped_keeps_what_is_known(stopped_reading: AppTest) -> None:
    at = stopped_reading
    known = [*map(int, hints(at)["hints"])]
    assert 0 < len(known) < 70
    assert hints(at)["whole"]
    at.run()
    assert [*map(int, hints(at)["hints"])] == known


def test_after_a_stop_the_token_pointed_at_is_still_answered(stopped_reading: AppTest) -> None:
    at = stopped_reading
    assert "70" not in hints(at)["hints"]
    press(at, SLOT, want=70)
    ready(at)
    assert "70" in hints(at)["hints"]


def test_another_sentence_drops_what_was_known() -> None:
    at = ready(visit("masked_words", a=DOCTOR))
    page.type_text(at, "masked_words", "A dog ran.")
    ready(at)
    assert sorted(map(int, hints(at)["hints"])) == [1, 2, 3, 4]
    assert len(hints(at)["bars"]["bars"]) == 4


# Undo, and the link


def test_a_press_that_the_browser_sends_twice_counts_once() -> None:
    at = visit("masked_words", a=DOCTOR, mask="2")
    for number in (1, 1):
        press(at, "masked_words.strip", position=5, number=number)
        assert masked_in_strip(at) == [2, 5]
    press(at, "masked_words.strip", position=5, number=2)
    assert masked_in_strip(at) == [2]


def test_masks_and_guesses_are_undone_one_after_another() -> None:
    at = visit("masked_words", a=DOCTOR, mask="2")
    press(at, "masked_words.strip", position=5)
    assert masked_in_strip(at) == [2, 5]
    press_bar(at, "masked_words.bars", 0)
    changed = view_of(at).text
    assert changed != DOCTOR or view_of(at).masked == (2,)
    press(at, "masked_words.strip", position=1)
    press(at, PRESSES, press="clear")
    assert view_of(at).masked == ()
    expected = [(changed, (1, 2)), (changed, (2,)), (DOCTOR, (2, 5)), (DOCTOR, (2,))]
    for text, masked in expected:
        press(at, PRESSES, press="undo")
        assert (view_of(at).text, view_of(at).masked) == (text, masked)
        assert masked_in_strip(at) == [*masked]
        assert widget(at.text_input, "masked_words.text").value == text
    assert "undo" not in pressable(at)


ASKED = View(text=DOCTOR, masked=(2, 5)).choosing(
    MaskedWordsChoices,
    place=5,
    mlm="training",
    order="left_to_right",
    width=9,
    other=NEW_YORK,
    targets="cat, dog & <b>, 学",
    seed=42,
    rate=25,
    words_masked=True,
)


@pytest.mark.parametrize("study", STUDIES)
def test_a_link_brings_all_of_the_question_back(study: str) -> None:
    asked = ASKED.choosing(MaskedWordsChoices, mlm=study)
    targets = asked.chosen(MaskedWordsChoices).targets
    at = ask(**{"study": study, **{k: v for k, v in asked.to_query().items() if k != "mlm"}})
    assert_fine(at)
    assert view_of(at) == asked
    assert read_query({name: at.query_params[name] for name in asked.to_query()}) == asked
    shown = {
        "joint": lambda: (widget(at.slider, "masked_words.width").value, chosen(at, "order")),
        "blank": lambda: (widget(at.text_input, "masked_words.other").value, NEW_YORK),
        "targets": lambda: (widget(at.text_input, "masked_words.targets").value, targets),
        "training": lambda: (
            widget(at.slider, "masked_words.rate").value,
            widget(at.toggle, "masked_words.words_masked").value,
        ),
    }
    wanted = {
        "joint": (9, "left_to_right"),
        "blank": (NEW_YORK, NEW_YORK),
        "targets": (targets, targets),
        "training": (25, True),
    }
    if study in shown:
        assert shown[study]() == wanted[study]


def test_what_is_chosen_goes_into_the_link() -> None:
    at = ask("joint", a=DOCTOR, mask="2,5")
    widget(at.segmented_control, "masked_words.order").set_value("left_to_right").run()
    widget(at.slider, "masked_words.width").set_value(2).run()
    ready(at)
    open_tab(at, words.TABS["training"])
    widget(at.slider, "masked_words.rate").set_value(40).run()
    widget(at.toggle, "masked_words.words_masked").set_value(True).run()
    open_tab(at, words.TABS["blank"])
    widget(at.text_input, "masked_words.other").set_value(NEW_YORK).run()
    link = {
        "order": "left_to_right",
        "width": "2",
        "rate": "40",
        "draw": "words",
        "mlm": "blank",
        "other": NEW_YORK,
    }
    assert {name: at.query_params[name] for name in link} == link


@pytest.mark.parametrize(("name", "query"), [("masked_words", "mlm"), ("next_sentence", "nsp")])
def test_layer_by_layer_costs_no_second_pass(
    name: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = cached.get_engine("embedded")
    kept: list[tuple[str, ...]] = []
    usual = engine._run_batch

    def counting(bert: Bert, asked: Any) -> Any:
        kept.extend(tuple(one.keep) for one in asked)
        return usual(bert, asked)

    monkeypatch.setattr(engine, "_run_batch", counting)
    monkeypatch.setattr("ui.masked_words.hints.readout", lambda *_: iter(()))
    asked = {"a": "She opened the door.", "b": "The room was dark.", "mask": "2"}
    at = page.visit(name, **asked, **{query: "layers"})
    assert not at.exception
    drawn = "masked_words.lens" if query == "mlm" else "next_sentence.layers.line"
    assert figure(at, drawn)
    assert [keep for keep in kept if HIDDEN_STATES in keep] == [(HIDDEN_STATES,)]
    plain = [keep for keep in kept if HIDDEN_STATES not in keep]
    assert not plain


def test_a_pasted_list_stays_when_its_question_closes() -> None:
    at = page.visit("masked_words", a="The cat sat.", mlm="rank")
    widget(at.text_area, "masked_words.rank.list").set_value("My own list.").run()
    at = page.go_to(page.go_to(at, "tokenization"), "masked_words")
    assert widget(at.text_area, "masked_words.rank.list").value == "My own list."
