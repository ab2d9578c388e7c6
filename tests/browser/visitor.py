"""One visitor in a real browser: what they see, what they do, and what must never happen to them.

Waits are for what is expected to appear, and `Visitor.heard` keeps everything that must not.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from xml.etree import ElementTree

import numpy as np
from playwright.sync_api import BrowserContext, FrameLocator, Locator, expect
from playwright.sync_api import Error as JavaScriptError
from playwright.sync_api import Page as Tab
from playwright.sync_api import TimeoutError as PatienceError

from benchmarks.browser import Server, complaints
from tests.kit.visit import PAGES, PICTURES
from ui.words import attention, home, masked_words, next_sentence, pretraining, tokenization
from ui.words import attention_studies as studies

WIDE, PHONE = 1440, 400
PATIENCE_MS = 60_000  # other programs may hold the cores; who waits in vain fails anyway
GLANCE_MS = 20  # between two looks at what is waited for
SENTENCES = {"A": "Sentence A", "B": "Sentence B, if you like"}
TITLES = {
    name: words.TITLE
    for name, words in zip(
        PAGES, (home, tokenization, attention, masked_words, next_sentence), strict=True
    )
} | {"pretraining": pretraining.TITLE}

# What the browser sets up if text of a visitor is ever run.
FLAG = "lens_was_had"
SCRIPT = f"<script>window.{FLAG}=1;alert(1)</script>"
IMAGE = f'<img src=x onerror="window.{FLAG}=1;alert(2)">'
HOSTILE = (
    f"{SCRIPT} dog",
    f"{IMAGE} <b>dog</b> &lt; **dog** :red[dog] $x$ `y` [z](javascript:alert(3))",
)

Value = TypeVar("Value")

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """A tab in a context that is its own until it closes, as wide as asked for, light or dark.

    heard: complaints so far: console errors, exceptions, dialogs, other windows, and requests to
    any host but the server.
    """

    def __init__(
        self, context: BrowserContext, server: Server, width: int = WIDE, theme: str = "light"
    ) -> None:
        self.server = server
        self.context = context
        self.context.set_default_timeout(PATIENCE_MS)
        self.tab: Tab = self.context.new_page()
        self.tab.set_viewport_size({"width": width, "height": 1000})
        self.tab.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        # Lets through the two answers of 404 with which Streamlit, opened by a link to one of its
        # pages, finds out where it is served from.
        self.heard = complaints(self.tab)
        self._log_start = len(server.log)
        self._listen()

    def _listen(self) -> None:
        host = urlsplit(self.server.url).netloc

        def note_request(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host:
                self.heard.append(f"asked another host: {url[:200]}")

        def note_dialog(dialog: Any) -> None:
            self.heard.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        self.tab.on("websocket", lambda socket: note_request(socket.url))
        self.tab.on("dialog", note_dialog)
        self.tab.on("crash", lambda _: self.heard.append("the tab crashed"))
        self._ears: dict[Any, Callable[[Any], None]] = {
            "request": lambda request: note_request(request.url),
            "page": lambda other: self.heard.append(f"another window: {other.url}"),
        }
        for event, ear in self._ears.items():
            self.context.on(event, ear)

    def close(self) -> list[str]:
        """End the visit; returns all that was wrong with it."""
        wrong = list(self.heard)
        if self.tab.evaluate(f"window.{FLAG} !== undefined"):
            wrong.append("text of the visitor was run")
        for event, ear in self._ears.items():
            self.context.remove_listener(event, ear)
        self.tab.close()
        log = self.server.log[self._log_start :]
        return [*wrong, *([log] if "Traceback" in log else [])]

    # Going somewhere

    def open(self, page: str = "home", **query: str) -> None:
        path = "" if page == "home" else page
        self.follow(f"{self.server.url}/{path}?{urlencode(query, quote_via=quote)}".rstrip("?"))

    def follow(self, link: str) -> None:
        self.tab.goto(link)
        self.settle()

    def go(self, page: str) -> None:
        """To another page through the sidebar."""
        label = "Home" if page == "home" else TITLES[page]
        self.tab.get_by_test_id("stSidebar").get_by_role("link", name=label, exact=True).click()
        self.arrive(page)

    def arrive(self, page: str) -> None:
        expect(self.tab.locator(".bl-title")).to_have_text(TITLES[page])
        self.settle()

    def settle(self) -> None:
        """Wait until the server has nothing more to say; there is a page then, and no exception."""
        try:
            self.tab.wait_for_function(SETTLED)
        except PatienceError:
            expect(self.tab.get_by_test_id("stException")).to_have_count(0, timeout=1)
            raise

    def until(self, condition: Callable[[], Value], what: str) -> Value:
        """Wait until `condition` gives something; `what` says what was waited for.

        A figure that is being drawn anew has no layout and no data for a moment: that is waited
        for too.
        """
        undrawn: JavaScriptError | None = None
        for _ in range(PATIENCE_MS // GLANCE_MS):
            try:
                found = condition()
            except JavaScriptError as error:
                if "TypeError" not in error.message:
                    raise
                undrawn = error
            else:
                if found:
                    return found
            self.tab.wait_for_timeout(GLANCE_MS)
        raise AssertionError(f"never: {what}") from undrawn

    def choose(self, label: str) -> None:
        """Press one of a row of buttons."""
        self.tab.get_by_role("radio", name=label, exact=True).click()

    def choose_from(self, menu: str, label: str) -> None:
        """Choose a line of a menu."""
        self.tab.get_by_role("combobox", name=menu).click()
        self.tab.get_by_role("option", name=label, exact=True).click()

    def open_tab(self, label: str) -> None:
        """Press a tab of the page's row of questions."""
        self.tab.get_by_role("tab", name=label, exact=True).click()
        self.settle()

    def bottom_of(self, picture: Locator) -> float:
        """Where on the first screen, in pixels from its top, a picture ends."""
        expect(picture).to_be_visible()
        found: float = picture.evaluate("one => one.getBoundingClientRect().bottom")
        return found

    def take_away(self, label: str) -> bytes:
        """Press a button; returns the file that comes. The page's own line is its last one."""
        with self.tab.expect_download() as started:
            self.tab.get_by_role("button", name=label, exact=True).last.click()
        return Path(started.value.path()).read_bytes()

    # What is in the address

    @property
    def link(self) -> Mapping[str, str]:
        return dict(parse_qsl(urlsplit(self.tab.url).query, keep_blank_values=True))

    def expect_link(self, **parts: str | None) -> None:
        """Wait until the address holds these parts; None is for one that it must not hold."""
        self.until(
            lambda: all(self.link.get(name) == value for name, value in parts.items()),
            f"{parts} in the link {self.tab.url}",
        )
        self.settle()

    # The sentence and its tokens

    def field(self, sentence: str) -> Locator:
        return self.tab.get_by_role("textbox", name=SENTENCES[sentence], exact=True)

    def say(self, text: str, sentence: str = "A") -> None:
        """Type a sentence and send it."""
        self.field(sentence).fill(text)
        self.field(sentence).press("Enter")

    @property
    def chips(self) -> Locator:
        return self.tab.locator("[data-testid=token-strip] button.chip")

    def chip(self, position: int) -> Locator:
        return self.tab.locator(f"[data-testid=token-strip] [data-position='{position}']")

    def expect_tokens(self, *tokens: str) -> None:
        """Wait for these tokens between [CLS] and the last [SEP]."""
        expect(self.chips).to_have_text(["[CLS]", *tokens, "[SEP]"])
        self.settle()

    def positions(self, kind: str) -> list[int]:
        """Positions of the chips of class `kind`: masked or picked."""
        found = self.tab.locator(f"[data-testid=token-strip] button.chip.{kind}")
        return [int(chip) for chip in found.evaluate_all("all => all.map(e => e.dataset.position)")]

    def expect_positions(self, kind: str, *positions: int) -> None:
        wanted = list(positions)
        self.until(lambda: self.positions(kind) == wanted, f"{kind} tokens {wanted}")
        self.settle()

    # Words and pictures

    @property
    def headings(self) -> Locator:
        return self.tab.locator(".bl-heading")

    def expect_heading(self, text: str) -> None:
        expect(self.headings.filter(has_text=text)).to_have_count(1)
        self.settle()

    def text(self) -> str:
        return self.tab.get_by_test_id("stMain").inner_text()

    def plot(self, key: str, *, exact: bool = False) -> Locator:
        """The plotly figure with this key, or one that begins so."""
        name = f"st-key-{key.replace('.', '-')}"
        keyed = f".{name}" if exact else f"[class*='{name}']"
        # Until a run ends, Streamlit keeps the one that was replaced, out of sight.
        return self.tab.locator(f"{keyed}:not([data-retained]) .js-plotly-plot")

    def bars(self, key: str) -> list[tuple[str, str]]:
        """Labels and numbers of a bar chart, from the top."""

        def drawn() -> list[tuple[str, str]]:
            labels = self.plot(key).locator(".ytick").all_text_contents()
            numbers = self.plot(key).locator(".bartext").all_text_contents()
            return list(zip(labels, numbers, strict=True)) if len(labels) == len(numbers) else []

        return self.until(drawn, f"bars with labels in {key}")

    def press_bar(self, key: str, row: int) -> None:
        """Click a bar near its beginning; what plotly lays over the bars takes the click."""
        bar = self.plot(key).locator(".point path").nth(row)
        self.settle()
        bar.scroll_into_view_if_needed()
        left, top, _, height = self.resting_place(bar)
        self.tab.mouse.click(left + 3, top + height / 2)

    def resting_place(self, part: Locator) -> tuple[float, ...]:
        """Left, top, width and height of something once it has stopped moving."""
        boxes: list[tuple[float, ...]] = []

        def rests() -> bool:
            box = part.bounding_box()
            if box is not None:
                boxes.append((box["x"], box["y"], box["width"], box["height"]))
            return len(boxes) > 1 and boxes[-1] == boxes[-2]

        self.until(rests, "something that stands still")
        return boxes[-1]

    def weights(self) -> list[list[float]]:
        """The numbers behind the heatmap of the attention page."""
        found: list[list[float]] = self.plot("attention.map").evaluate(
            "plot => plot.calcdata[0][0].z.map(row => [...row])"
        )
        return found

    def expect_hover(self, key: str, text: str) -> None:
        """Wait until a figure says this under the pointer."""
        said = self.plot(key).locator(".hoverlayer .hovertext")
        self.until(lambda: text in map(visible, said.all_text_contents()), f"“{text}” on hovering")

    def expect_pictures(self, page: str, looking: bool = True, long: bool = False) -> None:
        """Every figure that the page has for a pair is drawn, and every map has colours.

        looking: whether a token is looked from, which adds two figures to the attention page.
        long: whether there are more tokens than plotly draws a map of.
        """
        figures, parts = PICTURES[page]
        if page == "attention" and long:
            figures -= 1
            expect(self.tab.get_by_test_id("one-map")).to_have_count(1)
        if page == "attention" and not looking:
            figures -= 2
        drawn = ".js-plotly-plot:has(.point path, .heatmaplayer image)"
        expect(self.tab.locator(drawn)).to_have_count(figures)
        maps = self.tab.locator("[data-testid=head-grid], [data-testid=single-map]")
        expect(maps).to_have_count(parts.count("heads"))
        self.until(lambda: not self.blank_maps(), "colours in every map")

    def blank_maps(self) -> list[str]:
        """The maps in whose part of the canvas all pixels are equal."""
        blank: list[str] = self.tab.locator("[data-map]").evaluate_all(BLANK_MAPS)
        return blank

    # The open head, in whichever reading

    def count_sent(self) -> Callable[[], int]:
        """Counts, from the next page on, what the browser says to the server."""
        sent: list[Any] = []
        self.tab.on(
            "websocket", lambda socket: socket.on("framesent", lambda one: sent.append(one))
        )
        return lambda: len(sent)

    def open_reading(self, reading: str) -> None:
        """Choose how the open head is read, and wait until that is painted."""
        self.choose(attention.READINGS[reading])
        self.expect_link(reading=None if reading == "map" else reading)
        self.expect_painted(reading)

    def expect_painted(self, reading: str) -> None:
        """The open head is drawn, and not in one colour alone."""
        if reading in ("map", "qk"):
            plot = self.plot(f"attention.{reading}")
            expect(plot.locator(".heatmaplayer image").first).to_be_visible()
        elif reading == "bertviz":
            expect(self.bertviz.locator("svg line[stroke], svg path").first).to_be_attached()
        else:
            part = "arcs" if reading == "arcs" else "one-map"
            canvas = self.tab.locator(f"[data-testid={part}] canvas").first
            self.until(lambda: canvas.evaluate(COLOURS) > 1, f"colours in {reading}")
        self.until(lambda: not self.blank_maps(), "colours in every map")

    @property
    def bertviz(self) -> FrameLocator:
        return self.tab.frame_locator("iframe[srcdoc], [data-testid=stIFrame]")

    def point_at_cell(self, place: Locator, query: int, key: int, tokens: int) -> None:
        """Point at a cell of the large map drawn on a canvas, none of it out of sight."""
        place.scroll_into_view_if_needed()
        self.tab.mouse.move(*middle_of(square(place), query, key, tokens))

    def marked(self, cell: int) -> tuple[list[float], list[float]]:
        """Where lines lie over a small map for what is pointed at: in shares of its side, down
        and across."""
        found: tuple[list[float], list[float]] = self.tab.locator(
            f"[data-testid=head-grid] [data-map='{cell}']"
        ).evaluate(MARKED)
        return found

    def was_had(self) -> list[str]:
        """The documents of this tab in which text of the visitor was run or became an element."""
        return [
            frame.url
            for frame in self.tab.frames
            if frame.evaluate(f"window.{FLAG} !== undefined")
            or frame.locator("img[src=x], main script, [href^='javascript']").count()
        ]

    def open_offline(self, document: bytes, path: Path) -> list[str]:
        """Open a file from disk without a network; returns what it asks for, filled in as it does.

        The visit to the app ends with this.
        """
        path.write_bytes(document)
        self.tab.goto("about:blank")
        self.context.set_offline(True)
        asked: list[str] = []
        self.tab.on("request", lambda request: asked.append(request.url))
        self.tab.goto(path.as_uri())
        return asked

    def expect_weights(self, weights: Any) -> None:
        """Wait until the map, drawn by plotly, shows these (query, key)."""

        def shown() -> bool:
            found = np.array(self.weights())
            return found.shape == weights.shape and np.allclose(found, weights, atol=1e-5)

        self.until(shown, "these weights in the map")

    def heads_in_order(self) -> list[tuple[int, int]]:
        """(layer, head), from 0, of the small maps as they stand."""
        cells = self.tab.locator("[data-testid=head-grid] [data-map]")
        labels = cells.evaluate_all("all => all.map(cell => cell.getAttribute('aria-label'))")
        numbers = [re.match(r"layer (\d+), head (\d+)", label) for label in labels]
        return [(int(found[1]) - 1, int(found[2]) - 1) for found in numbers if found]

    @property
    def readout(self) -> Locator:
        """What the large map on a canvas says below itself."""
        return self.tab.locator("[data-testid=one-map] + .foot .readout")

    def figures(self, row: str) -> list[str]:
        """The cells of the figures' row that holds this text."""
        found = self.tab.locator(".bl-figures tr").filter(has_text=row)
        expect(found).to_have_count(1)
        return found.locator("td").all_text_contents()

    def open_study(self, study: str) -> None:
        """Open the tab of a question and wait for its answer.

        Two words are picked, and a text is pinned.
        """
        self.open_tab(attention.TABS[study])
        self.expect_link(study=study)
        answers = {
            "links": self.plot("attention.anyway"),
            "many": self.headings.filter(has_text=studies.MANY_QUIET.format(texts=100)),
            "flow": self.plot("attention.flow.rollout").locator(".heatmaplayer image"),
            "alike": self.plot("attention.alike.map").locator(".heatmaplayer image"),
            "compare": self.tab.locator(".st-key-attention-change [data-testid=one-map]"),
        }
        expect(answers[study]).to_have_count(1)
        self.settle()

    def snapshot(self) -> dict[str, Any]:
        """All of the reading that is on screen, for comparing it with another visitor's."""
        return {
            "fields": [self.field(one).input_value() for one in SENTENCES],
            "tokens": self.chips.all_text_contents(),
            "masked": self.positions("masked"),
            "picked": self.positions("picked"),
            "headings": self.headings.all_text_contents(),
            "head": self.tab.locator("[aria-selected=true][data-map]").evaluate_all(
                "all => all.map(e => e.dataset.map)"
            ),
            "plots": self.pictures(),
        }

    def pictures(self) -> str:
        """The data of all plotly figures."""
        return json.dumps(self.tab.locator(".js-plotly-plot").evaluate_all(PLOT_DATA))

    def colours(self) -> dict[str, str]:
        """What is painted: the page, a chip of sentence A, the letters of the figures."""
        paint = "(e, name) => getComputedStyle(e)[name]"
        figure = self.tab.locator(".js-plotly-plot").first
        return {
            "page": self.tab.get_by_test_id("stApp").evaluate(paint, "backgroundColor"),
            "chip": self.chip(1).evaluate(paint, "backgroundColor"),
            "figure": figure.evaluate("plot => plot._fullLayout.font.color"),
        }

    def sticking_out(self) -> list[str]:
        """What is wider than the window, unless it scrolls in a box of its own."""
        found: list[str] = self.tab.evaluate(STICKING_OUT)
        inside = self.tab.locator(".strip, .scroller, .readout, [data-testid=single-map]")
        return found + inside.evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.className)"
        )


