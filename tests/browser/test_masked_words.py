"""The masked-words page in Chromium: all that one visitor asks there, by pointing and by mouse.

Numbers on screen and in files are held against the library called here. Every visit ends with a
look at what must never happen (`Visitor.close`).
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from bert_core.figures.labels import percent
from bert_core.inside.lens import read_layers
from bert_core.masked_words.beam import beam_search
from bert_core.masked_words.blanks import compare_blanks
from bert_core.masked_words.joint import fill_in_turn, fill_independently, pseudo_log_likelihoods
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.scores import rank
from bert_core.masked_words.surprisal import predict_each, word_surprisals
from bert_core.masked_words.writing import put_in
from bert_core.model.bert import Bert
from bert_core.model.inference import HIDDEN_STATES, run_bert
from bert_core.model.tokenization import encode
from tests.browser import visitor as visits
from tests.browser.test_attention import EVIL, save_with_token
from tests.browser.visitor import HOSTILE, PHONE, Visit, Visitor, read_svg
from tests.kit.ranking import best_quiet, rank_heads
from ui.choices.masked_words import MLM_STUDIES
from ui.examples import EXAMPLES
from ui.masked_words.hints import GUESSES
from ui.words import common
from ui.words import masked_words as page_words
from ui.words import masked_words_studies as words

STUDIES = MLM_STUDIES[1:]
UNDO = "Undo"
FIRST_SCREEN = 900  # pixels
DOCTOR = "The doctor said that she was late."
CAR = "She bought a new car last week."  # with 3 and 4 masked, three ways fill them differently
TEXAS, NEW_YORK = words.BLANK_EXAMPLES[0]
SENTENCES = (
    "The keys to the cabinet is on the table.",
    "The keys to the cabinet are on the table.",
    "He spread the warm bread with socks.",
    "She left.",
)
SENTENCES_DONE = re.compile(r"sentence [1-9]\d* of \d+")
LONG_LIST = "\n".join(f"The cat sat on mat number {number} all day long." for number in range(300))


# How many points the scatter has, 0 until it has something to draw them on.
DRAWN = """plot => plot.querySelector(".gl-canvas-context, .scatterlayer .point")
  ? plot._fullData[0]._length : 0"""
NO_WEBGL = """{
  const usual = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.includes("webgl") ? null : usual.call(this, kind, ...rest);
  };
}"""


@pytest.fixture(scope="module")
def bert(embedded: Bert) -> Bert:
    """The model that ships."""
    return embedded


# What stands on the page


def readout(visitor: Visitor) -> Locator:
    return visitor.tab.locator("[data-testid=token-hints]")


def guesses(visitor: Visitor) -> list[list[str]]:
    """The pieces in the readout and their probabilities, as they are written."""
    rows: list[list[str]] = readout(visitor).evaluate(
        """one => [...one.querySelectorAll(".guess")].map(
          guess => [".piece", ".share"].map(part => guess.querySelector(part).textContent))"""
    )
    return rows


def point_at(visitor: Visitor, position: int) -> str:
    """Point at a token; returns what is said of it once it is known."""
    visitor.chip(position).hover()
    expect(readout(visitor)).to_have_attribute("data-shows", "hint")
    return readout(visitor).locator(".says").inner_text()


def bars(visitor: Visitor) -> list[str]:
    """What the bars under the words say, from the first word to the last."""
    found = visitor.tab.locator("[data-testid=token-strip] .surprise")
    titles: list[str] = found.evaluate_all("all => all.map(one => one.title)")
    return titles


def expect_bars(visitor: Visitor, count: int) -> None:
    visitor.until(lambda: len(bars(visitor)) == count, f"{count} bars under words")
    visitor.settle()


def rows(visitor: Visitor, *head: str) -> list[list[str]]:
    """The rows of the table that begins with `head`, once it is there."""

    def found() -> list[list[str]]:
        tables: list[list[list[str]]] = visitor.tab.locator(".bl-figures").evaluate_all(
            """all => all.map(table => [...table.rows].map(
              row => [...row.cells].map(cell => cell.textContent)))"""
        )
        return next((table[1:] for table in tables if table[0] == [*head]), [])

    return visitor.until(found, f"a table with {head}")


def click(visitor: Visitor, label: str) -> None:
    visitor.tab.get_by_role("button", name=label, exact=True).click()


def stop(visitor: Visitor, slot: str) -> Locator:
    """The button that stops this work."""
    return visitor.tab.locator(f".st-key-{slot.replace('.', '-')}-stop button")


def open_study(visitor: Visitor, study: str) -> None:
    """Open its tab and wait for its answer; the text has two masks, the other one is given."""
    visitor.open_tab(words.TABS[study])
    visitor.expect_link(mlm=study)
    if study == "calibration":
        click(visitor, words.CALIBRATION_START)
        expect(visitor.tab.get_by_text(SENTENCES_DONE)).to_be_visible()
        stop(visitor, "masked_words.calibration").click()
    expect_answer(visitor, study)


def expect_answer(visitor: Visitor, study: str) -> None:
    """Wait until the answer in an open tab is drawn."""
    answers = {
        "joint": visitor.tab.get_by_text(words.STEPS),
        "layers": visitor.plot("masked_words.lens", exact=True).locator(".heatmaplayer image"),
        "blank": visitor.plot("masked_words.scatter", exact=True).locator(".main-svg").first,
        "rank": visitor.plot("masked_words.share", exact=True).locator(".point path").first,
        "targets": visitor.plot("masked_words.contrast", exact=True).locator(".point path").first,
        "training": visitor.plot("masked_words.counts", exact=True).locator(".point path").first,
        "calibration": visitor.tab.get_by_text(re.compile("Stopped: ")),
    }
    expect(answers[study]).to_be_visible()
    visitor.settle()


# Pointing and clicking


def test_pointing_shows_what_bert_expects_and_asks_nobody(visit: Visit, bert: Bert) -> None:
    text = "The unbelievably late doctor said so."
    encoding, visitor = encode(bert, text, None, [1]), visit()
    sent = visitor.count_sent()
    visitor.open("masked_words", a=text, mask="1")
    scored = [*word_surprisals(bert, encoding)]
    expect_bars(visitor, len(scored))
    shown = [float(title.split()[0]) for title in bars(visitor)]
    np.testing.assert_allclose(shown, [word.total for word in scored], atol=0.11)
    expect(visitor.tab.locator(".corner")).to_have_text(page_words.BITS)
    most = max(scored, key=lambda word: word.total)
    idle = words.IDLE.format(word=most.surface, bits=most.total)
    expect(readout(visitor).locator(".says")).to_have_text(idle)
    visitor.tab.wait_for_timeout(1_500)  # the last poll is over
    said = sent()
    assert said > 0
    for one in predict_each(bert, encoding, GUESSES):
        line, found = point_at(visitor, one.position), one.prediction
        assert f"“{found.original}”" in line
        assert f"rank {found.original_rank:,}" in line
        shares = [percent(float(share)) for share in found.probabilities]
        assert_shares(guesses(visitor), found.pieces, shares)
    visitor.tab.wait_for_timeout(500)  # by now a message would be under way
    assert sent() == said


def assert_shares(shown: list[list[str]], pieces: Sequence[str], shares: Sequence[str]) -> None:
    """As many as there is room for, the most probable first; the last digit may be rounded."""
    assert 3 <= len(shown) <= len(pieces)
    assert [piece for piece, _ in shown] == [*pieces[: len(shown)]]
    for (_, said), share in zip(shown, shares, strict=False):
        numbers = [float(re.sub(r"[^\d.]", "", one)) for one in (said, share)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.11)


def test_a_click_masks_a_bar_puts_its_guess_in_and_undo_brings_all_back(
    visit: Visit, bert: Bert
) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mask="2")
    visitor.chip(5).click()
    visitor.expect_link(mask="2,5", place="5")
    visitor.expect_positions("masked", 2, 5)
    encoding = encode(bert, DOCTOR, None, [2, 5])
    (found,) = predict_masked(bert, run_bert(bert, encoding), 10, [5])
    shown = visitor.bars("masked_words.bars")
    assert [visits.visible(label) for label, _ in shown[:10]] == [*found.pieces]
    visitor.press_bar("masked_words.bars", 1)
    changed = put_in(bert, encoding, 5, found.pieces[1])
    visitor.expect_link(a=changed.text, mask="2")
    expect(visitor.field("A")).to_have_value(changed.text)
    click(visitor, UNDO)
    visitor.expect_link(a=DOCTOR, mask="2,5")
    visitor.expect_positions("masked", 2, 5)
    click(visitor, UNDO)
    visitor.expect_positions("masked", 2)
    expect(visitor.field("A")).to_have_value(DOCTOR)
    expect(visitor.tab.get_by_role("button", name=UNDO, exact=True)).to_have_count(0)


# The questions


def test_two_masks_are_filled_jointly_and_put_in(visit: Visit, bert: Bert) -> None:
    visitor = visit()
    visitor.open("masked_words", a=CAR, mask="3")
    visitor.open_tab(words.TABS["joint"])
    expect(visitor.tab.get_by_text(words.JOINT_NEEDS)).to_be_visible()
    visitor.chip(4).click()
    visitor.expect_link(mask="3,4", mlm="joint")
    encoding = encode(bert, CAR, None, [3, 4])
    ways = {
        "independent": fill_independently(bert, encoding),
        "certain_first": fill_in_turn(bert, encoding),
        "beam": beam_search(bert, encoding, 5)[0],
    }
    shown = rows(visitor, *words.JOINT_HEADS)
    names = [[words.WAYS[name], " · ".join(way.pieces)] for name, way in ways.items()]
    assert [row[:2] for row in shown] == names
    numbers = np.array([[float(cell) for cell in row[2:]] for row in shown])
    sums = [way.log_probability for way in ways.values()]
    np.testing.assert_allclose(numbers[:, 0], sums, atol=0.006)
    likelihoods = pseudo_log_likelihoods(bert, [*ways.values()])
    np.testing.assert_allclose(numbers[:, 1], likelihoods, atol=0.006)
    click(visitor, words.USE.format(way=words.WAYS["beam"]))
    visitor.expect_link(a=ways["beam"].text, mask=None)
    expect(visitor.field("A")).to_have_value(ways["beam"].text)
    click(visitor, UNDO)
    visitor.expect_link(a=CAR, mask="3,4")
    visitor.expect_positions("masked", 3, 4)


@pytest.mark.parametrize("webgl", [True, False], ids=["webgl", "svg"])
def test_words_in_a_frame_drawn_in_the_scatter_are_listed(
    visit: Visit, bert: Bert, webgl: bool
) -> None:
    visitor = visit()
    if not webgl:
        visitor.context.add_init_script(NO_WEBGL)
    visitor.open("masked_words", a=TEXAS, other=NEW_YORK, mlm="blank")
    runs = [run_bert(bert, encode(bert, text)) for text in (TEXAS, NEW_YORK)]
    found = compare_blanks(bert, *runs)
    first, second = (side[0].piece for side in found.favoured(1))
    visitor.expect_heading(words.BLANK.format(first=first, second=second))
    plot = visitor.plot("masked_words.scatter", exact=True)
    ids = found.ids if webgl else found.to_draw(2_000)
    visitor.until(lambda: plot.evaluate(DRAWN) == len(ids), f"{len(ids)} points")
    visitor.settle()
    inside, near = drag_frame(visitor, plot, found.first[ids], found.second[ids])
    heading = visitor.headings.filter(has_text=re.compile(r"^In the frame: \d+ words"))
    expect(heading).to_have_count(1)
    visitor.settle()
    shown = [row[0] for row in rows(visitor, *words.BLANK_HEADS)]
    assert 5 < len(inside) <= 200
    assert words.BLANK_BRUSHED.format(count=len(shown)) in heading.inner_text()
    pieces = {at: found.pieces[ids[at]] for at in inside | near}
    assert {pieces[at] for at in inside - near} <= set(shown) <= set(pieces.values())
    scores = {found.pieces[number]: found.scores[number] for number in ids}
    assert (np.diff([scores[piece] for piece in shown]) <= 1e-9).all()
    check_png(visitor, "blank", plot)
    assert first in "".join(read_svg(take_away(visitor, "blank", "svg"))[0])


def drag_frame(
    visitor: Visitor, plot: Locator, first: Any, second: Any
) -> tuple[set[int], set[int]]:
    """Draw a frame; returns the points inside, and those less than two pixels from its edge."""
    plot.scroll_into_view_if_needed()
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    spans = plot.evaluate(
        "one => [one._fullLayout.xaxis.range, one._fullLayout.yaxis.range].map(span => [...span])"
    )
    pixels = []
    for values, (low, high), room in zip(
        (first, second), spans, (box["width"], box["height"]), strict=True
    ):
        pixels.append((values / np.log(10) - low) / (high - low) * room)
    left, right = 0.7 * box["width"], 0.9 * box["width"]
    low, high = 0.55 * box["height"], 0.9 * box["height"]
    bottom = box["y"] + box["height"]
    visitor.tab.mouse.move(box["x"] + left, bottom - low)
    visitor.tab.mouse.down()
    visitor.tab.mouse.move(box["x"] + (left + right) / 2, bottom - (low + high) / 2, steps=4)
    visitor.tab.mouse.move(box["x"] + right, bottom - high, steps=4)
    visitor.tab.mouse.up()

    def within(more: float) -> set[int]:
        across = (pixels[0] > left - more) & (pixels[0] < right + more)
        upward = (pixels[1] > low - more) & (pixels[1] < high + more)
        return {int(at) for at in np.flatnonzero(across & upward)}

    return within(0), within(2) - within(-2)


def test_a_pasted_list_is_ranked_and_a_long_one_stopped(visit: Visit, bert: Bert) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mlm="rank")
    example = words.RANK_EXAMPLE.splitlines()
    visitor.expect_heading(best_quiet(len(example)))
    paste(visitor, "\n".join(SENTENCES))
    scores = [*score_sentences(bert, SENTENCES)]
    order = rank(scores)
    visitor.expect_heading(best_quiet(len(SENTENCES)))
    shown = rows(visitor, *rank_heads())
    assert [row[1] for row in shown] == [SENTENCES[at] for at in order]
    totals = [scores[at].total or 0.0 for at in order]
    np.testing.assert_allclose([float(row[2]) for row in shown], totals, atol=0.006)

    paste(visitor, LONG_LIST)
    expect(visitor.tab.get_by_text(re.compile(r"scoring sentence [1-9]\d* of 300"))).to_be_visible()
    stop(visitor, "masked_words.rank.list").click()
    partly = visitor.tab.get_by_text(re.compile(r"Stopped: \d+ of 300 done"))
    expect(partly).to_be_visible()
    visitor.settle()
    count = int(re.findall(r"\d+", partly.inner_text())[0])
    assert 0 < count < 300
    visitor.expect_heading(best_quiet(count))
    assert len(rows(visitor, *rank_heads())) == min(count, 20)
    visitor.tab.wait_for_timeout(1_500)
    expect(partly).to_have_text(common.PARTLY.format(done=count, total=300))


def paste(visitor: Visitor, text: str) -> None:
    """Write a list and press the button, as a visitor does: no key in between."""
    visitor.tab.get_by_label(words.RANK_LIST, exact=True).fill(text)
    click(visitor, words.SCORE)


def test_the_table_of_layers_is_painted_and_saved(visit: Visit, bert: Bert) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mask="2", mlm="layers")
    run = run_bert(bert, encode(bert, DOCTOR, None, [2]), keep=(HIDDEN_STATES,))
    reading = read_layers(bert, run, 2, 5)
    plot = visitor.plot("masked_words.lens", exact=True)
    expect(plot.locator(".heatmaplayer image")).to_be_visible()
    pieces = [piece for row in reading.pieces for piece in row]
    shares = [percent(float(share)) for share in reading.probabilities.flat]
    cells = [f"{piece}{share}" for piece, share in zip(pieces, shares, strict=True)]
    expect(plot.locator(".textpoint")).to_have_text(cells)
    templates = {0: words.LENS_EMBEDDINGS, 6: words.LENS_LAST}
    template = templates.get(reading.settled, words.LENS)
    visitor.expect_heading(template.format(answer=reading.pieces[-1][0], layer=reading.settled))
    check_png(visitor, "layers", plot)
    texts, paths = read_svg(take_away(visitor, "layers", "svg"))
    assert set(cells) <= set(texts)
    assert paths > 1


def check_png(visitor: Visitor, study: str, plot: Locator) -> None:
    """The picture is twice as large as on screen, and painted."""
    box = plot.bounding_box()
    assert box is not None
    with Image.open(io.BytesIO(take_away(visitor, study, "png"))) as png:
        png.load()
        assert png.format == "PNG"
        assert png.size == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
        assert len(png.convert("RGB").getcolors(1 << 24)) > 50


def take_away(visitor: Visitor, study: str, kind: str) -> bytes:
    """A picture of a study's figure, as its button gives it."""
    assert visitor.link["mlm"] == study
    place = visitor.tab.locator(".st-key-takeaway")
    with visitor.tab.expect_download() as started:
        place.get_by_role("button", name=common.PICTURES[kind], exact=True).click()
    return Path(started.value.path()).read_bytes()


