"""The lines in Chromium: what is pointed at, what is pressed, and the pictures taken away."""

from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from bert_core.attention.arcs import ArcView, keep_share
from tests.browser.bench import Bench, OpenBench
from ui.components import arcs
from ui.components.arcs import NAMES, ArcPick, arc_view
from ui.components.assets import read_css, read_js
from ui.components.palette_css import palette_css
from ui.components.weights import unpack_weights

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "</script><img src=x onerror=\"window.had=1\"> & 'q' \x00"


@pytest.fixture
def bench(open_bench: OpenBench) -> Bench:
    return open_bench(width=668, height=800)


def a_view(size: int = 5, share: float = 0.8, labels: tuple[str, ...] = ()) -> ArcView:
    """A map of random weights; token 0 and the last are special, the second half is sentence B."""
    rng = np.random.default_rng(size)
    weights = rng.dirichlet(np.full(size, 0.2), size).astype(np.float32)
    sentences = [0 if at < size / 2 else 1 for at in range(size)]
    return ArcView(
        weights=weights,
        labels=labels or tuple(f"t{at}" for at in range(size)),
        sentences=(None, *sentences[1:-1], None),
        positions=tuple((at,) for at in range(size)),
        mask=keep_share(weights, share),
        masked=(1,),
    )


def sent(view: ArcView, taken: int = 0, **options: Any) -> bytes:
    """What the browser gets of a view."""
    with patch.object(arcs, "mount") as mounted:
        arc_view(view, key="k", **{"label": "Lines", "text": "it", "on_pick": print, **options})
    data: bytes = mounted.call_args.args[2]({"key": "k", "taken": taken})
    return data


def read(view: ArcView, event: dict[str, Any]) -> ArcPick | None:
    """What Python makes of what the browser sends."""
    with patch.object(arcs, "mount") as mounted:
        arc_view(view, key="k", label="Lines", text="it", on_pick=print)
    found: ArcPick | None = mounted.call_args.args[3](event)
    return found


def row(bench: Bench, side: str, number: int) -> Locator:
    return bench.tab.locator(f".row[data-side={side}][data-row='{number}']")


def drawn(bench: Bench) -> list[int]:
    """How many lines the canvas holds, group by group: faint ones first where some are held."""
    bench.tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    found = bench.tab.locator("canvas").get_attribute("data-drawn") or ""
    return [int(part) for part in found.split(" + ")]


def saved(bench: Bench, kind: str) -> bytes:
    with bench.tab.expect_download() as download:
        bench.tab.locator(f"[data-save={kind}]").click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    return download.value.path().read_bytes()


# What is sent and accepted


def test_header_names_rows_by_their_tokens() -> None:
    view = a_view(3)
    view = ArcView(
        view.weights, ("a", "bc", "d"), (None, 0, 1), ((0,), (1, 2), (3,)), view.mask, (2,)
    )
    header, _ = unpack_weights(sent(view, picked=2, pinned=[(3, "key"), (9, "key")], file="x"))
    assert header["tokens"] == [
        {"at": [0], "text": "a", "sentence": "special"},
        {"at": [1, 2], "text": "bc", "sentence": "a"},
        {"at": [3], "text": "d", "sentence": "b", "masked": True},
    ]
    assert (header["picked"], header["pinned"], header["file"]) == (1, ["key:2"], "x")


def test_weights_are_sent_where_there_are_lines_and_none_is_rounded_away() -> None:
    weights = np.array([[1 - 1e-7, 1e-7], [0.5, 0.5]], dtype=np.float32)
    mask = np.array([[True, True], [True, False]])
    view = ArcView(weights, ("a", "b"), (0, 0), ((0,), (1,)), mask)
    _, packed = unpack_weights(sent(view))
    np.testing.assert_array_equal(packed > 0, mask)
    np.testing.assert_allclose(packed[mask], weights[mask], atol=2e-5)


