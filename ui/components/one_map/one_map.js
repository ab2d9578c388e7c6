// One map. Two canvases hold the picture: cells and labels, and over them what is picked and
// pointed at. Everything is read and zoomed here; the server hears only of a query that is picked.

import { createEvents } from "../shared/events.js";
import { download } from "../shared/files.js";
import { createKeeper } from "../shared/keeper.js";
import { joinPointing } from "../shared/pointing.js";
import { watchScreen } from "../shared/screen.js";
import { unpackWeights } from "../shared/weights_unpack.js";
import { buildMap, nameParts, title } from "./build.js";
import { cellAt, cellSize, isWhole, largestScale, layOut, mostShown } from "./geometry.js";
import { panBy, reveal, WHOLE, zoomAbout } from "./geometry.js";
import { watchHand } from "./hand.js";
import { fitLabels, paintMap, paintPicked, paintPointed } from "./paint.js";
import { makePng, makeSvg } from "./save.js";
import { makeShades, strongestOf } from "./shades.js";

const keep = createKeeper((parent) => new OneMap(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, unpackWeights(data), setStateValue);
}

const STEP = 1.6; // one press of a zoom button
const MOST_DRAWN = 128; // tokens each way in an SVG: 16,384 elements
const LARGE_LABELS = 26; // so many tokens have larger labels
const LABEL_LETTERS = 14;
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

class OneMap {
  constructor(parent) {
    this.events = createEvents();
    this.view = WHOLE;
    this.at = null; // the cell that is read: { row, column }
    this.cursor = { row: 0, column: 0 }; // where the arrow keys are
    this.pointed = -1; // the token pointed at elsewhere
    this.version = 0; // of what the canvas below shows
    this.parts = buildMap();
    this.root = document.createElement("div");
    this.root.append(...this.parts.elements);
    parent.append(this.root);
    this.listen();
    const channel = () => this.header?.channel ?? "";
    this.pointing = joinPointing(channel, (position) => this.hearPointed(position));
    this.resize = new ResizeObserver(() => this.schedule());
    this.resize.observe(this.root);
    this.onFonts = () => this.redraw();
    document.fonts.addEventListener("loadingdone", this.onFonts);
    this.screen = watchScreen(() => this.schedule());
  }

  listen() {
    const { stage, tools } = this.parts;
    watchHand(stage, {
      hover: ({ x, y }) => this.read(cellAt(this.view, this.layout, x, y)),
      leave: () => this.read(stage.matches(":focus-visible") ? this.cursor : null),
      pan: (x, y, place) => this.pan(x, y, place),
      zoom: (factor, { x, y }) => this.zoom(factor, x - this.layout.left, y - this.layout.top),
      press: ({ x, y }) => this.press(cellAt(this.view, this.layout, x, y)),
    });
    stage.addEventListener("pointerdown", () => {
      this.heldOn = this.header.text;
    });
    stage.addEventListener("keydown", (event) => this.onKey(event));
    stage.addEventListener("focus", () => {
      if (stage.matches(":focus-visible")) this.read(this.at ?? this.cursor, true);
    });
    stage.addEventListener("blur", () => this.read(null));
    tools.addEventListener("click", (event) => this.use(event.target.dataset.tool));
  }

