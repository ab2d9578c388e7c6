"""All heads and one of them on the attention page, beside BertViz's model view and a forward pass.

A model of BERT-base's shape with random weights. What is counted for all heads: from the key press
that sends a sentence to the last change anywhere on the attention page, so that the open head and
the figures about it are in it too. The forward pass is not: another tab asked for the same
sentence before, and the server remembers the run. BertViz is counted from the navigation to its
page, which is already made (see `attention_bertviz`); for it this is the weights alone. Where
there is no BertViz beside it, a figure stands beside a bare forward pass of that model in this
process. Chromium without a GPU on the same machine as the server.
"""

import argparse
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import torch
from playwright.sync_api import Browser, sync_playwright
from transformers import BertConfig, BertForPreTraining

from benchmarks.attention_bertviz import draw_model_view
from benchmarks.browser import BrokenPageError, chromium_options, serve
from benchmarks.head_measures import measures_figures
from benchmarks.report import Figure, measure_seconds, median, print_table, publish
from benchmarks.sentences import make_sentence
from benchmarks.visitor import Paint, Traffic, Visitor
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import ATTENTIONS, BertRun, run_bert
from bert_core.model.tokenization import encode

ROUNDS = 7
WARM_UP = 2
BESIDE_BERTVIZ = {64: 1 / 10, 128: 1 / 25}  # tokens, and the most of BertViz's time
LONGEST = 512
CLICKED = 128
MOST_ALONE = 2.0  # seconds for all heads at `LONGEST` tokens
MOST_SENT = 1.0  # megabytes for them
MOST_CLICK = 0.4  # seconds to open a head
# Wide enough that attention is far from even; BERT's own is 0.02.
INITIALIZER_RANGE = 0.05
TOKENIZER_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")
GRID_MESSAGE = b'"columnLabels"'  # only what is sent to the grid says this
POINTED = (
    "[data-testid=head-grid]",
    "[class*=st-key-attention-map] .js-plotly-plot, [data-testid=one-map]",
)

# The paint clock begins anew with Enter; here with the press of the mouse, too.
CLICK_CLOCK = """
window.addEventListener("pointerdown", ({ timeStamp }) => Object.assign(paintClock, {
  entered: timeStamp, sent: 0, first: 0, received: 0, bytes: 0, messages: 0 }), true);
"""


@dataclass
class Bench:
    """What all measurements share: the model here and behind `link`, the browser, sentences."""

    bert: Bert
    browser: Browser
    link: str
    sentences: random.Random
    details: dict[str, Any] = field(default_factory=dict)

    def visit(self, traffic: Traffic | None = None) -> Visitor:
        """A tab at the attention page with a short sentence."""
        visitor = Visitor(self.browser, self.link)
        if traffic is not None:
            traffic.listen(visitor.page)
        visitor.page.add_init_script(CLICK_CLOCK)
        visitor.open()
        return visitor

    def sentence(self, tokens: int) -> str:
        return make_sentence(self.sentences, tokens)

    def run(self, sentence: str) -> BertRun:
        return run_bert(self.bert, encode(self.bert, sentence), keep=(ATTENTIONS,))

    def forward(self, tokens: int, rounds: int) -> float:
        """Seconds of a bare forward pass, median; the first one wakes the threads."""
        encodings = [encode(self.bert, self.sentence(tokens)) for _ in range(rounds + 1)]
        passes = [partial(run_bert, self.bert, one, keep=(ATTENTIONS,)) for one in encodings]
        return median([measure_seconds(one) for one in passes][1:])


def save_base_shape(folder: Path) -> None:
    """A checkpoint of BERT-base's shape with random weights and the embedded vocabulary."""
    torch.manual_seed(0)
    config = BertConfig(initializer_range=INITIALIZER_RANGE)
    BertForPreTraining(config).save_pretrained(folder)
    for name in TOKENIZER_FILES:
        copy(EMBEDDED_FOLDER / name, folder)


def measure_all_heads(
    bench: Bench, tokens: int, rounds: int, bertviz_rounds: int
) -> tuple[list[Paint], list[float]]:
    """What our page took in each round, and BertViz's seconds in the first of them."""
    ours, theirs = [], []
    ahead, visitor = bench.visit(), bench.visit()
    for number in range(-WARM_UP, rounds):
        sentence = bench.sentence(tokens)
        if 0 <= number < bertviz_rounds:
            theirs.append(draw_model_view(bench.browser, bench.run(sentence)))
        ahead.type(sentence)  # the forward pass
        paint = visitor.type(sentence)
        _check_grid(visitor)
        if number >= 0:
            ours.append(paint)
    ahead.close()
    visitor.close()
    return ours, theirs


def measure_clicks(bench: Bench, rounds: int) -> list[Paint]:
    """From the press on a map of the grid to the last change, another head each time."""
    visitor = bench.visit()
    visitor.type(bench.sentence(CLICKED))
    taken = [_click(bench, visitor, WARM_UP + number) for number in range(-WARM_UP, rounds)]
    visitor.close()
    return taken[WARM_UP:]


