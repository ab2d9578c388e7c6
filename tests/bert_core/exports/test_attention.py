"""Files of attention weights: what they hold, and what a browser makes of them offline."""

import base64
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.browser import complaints
from bert_core.attention.maps import AttentionMap, read_attention
from bert_core.errors import InputError
from bert_core.exports import attention as attention_export
from bert_core.exports.attention import UNIT, all_heads_html, one_head_html, to_npz
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.palette import DARK, LIGHT
from tests.browser.visitor import middle_of

EVIL = "</script><img src=x onerror=window.had=1><script>window.had=1</script>&lt;\u2028"


def read_html_weights(html: str) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """What an exported file says, and its weights, read by what it says about them."""
    (about,) = re.findall(r'<script type="application/json" id="about">(.*?)</script>', html, re.S)
    (packed,) = re.findall(r'<script type="text/plain" id="weights">(.*?)</script>', html, re.S)
    said = json.loads(about)
    weights = said["weights"]
    kind = np.dtype({"uint16": "<u2", "float32": "<f4"}[weights["type"]])
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8)
    bytes_of_each = np.ascontiguousarray(planes.reshape(kind.itemsize, -1).T)
    numbers = bytes_of_each.view(kind).reshape(weights["shape"])
    return said, numbers.astype(np.float64) * weights["unit"]


def made_up(tokens: int, layers: int, heads: int, scale: float = 1.0) -> NDArray[np.float32]:
    """Random rows that sum to 1."""
    logits = np.random.default_rng(0).normal(size=(layers, heads, tokens, tokens)) * scale
    odds = np.exp(logits)
    return (odds / odds.sum(axis=-1, keepdims=True)).astype(np.float32)


def an_encoding(tokens: int) -> Encoding:
    middle = tuple(f"token{at}" for at in range(1, tokens - 1))
    return Encoding(
        text=" ".join(middle),
        pair=None,
        ids=tuple(range(tokens)),
        original_ids=tuple(range(tokens)),
        tokens=("[CLS]", *middle, "[SEP]"),
        segments=(0,) * tokens,
        sequences=(None, *(0 for _ in middle), None),
        word_ids=tuple(range(tokens)),
        offsets=((0, 0),) * tokens,
        masked=(),
    )


@pytest.fixture(scope="module")
def run(tiny: Bert) -> BertRun:
    encoding = encode(tiny, "The cat's mat", "It’s 中文 <b>", masked=[2])
    return run_bert(tiny, encoding, ("attentions",))


def map_of(run: BertRun, *choice: Any, **hidden: Any) -> AttentionMap:
    assert run.attentions is not None
    return read_attention(run.attentions, run.encoding.tokens, *choice, **hidden)


# numpy


def load(file: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(file), allow_pickle=False) as found:
        return dict(found)


def test_npz_holds_all_heads_and_their_labels(run: BertRun) -> None:
    found = load(to_npz(run, model="tiny"))
    assert found["attentions"].dtype == np.float32
    np.testing.assert_array_equal(found["attentions"], run.attentions)
    assert tuple(found["tokens"]) == run.encoding.tokens
    assert tuple(found["ids"]) == run.encoding.ids
    assert tuple(found["segments"]) == run.encoding.segments
    assert (found["layer"], found["head"]) == (-1, -1)
    said = [str(found[name]) for name in ("model", "text", "pair")]
    assert said == ["tiny", run.encoding.text, run.encoding.pair]


def test_npz_holds_one_head_or_one_layer(run: BertRun) -> None:
    assert run.attentions is not None
    one = load(to_npz(run, 1, 3))
    np.testing.assert_array_equal(one["attentions"], run.attentions[1, 3])
    assert (one["layer"], one["head"]) == (1, 3)
    layer = load(to_npz(run, 0))
    np.testing.assert_array_equal(layer["attentions"], run.attentions[0])
    assert (layer["layer"], layer["head"]) == (0, -1)


@pytest.mark.parametrize("choice", [(2, 0), (0, 4), (None, 0), (-1, 0)])
def test_npz_of_what_is_not_there_is_refused(run: BertRun, choice: tuple[Any, Any]) -> None:
    with pytest.raises(InputError):
        to_npz(run, *choice)
    with pytest.raises(InputError, match="attentions"):
        to_npz(replace(run, attentions=None))


# What the HTML files hold


