"""The attention page in Chromium: all that one visitor does there, by mouse and by keys.

Numbers on screen and in files are held against runs made here. Every visit ends with a look at
what must never happen (`Visitor.close`).
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from bert_core.attention.arcs import read_arcs
from bert_core.attention.comparison import align, difference, most_changed
from bert_core.attention.links import (
    RankedLink,
    best_by_distance,
    how_often,
    link_distance,
    merge,
    rank_links,
)
from bert_core.attention.maps import read_attention
from bert_core.attention.measures import measure_heads
from bert_core.figures.labels import percent
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import ATTENTIONS, BertRun, run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.neighbours import bundled_texts
from bert_core.texts.hundred import bundled_hundred
from bert_core.texts.passages import like_length, passages_like
from tests.browser import visitor as visits
from tests.browser.visitor import HOSTILE, IMAGE, PHONE, Visit, Visitor, middle_of, read_svg
from tests.kit.tiny import save_tiny, tiny_model, tiny_tokenizer
from ui.choices.attention import READINGS, STUDIES
from ui.components.one_map import NAMES
from ui.examples import EXAMPLES
from ui.view import View
from ui.words import attention, common
from ui.words import attention_heads as heads
from ui.words import attention_links as links
from ui.words import attention_query_key as query_key
from ui.words import attention_studies as studies

RunOf = Callable[..., BertRun]
Split = Callable[[str], Sequence[Any]]

TROPHY = "The trophy does not fit in the suitcase because it is too big."
NURSE, DOCTOR = "The nurse said that she was late.", "The doctor said that she was late."
CAT = {"a": "The cat sat on the mat.", "b": "It was asleep."}
EVIL = f"</script>{IMAGE}"
MAPS = "[data-testid=head-grid] [data-map]"
AWAY = (*READINGS[1:], READINGS[0])  # from the map to all others, and back to it


@pytest.fixture(scope="module")
def run_of(embedded: Bert) -> RunOf:
    """The run of a text or a pair."""
    return cache(lambda *texts: run_bert(embedded, encode(embedded, *texts), keep=(ATTENTIONS,)))


def test_with_the_mouse_alone_a_link_is_ranked_weighed_and_taken_away(
    visit: Visit, run_of: RunOf, embedded: Bert
) -> None:
    run, visitor = run_of(TROPHY), visit()
    query, key = map(run.encoding.tokens.index, ("it", "trophy"))
    visitor.open("attention", a=TROPHY)
    visitor.chip(query).click()
    visitor.expect_link(look=str(query))
    visitor.chip(key).click(modifiers=["Shift"])
    visitor.expect_link(look=str(query), key=str(key), study="links")
    visitor.expect_positions("picked", key, query)

    ranked = rank_links(run.attentions, [query], [key])
    bars = [(f"{one.layer + 1}.{one.head + 1}", percent(one.weight)) for one in ranked]
    visitor.expect_heading(f"Head {bars[0][0]} takes “it” back to “trophy”")
    assert visitor.bars("attention.links") == bars[:9]
    check_chance(visitor, run_of, embedded.wordpiece.split, ranked[0], query, key)
    visitor.press_bar("attention.links", 1)
    visitor.expect_link(head=bars[1][0], study=None)
    visitor.expect_weights(run.attentions[ranked[1].layer, ranked[1].head])
    check_pictures(visitor, run.encoding.tokens)


def check_chance(visitor: Visitor, run_of: RunOf, split: Split, link: RankedLink, *at: int) -> None:
    """How often some head does so anyway: in this text, and in others as long."""
    run, weight, given = run_of(TROPHY), link.weight, tuple([one] for one in at)
    distance = link_distance(run.encoding, *given, "word")
    here = how_often(run.attentions, run.encoding, distance, weight, exclude=given, unit="word")
    lines = [tuple(filter(None, line)) for line in bundled_hundred()]
    sources = [*(text.sentences for text in bundled_texts()), *lines]
    texts = passages_like(len(run.encoding), sources, lambda text: len(split(text)))
    others = [run_of(*filter(None, text)) for text in texts]
    best = (best_by_distance(one.attentions, one.encoding, unit="word") for one in others)
    there = merge(best).reaching(distance, weight)
    assert there.pairs > here.pairs > 0
    fewest, most = like_length(len(run.encoding))
    named = links.THERE.format(texts=len(texts), fewest=fewest, most=most)
    for where, chance in ((links.HERE, here), (named, there)):
        assert chance.interval is not None
        low, high = (100 * end for end in chance.interval)
        counts = links.PAIRS.format(reaching=chance.reaching, pairs=chance.pairs)
        share = f"{percent(chance.share)} ({low:.1f} to {high:.1f})"
        assert visitor.figures(where) == [where, counts, share]
    expect(visitor.plot("attention.anyway").locator(".heatmaplayer image")).to_be_visible()


def check_pictures(visitor: Visitor, tokens: tuple[str, ...]) -> None:
    """The map as PNG, twice as large as on screen, and as SVG, its labels as text."""
    box = visitor.plot("attention.map").bounding_box()
    assert box is not None
    with Image.open(io.BytesIO(visitor.take_away(common.PICTURES["png"]))) as png:
        png.load()
        assert png.format == "PNG"
        assert png.size == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
        assert len(png.convert("RGB").getcolors(1 << 24)) > 100
    texts, paths = read_svg(visitor.take_away(common.PICTURES["svg"]))
    assert sorted(texts) == sorted(2 * tokens)
    assert paths > 1


def test_heads_open_by_click_and_keys_and_stand_as_sorted(visit: Visit, run_of: RunOf) -> None:
    run, visitor = run_of(TROPHY), visit()
    visitor.open("attention", a=TROPHY)
    visitor.tab.locator(f"{MAPS}[data-layer='2'][data-head='6']").click()
    visitor.expect_link(head="3.7")
    visitor.expect_heading("Layer 3, head 7")
    visitor.expect_weights(run.attentions[2, 6])
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp", "Enter"):
        visitor.tab.keyboard.press(key)
    visitor.expect_link(head="2.5")
    visitor.expect_heading("Layer 2, head 5")
    visitor.expect_weights(run.attentions[1, 4])

    assert visitor.heads_in_order() == [*np.ndindex(6, 12)]
    visitor.tab.get_by_role("combobox", name=attention.SORT).click()
    wanted = heads.SORTED.format(name=heads.MEASURES["previous"])
    visitor.tab.get_by_role("option", name=wanted, exact=True).click()
    visitor.expect_link(sort="previous", head="2.5")
    values = measure_heads(run.attentions, run.encoding).measures["previous"].values
    order = visitor.heads_in_order()
    assert len(set(order)) == values.size
    assert (np.diff([values[at] for at in order]) < 1e-6).all()
    selected = visitor.tab.locator(f"{MAPS}[aria-selected=true]")
    expect(selected).to_have_attribute("data-map", str(order.index((1, 4))))
    visitor.tab.locator(f"{MAPS}[data-map='0']").click()
    visitor.expect_link(head="{}.{}".format(*(number + 1 for number in order[0])))
    visitor.expect_weights(run.attentions[order[0]])


def test_pointing_marks_a_token_everywhere_and_tells_the_server_nothing(visit: Visit) -> None:
    visitor = visit()
    sent = visitor.count_sent()
    visitor.open("attention", a="The cat sat.", reading="arcs")
    visitor.expect_painted("arcs")
    count, said = visitor.chips.count(), sent()
    assert said > 0
    for position in (1, 4):
        visitor.chip(position).hover()
        pointed = visitor.tab.locator("[data-testid=arcs] .row.pointed")
        expect(pointed).to_have_attribute("data-row", str(position))
        edges = pytest.approx([position / count, (position + 1) / count], abs=0.03)
        for cell in (0, 40, 71):
            assert [*visitor.marked(cell)] == [edges, edges]
    visitor.tab.locator("[data-testid=arcs] .row[data-side=key][data-row='2']").hover()
    expect(visitor.tab.locator("button.chip.pointed")).to_have_attribute("data-position", "2")
    assert visitor.marked(7)[0] == pytest.approx([2 / count, 3 / count], abs=0.03)
    visitor.tab.locator(".bl-title").hover()
    expect(visitor.tab.locator("button.chip.pointed, .row.pointed")).to_have_count(0)
    assert [*visitor.marked(7)] == [[], []]
    visitor.tab.wait_for_timeout(500)  # by now a message would be under way
    assert sent() == said
    visitor.chip(2).click()
    visitor.expect_link(look="2")
    assert sent() > said


def test_readings_are_painted_keep_head_and_token_and_come_again(
    visit: Visit, run_of: RunOf
) -> None:
    run, visitor = run_of(TROPHY), visit()
    visitor.open("attention", a=TROPHY, head="3.7", look="2")
    for reading in AWAY:
        visitor.open_reading(reading)
        visitor.expect_link(a=TROPHY, head="3.7", look="2")
        visitor.expect_heading("Layer 3, head 7")
        visitor.expect_positions("picked", 2)
        check_reading(visitor, reading, run)
        shown = visitor.snapshot()
        visitor.tab.reload()
        visitor.settle()
        visitor.expect_painted(reading)
        visitor.until(lambda shown=shown: visitor.snapshot() == shown, f"the same {reading}")
        check_reading(visitor, reading, run)


def check_reading(visitor: Visitor, reading: str, run: BertRun) -> None:
    """What is drawn is of layer 3, head 7, and of token 2."""
    tokens, weights = run.encoding.tokens, run.attentions[2, 6]
    if reading == "map":
        visitor.expect_weights(weights)
    elif reading == "arcs":
        expect(visitor.tab.locator("[data-testid=arcs] .query .text")).to_have_text([*tokens])
        held = visitor.tab.locator("[data-testid=arcs] .row[aria-selected=true]")
        expect(held).to_have_attribute("data-row", "2")
    elif reading == "qk":
        strongest = tokens[int(weights[2].argmax())]
        visitor.expect_heading(query_key.TITLE.format(query=tokens[2], key=strongest))
    else:
        expect(visitor.bertviz.locator("#left text")).to_have_text([*tokens])
        expect(visitor.bertviz.locator("#layer")).to_have_value("3")
        lines = visitor.bertviz.locator("#attention line").evaluate_all(
            "all => all.map(line => Number(line.getAttribute('stroke-opacity')))"
        )
        drawn = np.reshape(lines, (12, *weights.shape))
        np.testing.assert_allclose(drawn[6], weights, atol=1e-4)
        assert not np.delete(drawn, 6, axis=0).any()


def test_lines_are_those_of_the_block_and_the_share_asked_for(visit: Visit, run_of: RunOf) -> None:
    run, visitor = run_of(*CAT.values()), visit()
    visitor.open("attention", **CAT, head="3.7", reading="arcs")
    canvas = visitor.tab.locator("[data-testid=arcs] canvas")
    shown = read_attention(run.attentions, run.encoding.tokens, 2, 6)
    drawn = []

    def expect_lines(**asked: Any) -> None:
        view = read_arcs(shown, run.encoding, **asked)
        expect(visitor.tab.locator(".foot .note")).to_have_text(f"{view.mask.sum()} lines")
        visitor.expect_painted("arcs")
        texts, paths = read_svg(visitor.take_away(common.PICTURES["svg"]))
        assert paths == view.mask.sum() > 0
        assert set(view.labels) <= set(texts)
        drawn.append(canvas.evaluate("canvas => canvas.toDataURL()"))

    expect_lines()
    visitor.choose(attention.BLOCKS["ab"])
    visitor.expect_link(block="ab")
    expect_lines(which="ab", share=0.8)
    slider = visitor.tab.get_by_role("slider", name=attention.HOLD)
    expect(slider).to_have_value("80")
    slider.press("Home")
    visitor.expect_link(block="ab", hold="10")
    expect_lines(which="ab", share=0.1)
    assert len(set(drawn)) == 3


def test_a_pinned_text_is_held_against_the_next_one(visit: Visit, run_of: RunOf) -> None:
    before, after, visitor = run_of(NURSE), run_of(DOCTOR), visit()
    visitor.open("attention", a=NURSE, study="compare")
    visitor.tab.get_by_role("button", name=studies.PIN).click()
    visitor.expect_link(pa=NURSE)
    expect(visitor.tab.get_by_text(studies.PIN_TYPE)).to_be_visible()
    visitor.say(DOCTOR)
    visitor.expect_link(a=DOCTOR, pa=NURSE, study="compare")
    pairs = align(before.encoding, after.encoding)
    changes = difference(before.attentions, after.attentions, pairs)
    most = most_changed(changes)[:4]
    bars = [(f"{one.layer + 1}.{one.head + 1}", percent(one.change)) for one in most]
    assert visitor.bars("attention.changed") == bars
    assert "nurse → doctor" in visitor.text()

    visitor.press_bar("attention.changed", 0)
    visitor.expect_link(head=bars[0][0], pa=NURSE)
    visitor.expect_painted("one-map")
    of_head = changes[most[0].layer, most[0].head]
    query, key = divmod(int(np.abs(of_head).argmax()), len(of_head))
    place = visitor.tab.locator("[data-testid=one-map]")
    visitor.point_at_cell(place, query, key, len(of_head))
    number = f"{100 * of_head[query, key]:+.2f}".replace("-", "−")
    wanted = NAMES["points"].format(number=number)
    expect(visitor.readout.locator(".weight")).to_have_text(wanted)


def test_512_tokens_open_and_are_read_by_pointing(
    visit: Visit, run_of: RunOf, embedded: Bert
) -> None:
    words = [word for word in embedded.wordpiece.vocabulary if word.isascii() and word.isalpha()]
    text = " ".join(words[1000:1510])  # no word twice: what is said names one cell
    run, visitor = run_of(text), visit()
    tokens, weights = run.encoding.tokens, run.attentions[2, 6]
    assert len(set(tokens)) == len(tokens) == 512
    visitor.open("attention", a=text, head="3.7")
    expect(visitor.chips).to_have_count(512)
    visitor.expect_painted("one-map")
    for cell in (divmod(int(weights.argmax()), 512), (0, 511), (300, 40)):
        visitor.point_at_cell(visitor.tab.locator("[data-testid=one-map]"), *cell, 512)
        names = visitor.readout.locator(".token")
        expect(names.first).not_to_have_text("")
        query, key = map(tokens.index, names.all_text_contents())
        # Cells are smaller than the pixels that a pointer can stand on.
        assert max(abs(query - cell[0]), abs(key - cell[1])) <= 1
        said = visitor.readout.locator(".weight").text_content() or ""
        number = float(said.removeprefix("<").removesuffix("%").strip())
        assert number == pytest.approx(max(100 * weights[query, key], 0.01), abs=0.0101)
    assert visitor.sticking_out() == []


def test_twelve_layers_of_twelve_heads_over_five_tokens(visit: Visit, tmp_path: Path) -> None:
    model = tiny_model(num_hidden_layers=12, num_attention_heads=12, hidden_size=48)
    for layer in model.bert.encoder.layer:  # or all tokens would be alike after a few layers
        layer.attention.output.dense.weight.data.zero_()
    folder = str(save_tiny(tmp_path / "twelve", model))
    visitor = visit()
    visitor.open("attention", a="a cat sat", model=folder)
    visitor.expect_tokens("a", "cat", "sat")
    expect(visitor.tab.locator(MAPS)).to_have_count(144)
    visitor.expect_painted("map")
    visitor.tab.locator(f"{MAPS}[data-layer='11'][data-head='10']").click()
    visitor.expect_link(head="12.11", model=folder)
    visitor.expect_heading("Layer 12, head 11")
    bert = load_bert(folder)
    run = run_bert(bert, encode(bert, "a cat sat"), keep=(ATTENTIONS,))
    visitor.expect_weights(run.attentions[11, 10])


def test_text_that_looks_like_a_program_is_shown_in_every_reading_and_file(
    visit: Visit, tmp_path: Path
) -> None:
    visitor, said = visit(), f"{EVIL} dog"
    given = {"a": said, "b": HOSTILE[0], "pa": f"{EVIL} cat", "pb": HOSTILE[0]}
    folder = save_with_token(tmp_path / "hostile", EVIL)
    visitor.open("attention", **given, look="1", key="2", merge="words", model=folder)
    expect(visitor.chip(1)).to_contain_text("</script><img")
    for reading in AWAY:
        visitor.open_reading(reading)
        visitor.chip(1).hover()
        assert visitor.was_had() == []
    for study in ("links", "flow", "compare"):
        visitor.open_study(study)
        assert visitor.was_had() == []
    visitor.open_tab(attention.TABS["none"])
    names = (attention.HTML_ONE, attention.HTML_ALL)
    for number, document in enumerate([visitor.take_away(name) for name in names]):
        path = tmp_path / f"{number}.html"
        asked = visitor.open_offline(document, path)
        expect(visitor.tab.locator(".text")).to_have_text([said, HOSTILE[0]])
        visitor.tab.locator(".field").hover()
        expect(visitor.tab.locator(".readout .weight")).to_contain_text("%")
        assert visitor.was_had() == []
        assert asked == [path.as_uri()]


def save_with_token(folder: Path, token: str) -> str:
    """A checkpoint whose tokenizer, as a checkpoint's may, finds `token` whole in a text."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([token])
    save_tiny(folder, tiny_model(vocab_size=len(tokenizer)))
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_files_hold_the_numbers_of_the_open_head_and_are_read_offline(
    visit: Visit, run_of: RunOf, tmp_path: Path
) -> None:
    run, visitor = run_of(*CAT.values()), visit()
    tokens, weights = run.encoding.tokens, run.attentions[2, 6]
    visitor.open("attention", **CAT, head="3.7")
    names = (common.CSV, common.JSON, attention.NPZ, attention.HTML_ONE)
    table, document, arrays, html = map(visitor.take_away, names)
    columns, *rows = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    told = json.loads(document)
    assert columns == told["columns"] == [*attention.COLUMNS]
    assert [told["input"]["text"], told["input"]["pair"]] == [*CAT.values()]
    cells = [*np.ndindex(weights.shape)]
    labels = [[3, 7, query, tokens[query], key, tokens[key]] for query, key in cells]
    assert [row[:6] for row in told["rows"]] == labels
    assert [row[:6] for row in rows] == [[*map(str, row)] for row in labels]
    for found in (rows, told["rows"]):
        shares = [float(row[6]) for row in found]
        np.testing.assert_allclose(shares, weights.ravel(), atol=1e-6)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as kept:
        np.testing.assert_allclose(kept["attentions"], run.attentions, atol=1e-6)
        assert tuple(kept["tokens"]) == tokens

    asked = visitor.open_offline(html, tmp_path / "head.html")
    expect(visitor.tab.locator(".label.query")).to_have_text([*tokens])
    canvas = visitor.tab.locator(".field canvas")
    assert canvas.evaluate(visits.COLOURS) > 5
    box = canvas.bounding_box()
    assert box is not None
    cells = box["x"], box["y"], box["width"]
    for query, key in (divmod(int(weights.argmax()), len(tokens)), (1, 2), (4, 0)):
        visitor.tab.mouse.move(*middle_of(cells, query, key, len(tokens)))
        said = f"{tokens[query]} → {tokens[key]} {100 * weights[query, key]:.2f}\u00a0%"
        expect(visitor.tab.locator(".readout")).to_have_text(said)
    assert asked == [(tmp_path / "head.html").as_uri()]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_no_reading_and_no_study_is_wider_than_the_window(
    visit: Visit, theme: str
) -> None:
    visitor = visit(width=PHONE, theme=theme)
    visitor.open("attention", a=DOCTOR, b=TROPHY, pa=NURSE, pb=TROPHY, look="5", key="2")
    for part in (*AWAY, *STUDIES[1:]):
        (visitor.open_reading if part in AWAY else visitor.open_study)(part)
        assert visitor.sticking_out() == []
        assert visitor.tab.evaluate("document.documentElement.scrollWidth") <= PHONE


