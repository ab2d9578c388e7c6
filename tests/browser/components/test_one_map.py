"""The large map of one head: its Python half, and its browser half in Chromium on a bare page."""

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, expect

from benchmarks.browser import complaints, serve
from bert_core.palette import DARK, LIGHT, Palette
from tests.browser.bench import Bench, OpenBench
from tests.browser.visitor import middle_of, square
from ui.components import one_map
from ui.components.assets import read_css, read_js
from ui.components.one_map import NAMES, read_query, weight_map
from ui.components.palette_css import palette_css
from ui.components.weights import unpack_weights

EVIL = "</script><img src=x onerror=window.had=1>\x01&\"'"
SVG = "{http://www.w3.org/2000/svg}"

PIXEL = """(canvas, [x, y]) => {
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
}"""


def packed(
    weights: NDArray[np.floating],
    tokens: Sequence[str] | None = None,
    taken: int = 0,
    **options: Any,
) -> bytes:
    """What `weight_map` gives the browser."""
    count = len(weights)
    names = list(tokens) if tokens else [f"t{at}" for at in range(count)]
    found: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        heard = {"key": "map", "taken": taken}
        patch.setattr(one_map, "mount", lambda _, __, data, *___: found.append(data(heard)))
        settings = {"positions": range(count), "key": "map", "label": "A map"}
        settings |= {"on_pick": print, **options}
        whole = len(names)
        sequences = [None, *[0] * (whole - 2), None][:whole]
        weight_map(weights, names, sequences, **settings)
    return found[0]


def random_weights(count: int) -> NDArray[np.float32]:
    weights = np.random.default_rng(count).random((count, count), dtype=np.float32) ** 6
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


# Python


def test_header_holds_what_the_browser_needs() -> None:
    weights = random_weights(3)
    data = packed(weights, positions=[1, 2, 4], tokens=list("abcde"), picked=2, masked=[4])
    header, found = unpack_weights(data)
    np.testing.assert_allclose(found, weights, atol=1e-5)
    assert [label["at"] for label in header["tokens"]] == [1, 2, 4]
    assert header["tokens"][2] == {"at": 4, "text": "e", "sentence": "special", "masked": True}
    assert header["picked"] == 2
    assert header["names"] == NAMES


def test_weights_of_other_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 3\) for 2 positions"):
        packed(random_weights(3), positions=[0, 1])


@pytest.mark.parametrize("sent", [None, True, -1, 3, 1.0, "1", [1]])
def test_nonsense_from_the_browser_is_no_query(sent: object) -> None:
    assert read_query({"query": sent, "text": "it"}, "it", [1, 2, 4]) is None


def test_a_query_from_the_browser_is_a_position_of_the_same_text() -> None:
    assert read_query({"query": 4, "text": "it"}, "it", [1, 2, 4]) == 4
    assert read_query({"query": 4, "text": "another"}, "it", [1, 2, 4]) is None


def test_javascript_is_one_module_with_each_name_once() -> None:
    lines = read_js("one_map/one_map.js").splitlines()
    assert not any(line.startswith("import ") for line in lines)
    assert [line for line in lines if line.startswith("export ")] == [
        "export default function ({ data, parentElement, setStateValue }) {"
    ]
    heads = ("function ", "const ", "class ")
    names = [line.split("(")[0].split()[1] for line in lines if line.startswith(heads)]
    assert len(names) == len(set(names))


def test_javascript_never_parses_text_as_markup() -> None:
    source = read_js("one_map/one_map.js")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source


def test_css_uses_only_colours_of_the_palette() -> None:
    css = read_css("one_map/one_map.css")
    assert "#" not in css.removeprefix(palette_css())
    for part in css.split("var(--bl-")[1:]:
        assert f"--bl-{part.split(')')[0]}:" in css


def test_every_word_on_screen_is_used() -> None:
    source = read_js("one_map/one_map.js")
    for name in NAMES:
        assert f"names.{name}" in source or name.removesuffix("Title") in source


# The browser


