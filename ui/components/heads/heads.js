// The maps of all heads, or one map. Two canvases hold the pictures: the maps, and over them the
// token pointed at. Outlines, focus and clicks belong to elements laid over the canvases.

import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { morphParts } from "../shared/morph.js";
import { joinPointing } from "../shared/pointing.js";
import { watchPresses } from "../shared/presses.js";
import { watchScreen } from "../shared/screen.js";
import { buildGrid, buildSingle } from "./build.js";
import { buildAtlas, drawGaps, drawMaps, drawPointed, makeRamp, makeSignedRamp, unpack } from "./maps.js";

const keep = createKeeper((parent) => new HeadGrid(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, unpack(data), setStateValue);
}

const GAPS_FROM = 6; // CSS pixels: smaller cells have no lines between them

class HeadGrid {
  constructor(parent) {
    this.parent = parent;
    this.events = createEvents();
    this.chosen = null; // number of the map as it is drawn: row * heads + column
    this.cursor = 0;
    this.block = null;
    this.root = this.createRoot();
    const meaning = (cell) => this.header.places?.[mapOf(cell)];
    this.presses = watchPresses(this.root, ".map", meaning, (place) => this.pick(place));
    parent.append(this.root);
    const channel = () => this.header?.channel ?? "";
    this.pointing = joinPointing(channel, (position) => this.showPointed(position));
    this.resize = new ResizeObserver(() => this.schedule());
    this.resize.observe(this.root);
    this.screen = watchScreen(() => this.schedule());
  }