def test_one_head_is_in_its_file_bit_for_bit(run: BertRun) -> None:
    shown = map_of(run, 1, 2)
    said, weights = read_html_weights(one_head_html(shown, run.encoding, model="tiny", note="So."))
    np.testing.assert_array_equal(weights, shown.weights)
    assert said["weights"]["largest error"] == 0
    assert (said["layer"], said["head"], said["name"]) == (2, 3, "layer 2, head 3")
    assert said["tokens"] == list(run.encoding.tokens)
    assert said["sequences"] == list(run.encoding.sequences)
    assert (said["text"], said["pair"]) == (run.encoding.text, run.encoding.pair)
    assert (said["model"], said["note"], said["renormalised"]) == ("tiny", "So.", False)


def test_a_mean_without_hidden_tokens_names_those_that_are_left(run: BertRun) -> None:
    hidden = [at for at, sequence in enumerate(run.encoding.sequences) if sequence is None]
    shown = map_of(run, None, None, hidden=hidden, renormalise=True)
    said, weights = read_html_weights(one_head_html(shown, run.encoding, model="tiny"))
    np.testing.assert_array_equal(weights, shown.weights)
    assert said["positions"] == list(shown.positions)
    assert said["tokens"] == [run.encoding.tokens[at] for at in shown.positions]
    assert set(said["sequences"]) == {0, 1}
    assert (said["layer"], said["head"], said["renormalised"]) == (None, None, True)


def test_all_heads_are_in_their_file_to_half_a_hundredth_of_a_percent(run: BertRun) -> None:
    assert run.attentions is not None
    html = all_heads_html(run.attentions, run.encoding, model="tiny", layer=1, head=2)
    said, weights = read_html_weights(html)
    assert said["weights"]["axes"] == ["layer", "head", "query", "key"]
    assert (said["layers"], said["heads"], said["layer"], said["head"]) == (2, 4, 2, 3)
    assert said["weights"]["largest error"] == UNIT / 2 == 0.00005
    assert np.abs(weights - run.attentions).max() <= UNIT / 2 + 1e-12
    for layer, head, query, key in np.ndindex(run.attentions.shape):
        exact = f"{float(run.attentions[layer, head, query, key]):.2%}"
        assert f"{weights[layer, head, query, key]:.2%}" == exact


def test_weights_of_zero_and_one_stay_what_they_are() -> None:
    weights = np.eye(3, dtype=np.float32)[None, None]
    _, read = read_html_weights(all_heads_html(weights, an_encoding(3), model="m"))
    np.testing.assert_array_equal(read, weights)


@pytest.mark.parametrize("choice", [{"layer": 2}, {"head": 4}, {"layer": -1}])
def test_a_head_that_is_not_there_cannot_be_opened(run: BertRun, choice: dict[str, int]) -> None:
    assert run.attentions is not None
    with pytest.raises(InputError):
        all_heads_html(run.attentions, run.encoding, model="tiny", **choice)
    with pytest.raises(InputError, match="label"):
        all_heads_html(run.attentions, an_encoding(3), model="tiny")


@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_files_of_64_tokens_are_small(scale: float) -> None:
    attentions, encoding = made_up(64, 12, 12, scale), an_encoding(64)
    one = one_head_html(read_attention(attentions, encoding.tokens, 0, 0), encoding, model="m")
    assert len(one.encode()) < 300_000
    assert len(all_heads_html(attentions, encoding, model="m").encode()) < 1_500_000


def test_a_file_names_no_address_and_forbids_every_request(run: BertRun) -> None:
    html = one_head_html(map_of(run, 0, 0), run.encoding, model="tiny")
    assert not re.search(r"https?:|src=|href=|@import|url\(", html)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', html) or [""]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_viewer_parses_no_text_as_markup_and_has_no_colours_of_its_own() -> None:
    folder = Path(attention_export.__file__).parent
    for name in ("drawing.js", "viewer.js"):
        source = (folder / name).read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source
    assert "#" not in (folder / "viewer.css").read_text(encoding="utf-8")


