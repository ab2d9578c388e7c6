"""BertViz's model view in a tab of its own: from the navigation to its last change.

The page is `bert_core.exports.bertviz_page`'s, without the limit on tokens that the app sets:
BertViz's own drawing code from its package, offline. Its weights travel once and in four digits;
BertViz's own page holds them twice in full (105 MB at 128 tokens, not 18 MB), so it could only be
slower.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from benchmarks.browser import WIDE, BrokenPageError, complaints
from benchmarks.visitor import QUIET
from bert_core.exports.bertviz_page import build_page
from bert_core.model.inference import BertRun

PATIENCE = 240_000  # milliseconds

# BertViz draws while its scripts load, all in one go. The observer begins after that: records of
# two million new elements would slow it down. It only sees to it that nothing comes later.
CLOCK = """
addEventListener("load", () => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel(); // answered after this frame is painted
  port1.onmessage = () => {
    window.painted = performance.now();
    const watcher = new MutationObserver(() => { window.changedLater = true; });
    watcher.observe(document, { subtree: true, childList: true, attributes: true });
  };
  port2.postMessage(null);
}));
"""


def draw_model_view(browser: Browser, run: BertRun) -> float:
    """Seconds from the navigation to the last map painted; making the page does not count.

    Raises:
        BrokenPageError: it drew something else than one line for each weight, or complained.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model_view.html"
        path.write_text(model_view_page(run), encoding="utf-8")
        # its own rules forbid eval, with which playwright waits
        context = browser.new_context(viewport=WIDE, bypass_csp=True)  # type: ignore[arg-type]
        page = context.new_page()
        heard = complaints(page)
        page.add_init_script(CLOCK)
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_function("window.painted", timeout=PATIENCE)
        seconds = float(page.evaluate("window.painted")) / 1000
        _check(page, run, heard)
        context.close()
    return seconds


def model_view_page(run: BertRun) -> str:
    """The page that `bertviz.model_view_html` makes, for any number of tokens."""
    if run.attentions is None:
        raise ValueError("The run kept no attentions.")
    layers, heads = run.attentions.shape[:2]
    settings = {
        "include_layers": list(range(1, layers + 1)),
        "include_heads": list(range(1, heads + 1)),
        "total_heads": heads,
    }
    return build_page("model", run.encoding, settings, {"weights": run.attentions}, dark=False)


def _check(page: Page, run: BertRun, heard: list[str]) -> None:
    page.wait_for_timeout(QUIET)
    lines = page.evaluate("document.getElementsByTagName('line').length")
    if run.attentions is None or lines < run.attentions.size:
        raise BrokenPageError(f"BertViz drew {lines} lines.")
    if heard or page.evaluate("window.changedLater"):
        raise BrokenPageError(f"BertViz changed after it was painted, or complained: {heard}")