def test_names_that_are_not_given_are_english() -> None:
    header, _ = unpack_weights(sent(a_view(), names={"png": "Bild"}))
    assert header["names"] == {**NAMES, "png": "Bild"}


def test_press_is_read_as_it_was_sent() -> None:
    event = {"position": 2, "side": "key", "pinned": True, "text": "it"}
    assert read(a_view(), event) == ArcPick(2, "key", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": 5},
        {"position": True},
        {"side": "x"},
        {"side": []},
        {"pinned": 1},
        {"text": "another"},
    ],
)
def test_nonsense_from_the_browser_is_no_press(wrong: dict[str, Any]) -> None:
    event = {"position": 2, "side": "key", "pinned": True, "text": "it"}
    assert read(a_view(), {**event, **wrong}) is None


def test_javascript_is_one_module_with_each_name_once() -> None:
    lines = read_js("arcs/arcs.js").splitlines()
    assert not any(line.startswith("import ") for line in lines)
    heads = ("function ", "const ", "class ", "async function ")
    named = [line.removeprefix("async ") for line in lines if line.startswith(heads)]
    names = [line.split("(")[0].split()[1] for line in named]
    assert len(names) == len(set(names))
    assert sum(line.startswith("export ") for line in lines) == 1


def test_javascript_parses_no_text_as_markup_and_css_has_only_our_colours() -> None:
    source, css = read_js("arcs/arcs.js"), read_css("arcs/arcs.css")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source
    assert "#" not in css.removeprefix(palette_css())
    for part in css.split("var(--bl-")[1:]:
        assert f"--bl-{part.split(')')[0]}:" in css


# In the browser


@pytest.mark.parametrize("size", [5, 512])
def test_pointing_shows_the_lines_of_that_token_only(bench: Bench, size: int) -> None:
    view = a_view(size)
    bench.show("arcs", sent(view))
    expect(bench.tab.locator(".note")).to_contain_text(f"{view.mask.sum():,} lines")
    for side, table, weights in (
        ("query", view.mask, view.weights),
        ("key", view.mask.T, view.weights.T),
    ):
        row(bench, side, 3).hover()
        assert drawn(bench) == [table[3].sum()]
        other = "key" if side == "query" else "query"
        texts = bench.tab.locator(f".row[data-side={other}] .weight").all_text_contents()
        expected = [
            f"{weights[3, at] * 100:.2f}\u00a0%" if table[3, at] else "" for at in range(size)
        ]
        assert [bool(text) for text in texts] == [bool(text) for text in expected]
        for text, number in zip(texts, weights[3], strict=True):
            if text:
                assert float(text.split("\u00a0")[0].removeprefix("< ")) == pytest.approx(
                    number * 100, abs=0.011
                )
        assert not any(bench.tab.locator(f".row[data-side={side}] .weight").all_text_contents())


def test_line_below_names_the_strongest(bench: Bench) -> None:
    view = a_view(5)
    bench.show("arcs", sent(view))
    row(bench, "query", 2).hover()
    best = int(view.weights[2].argmax())
    said = bench.tab.locator(".readout .item").first
    expect(said).to_have_text(f"t2 → t{best} {view.weights[2, best] * 100:.2f}\u00a0%")


@pytest.mark.parametrize("size", [5, 512])
def test_pressing_holds_a_token_and_lets_go_of_it(bench: Bench, size: int) -> None:
    view = a_view(size)
    bench.show("arcs", sent(view))
    row(bench, "query", 1).click()
    row(bench, "key", 2).click()
    bench.tab.mouse.move(690, 790)
    strong = view.mask[1].sum() + view.mask[:, 2].sum() - view.mask[1, 2]
    assert drawn(bench)[-1] == strong
    held = bench.tab.locator(".row[aria-selected=true]")
    assert held.evaluate_all("(all) => all.map(({ dataset }) => dataset.side + dataset.row)") == [
        "query1",
        "key2",
    ]
    row(bench, "query", 1).click()
    expect(held).to_have_count(1)
    events = bench.sent("arcs")
    assert [(e["position"], e["side"], e["pinned"]) for e in events] == [
        (1, "query", True),
        (2, "key", True),
        (1, "query", False),
    ]
    assert events[0]["number"] < events[1]["number"] < events[2]["number"]