class MapBench(Bench):
    """A bare page with one map."""

    def show_map(self, data: bytes) -> None:
        self.show("one_map", data)

    @property
    def stage(self) -> Any:
        return self.tab.get_by_test_id("one-map")

    def tool(self, name: str) -> Any:
        return self.tab.locator(f"[data-tool={name}]")

    def reading(self) -> tuple[str, str, str] | None:
        """Query, key and weight below the map, once a frame was drawn; None for the hint."""
        self.frame()
        parts = self.tab.locator(".readout > :not([hidden]):not(.arrow)")
        texts = parts.all_text_contents()
        return None if len(texts) == 1 else (texts[0], texts[1], texts[2])

    def place(self, row: float, column: float, count: int) -> tuple[float, float]:
        """The middle of a cell on screen, while the map is shown whole."""
        return middle_of(square(self.stage), row, column, count)

    def hover(self, row: float, column: float, count: int) -> None:
        self.tab.mouse.move(*self.place(row, column, count))

    def wheel(self, pixels: float, *held: str) -> None:
        for key in held:
            self.tab.keyboard.down(key)
        self.tab.mouse.wheel(0, pixels)
        for key in held:
            self.tab.keyboard.up(key)
        self.frame()

    def download(self, tool: str) -> tuple[str, bytes]:
        with self.tab.expect_download() as waiting:
            self.tool(tool).click()
        path = waiting.value.path()
        return waiting.value.suggested_filename, Path(path).read_bytes()

    def canvas_width(self) -> int:
        found: int = self.stage.locator("canvas").first.evaluate("canvas => canvas.width")
        return found

    def pixel(self, row: float, column: float, count: int) -> tuple[int, ...]:
        """The colour painted in the middle of a cell."""
        x, y = self.place(row, column, count)
        box = self.stage.bounding_box()
        assert box is not None
        place = [x - box["x"], y - box["y"]]
        found = self.stage.locator("canvas").first.evaluate(PIXEL, place)
        return tuple(found[:3])


Open = Callable[..., MapBench]


@pytest.fixture
def open_bench(open_bench: OpenBench) -> Open:
    return partial(open_bench, kind=MapBench)


def as_read(weight: float) -> str:
    """A weight as it stands below the map."""
    number = f"{100 * round(weight * 65535) / 65535:.2f}"
    return f"{'< 0.01' if number == '0.00' else number}\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(("count", "ratio"), [(1, 1), (5, 1), (5, 1.25), (512, 1), (512, 2)])
def test_hovering_reads_the_weight_of_the_cell(open_bench: Open, count: int, ratio: float) -> None:
    bench = open_bench(pixels=ratio)
    weights = random_weights(count)
    bench.show_map(packed(weights))
    assert bench.reading() is None
    for row, column in {(0, 0), (count // 2, count // 3), (count - 1, 1 % count)}:
        bench.hover(row, column, count)
        wanted = (f"t{row}", f"t{column}", as_read(weights[row, column]))
        assert bench.reading() == wanted
    bench.tab.mouse.move(1, 1)
    assert bench.reading() is None


def test_differences_are_read_with_their_sign_and_coloured_by_it(open_bench: Open) -> None:
    bench = open_bench()
    weights = np.zeros((5, 5))
    weights[1, 2], weights[2, 1] = 0.25, -0.25
    bench.show_map(packed(weights, signed=True))
    assert bench.pixel(1, 2, 5) == rgb(LIGHT.more)
    assert bench.pixel(2, 1, 5) == rgb(LIGHT.less)
    assert bench.pixel(3, 3, 5) == rgb(LIGHT.background)
    readings = {(1, 2): "+25.00", (2, 1): "−25.00", (3, 3): "0.00"}
    for (row, column), number in readings.items():
        bench.hover(row, column, 5)
        read = bench.reading()
        assert read is not None
        assert read[2] == f"{number}\N{NO-BREAK SPACE}points"


@pytest.mark.parametrize("dark", [False, True])
def test_the_strongest_weight_has_the_strongest_colour(open_bench: Open, dark: bool) -> None:
    colours: Palette = DARK if dark else LIGHT
    bench = open_bench(dark=dark)
    weights = np.zeros((6, 6))
    weights[4, 2] = 0.3
    bench.show_map(packed(weights))
    assert bench.pixel(4, 2, 6) == rgb(colours.high)
    assert bench.pixel(2, 4, 6) == rgb(colours.low)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_a_single_strong_weight_of_512_tokens_shows_in_a_small_map(open_bench: Open) -> None:
    bench = open_bench(width=384)
    weights = np.full((512, 512), 0.001)
    weights[300, 200] = 1.0
    bench.show_map(packed(weights))
    x, y = bench.place(300, 200, 512)
    box = bench.stage.bounding_box()
    near = [
        tuple(
            bench.stage.locator("canvas").first.evaluate(
                PIXEL, [x - box["x"] + right, y - box["y"] + down]
            )[:3]
        )
        for right in (-1, 0, 1)
        for down in (-1, 0, 1)
    ]
    assert rgb(LIGHT.high) in near


# Zoom


@pytest.mark.parametrize("count", [64, 512])
def test_zoom_keeps_the_cell_under_the_pointer(open_bench: Open, count: int) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(count)))
    bench.hover(count // 3, count // 2, count)
    before = bench.reading()
    for _ in range(6):
        bench.wheel(-150, "Control")
        assert bench.reading() == before
    expect(bench.tool("whole")).to_be_enabled()
    for _ in range(3):
        bench.wheel(150, "Control")
        assert bench.reading() == before
    bench.tool("whole").click()
    expect(bench.tool("whole")).to_be_disabled()
    bench.hover(count // 3, count // 2, count)
    assert bench.reading() == before


def test_a_plain_wheel_scrolls_the_page(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(64)))
    bench.tab.evaluate("document.body.style.height = '3000px'")
    bench.hover(20, 20, 64)
    bench.wheel(120)
    bench.tab.wait_for_function("window.scrollY > 0")
    expect(bench.tool("whole")).to_be_disabled()


def test_buttons_zoom_to_the_end_and_back(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(64)))
    while bench.tool("zoomIn").is_enabled():
        bench.tool("zoomIn").click()
        bench.frame()
    while bench.tool("zoomOut").is_enabled():
        bench.tool("zoomOut").click()
        bench.frame()
    expect(bench.tool("whole")).to_be_disabled()


