// Attention as lines between two columns of tokens. The tokens are elements, the lines one canvas
// that holds what is in sight and a little more. Texts reach the page through textContent only.

import { createEvents } from "../shared/events.js";
import { download } from "../shared/files.js";
import { createKeeper } from "../shared/keeper.js";
import { morphParts } from "../shared/morph.js";
import { joinPointing } from "../shared/pointing.js";
import { watchPresses } from "../shared/presses.js";
import { watchScreen } from "../shared/screen.js";
import { unpackWeights } from "../shared/weights_unpack.js";
import { buildArcs, endOf, fillReadout, fitColumns, readColours, SIDES } from "./build.js";
import { Choice } from "./choice.js";
import { drawLines, findLines, percent, ROW, selectLines } from "./lines.js";
import { pngOf, svgOf } from "./picture.js";

const keep = createKeeper((parent) => new Arcs(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, unpackWeights(data), setStateValue);
}

const MOST = 800; // lines drawn at once: more are a cloud, and do not scroll smoothly
const AROUND = 330; // CSS pixels drawn above and below what is in sight
const LISTED = 4; // lines named below

class Arcs {
  constructor(parent) {
    this.parent = parent;
    this.events = createEvents();
    this.choice = new Choice();
    this.cursor = { query: 0, key: 0 }; // the one row in each column that Tab reaches
    this.root = this.createRoot();
    const meaning = (row) => ({ ...endOf(row), text: this.header.text });
    this.presses = watchPresses(this.root, ".row", meaning, (pressed) => this.press(pressed));
    parent.append(this.root);
    const channel = () => this.header?.channel ?? "";
    this.pointing = joinPointing(channel, (position) => this.show(this.rowAt(position)));
    this.resize = new ResizeObserver(() => this.schedule());
    this.resize.observe(this.root);
    this.screen = watchScreen(() => this.schedule());
    document.fonts?.ready.then(() => this.header && this.measure());
  }

  createRoot() {
    const root = document.createElement("div");
    root.addEventListener("scroll", () => this.onScroll(), true);
    root.addEventListener("click", ({ target }) => this.takeAway(target.dataset?.save));
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("pointerover", (event) => this.point(endOf(event.target)));
    root.addEventListener("pointerleave", () => this.point(null));
    root.addEventListener("focusin", (event) => this.onFocus(endOf(event.target)));
    root.addEventListener("focusout", (event) => this.onBlur(event.target));
    return root;
  }