def test_calibration_is_started_and_stopped(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mlm="calibration")
    click(visitor, words.CALIBRATION_START)
    expect(visitor.tab.get_by_text(SENTENCES_DONE)).to_be_visible()
    stop(visitor, "masked_words.calibration").click()
    partly = visitor.tab.get_by_text(re.compile(r"Stopped: \d+ of \d+ done"))
    expect(partly).to_be_visible()
    done, total = map(int, re.findall(r"\d+", partly.inner_text()))
    assert 0 < done < total
    visitor.expect_heading(f"masks in {done} texts")
    plot = visitor.plot("masked_words.reliability", exact=True)
    expect(plot.locator(".scatterlayer .point").first).to_be_visible()


def test_of_a_long_text_what_is_known_is_shown_meanwhile_and_nothing_moves(
    visit: Visit, bert: Bert
) -> None:
    names = [word for word in bert.wordpiece.vocabulary if word.isascii() and word.isalpha()]
    text, visitor = " ".join(names[1000:1200]), visit()
    assert len(encode(bert, text)) == 202
    visitor.tab.goto(f"{visitor.server.url}/masked_words?a={quote(text)}")
    expect(readout(visitor)).to_contain_text(re.compile(r"masking [1-9]\d* of 200 tokens"))
    tabs = visitor.tab.get_by_role("tablist").bounding_box()
    assert f"“{names[1000]}”" in point_at(visitor, 1)
    expect(stop(visitor, "masked_words.hints")).to_be_visible()
    expect_bars(visitor, 200)
    expect(stop(visitor, "masked_words.hints")).to_have_count(0)
    assert visitor.tab.get_by_role("tablist").bounding_box() == tabs


