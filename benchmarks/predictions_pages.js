// When something is seen on a page, for `predictions_pages`; runs before any script of the page.
(() => {
  const roots = []; // Streamlit's components live in shadow roots
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options);
    roots.push(root);
    return root;
  };

  function find(selector) {
    const connected = roots.filter((root) => root.isConnected);
    return connected.map((root) => root.querySelector(selector)).find(Boolean);
  }

  // Asks before each frame; resolves with the moment after the frame for which it was true.
  const onceTrue = (condition, patience = 60_000) =>
    new Promise((resolve, reject) => {
      const start = performance.now();
      const ask = () => {
        if (performance.now() - start > patience) return reject(new Error(`never: ${condition}`));
        if (!condition()) return requestAnimationFrame(ask);
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      };
      requestAnimationFrame(ask);
    });

  // A strip with this word at this place, and guesses for it in the readout.
  function watchPointed(at, word) {
    const chip = `[data-testid=token-strip] [data-position="${at}"]`;
    const isThere = () => find(chip)?.textContent === word;
    const isAnswered = () => {
      const readout = isThere() && find("[data-testid=token-hints]");
      if (!readout || readout.dataset.shows !== "hint") return false;
      return readout.textContent.includes(`“${word}”`) && readout.querySelector(".guess") !== null;
    };
    lens.watched = [onceTrue(isThere), onceTrue(isAnswered)];
  }

  const scatter = () =>
    document.querySelector("[class*=st-key-masked_words-scatter] .js-plotly-plot");

  // Reading pixels back waits until they are drawn.
  function isDrawn(canvas) {
    const gl = canvas.getContext("webgl");
    if (!gl || !canvas.width) return false;
    const pixels = new Uint8Array(4 * canvas.width * canvas.height);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return pixels.some(Boolean);
  }

  function watchScatter(fewest, isWebgl) {
    const isPainted = () => {
      if (!isWebgl) return scatter()?.querySelectorAll(".scatterlayer .point").length >= fewest;
      return [...(scatter()?.querySelectorAll(".gl-canvas-context") ?? [])].some(isDrawn);
    };
    lens.watched = [onceTrue(isPainted)];
  }

  // When the key or the mouse was pressed, and when what is watched for was seen.
  const seen = async () => [paintClock.entered, ...(await Promise.all(lens.watched))];

  const points = () => ["x", "y"].map((axis) => Array.from(scatter()._fullData[0][axis]));

  const lens = { watchPointed, watchScatter, seen, points };
  window.lens = lens;
})();