def measure_traffic(bench: Bench, tokens: int) -> dict[str, float]:
    """Messages sent by pointing and by a click, and megabytes that a sentence brings."""
    traffic = Traffic(GRID_MESSAGE)
    visitor = bench.visit(traffic)
    paint = visitor.type(bench.sentence(tokens))
    before = traffic.sent
    for selector in POINTED:
        visitor.sweep(visitor.page.locator(selector).last)
    visitor.settle()
    pointed = traffic.sent
    _click(bench, visitor, 0)
    clicked = traffic.sent
    visitor.close()
    return {
        "grid_mb": traffic.marked / 1e6,
        "page_mb": paint.bytes / 1e6,
        "sent_by_pointing": pointed - before,
        "sent_by_click": clicked - pointed,
    }


def all_heads_figures(bench: Bench, rounds: int, bertviz: dict[int, int]) -> list[Figure]:
    figures = []
    for tokens, most in BESIDE_BERTVIZ.items():
        paints, theirs = measure_all_heads(bench, tokens, rounds, bertviz[tokens])
        name = f"all heads, {tokens} tokens, beside BertViz"
        ours = _note(bench, name, paints)
        figures.append(Figure(name, ours, median(theirs), "s", at_most=most))
        bench.details[name]["bertviz_s"] = theirs
    alone, _ = measure_all_heads(bench, LONGEST, rounds, 0)
    name = f"all heads, {LONGEST} tokens"
    passes = bench.forward(LONGEST, rounds)
    return [*figures, Figure(name, _note(bench, name, alone), passes, "s", limit=MOST_ALONE)]


def click_figure(bench: Bench, rounds: int) -> Figure:
    name = f"a head opened, {CLICKED} tokens"
    ours = _note(bench, name, measure_clicks(bench, rounds))
    return Figure(name, ours, bench.forward(CLICKED, rounds), "s", limit=MOST_CLICK)


def traffic_figures(bench: Bench) -> list[Figure]:
    """Beside what is sent stand the attentions in float32; beside pointing, one click."""
    figures = []
    for tokens in (CLICKED, LONGEST):
        found = measure_traffic(bench, tokens)
        bench.details[f"traffic, {tokens} tokens"] = found
        whole = bench.bert.layers * bench.bert.heads * tokens**2 * 4 / 1e6
        most = MOST_SENT if tokens == LONGEST else None
        sent = (found["sent_by_pointing"], found["sent_by_click"])
        figures += [
            Figure(
                f"sent for all heads, {tokens} tokens", found["grid_mb"], whole, "MB", limit=most
            ),
            Figure(f"sent for the whole page, {tokens} tokens", found["page_mb"], whole, "MB"),
            Figure(f"sent by pointing, {tokens} tokens", *sent, "messages", limit=0),
        ]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--bertviz-rounds", type=int, nargs=2, default=[3, 1], metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    bertviz = dict(zip(BESIDE_BERTVIZ, options.bertviz_rounds, strict=True))
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        save_base_shape(Path(folder))
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(**chromium_options())
        app = stack.enter_context(serve())
        link = f"{app.url}/attention?a=hello&model={quote(folder)}"
        bench = Bench(load_bert(folder), browser, link, random.Random(options.seed))
        figures = [
            *all_heads_figures(bench, options.rounds, bertviz),
            click_figure(bench, options.rounds),
            *traffic_figures(bench),
            *measures_figures(bench.bert, bench.sentence, bench.forward, options.rounds),
        ]
        app.check()
        browser.close()
    timed = {name: row for name, row in bench.details.items() if "worst_ms" in row}
    columns = ("total_ms", "server_ms", "browser_ms", "worst_ms", "kilobytes", "last_change")
    print_table([("", *columns), *((n, *(_cell(r[c]) for c in columns)) for n, r in timed.items())])
    publish(
        "attention_views",
        "The attention page, BERT-base shape, forward pass not counted",
        figures,
        rounds=options.rounds,
        bertviz_rounds=bertviz,
        pages=bench.details,
    )


def _click(bench: Bench, visitor: Visitor, number: int) -> Paint:
    """Press one of the maps and wait for its picture; `number` says which, never the open one."""
    layer, head = divmod(1 + 7 * number, bench.bert.heads)
    cell = f"[data-testid=head-grid] [data-layer='{layer}'][data-head='{head}']"
    visitor.page.locator(cell).click()
    paint = visitor.await_paint()
    opened = parse_qs(urlsplit(visitor.page.url).query).get("head")
    if opened != [f"{layer + 1}.{head + 1}"]:
        raise BrokenPageError(f"Layer {layer}, head {head} did not open: {visitor.page.url}")
    return paint


def _check_grid(visitor: Visitor) -> None:
    maps = visitor.page.locator("[data-testid=head-grid] [data-map]").count()
    if not maps:
        raise BrokenPageError("The page has no maps of all heads.")


def _note(bench: Bench, name: str, paints: list[Paint]) -> float:
    """Keep the medians of a figure's parts in the details; the total in seconds."""
    parts: dict[str, Callable[[Paint], float]] = {
        "total_ms": lambda paint: paint.total,
        "server_ms": lambda paint: paint.server,
        "browser_ms": lambda paint: paint.browser,
        "kilobytes": lambda paint: paint.bytes / 1000,
    }
    found: dict[str, Any] = {n: median([of(one) for one in paints]) for n, of in parts.items()}
    worst = max(paint.total for paint in paints)
    bench.details[name] = {**found, "worst_ms": worst, "last_change": paints[-1].last}
    return float(found["total_ms"]) / 1000


def _cell(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float | int) else str(value)


if __name__ == "__main__":
    main()