def test_a_double_click_zooms_in_and_picks_once(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(64)))
    bench.tab.mouse.dblclick(*bench.place(30, 40, 64))
    assert bench.reading() is not None
    expect(bench.tool("whole")).to_be_enabled()
    assert [event["query"] for event in bench.sent("one_map")] == [30]


def test_dragging_moves_the_map_with_the_pointer_and_picks_nothing(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(64)))
    bench.hover(30, 30, 64)
    for _ in range(5):
        bench.wheel(-150, "Control")
    before = bench.reading()
    x, y = bench.place(30, 30, 64)
    bench.tab.mouse.down()
    bench.tab.mouse.move(x + 60, y + 45, steps=5)
    assert bench.reading() == before
    bench.tab.mouse.up()
    bench.tab.mouse.move(x + 61, y + 45)
    assert bench.reading() == before
    bench.tab.mouse.move(x, y)
    assert bench.reading() != before
    assert bench.sent("one_map") == []


def test_two_fingers_zoom_and_keep_the_cell_between_them(open_bench: Open) -> None:
    bench = open_bench(has_touch=True)
    bench.show_map(packed(random_weights(64)))
    x, y = bench.place(20, 30, 64)
    touch = bench.tab.context.new_cdp_session(bench.tab)

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": x + side * apart, "y": y, "id": at} for at, side in enumerate((-1, 1))]
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    fingers("touchStart", 20)
    for apart in range(22, 100, 6):
        fingers("touchMove", apart)
    fingers("touchEnd", 0)
    bench.frame()
    expect(bench.tool("whole")).to_be_enabled()
    bench.tab.mouse.move(x, y)
    read = bench.reading()
    assert read is not None
    assert read[:2] == ("t20", "t30")


# Keys


def test_arrow_keys_move_from_cell_to_cell(open_bench: Open) -> None:
    bench = open_bench()
    weights = random_weights(5)
    bench.show_map(packed(weights))
    bench.tab.keyboard.press("Tab")
    assert bench.reading() == ("t0", "t0", as_read(weights[0, 0]))
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        bench.tab.keyboard.press(key)
    assert bench.reading() == ("t2", "t1", as_read(weights[2, 1]))
    for key, at in {"End": (2, 4), "ArrowRight": (2, 4), "Home": (2, 0), "ArrowUp": (1, 0)}.items():
        bench.tab.keyboard.press(key)
        assert bench.reading() == (f"t{at[0]}", f"t{at[1]}", as_read(weights[at]))
    expect(bench.tab.locator(".readout")).to_have_attribute("aria-live", "polite")