  createRoot() {
    const root = document.createElement("div");
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("pointerover", (event) => this.read(mapOf(event.target)));
    root.addEventListener("pointerleave", () => this.read(null));
    root.addEventListener("focusin", (event) => this.onFocus(event));
    root.addEventListener("focusout", () => this.read(null));
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
  update({ header, cells }, setStateValue) {
    this.events.hear(header.heard, setStateValue);
    if (header.cells !== this.header?.cells) this.block = null; // other maps, other tokens
    Object.assign(this, { header, cells });
    this.chosen = header.size ? null : this.placeOf(this.events.waiting().at(-1) ?? header);
    const { layer, head, heard, cells: checksum, blocks, ...content } = header;
    const frame = JSON.stringify(content);
    if (frame !== this.built) this.rebuild();
    this.built = frame;
    this.paintChoice();
    this.draw();
  }

  // Where a head is drawn: the first place where the model has no such head.
  placeOf({ layer, head }) {
    const { places, shape } = this.header;
    return Math.max(0, places.indexOf(layer * shape[1] + head));
  }

  rebuild() {
    const made = this.header.size ? buildSingle(this.header) : buildGrid(this.header);
    this.parts = morphParts(this.root, made);
    const focused = this.parent.activeElement;
    this.cursor = (focused && mapOf(focused)) ?? this.chosen ?? 0;
    this.drawn = null;
  }

  paintChoice() {
    if (this.header.size) return;
    this.parts.cells.forEach((cell, map) => {
      cell.setAttribute("aria-selected", String(map === this.chosen));
      cell.tabIndex = map === this.cursor ? 0 : -1;
    });
    this.read(null);
  }

  schedule() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.parts) return;
    const boxes = this.measure();
    if (!boxes.length || boxes[0].width < 1) return; // in a closed tab: drawn when it opens
    const colours = this.readColours();
    const [, heads] = this.header.shape;
    const pixels = Math.round(boxes[0].width);
    const now = JSON.stringify([this.header.cells, this.header.shape, boxes, colours]);
    if (now !== this.drawn) {
      const ramp = this.header.signed
        ? makeSignedRamp(colours.less, colours.background, colours.more)
        : makeRamp(colours.low, colours.high);
      const atlas = buildAtlas(this, pixels, ramp);
      const context = this.context(this.parts.base);
      drawMaps(context, atlas, boxes, heads);
      const cell = boxes[0].width / atlas.across / this.ratio();
      if (this.header.size && cell >= GAPS_FROM) {
        drawGaps(context, atlas, boxes[0], this.parts.colours.background, Math.round(this.ratio()));
      }
      this.drawn = now;
    }
    this.boxes = boxes;
    this.drawOverlay();
  }

  ratio() {
    return window.devicePixelRatio || 1;
  }

  // Each map's place in device pixels, on whole ones so that its cells stay sharp.
  measure() {
    const ratio = this.ratio();
    const origin = this.parts.stage.getBoundingClientRect();
    this.size = { width: Math.round(origin.width * ratio), height: Math.round(origin.height * ratio) };
    return this.parts.cells.map((cell) => {
      const box = cell.getBoundingClientRect();
      const x = Math.round((box.left - origin.left) * ratio);
      const y = Math.round((box.top - origin.top) * ratio);
      const width = Math.round((box.right - origin.left) * ratio) - x;
      const height = Math.round((box.bottom - origin.top) * ratio) - y;
      return { x, y, width, height };
    });
  }

  context(canvas) {
    canvas.width = this.size.width; // also clears it
    canvas.height = this.size.height;
    return canvas.getContext("2d");
  }

  readColours() {
    const channels = (probe) => getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    this.parts.colours = {
      background: getComputedStyle(this.parts.probes.background).color,
      text: getComputedStyle(this.parts.probes.text).color,
    };
    const names = ["low", "high", "less", "more", "background"];
    return Object.fromEntries(names.map((name) => [name, channels(this.parts.probes[name])]));
  }

  showPointed(position) {
    const block = position === null ? -1 : (this.header?.blocks[position] ?? -1);
    this.block = block < 0 ? null : block;
    if (this.boxes) this.drawOverlay();
  }

  drawOverlay() {
    const context = this.context(this.parts.overlay);
    if (this.block === null) return;
    const blocks = this.header.shape[2];
    const thickness = Math.max(1, Math.round(this.ratio()));
    drawPointed(context, this.boxes, this.block, blocks, this.parts.colours.text, thickness);
  }

  // place: layer * heads + head.
  pick(place) {
    if (this.header.size) return;
    const [, heads] = this.header.shape;
    const picked = { layer: Math.floor(place / heads), head: place % heads };
    const map = this.placeOf(picked);
    this.chosen = map;
    this.moveCursor(map);
    this.paintChoice();
    this.read(map);
    this.events.push(picked);
  }

  // The line below names the map under the pointer or with the focus; the page names the chosen one.
  read(map) {
    if (!this.parts?.readout) return;
    const [, heads] = this.header.shape;
    const layer = Math.floor(map / heads);
    this.parts.readout.textContent = map === null ? "" : this.header.names[layer][map % heads];
    this.parts.note.textContent = map === null ? "" : (this.header.notes?.[layer]?.[map % heads] ?? "");
  }

  onFocus(event) {
    const map = mapOf(event.target);
    if (map === null) return;
    this.moveCursor(map);
    this.read(map);
  }

  onKey(event) {
    const at = mapOf(event.target);
    if (at === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const isPick = event.key === "Enter" || event.key === " ";
    const next = isPick ? at : this.neighbour(at, event.key);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (isPick) return this.pick(this.header.places[at]);
    this.parts.cells[next].focus();
  }

  neighbour(at, key) {
    const [layers, heads] = this.header.shape;
    const layer = Math.floor(at / heads);
    const head = at % heads;
    const to = (row, column) =>
      row >= 0 && row < layers && column >= 0 && column < heads ? row * heads + column : null;
    if (key === "ArrowRight") return to(layer, head + 1);
    if (key === "ArrowLeft") return to(layer, head - 1);
    if (key === "ArrowDown") return to(layer + 1, head);
    if (key === "ArrowUp") return to(layer - 1, head);
    if (key === "Home") return to(layer, 0);
    if (key === "End") return to(layer, heads - 1);
    return null;
  }

  moveCursor(map) {
    this.parts.cells[this.cursor]?.setAttribute("tabindex", "-1");
    this.parts.cells[map].setAttribute("tabindex", "0");
    this.cursor = map;
  }
}

function mapOf(target) {
  const cell = target.closest?.("[data-map]");
  return cell ? Number(cell.dataset.map) : null;
}
