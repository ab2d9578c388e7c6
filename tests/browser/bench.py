"""Components on a bare page: what Streamlit does for them, with no server and no script behind it.

A component gets its data as in the app and is called again with other data; what it sends is kept
in the page, for the test to read.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from benchmarks.browser import complaints
from bert_core.palette import DARK, LIGHT
from ui.components.assets import read_css, read_js

ADDRESS = "http://bench.test/"  # answered by the test; a page of no address may store nothing
MARGIN = 16

PAGE = f"""<!doctype html><meta name="viewport" content="width=device-width">
<body style="margin: {MARGIN}px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px">
"""

# The page holds no script of its own, so that any that is found there came out of a text.
SET_UP = """() => {
  window.sent = [];
  window.told = [];
  window.addEventListener("bert-lens:point", ({ detail }) => told.push(detail));
  window.parts = {};
  window.put = async (name, source, css, isolated) => {
    const host = document.createElement("div");
    document.body.append(host);
    const root = isolated ? host.attachShadow({ mode: "open" }) : host;
    const style = document.createElement("style");
    style.textContent = css;
    root.append(style);
    const file = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    parts[name] = { host, root, component: (await import(file)).default };
  };
  window.call = (name, data, packed) => {
    const part = parts[name];
    if (!part.host.isConnected) document.body.append(part.host);
    const bytes = () => Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const setStateValue = (_, events) => {
      const all = structuredClone(events);
      sent.push({ part: name, value: all.at(-1), all });
    };
    return part.component({
      key: name, data: packed ? bytes() : data, parentElement: part.root, setStateValue,
    });
  };
  const moment = () => new Promise((done) => setTimeout(done));
  window.show = (name, ...given) => {
    parts[name].cleanUp = call(name, ...given);
    return moment();
  };
  window.showOvertaken = async (name, ...given) => {
    const cleanUp = call(name, ...given);
    await null;
    cleanUp();
    return moment();
  };
}"""

TWO_FRAMES = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""


class Bench:
    """A page with components on it, `width` pixels wide each, light or dark."""

    def __init__(
        self, context: BrowserContext, width: int = 640, height: int = 700, dark: bool = False
    ) -> None:
        self.tab: Tab = context.new_page()
        self.tab.set_viewport_size({"width": width + 2 * MARGIN, "height": height})
        self.heard = complaints(self.tab)
        self.clear(dark)

    def clear(self, dark: bool = False) -> None:
        """The page anew, with nothing on it."""
        self._there: set[str] = set()
        self.tab.goto(ADDRESS)
        self.tab.evaluate(SET_UP)
        self.tab.evaluate(
            "([scheme, background]) => { document.documentElement.style.colorScheme = scheme;"
            " document.body.style.background = background; }",
            ["dark" if dark else "light", (DARK if dark else LIGHT).background],
        )

    def put(self, name: str, isolated: bool = True) -> None:
        """Load a component of ui/components and leave room for it below the others.

        isolated: whether it stands in a shadow root, as it does in the app unless it says so.
        """
        parts = [name, read_js(f"{name}/{name}.js"), read_css(f"{name}/{name}.css"), isolated]
        self.tab.evaluate("(all) => put(...all)", parts)
        self._there.add(name)

    def show(self, name: str, data: bytes | Mapping[str, Any]) -> None:
        """Call a component with data, as after each run of the page; the first time it is put."""
        if name not in self._there:
            self.put(name)
        self.tab.evaluate("(all) => show(...all)", [name, *_as_json(data)])

    def show_overtaken(self, name: str, data: bytes | Mapping[str, Any]) -> None:
        """Call it as Streamlit does late, with data that newer data overtook, and clean that up."""
        self.tab.evaluate("(all) => showOvertaken(...all)", [name, *_as_json(data)])

    def put_another(self, name: str, of: str) -> None:
        """Leave room for another element of a component that is there already."""
        self.tab.evaluate(
            """([name, of]) => {
              const host = document.createElement("div");
              document.body.append(host);
              parts[name] = { host, root: host, component: parts[of].component };
            }""",
            [name, of],
        )
        self._there.add(name)

    def unmount(self, name: str) -> None:
        """Take the element away and clean up after the last call, as React does."""
        self.tab.evaluate("(name) => { parts[name].host.remove(); parts[name].cleanUp(); }", name)

    def left_in(self, name: str) -> int:
        """How many elements of its own a component has in its place."""
        found: int = self.tab.evaluate(
            "(name) => parts[name].root.querySelectorAll(':scope > :not(style)').length", name
        )
        return found

    def sent(self, name: str) -> list[Any]:
        """The events of a component since it was last asked to forget, in order."""
        found: list[Any] = self.tab.evaluate(
            "(name) => sent.filter(({ part }) => part === name).map(({ value }) => value)", name
        )
        return found

    def forget_sent(self) -> None:
        self.tab.evaluate("() => { sent.length = 0; }")

    def until_sent(self, condition: str = "() => true") -> None:
        """Wait until something of which a JavaScript `condition` holds was sent."""
        self.tab.wait_for_function(f"sent.some(({{ value }}) => ({condition})(value))")

    def point(self, position: int | None, channel: str = "") -> None:
        """Tell the components that a token is pointed at elsewhere on the page, or none."""
        self.tab.evaluate(
            """(detail) => window.dispatchEvent(
                new CustomEvent("bert-lens:point", { detail: { ...detail, source: "bench" } }))""",
            {"position": position, "channel": channel},
        )

    def told(self) -> list[dict[str, Any]]:
        """What was said so far of what is pointed at."""
        found: list[dict[str, Any]] = self.tab.evaluate("told")
        return found

    def frame(self) -> None:
        """Wait until what was asked for is drawn."""
        self.tab.evaluate(TWO_FRAMES)

    def close(self) -> None:
        """End it; it must have nothing to complain of, nor have run a text."""
        assert self.heard == []
        assert self.tab.evaluate("window.had === undefined")
        self.tab.close()


def _as_json(data: bytes | Mapping[str, Any]) -> tuple[Any, bool]:
    """Data as it can be sent into the page, and whether it was bytes."""
    if isinstance(data, bytes):
        return base64.b64encode(data).decode(), True
    return dict(data), False


def bench_context(browser: Browser, **screen: Any) -> BrowserContext:
    """Where benches with a screen of one kind stand. It keeps a tab open: the next ones are drawn
    by the same process, and need not wait for a new one."""
    context = browser.new_context(**screen)
    context.route(ADDRESS, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    context.new_page().goto(ADDRESS)
    return context


OpenBench = Callable[..., Bench]