def test_keys_zoom_follow_the_cursor_and_pick(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(64)))
    bench.tab.keyboard.press("Tab")
    for key in ["+"] * 9 + ["ArrowDown"] * 40:
        bench.tab.keyboard.press(key)
    expect(bench.tool("whole")).to_be_enabled()
    read = bench.reading()
    assert read is not None
    assert read[:2] == ("t40", "t0")
    bench.tab.keyboard.press("Enter")
    assert [event["query"] for event in bench.sent("one_map")] == [40]
    bench.tab.keyboard.press("-")
    bench.frame()
    expect(bench.tool("whole")).to_be_enabled()
    bench.tab.keyboard.press("0")
    bench.frame()
    expect(bench.tool("whole")).to_be_disabled()


# Other pictures, the server


def overlay(bench: MapBench) -> str:
    """The canvas with outlines, as text that can be compared."""
    bench.frame()
    found: str = bench.stage.locator("canvas").nth(1).evaluate("canvas => canvas.toDataURL()")
    return found


def test_pointing_goes_both_ways(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(3), tokens=list("abcde"), positions=[1, 2, 4]))
    blank = overlay(bench)
    bench.point(4)
    pointed = overlay(bench)
    assert pointed != blank
    bench.point(3)  # a token that the map leaves out
    assert overlay(bench) == blank

    before = len(bench.told())
    bench.hover(2, 0, 3)
    bench.tab.mouse.move(1, 1)
    assert [said["position"] for said in bench.told()[before:]] == [4, None]


def test_a_click_sends_the_query_once_and_outlines_it_at_once(open_bench: Open) -> None:
    bench = open_bench()
    data = packed(random_weights(3), tokens=list("abcde"), positions=[1, 2, 4])
    bench.show_map(data)
    blank = overlay(bench)
    bench.tab.mouse.click(*bench.place(2, 0, 3))
    bench.tab.mouse.move(1, 1)
    picked = overlay(bench)
    assert picked != blank
    (event,) = bench.sent("one_map")
    assert event["query"] == 4
    bench.show_map(data)  # an answer from before the click
    assert overlay(bench) == picked
    taken = {"tokens": list("abcde"), "positions": [1, 2, 4], "taken": event["number"]}
    bench.show_map(packed(random_weights(3), **taken))
    assert overlay(bench) == blank


@pytest.mark.parametrize(("text", "sent"), [("it", [2]), ("another", [])])
def test_a_cell_held_down_is_pressed_if_the_text_stays(
    open_bench: Open, text: str, sent: list[int]
) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(3), text="it"))
    bench.tab.mouse.move(*bench.place(2, 0, 3))
    bench.tab.mouse.down()
    bench.show_map(packed(random_weights(3), text=text, picked=1))
    bench.tab.mouse.up()
    assert [event["query"] for event in bench.sent("one_map")] == sent


def test_zoom_and_reading_survive_a_rerun_and_go_with_the_tokens(open_bench: Open) -> None:
    bench = open_bench()
    weights = random_weights(64)
    bench.show_map(packed(weights))
    bench.hover(20, 30, 64)
    for _ in range(4):
        bench.wheel(-150, "Control")
    read = bench.reading()
    bench.show_map(packed(weights, label="The same map"))
    assert bench.reading() == read
    other = np.roll(weights, 1, axis=1)
    bench.show_map(packed(other))  # another head
    assert bench.reading() == ("t20", "t30", as_read(other[20, 30]))
    expect(bench.tool("whole")).to_be_enabled()
    bench.show_map(packed(weights, tokens=[f"u{at}" for at in range(64)]))
    assert bench.reading() is None
    expect(bench.tool("whole")).to_be_disabled()


def test_nothing_is_left_after_unmounting(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(5)))
    bench.unmount("one_map")
    assert bench.left_in("one_map") == 0
    bench.point(1)
    bench.frame()