Visit = Callable[..., Visitor]


def square(stage: Locator) -> tuple[float, float, float]:
    """Left, top and side on screen of the cells of a large map: they end where it does, below."""
    left, side = stage.evaluate(CELLS)
    box = stage.bounding_box()
    assert box is not None
    return box["x"] + left, box["y"] + box["height"] - 1 - side, side


def middle_of(
    cells: tuple[float, float, float], query: float, key: float, tokens: int
) -> tuple[float, float]:
    """Where on screen the middle of a cell is: of `cells`, left, top and side, shown whole."""
    left, top, side = cells
    return left + (key + 0.5) * side / tokens, top + (query + 0.5) * side / tokens


def read_svg(document: bytes) -> tuple[list[str], int]:
    """The texts in an SVG, and how many paths it has."""
    root, space = ElementTree.fromstring(document), "{http://www.w3.org/2000/svg}"
    texts = ["".join(text.itertext()) for text in root.iter(f"{space}text")]
    return texts, len(list(root.iter(f"{space}path")))


def visible(text: str) -> str:
    """Without the characters of no width that keep equal tokens apart on an axis."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


# Looked at with every frame; `expect` looks twice a second once it has waited for a while. A page
# marks that its body stands, and then that all of it is drawn; the script may go on after that. In
# the third frame in a row the browser has drawn what the server said last, and will send that on.
SETTLED = """() => {
  const marked = (name) => document.querySelector(`[data-testid=${name}]`) !== null;
  window.hasMarks ||= marked("bl-body") || marked("bl-drawn");
  const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
  const calm = document.querySelector(".bl-title")?.checkVisibility()
    && (window.hasMarks ? marked("bl-drawn") : state === "notRunning")
    && !document.querySelector("[data-stale=true], [data-testid=stException]");
  window.calmFrames = calm ? (window.calmFrames ?? 0) + 1 : 0;
  if (window.calmFrames < 3) return false;
  window.calmFrames = 0;
  return true;
}"""

BLANK_MAPS = """cells => cells.filter(cell => {
  const stage = cell.closest(".stage");
  const canvas = stage.querySelector("canvas");
  const [from, box] = [stage.getBoundingClientRect(), cell.getBoundingClientRect()];
  const scale = canvas.width / from.width;
  const place = [box.left - from.left, box.top - from.top, box.width, box.height];
  const [x, y, width, height] = place.map(length => Math.round(length * scale));
  if (!canvas.width || !width) return true;
  const pixels = new Uint32Array(
    canvas.getContext("2d").getImageData(x + 1, y + 1, width - 2, height - 2).data.buffer);
  return pixels.every(pixel => pixel === pixels[0]);
}).map(cell => cell.getAttribute("aria-label"))"""

PLOT_DATA = """plots => plots.map(plot => plot.data.map(
  trace => [trace.type, trace.x, trace.y, trace.z, plot.layout.yaxis.ticktext, plot.layout.shapes]
))"""

# A slider's own input is drawn by nobody: its thumb is what is seen.
STICKING_OUT = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  const scrolls = e => e && e !== main
    && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const outside = e => e.getBoundingClientRect().right > innerWidth + 1;
  const parts = main.querySelectorAll(
    ".main-svg, input:not([type=range]), button, p, h1, h2, table");
  const wide = [document.documentElement, main].filter(e => e.scrollWidth > e.clientWidth);
  return [...wide, ...[...parts].filter(e => outside(e) && !scrolls(e))]
    .map(e => e.outerHTML.slice(0, 200));
}"""