def test_nothing_moves_while_somebody_points(visit: Visit) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mask="2")
    heading = visitor.headings.first
    point_at(visitor, 1)
    before = heading.bounding_box()
    for position in (2, 5, 7):
        point_at(visitor, position)
        assert heading.bounding_box() == before


# The first screen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_guesses_of_every_example_stand_on_the_first_screen(visit: Visit, theme: str) -> None:
    visitor = visit(theme=theme)
    for example in EXAMPLES:
        visitor.open("masked_words", **example.view().to_query())
        assert visitor.bottom_of(visitor.plot("masked_words.bars", exact=True)) <= FIRST_SCREEN


def test_the_picture_of_every_tab_stands_on_the_first_screen(visit: Visit) -> None:
    visitor = visit()
    pictures = {
        "layers": "masked_words.lens",
        "blank": "masked_words.scatter",
        "rank": "masked_words.share",
        "targets": "masked_words.contrast",
        "training": "masked_words.counts",
    }
    text, other = "The river bank was muddy after the heavy rain.", "It was a [MASK]."
    visitor.open("masked_words", a=text, mask="8,9", place="9", other=other)
    for study, picture in pictures.items():
        visitor.open_tab(words.TABS[study])
        visitor.expect_link(mlm=study)
        assert visitor.bottom_of(visitor.plot(picture, exact=True)) <= FIRST_SCREEN
    visitor.open_tab(words.TABS["joint"])
    rows(visitor, *words.JOINT_HEADS)
    assert visitor.bottom_of(visitor.tab.locator(".bl-figures").first) <= FIRST_SCREEN