# The first screen


LONG = " ".join(["Nobody could tell what the old lighthouse keeper had seen that night."] * 3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_stands_on_the_first_screen(visit: Visit, theme: str) -> None:
    visitor = visit(theme=theme)
    visitor.tab.set_viewport_size({"width": 1440, "height": 900})
    for view in (*(one.view() for one in EXAMPLES), View(text=LONG, look=5)):
        visitor.open("attention", **view.to_query())
        assert visitor.bottom_of(visitor.plot("attention.map")) <= 900, view.text
        assert visitor.bottom_of(visitor.tab.locator("[data-testid=head-grid]")) <= 900
        # Under a strip that scrolls and a headline of two lines the sixth bar may be cut off.
        expect(visitor.plot("attention.from")).to_be_in_viewport(ratio=0.8)


@pytest.mark.parametrize("study", STUDIES[1:])
def test_every_question_is_answered_on_the_first_screen(visit: Visit, study: str) -> None:
    visitor, example = visit(), EXAMPLES[0]
    visitor.tab.set_viewport_size({"width": 1440, "height": 900})
    pinned = {"pa": example.text.replace("animal", "dog"), "pb": example.pair}
    query = {"look": "10", "key": "2", "head": "3.7", **pinned}
    visitor.open("attention", a=example.text, b=example.pair, **query)
    visitor.open_study(study)
    charts = visitor.tab.locator(".js-plotly-plot:visible, [data-testid=one-map]:visible")
    assert max(visitor.bottom_of(chart) for chart in charts.all()) <= 900