# How many colours a canvas has; where nothing was painted it has one.
COLOURS = """canvas => canvas.width && new Set(new Uint32Array(
  canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""

# Left edge and width of the cells of a large map, in CSS pixels: in one of its lowest lines they
# are the longest part that is painted, between two lines about the map.
CELLS = """stage => {
  const canvas = stage.querySelector("canvas");
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  const line = canvas.getContext("2d").getImageData(
    0, canvas.height - Math.round(2 * ratio), canvas.width, 1).data;
  let [start, best] = [0, [0, 0]];
  for (let x = 0; x <= canvas.width; x += 1) {
    if (x < canvas.width && line[4 * x + 3] === 255) continue;
    if (x - start > best[1]) best = [start, x - start];
    start = x + 1;
  }
  return [best[0] / ratio + 1, best[1] / ratio - 2];
}"""

# The lines that go all the way down or across a map on the canvas over it.
MARKED = """cell => {
  const stage = cell.closest(".stage");
  const canvas = stage.querySelectorAll("canvas")[1];
  const [from, box] = [stage.getBoundingClientRect(), cell.getBoundingClientRect()];
  const [left, right] = [box.left - from.left, box.right - from.left].map(Math.round);
  const [top, bottom] = [box.top - from.top, box.bottom - from.top].map(Math.round);
  const [across, down] = [right - left, bottom - top];
  const { data } = canvas.getContext("2d").getImageData(left, top, across, down);
  const upTo = count => Array.from({ length: count }, (_, at) => at);
  const isMarked = (row, column) => data[4 * (row * across + column) + 3] > 0;
  return [
    upTo(down).filter(row => upTo(across).every(column => isMarked(row, column)))
      .map(row => row / down),
    upTo(across).filter(column => upTo(down).every(row => isMarked(row, column)))
      .map(column => column / across),
  ];
}"""
