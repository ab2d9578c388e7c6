// The token strip: one button for each token. Texts reach the page through textContent only.

import { receiveBars } from "../shared/bars.js";
import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { morphChildren } from "../shared/morph.js";
import { joinPointing } from "../shared/pointing.js";
import { watchPresses } from "../shared/presses.js";
import { buildStrip } from "./build.js";

const keep = createKeeper((parent) => new TokenStrip(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class TokenStrip {
  constructor(parent) {
    this.parent = parent;
    this.events = createEvents();
    this.chips = new Map(); // position -> button
    this.cursor = null; // the one chip that Tab reaches
    this.at = null; // the position pointed at
    this.root = this.createRoot();
    const meaning = (chip, { shiftKey }) => ({ position: positionOf(chip), text: this.data.text, shift: shiftKey });
    this.presses = watchPresses(this.root, "[data-position]", meaning, (pressed) => this.press(pressed));
    const channel = () => this.data?.channel ?? "";
    this.pointing = joinPointing(channel, (at) => this.showPointed(at));
    this.bars = receiveBars(channel, (given) => this.showBars(given));
    parent.append(this.root);
  }

  createRoot() {
    const root = document.createElement("div");
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("pointerover", (event) => this.onPoint(event));
    root.addEventListener("pointerleave", () => this.point(this.focused()));
    root.addEventListener("focusin", (event) => this.onFocus(event));
    root.addEventListener("focusout", () => this.point(null));
    return root;
  }

  destroy() {
    this.events.leave();
    this.presses.leave();
    this.bars.leave();
    this.pointing.leave();
    this.root.remove();
  }

  // Called for new data and for a new theme.
  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    const isOther = data.text !== this.data?.text;
    this.data = data;
    this.render();
    if (!isOther) return;
    this.bars.ask(data.text); // answered before the next line, if anybody knows
    this.revealPicked();
  }

  render() {
    const hadFocus = this.root.contains(this.parent.activeElement);
    const order = this.data.groups.flatMap(({ pieces }) => pieces ?? []).map(({ at }) => at);
    if (!order.includes(this.cursor)) this.cursor = order[0] ?? null;
    morphChildren(this.root, buildStrip(this.data, this.now()));
    this.box = this.root.firstElementChild;
    const chips = [...this.root.querySelectorAll("[data-position]")];
    this.chips = new Map(chips.map((chip) => [positionOf(chip), chip]));
    if (hadFocus && !this.parent.activeElement) this.chips.get(this.cursor)?.focus();
    if (this.at !== null && !this.chips.has(this.at)) this.point(null);
    this.showPointed(this.at);
  }

  // What the data says, and on it what was pressed since.
  now() {
    const { text, action, picked } = this.data;
    const now = { picked: new Set(picked), flipped: new Set(), cursor: this.cursor, pointed: this.at };
    for (const { position, shift } of this.events.waiting().filter((event) => event.text === text)) {
      if (action === "mask") this.flip(position, now.flipped);
      else now.picked = new Set(shift ? [...now.picked, position] : [position]);
    }
    // Bars of another text, from before or after this one, are none of ours.
    const ours = this.given?.text === text ? this.given.bars : [];
    const bits = new Map(ours.map(([positions, number]) => [positions[0], number]));
    return { ...now, bars: bits, given: this.given };
  }

  flip(position, flipped) {
    const { groups, wholeWords } = this.data;
    const group = groups.find(({ pieces }) => pieces?.some(({ at }) => at === position));
    const along = wholeWords ? group.pieces.map(({ at }) => at) : [position];
    for (const at of along) {
      if (!flipped.delete(at)) flipped.add(at);
    }
  }

  showBars(given) {
    this.given = given;
    if (this.data) this.render();
  }

  // A long strip scrolls inside itself: bring what is picked into its window, not the page's.
  revealPicked() {
    const chip = this.chips.get(this.data.picked[0]);
    if (!chip || this.box.scrollHeight <= this.box.clientHeight) return;
    const top = chip.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
    if (top > 0 && top < this.box.clientHeight - 30) return;
    this.box.scrollTop += top - this.box.clientHeight / 2;
  }

  // A chip that was pressed down may stand for a token of another text by now.
  press({ position, text, shift }) {
    const chip = this.chips.get(position);
    if (text !== this.data.text || !chip) return;
    this.point(position); // a finger has left the chip by now
    if (chip.hasAttribute("aria-disabled")) return;
    this.moveCursor(position);
    this.events.push({ position, text, ...(shift && this.data.links && { shift }) });
    this.render();
  }

  onKey(event) {
    const next = this.neighbour(event.key);
    if (next === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.moveCursor(next);
    this.chips.get(next).focus();
  }

  neighbour(key) {
    const order = [...this.chips.keys()];
    const at = order.indexOf(this.cursor);
    if (key === "Home") return order[0] ?? null;
    if (key === "End") return order.at(-1) ?? null;
    if (key === "ArrowRight") return order[at + 1] ?? null;
    if (key === "ArrowLeft") return order[at - 1] ?? null;
    if (key === "ArrowDown") return this.inOtherRow(order.slice(at + 1), 1);
    if (key === "ArrowUp") return this.inOtherRow(order.slice(0, Math.max(at, 0)).reverse(), -1);
    return null;
  }

  // The chip nearest in x in the next row down (direction 1) or up (-1).
  inOtherRow(candidates, direction) {
    const from = this.chips.get(this.cursor).getBoundingClientRect();
    let best = null;
    let row = null;
    for (const position of candidates) {
      const box = this.chips.get(position).getBoundingClientRect();
      if ((box.top - from.top) * direction < from.height / 2) continue;
      row ??= box.top;
      if (Math.abs(box.top - row) > from.height / 2) break;
      const distance = Math.abs(box.left + box.width / 2 - from.left - from.width / 2);
      if (best === null || distance < best.distance) best = { position, distance };
    }
    return best?.position ?? null;
  }

  moveCursor(position) {
    this.chips.get(this.cursor)?.setAttribute("tabindex", "-1");
    this.chips.get(position)?.setAttribute("tabindex", "0");
    this.cursor = position;
  }

  onFocus(event) {
    const position = positionOf(event.target);
    if (position === null) return;
    this.moveCursor(position);
    this.point(position);
  }

  onPoint({ target }) {
    const bar = target.closest?.("[data-under]");
    this.point(bar ? Number(bar.dataset.under) : positionOf(target) ?? this.focused());
  }

  // Where the keyboard is: pointed at whenever the mouse is on no token.
  focused() {
    const chip = this.root.querySelector(".chip:focus-visible");
    return chip ? positionOf(chip) : null;
  }

  point(position) {
    this.showPointed(position);
    this.pointing.point(position);
  }

  showPointed(position) {
    this.at = position;
    this.pointed?.classList.remove("pointed");
    this.pointed = this.chips.get(position) ?? null;
    this.pointed?.classList.add("pointed");
  }
}

function positionOf(target) {
  const chip = target.closest?.("[data-position]");
  return chip ? Number(chip.dataset.position) : null;
}