def test_a_cell_of_the_layers_is_put_in(visit: Visit, bert: Bert) -> None:
    visitor = visit()
    visitor.open("masked_words", a=DOCTOR, mask="2", mlm="layers")
    encoding = encode(bert, DOCTOR, None, [2])
    reading = read_layers(bert, run_bert(bert, encoding, keep=(HIDDEN_STATES,)), 2, 5)
    piece = reading.pieces[-1][1]
    label = page_words.PUT_BAR.format(piece=piece, position=2)
    visitor.tab.get_by_role("button", name=label, exact=True).last.click()
    visitor.expect_link(a=put_in(bert, encoding, 2, piece).text)


def test_tokens_that_look_like_a_program_run_nowhere(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    folder = save_with_token(tmp_path / "hostile", EVIL)
    given = {"a": f"{EVIL} cat sat dog", "b": HOSTILE[0], "other": f"{EVIL} [MASK]"}
    visitor.open("masked_words", **given, mask="2,3", targets=f"cat, dog {EVIL}", model=folder)
    assert "</script><img" in point_at(visitor, 1)
    assert visitor.was_had() == []
    for position in (2, 4):
        point_at(visitor, position)
    for study in STUDIES[:-1]:  # the last one shows no text of the visitor
        open_study(visitor, study)
        point_at(visitor, 1)
        assert visitor.was_had() == []
    paste_hostile(visitor)
    assert visitor.was_had() == []


def paste_hostile(visitor: Visitor) -> None:
    visitor.open_tab(words.TABS["rank"])
    paste(visitor, f"{EVIL} cat\n{HOSTILE[1]}\n{'x' * 6000}")
    visitor.expect_heading(best_quiet(2))


# The link, and narrow windows


@pytest.mark.parametrize(
    ("study", "more"),
    [
        ("joint", {"order": "left_to_right", "width": "2"}),
        ("targets", {"targets": "nurse, doctor"}),
        ("training", {"seed": "41", "rate": "35", "draw": "words"}),
    ],
)
def test_a_link_gives_the_same_question_again(
    visit: Visit, study: str, more: dict[str, str]
) -> None:
    visitor = visit()
    visitor.open("masked_words", a=CAR, mask="3,4", place="4", mlm=study, **more)
    heads = {
        "joint": words.JOINT_HEADS,
        "targets": words.TARGETS_HEADS,
        "training": words.TRAINING_HEADS,
    }
    expect_answer(visitor, study)
    shown = rows(visitor, *heads[study])
    before = visitor.snapshot()
    visitor.expect_link(a=CAR, mask="3,4", place="4", mlm=study, **more)
    visitor.tab.reload()
    expect_answer(visitor, study)
    assert rows(visitor, *heads[study]) == shown
    visitor.until(lambda: visitor.snapshot() == before, "the same page")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_no_question_is_wider_than_the_window(visit: Visit, theme: str) -> None:
    visitor = visit(width=PHONE, theme=theme)
    visitor.open("masked_words", a=TEXAS, mask="2,7", place="7", other=NEW_YORK)
    expect_bars(visitor, 7)
    point_at(visitor, 2)
    for study in STUDIES:
        open_study(visitor, study)
        assert visitor.sticking_out() == []
        assert visitor.tab.evaluate("document.documentElement.scrollWidth") <= PHONE
