// Notes when the page last changed, as `window.paintClock`; runs before any script of the page.
//
// A change is a mutation of the document or of a shadow root, or a call that draws on a canvas;
// `painted` is the first moment after the frame that shows the last of them. All times are
// milliseconds since `performance.timeOrigin`. What Streamlit notes about its own state is no
// picture and does not count.
(() => {
  const STATE = "data-test-script-state";
  const STATUS = '[data-testid="stStatusWidget"], [data-testid="stToolbar"], head';
  // What is worked out behind the scenes once the page stands: see `predictions_pages`.
  const BEHIND = '[data-testid="token-hints"], .surprise, [class*="st-key-masked_words-hints"]';
  const DRAWS = ["drawImage", "putImageData", "fillRect", "strokeRect", "fill", "stroke", "fillText"];
  const MARKS = '[data-testid="bl-body"], [data-testid="bl-drawn"]'; // nobody sees them
  const NOTHING = { entered: 0, sent: 0, first: 0, received: 0, bytes: 0, messages: 0 };
  const clock = { ...NOTHING, changed: 0, painted: 0, origin: performance.timeOrigin, settled };
  window.paintClock = clock;
  let last = null; // the last change itself
  let frameAsked = false;

  function note(change) {
    clock.changed = performance.now();
    last = change;
    if (frameAsked) return;
    frameAsked = true;
    requestAnimationFrame(() => {
      frameAsked = false;
      const { port1, port2 } = new MessageChannel(); // answered after this frame is painted
      port1.onmessage = () => (clock.painted = performance.now());
      port2.postMessage(null);
    });
  }

  function isBehind(nodes) {
    const isOne = (node) => node.matches?.(`${BEHIND}, ${MARKS}`) || node.querySelector?.(MARKS);
    return nodes.length > 0 && nodes.every(isOne);
  }

  function isPicture({ target, attributeName, addedNodes, removedNodes }) {
    if (attributeName === STATE || isBehind([...addedNodes, ...removedNodes])) return false;
    const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    if (element?.closest(BEHIND)) return false;
    return !element?.closest(STATUS);
  }

  const watcher = new MutationObserver((records) => {
    const shown = records.findLast(isPicture); // from the end: the first one found settles it
    if (shown) note(shown);
  });

  function watch(root) {
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    watcher.observe(root, all);
  }

  function describe({ type, target, attributeName }) {
    if (!target) return type;
    const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    const near = element?.closest("[data-testid]")?.dataset.testid ?? "";
    return `${near} ${element?.localName ?? "root"} ${attributeName ?? type}`;
  }

  // Resolves once the script has run and nothing changed for `quiet` milliseconds.
  async function settled(quiet, patience = 60_000) {
    const start = performance.now();
    const state = () => document.querySelector(`[${STATE}]`)?.getAttribute(STATE);
    for (;;) {
      const latest = Math.max(clock.painted, clock.changed, clock.received);
      const answered = clock.received > clock.entered && state() === "notRunning";
      if (answered && performance.now() - latest >= quiet) break;
      if (performance.now() - start > patience) throw new Error(`not settled: ${state()}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return { ...clock, last: last ? describe(last) : "" };
  }

  for (const kind of [window.CanvasRenderingContext2D, window.OffscreenCanvasRenderingContext2D]) {
    for (const name of DRAWS) {
      const draw = kind.prototype[name];
      kind.prototype[name] = function (...args) {
        note({ type: `canvas ${name}` });
        return draw.apply(this, args);
      };
    }
  }

  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options);
    watch(root);
    return root;
  };

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        clock.received = performance.now();
        clock.first ||= clock.received;
        clock.messages += 1;
        clock.bytes += data.byteLength ?? data.size ?? data.length;
      });
    }

    send(data) {
      clock.sent ||= performance.now();
      super.send(data);
    }
  };

  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter") return;
      Object.assign(clock, NOTHING, { entered: event.timeStamp });
    },
    true,
  );
  watch(document);
})();