  destroy() {
    this.events.leave();
    this.pointing.leave();
    this.resize.disconnect();
    this.screen.leave();
    document.fonts.removeEventListener("loadingdone", this.onFonts);
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  // Called for new data and for a new theme. Another head of the same tokens keeps the view.
  update({ header, weights }, setStateValue) {
    this.events.hear(header.heard, setStateValue);
    const tokens = JSON.stringify(header.tokens);
    if (tokens !== this.tokens) {
      Object.assign(this, { view: WHOLE, at: null, cursor: { row: 0, column: 0 }, pointed: -1 });
    }
    const ours = this.events.waiting().filter(({ text }) => text === header.text);
    this.picked = ours.at(-1)?.query ?? header.picked;
    const isSame = tokens === this.tokens && header.checksum === this.header?.checksum;
    if (!isSame || header.signed !== this.header.signed) {
      this.shades = makeShades(weights, header.power);
      this.strongest = strongestOf(weights);
      this.version += 1;
    }
    Object.assign(this, { header, weights, tokens });
    nameParts(this.parts, header);
    this.draw();
  }

  redraw() {
    this.version += 1;
    this.schedule();
  }

  schedule() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.header || this.root.clientWidth < 1) return; // in a closed tab: drawn when it opens
    this.lookUp();
    const ratio = window.devicePixelRatio || 1;
    const now = JSON.stringify([this.version, this.layout, this.view, this.colours, ratio]);
    if (now !== this.drawn) {
      this.parts.stage.style.height = `${this.layout.height}px`;
      paintMap(this.cleared(this.parts.base, ratio), this.scene(), ratio);
      this.drawn = now;
    }
    const context = this.cleared(this.parts.overlay, ratio);
    paintPicked(context, this.scene());
    const twin = this.pointed < 0 ? null : { row: this.pointed, column: this.pointed };
    const shown = this.at ?? twin;
    if (shown) paintPointed(context, this.scene(), shown, Boolean(this.at));
    this.say();
    this.showTools();
  }

  // Colours, fonts and room, as they are now.
  lookUp() {
    const styles = Object.entries(this.parts.probes).map(([name, e]) => [name, getComputedStyle(e)]);
    this.colours = Object.fromEntries(styles.map(([name, style]) => [name, style.color]));
    const fonts = Object.fromEntries(styles.map(([name, style]) => [name, style.fontFamily]));
    const { rows, height, tokens } = this.header;
    const width = this.root.clientWidth;
    const font = rows <= LARGE_LABELS && width >= 480 ? 13 : 11;
    const now = JSON.stringify([this.version, width, height, fonts.a]);
    if (now === this.laidOut) return;
    const longest = Math.min(LABEL_LETTERS * font * 0.61, width * 0.27);
    const context = this.parts.base.getContext("2d");
    this.labels = fitLabels(context, tokens, font, fonts.a, longest);
    const room = Math.max(...this.labels.map((label) => label.width));
    this.layout = layOut(rows, width, height, room, font);
    this.view = zoomAbout(this.view, this.layout, 1, 0, 0); // no larger than it may be now
    Object.assign(this, { fonts, laidOut: now });
  }

  scene() {
    const { layout, view, labels, colours, shades, fonts } = this;
    const picked = this.header.tokens.findIndex(({ at }) => at === this.picked);
    const { signed } = this.header;
    return { layout, view, labels, colours, shades, signed, picked, family: fonts.a, sans: fonts.sans };
  }

  cleared(canvas, ratio) {
    canvas.width = Math.round(this.layout.width * ratio); // also clears it
    canvas.height = Math.round(this.layout.height * ratio);
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  // The line below. Screen readers follow the keys, not the mouse.
  say() {
    const { query, arrow, key, weight, hint } = this.parts;
    for (const part of [query, arrow, key, weight]) part.hidden = !this.at;
    hint.hidden = Boolean(this.at);
    if (!this.at) return;
    const { tokens, rows } = this.header;
    for (const [part, index] of [[query, this.at.row], [key, this.at.column]]) {
      part.textContent = tokens[index].text;
      part.className = `token ${this.labels[index].kind}`;
    }
    weight.textContent = this.wordWeight(this.weights[this.at.row * rows + this.at.column]);
  }

  wordWeight(weight) {
    const { signed, names } = this.header;
    const hundredths = (100 * Math.abs(weight)).toFixed(2);
    if (signed) {
      const sign = hundredths === "0.00" ? "" : weight < 0 ? "−" : "+";
      return names.points.replace("{number}", sign + hundredths);
    }
    const isRounded = hundredths === "0.00" || (hundredths === "100.00" && weight < 1);
    const number = isRounded ? (weight < 0.5 ? "< 0.01" : "> 99.99") : hundredths;
    return names.percent.replace("{number}", number);
  }

  showTools() {
    const { buttons, stage } = this.parts;
    const { names } = this.header;
    buttons.zoomIn.disabled = this.view.scale >= largestScale(this.layout);
    buttons.zoomOut.disabled = isWhole(this.view);
    buttons.whole.disabled = isWhole(this.view);
    buttons.svg.disabled = mostShown(this.layout, this.view) > MOST_DRAWN;
    const reason = names.svgTooMany.replace("{most}", MOST_DRAWN);
    title(buttons.svg, buttons.svg.disabled ? reason : names.svgTitle);
    stage.classList.toggle("zoomed", !isWhole(this.view));
  }

  read(cell, isByKey = false) {
    this.at = cell;
    if (cell) this.cursor = cell;
    this.parts.readout.setAttribute("aria-live", isByKey ? "polite" : "off");
    this.pointing.point(cell ? this.header.tokens[cell.row].at : null);
    this.schedule();
  }

  hearPointed(position) {
    if (!this.header) return;
    this.pointed = this.header.tokens.findIndex(({ at }) => at === position);
    this.schedule();
  }

  pan(x, y, place) {
    const cell = isWhole(this.view) ? cellAt(this.view, this.layout, place.x, place.y) : this.at;
    this.view = panBy(this.view, this.layout, x, y);
    this.read(cell);
  }

  zoom(factor, x, y) {
    this.view = zoomAbout(this.view, this.layout, factor, x, y);
    this.schedule();
  }

  // About the cell that is read, or else the middle.
  zoomHere(factor) {
    const { layout, view } = this;
    if (!this.at) return this.zoom(factor, layout.side / 2, layout.side / 2);
    const cell = cellSize(layout, view);
    const inside = (pixels) => Math.min(Math.max(pixels, 0), layout.side);
    const [x, y] = [this.at.column + 0.5 - view.x, this.at.row + 0.5 - view.y];
    this.zoom(factor, inside(x * cell), inside(y * cell));
  }

  // A cell that was pressed down may be of another text when it is let go.
  press(cell) {
    if (this.heldOn === this.header.text) this.pick(cell);
  }

  pick(cell) {
    if (!cell) return;
    this.picked = this.header.tokens[cell.row].at;
    this.read(cell);
    this.events.push({ query: this.picked, text: this.header.text });
  }

  use(tool) {
    const { name, file } = this.header;
    if (tool === "zoomIn") this.zoomHere(STEP);
    if (tool === "zoomOut") this.zoomHere(1 / STEP);
    if (tool === "whole") this.zoom(0, 0, 0);
    if (tool === "svg") {
      download(makeSvg(this.scene(), this.weights, this.strongest, name), `${file}.svg`);
    }
    if (tool !== "png") return;
    const ratio = 2 * (window.devicePixelRatio || 1);
    makePng(this.scene(), name, ratio).then((blob) => download(blob, `${file}.png`));
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.obey(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  obey(key) {
    if (key in STEPS) return this.step(...STEPS[key]);
    if (key === "Home") return this.step(0, -this.header.rows);
    if (key === "End") return this.step(0, this.header.rows);
    if (key === "+" || key === "=") this.zoomHere(STEP);
    else if (key === "-") this.zoomHere(1 / STEP);
    else if (key === "0") this.zoom(0, 0, 0);
    else if (key === "Enter" || key === " ") this.pick(this.cursor);
    else return false;
    return true;
  }

  step(down, across) {
    const inside = (index) => Math.min(Math.max(index, 0), this.header.rows - 1);
    const { row, column } = this.at ?? this.cursor;
    const next = { row: inside(row + down), column: inside(column + across) };
    this.view = reveal(this.view, this.layout, next);
    this.read(next, true);
    return true;
  }
}