def test_no_text_ends_the_element_it_is_in(run: BertRun) -> None:
    encoding = replace(run.encoding, text=EVIL, pair=EVIL, tokens=(EVIL,) * len(run.encoding))
    shown = replace(map_of(run, 0, 0), tokens=encoding.tokens)
    html = one_head_html(shown, encoding, model=EVIL, title=EVIL, note=EVIL)
    assert html.count("</script>") == 3
    assert "<img" not in html
    assert "\u2028" not in html.partition('id="about"')[2]
    assert read_html_weights(html)[0]["tokens"] == [EVIL] * len(encoding)


# In the browser

Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a file without a network; in the end it may have asked for nothing and said nothing."""
    visits: list[tuple[BrowserContext, list[str], list[str]]] = []

    def open_file(html: str, width: int = 1440, theme: str = "light") -> Page:
        path = tmp_path / f"{len(visits)}.html"
        path.write_text(html, encoding="utf-8", newline="\n")
        context = browser.new_context(
            viewport={"width": width, "height": 1000}, color_scheme=theme, offline=True
        )
        tab = context.new_page()
        heard = complaints(tab)
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        tab.goto(path.as_uri())
        visits.append((context, heard, asked))
        expect(tab.locator(".label.query").first).to_be_visible()
        return tab

    yield open_file
    for at, (context, heard, asked) in enumerate(visits):
        context.close()
        assert heard == []
        assert asked == [(tmp_path / f"{at}.html").as_uri()]


def point(tab: Page, query: int, key: int, tokens: int) -> str:
    """What is said about a cell of the large map."""
    field = tab.locator(".field canvas")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box is not None
    tab.mouse.move(*middle_of((box["x"], box["y"], box["width"]), query, key, tokens))
    return tab.locator(".readout").inner_text().replace("\u00a0", " ")


def reading(names: tuple[str, str], weight: float) -> str:
    share = "< 0.01 %" if weight < 0.00005 else f"{weight * 100:.2f} %"
    return f"{names[0]} → {names[1]} {share}"


BLANK = """all => all.map(canvas => {
  const pixels = new Uint32Array(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return !canvas.width || pixels.every(pixel => pixel === pixels[0]);
})"""

# The colour in the middle of a cell of the large map.
COLOUR = """(canvas, [query, key, tokens]) => {
  const at = place => Math.floor((place + 0.5) * canvas.width / tokens);
  const [r, g, b] = canvas.getContext("2d").getImageData(at(key), at(query), 1, 1).data;
  return [r, g, b];
}"""


def strongest_colour(tab: Page, shown: AttentionMap) -> str:
    query, key = divmod(int(shown.weights.argmax()), len(shown.tokens))
    place = [query, key, len(shown.tokens)]
    return "#" + bytes(tab.locator(".field canvas").evaluate(COLOUR, place)).hex()


def canvases_are_blank(tab: Page) -> list[bool]:
    found: list[bool] = tab.locator("canvas").evaluate_all(BLANK)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 400])
def test_one_head_is_drawn_and_read(opened: Open, run: BertRun, theme: str, width: int) -> None:
    shown = map_of(run, 1, 2)
    tab = opened(one_head_html(shown, run.encoding, model="tiny"), width, theme)
    assert canvases_are_blank(tab) == [False]
    tokens = run.encoding.tokens
    assert tuple(tab.locator(".label.query").all_text_contents()) == tokens
    assert tuple(tab.locator(".label.key").all_text_contents()) == tokens
    for query, key in ((0, 0), (1, 5), (5, 1), (len(tokens) - 1, len(tokens) - 1)):
        said = point(tab, query, key, len(tokens))
        assert said == reading((tokens[query], tokens[key]), float(shown.weights[query, key]))
    assert strongest_colour(tab, shown) == (LIGHT if theme == "light" else DARK).high
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_turning_dark_paints_again(opened: Open, run: BertRun) -> None:
    shown = map_of(run, 1, 2)
    tab = opened(one_head_html(shown, run.encoding, model="tiny"))
    assert strongest_colour(tab, shown) == LIGHT.high
    tab.emulate_media(color_scheme="dark")
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert strongest_colour(tab, shown) == DARK.high


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_heads_are_drawn_and_open_by_click_and_keys(opened: Open, theme: str) -> None:
    attentions, encoding = made_up(64, 12, 12, 2.0), an_encoding(64)
    html = all_heads_html(attentions, encoding, model="m", layer=2, head=3)
    tab = opened(html, theme=theme)
    assert canvases_are_blank(tab) == [False] * 145

    def check(layer: int, head: int) -> None:
        expect(tab.locator("h2").last).to_have_text(f"Layer {layer + 1}, head {head + 1}")
        chosen = tab.locator(".cell[aria-selected=true]")
        expect(chosen).to_have_attribute("aria-label", f"layer {layer + 1}, head {head + 1}")
        for query, key in ((0, 0), (3, 60), (63, 1)):
            weight = float(attentions[layer, head, query, key])
            names = encoding.tokens[query], encoding.tokens[key]
            assert point(tab, query, key, 64) == reading(names, weight)

    check(2, 3)
    tab.locator(".cell").nth(7 * 12 + 11).click()
    check(7, 11)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Enter")
    check(8, 10)


def test_arrow_keys_read_the_large_map(opened: Open, run: BertRun) -> None:
    shown = map_of(run, 0, 1)
    tab = opened(one_head_html(shown, run.encoding, model="tiny"))
    tab.locator(".field").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        tab.keyboard.press(key)
    said = tab.locator(".readout").inner_text().replace("\u00a0", " ")
    tokens = run.encoding.tokens
    assert said == reading((tokens[1], tokens[1]), float(shown.weights[1, 1]))


def test_the_ends_are_not_claimed_where_they_are_not_reached(opened: Open) -> None:
    weights = np.array([[1, 0, 0], [0.99997, 2e-5, 1e-5], [0.5, 0.5, 0]], dtype=np.float32)
    encoding = an_encoding(3)
    one = opened(
        one_head_html(
            read_attention(weights[None, None], encoding.tokens, 0, 0), encoding, model="m"
        )
    )
    rows = [[point(one, query, key, 3).split(" ", 3)[3] for key in (0, 1)] for query in (0, 1)]
    assert rows == [["100.00 %", "0.00 %"], ["> 99.99 %", "< 0.01 %"]]
    every = opened(all_heads_html(weights[None, None], encoding, model="m"))
    rows = [[point(every, query, key, 3).split(" ", 3)[3] for key in (0, 1)] for query in (0, 1)]
    assert rows == [["> 99.99 %", "< 0.01 %"]] * 2


def test_texts_that_look_like_a_program_are_shown_and_not_run(opened: Open, run: BertRun) -> None:
    encoding = replace(run.encoding, text=EVIL, pair=EVIL, tokens=(EVIL,) * len(run.encoding))
    assert run.attentions is not None
    for html in (
        one_head_html(map_of(run, 0, 0), encoding, model=EVIL, title=EVIL, note=EVIL),
        all_heads_html(run.attentions, encoding, model=EVIL, title=EVIL, note=EVIL),
    ):
        tab = opened(html)
        point(tab, 1, 1, len(encoding))
        assert tab.locator(".token").all_text_contents() == [EVIL, EVIL]
        assert tab.locator(".text").all_text_contents() == [EVIL, EVIL]
        expect(tab.locator("h1")).to_have_text(EVIL)
        expect(tab.locator("img")).to_have_count(0)
        assert tab.evaluate("window.had") is None


def test_the_policy_refuses_requests_and_programs(browser: Browser, run: BertRun) -> None:
    tab = browser.new_page()
    tab.set_content(one_head_html(map_of(run, 0, 0), run.encoding, model="tiny"))
    refused = tab.evaluate(FORBIDDEN)
    assert sorted(refused) == ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
    tab.close()


FORBIDDEN = """() => new Promise(done => {
  const refused = new Set();
  document.addEventListener("securitypolicyviolation", event => {
    refused.add(event.effectiveDirective);
    if (refused.size === 4) done([...refused]);
  });
  const script = document.createElement("script");
  script.textContent = "window.had = 1";
  const image = document.createElement("img");
  image.setAttribute("onload", "window.had = 1");
  image.src = "https://127.0.0.1:9/x.png";
  document.body.append(script, image);
  fetch("https://127.0.0.1:9/").catch(() => {});
})"""


def test_512_tokens_are_drawn_and_read(opened: Open) -> None:
    attentions, encoding = made_up(512, 1, 2, 4.0), an_encoding(512)
    tab = opened(all_heads_html(attentions, encoding, model="m", head=1))
    assert canvases_are_blank(tab) == [False] * 3
    said = point(tab, 500, 3, 512)
    names = encoding.tokens[500], encoding.tokens[3]
    assert said == reading(names, float(attentions[0, 1, 500, 3]))