# Files


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_png_is_twice_as_wide_as_the_screen(open_bench: Open, ratio: int) -> None:
    bench = open_bench(pixels=ratio)
    bench.show_map(packed(random_weights(12), name="Layer 3, head 4"))
    name, data = bench.download("png")
    assert name == "attention.png"
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert picture.width == 2 * bench.canvas_width() == 2 * ratio * 640
    assert picture.getpixel((picture.width - 1, 0)) == rgb(LIGHT.background)
    colours = picture.getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert rgb(LIGHT.high) in {colour for _, colour in colours}


def test_an_svg_is_xml_and_holds_every_token_and_weight(open_bench: Open) -> None:
    bench = open_bench()
    weights = np.zeros((5, 5))
    weights[1, 2], weights[2, 2], weights[3, 0] = 0.8, 0.2, 0.0001
    bench.show_map(
        packed(weights, tokens=["[CLS]", "头", EVIL, "ok", "[SEP]"], name=f"Head {EVIL}")
    )
    name, data = bench.download("svg")
    assert name == "attention.svg"
    root = ElementTree.fromstring(data)
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert texts[0].startswith("Head </script>")
    for token in ("[CLS]", "头", "ok", "[SEP]"):
        assert texts.count(token) == 2
    assert sum(text.startswith("</script>") for text in texts) == 2
    cells = [part.get("fill") for part in root.iter(f"{SVG}rect")][2:]
    high = "rgb({}, {}, {})".format(*rgb(LIGHT.high))
    assert len(cells) == 2  # 0.0001 is less than a thousandth of 0.8
    assert cells[0] == high
    assert {part.tag.removeprefix(SVG) for part in root} == {"title", "rect", "text"}


def test_an_svg_of_too_many_tokens_is_refused_until_fewer_are_in_view(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(512)))
    expect(bench.tool("svg")).to_be_disabled()
    assert "128" in (bench.tool("svg").get_attribute("title") or "")
    for _ in range(6):
        bench.tool("zoomIn").click()
    expect(bench.tool("svg")).to_be_enabled()
    texts = list(ElementTree.fromstring(bench.download("svg")[1]).iter(f"{SVG}text"))
    assert 2 < len(texts) <= 1 + 2 * 128


def test_text_of_a_visitor_is_never_run(open_bench: Open) -> None:
    bench = open_bench()
    bench.show_map(packed(random_weights(3), tokens=["a", EVIL, "b"], name=EVIL, label=EVIL))
    bench.hover(1, 1, 3)
    read = bench.reading()
    assert read is not None
    assert read[0] == EVIL
    assert bench.stage.get_attribute("aria-label") == EVIL
    assert bench.tab.locator("img").count() == 0


def test_on_a_phone_nothing_sticks_out(open_bench: Open) -> None:
    bench = open_bench(width=368)
    bench.show_map(packed(random_weights(24), tokens=["a long token of a sentence"] * 24))
    bench.hover(3, 3, 24)
    bench.frame()
    wide = "all => all.filter(e => e.getBoundingClientRect().right > innerWidth).length"
    assert bench.tab.locator("canvas, button, .readout").evaluate_all(wide) == 0
    assert square(bench.stage)[2] > 230


# In Streamlit

SCRIPT = """
import numpy as np
import streamlit as st
from ui.components.one_map import weight_map

def picked(query):
    st.session_state.picked = query

weights = np.eye(24, dtype=np.float32)
names = [f"t{at}" for at in range(24)]
weight_map(weights, names, [0] * 24, range(24), key="map", label="A map", on_pick=picked,
           picked=st.session_state.get("picked"))
st.text(f"picked {st.session_state.get('picked')}")
"""


def test_streamlit_hears_of_a_pick_and_the_zoom_stays(browser: Browser, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with serve(str(script)) as server:
        tab = browser.new_page()
        heard = complaints(tab)
        tab.goto(server.url)
        expect(tab.get_by_text("picked None")).to_be_visible()
        tab.locator("[data-tool=zoomIn]").click()
        stage = tab.get_by_test_id("one-map")
        stage.focus()
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            stage.press(key)
        expect(tab.get_by_text("picked 2")).to_be_visible()
        expect(tab.locator("[data-tool=whole]")).to_be_enabled()
        expect(tab.locator(".readout .token").first).to_have_text("t2")
        assert heard == []
        tab.close()
        server.check()