def test_press_outlives_an_answer_to_an_older_one(bench: Bench) -> None:
    view = a_view()
    bench.show("arcs", sent(view))
    row(bench, "query", 1).click()
    held = bench.tab.locator(".row[aria-selected=true]")
    bench.show("arcs", sent(view, picked=3))  # has not seen the press
    expect(held).to_have_count(1)
    number = bench.sent("arcs")[0]["number"]
    bench.show("arcs", sent(view, taken=number, picked=3))
    expect(held).to_have_count(2)
    bench.show("arcs", sent(a_view(6), taken=number))  # another text
    expect(held).to_have_count(0)


def test_a_token_held_down_while_an_answer_arrives_still_gives_its_click(bench: Bench) -> None:
    bench.show("arcs", sent(a_view()))
    row(bench, "query", 1).hover()
    bench.tab.mouse.down()
    bench.show("arcs", sent(a_view(), label="Another head", picked=3))
    bench.tab.mouse.up()
    assert [event["position"] for event in bench.sent("arcs")] == [1]


def test_a_token_held_down_while_another_text_arrives_is_not_pressed(bench: Bench) -> None:
    bench.show("arcs", sent(a_view()))
    row(bench, "query", 1).hover()
    bench.tab.mouse.down()
    bench.show("arcs", sent(a_view(6), text="another"))
    bench.tab.mouse.up()
    assert bench.sent("arcs") == []


def test_token_that_the_page_looks_from_can_be_let_go(bench: Bench) -> None:
    bench.show("arcs", sent(a_view(), picked=2, pinned=[(4, "key")]))
    held = bench.tab.locator(".row[aria-selected=true]")
    expect(held).to_have_count(2)
    row(bench, "query", 2).click()
    expect(held).to_have_count(1)
    assert bench.sent("arcs")[0]["pinned"] is False


def test_keyboard_goes_through_the_columns_and_holds(bench: Bench) -> None:
    bench.show("arcs", sent(a_view()))
    bench.tab.keyboard.press("Tab")
    expect(row(bench, "query", 0)).to_be_focused()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        bench.tab.keyboard.press(key)
    expect(row(bench, "key", 2)).to_be_focused()
    expect(row(bench, "key", 2)).to_have_attribute("aria-selected", "true")
    bench.tab.keyboard.press("End")
    expect(row(bench, "key", 4)).to_be_focused()
    bench.tab.keyboard.press("Shift+Tab")
    expect(row(bench, "query", 2)).to_be_focused()


def test_pictures_of_the_page_tell_each_other_what_is_pointed_at(bench: Bench) -> None:
    view = a_view()
    bench.show("arcs", sent(view, channel="c"))
    row(bench, "key", 3).hover()
    assert (bench.told()[-1]["position"], bench.told()[-1]["channel"]) == (3, "c")
    bench.tab.mouse.move(690, 790)
    bench.point(2, "another")
    assert drawn(bench) == [view.mask.sum()]
    bench.point(2, "c")
    assert drawn(bench) == [view.mask[2].sum()]
    bench.point(None, "c")
    assert drawn(bench) == [view.mask.sum()]