  destroy() {
    this.events.leave();
    this.presses.leave();
    this.pointing.leave();
    this.resize.disconnect();
    this.screen.leave();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  // Called for new data and for a new theme.
  update({ header, weights }, setStateValue) {
    const { pinned, picked, heard, checksum, ...content } = header;
    this.events.hear(heard, setStateValue);
    const tokens = JSON.stringify(header.tokens);
    const other = tokens !== this.tokens;
    const isBehind = !other && this.events.waiting().length > 0;
    if (!isBehind) this.choice.picked = picked;
    if (other || (!isBehind && String(pinned) !== String(this.pinned))) {
      this.choice.pins = new Set(pinned);
      this.pinned = pinned;
    }
    if (other) this.choice.focus = null;
    if (other || checksum !== this.header.checksum) {
      this.lines = findLines(weights, header.rows, header.columns, header.power);
    }
    this.header = header;
    this.tokens = tokens;
    const frame = JSON.stringify(content);
    const isAnew = frame !== this.built;
    if (isAnew) this.rebuild();
    this.built = frame;
    this.paint();
    this.draw();
    if (isAnew) this.onFocus(endOf(this.parent.activeElement)); // it says what it says now
  }

  rebuild() {
    this.parts = morphParts(this.root, buildArcs(this.header));
    for (const side of SIDES) {
      this.cursor[side] = Math.min(this.cursor[side], this.header.tokens.length - 1);
    }
    this.measure();
  }

  measure() {
    fitColumns(this.parts, this.header.tokens);
    this.schedule();
  }

  // Everything but the lines: which rows are held or pointed at, their weights, the line below.
  paint() {
    const { focus } = this.choice;
    for (const side of SIDES) {
      const weights = this.textsBeside(side);
      this.parts.rows[side].forEach((line, row) => {
        line.classList.toggle("pointed", focus?.side === side && focus.row === row);
        line.setAttribute("aria-selected", String(this.choice.isHeld(side, row)));
        line.tabIndex = row === this.cursor[side] ? 0 : -1;
        const beside = this.parts.weights[side][row];
        if (beside.textContent || weights.has(row)) beside.textContent = weights.get(row) ?? "";
      });
    }
    this.paintReadout();
  }

  textsBeside(side) {
    const weights = [...this.choice.weightsBeside(side, this.lines)];
    return new Map(weights.map(([row, weight]) => [row, percent(weight)]));
  }

  paintReadout() {
    const { tokens, names } = this.header;
    const shown = selectLines(this.lines, this.choice.test(), LISTED).reverse();
    const listed = shown.map((line) => [
      tokens[this.lines.query[line]].text,
      tokens[this.lines.key[line]].text,
      percent(this.lines.weight[line]),
    ]);
    fillReadout(this.parts.readout, listed, names.none);
  }

  schedule() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  onScroll() {
    const { scrollTop, clientHeight } = this.parts.scroller;
    const [from, to] = this.drawn ?? [0, 0];
    const end = Math.min(scrollTop + clientHeight, this.header.tokens.length * ROW);
    if (scrollTop < from * ROW || end > to * ROW) this.schedule();
  }

  // The rows in sight and a little more, as [from, to).
  near() {
    const { scrollTop, clientHeight } = this.parts.scroller;
    const from = Math.max(0, Math.floor((scrollTop - AROUND) / ROW));
    const to = Math.ceil((scrollTop + clientHeight + AROUND) / ROW);
    return [from, Math.min(to, this.header.tokens.length)];
  }

  draw() {
    const width = this.parts?.middle.clientWidth;
    if (!width) return; // in a closed tab: drawn when it opens
    const [from, to] = this.near();
    const ratio = window.devicePixelRatio || 1;
    const { canvas } = this.parts;
    const height = (to - from) * ROW;
    canvas.width = Math.round(width * ratio); // also clears it
    canvas.height = Math.round(height * ratio);
    canvas.style.cssText = `top: ${from * ROW}px; width: ${width}px; height: ${height}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const colours = readColours(this.parts);
    const isNear = (query) => query >= from && query < to;
    const groups = this.choice.groups(this.lines, isNear, MOST);
    for (const { found, strength } of groups) {
      drawLines(context, this.lines, found, { width, top: from * ROW, colours, strength });
    }
    this.drawn = [from, to];
    this.paintCount(groups);
  }

  paintCount(groups) {
    const { names } = this.header;
    const sizes = groups.map(({ found }) => found.length);
    const cut = sizes.includes(MOST);
    const numbers = { count: this.lines.count, drawn: sizes.reduce((sum, size) => sum + size, 0) };
    const filled = (cut ? names.some : names.lines).replace(/\{(\w+)\}/g, (whole, name) =>
      name in numbers ? numbers[name].toLocaleString("en") : whole,
    );
    this.parts.note.textContent = filled;
    this.parts.note.title = cut ? names.near : names.hint;
    this.parts.canvas.dataset.drawn = sizes.join(" + ");
  }

  // What is pointed at, here or (with no word to the others) elsewhere on the page.
  point(end) {
    this.show(end);
    this.pointing.point(end ? this.header.tokens[end.row].at[0] : null);
  }

  show(end) {
    const { focus } = this.choice;
    if (!this.header || (end?.side === focus?.side && end?.row === focus?.row)) return;
    this.choice.focus = end;
    this.paint();
    this.schedule();
  }

  rowAt(position) {
    const row = this.header?.tokens.findIndex(({ at }) => at.includes(position)) ?? -1;
    return row < 0 ? null : { side: "query", row };
  }

  // A row that was pressed down may stand for a token of another text by now.
  press({ side, row, text }) {
    if (text === this.header.text && row < this.header.tokens.length) this.toggle({ side, row });
  }

  toggle({ side, row }) {
    const pinned = this.choice.toggle({ side, row });
    this.moveCursor({ side, row });
    this.paint();
    this.schedule();
    const position = this.header.tokens[row].at[0];
    this.events.push({ position, side, pinned, text: this.header.text });
  }

  // The picture is of what stays, not of what the pointer is on.
  async takeAway(kind) {
    if (!kind) return;
    const { focus } = this.choice;
    this.choice.focus = null;
    const scene = {
      header: this.header,
      lines: this.lines,
      groups: this.choice.groups(this.lines, () => true),
      weights: Object.fromEntries(SIDES.map((side) => [side, this.textsBeside(side)])),
      isHeld: (side, row) => this.choice.isHeld(side, row),
      middle: Math.max(this.parts.middle.clientWidth, 240),
      colours: readColours(this.parts),
    };
    this.choice.focus = focus;
    const blob = kind === "png" ? await pngOf(scene) : new Blob([svgOf(scene)], { type: "image/svg+xml" });
    download(blob, `${this.header.file}.${kind}`);
  }

  onFocus(end) {
    if (!end) return;
    this.moveCursor(end);
    this.point(end);
    const said = `${this.header.tokens[end.row].text}: ${this.parts.readout.textContent}`;
    this.parts.rows[end.side][end.row].setAttribute("aria-label", said);
  }

  onBlur(target) {
    target.removeAttribute("aria-label");
    this.point(null);
  }

  onKey(event) {
    const at = endOf(event.target);
    if (!at || event.altKey || event.ctrlKey || event.metaKey) return;
    const isPick = event.key === "Enter" || event.key === " ";
    const next = isPick ? at : this.neighbour(at, event.key);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (isPick) this.toggle(at);
    else this.parts.rows[next.side][next.row]?.focus();
  }

  neighbour({ side, row }, key) {
    const last = this.header.tokens.length - 1;
    if (key === "ArrowDown") return { side, row: Math.min(row + 1, last) };
    if (key === "ArrowUp") return { side, row: Math.max(row - 1, 0) };
    if (key === "ArrowRight") return { side: "key", row };
    if (key === "ArrowLeft") return { side: "query", row };
    if (key === "Home") return { side, row: 0 };
    if (key === "End") return { side, row: last };
    return null;
  }

  moveCursor({ side, row }) {
    this.parts.rows[side][this.cursor[side]].tabIndex = -1;
    this.parts.rows[side][row].tabIndex = 0;
    this.cursor[side] = row;
  }
}