def test_long_text_scrolls_inside_and_its_lines_come_along(bench: Bench) -> None:
    bench.show("arcs", sent(a_view(512)))
    box = bench.tab.get_by_test_id("arcs").bounding_box()
    assert box is not None
    assert box["height"] <= 560
    expect(bench.tab.locator(".note")).to_contain_text("800 of")
    bench.tab.get_by_test_id("arcs").evaluate("(box) => { box.scrollTop = 5000; }")
    expect(bench.tab.locator("canvas")).not_to_have_css("top", "0px")
    where = "(canvas) => [canvas.offsetTop, canvas.offsetTop + canvas.offsetHeight]"
    top, bottom = bench.tab.locator("canvas").evaluate(where)
    assert top <= 5000 < 5000 + box["height"] <= bottom < 7000


@pytest.mark.parametrize("size", [5, 512])
def test_svg_holds_each_token_and_each_line(bench: Bench, size: int) -> None:
    view = a_view(size)
    bench.show("arcs", sent(view, label="A & B", file="head"))
    root = ElementTree.fromstring(saved(bench, "svg"))
    assert len(root.findall(f".//{SVG}path")) == view.mask.sum()
    texts = [text.text for text in root.findall(f".//{SVG}text[@class='token']")]
    assert texts == [label for label in view.labels for _ in range(2)]
    assert root.findtext(f"{SVG}title") == "A & B"


def test_lines_in_the_svg_join_the_tokens_they_are_of(bench: Bench) -> None:
    view = a_view(5)
    bench.show("arcs", sent(view))
    root = ElementTree.fromstring(saved(bench, "svg"))
    found = set()
    for path in root.findall(f".//{SVG}path"):
        numbers = path.attrib["d"].replace("M", " ").replace("C", " ").split()
        found.add((float(numbers[1]) // 22, float(numbers[-1]) // 22))
    assert found == {(query, key) for query, key in np.argwhere(view.mask)}


def test_png_is_twice_as_large_as_the_svg(bench: Bench) -> None:
    bench.show("arcs", sent(a_view()))
    root = ElementTree.fromstring(saved(bench, "svg"))
    png = saved(bench, "png")
    size = [int.from_bytes(png[at : at + 4], "big") for at in (16, 20)]
    assert size == [2 * round(float(root.attrib[name])) for name in ("width", "height")]


def test_tokens_that_look_like_markup_are_text(bench: Bench) -> None:
    view = a_view(labels=(EVIL, "]]>", "ًשלום", "\uffffx\x01", "a" * 5_000))
    bench.show("arcs", sent(view, label=EVIL, names={"query": EVIL}))
    assert row(bench, "query", 0).locator(".text").text_content() == EVIL
    row(bench, "query", 0).click()
    root = ElementTree.fromstring(saved(bench, "svg"))
    texts = [text.text for text in root.findall(f".//{SVG}text[@class='token']")]
    assert texts[0] == EVIL[:31] + "…"
    assert saved(bench, "png").startswith(b"\x89PNG")
    assert bench.tab.locator("img, script").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 700])
def test_nothing_is_wider_than_the_page(bench: Bench, width: int, theme: str) -> None:
    bench.tab.set_viewport_size({"width": width, "height": 800})
    bench.clear(dark=theme == "dark")
    bench.show("arcs", sent(a_view(30, labels=tuple("w" * (at % 30 + 1) for at in range(30)))))
    row(bench, "query", 3).hover()
    assert bench.tab.evaluate("document.documentElement.scrollWidth") <= width
    middle = bench.tab.locator(".middle").bounding_box()
    assert middle is not None
    assert middle["width"] > 90


def test_map_without_lines_says_so(bench: Bench) -> None:
    view = a_view(3)
    empty = ArcView(view.weights, view.labels, view.sentences, view.positions, view.mask & False)
    bench.show("arcs", sent(empty))
    expect(bench.tab.locator(".readout")).to_have_text(NAMES["none"])
    row(bench, "query", 0).click()
    assert drawn(bench) == [0]


def test_unmounting_leaves_nothing_behind(bench: Bench) -> None:
    bench.show("arcs", sent(a_view()))
    bench.unmount("arcs")
    assert bench.left_in("arcs") == 0
