// The token strip: one button for each token. Texts reach the page through textContent only.

import { receiveBars } from "../shared/bars.js";
import { joinPointing } from "../shared/pointing.js";
import { closeSidebarAfterLinks } from "../shared/sidebar.js";
import { createStamps } from "../shared/stamps.js";
import { buildFlow, drawBars } from "./build.js";

// Streamlit calls the default export again on every change of the data, with the same element.
const strips = new WeakMap();

closeSidebarAfterLinks();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!strips.has(parentElement)) strips.set(parentElement, new TokenStrip(parentElement));
  const strip = strips.get(parentElement);
  strip.send = (event) => setTriggerValue("event", event);
  strip.update(data);
  return () => {
    strip.destroy();
    strips.delete(parentElement);
  };
}

class TokenStrip {
  constructor(parent) {
    this.parent = parent;
    this.stamps = createStamps();
    this.chips = new Map(); // position -> button
    this.picked = new Set();
    this.flipped = new Set(); // clicked into or out of the mask, not yet answered
    this.cursor = null; // the one chip that Tab reaches
    this.root = this.createRoot();
    const channel = () => this.data?.channel ?? "";
    this.pointing = joinPointing(channel, (at) => this.showPointed(at));
    this.bars = receiveBars(channel, (given) => this.showBars(given));
    parent.append(this.root);
  }

  createRoot() {
    const root = document.createElement("div");
    root.addEventListener("click", (event) => this.onClick(event));
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("pointerover", (event) => this.onPoint(event));
    root.addEventListener("pointerleave", () => this.point(this.focused()));
    root.addEventListener("focusin", (event) => this.onFocus(event));
    root.addEventListener("focusout", () => this.point(null));
    return root;
  }

  destroy() {
    this.bars.leave();
    this.pointing.leave();
    this.root.remove();
  }

  // Called for new data and for a new theme.
  update(data) {
    this.followTheme(data.theme);
    if (this.stamps.isBehind(data.seen)) return;
    const { seen, picked, theme, ...content } = data;
    const shape = JSON.stringify(content);
    const changed = shape !== this.shape;
    this.data = data;
    this.shape = shape;
    this.picked = new Set(picked);
    this.flipped.clear();
    if (changed) this.rebuild();
    this.paint();
    if (changed) this.revealPicked();
  }

  // The server paints the figures. Where it did so for another theme it is asked again, once: the
  // theme may have changed since, or while the page was under way.
  followTheme(painted) {
    const theme = getComputedStyle(this.root).colorScheme;
    if (theme !== painted && theme !== this.asked) this.send({ theme });
    this.asked = theme === painted ? null : theme;
  }

  // New chips take the place of the old in one step: no jump, and the focus stays where it was, and
  // what is pointed at stays so, whatever the focus does meanwhile.
  rebuild() {
    this.isBuilding = true;
    const hadFocus = this.root.contains(this.parent.activeElement);
    const scrolled = this.box?.scrollTop ?? 0;
    const built = buildFlow(this.data);
    this.root.replaceChildren(...built.elements);
    this.box = built.box;
    this.chips = built.chips;
    this.pieces = built.pieces;
    this.showBars(null);
    this.bars.ask(this.data.text); // answered before the next line, if anybody knows
    if (!this.chips.has(this.cursor)) this.cursor = this.chips.keys().next().value ?? null;
    this.box.scrollTop = scrolled;
    if (hadFocus) this.chips.get(this.cursor)?.focus({ preventScroll: true });
    this.isBuilding = false;
    if (this.chips.has(this.at)) this.showPointed(this.at);
    else this.point(null);
  }

  // Bars of another text, from before or after this one, are none of ours.
  showBars(given) {
    if (!this.box) return;
    const ours = given?.text === this.data.text ? given.bars : [];
    this.box.classList.toggle("barred", this.data.bars || ours.length > 0);
    drawBars(this, given, ours);
  }

  paint() {
    for (const [position, chip] of this.chips) {
      const masked = Boolean(this.pieces.get(position).masked) !== this.flipped.has(position);
      const picked = this.picked.has(position);
      chip.classList.toggle("masked", masked);
      chip.classList.toggle("picked", picked);
      if (!chip.hasAttribute("aria-disabled")) {
        chip.setAttribute("aria-pressed", String(picked || masked));
      }
      chip.tabIndex = position === this.cursor ? 0 : -1;
    }
  }

  // A long strip scrolls inside itself: bring what is picked into its window, not the page's.
  revealPicked() {
    const chip = this.chips.get([...this.picked][0]);
    if (!chip || this.box.scrollHeight <= this.box.clientHeight) return;
    const top = chip.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
    if (top > 0 && top < this.box.clientHeight - 30) return;
    this.box.scrollTop += top - this.box.clientHeight / 2;
  }

  onClick(event) {
    const position = positionOf(event.target);
    if (position !== null) this.point(position); // a finger has left the chip by now
    if (position === null || this.chips.get(position).hasAttribute("aria-disabled")) return;
    this.moveCursor(position);
    this.expect(position);
    this.paint();
    this.send({ position, stamp: this.stamps.next() });
  }

  // What the server will most likely answer, shown before it does.
  expect(position) {
    if (this.data.action !== "mask") {
      this.picked = new Set([position]);
      return;
    }
    const group = this.data.groups.find(({ pieces }) => pieces?.some(({ at }) => at === position));
    const along = this.data.wholeWords ? group.pieces.map(({ at }) => at) : [position];
    for (const at of along) {
      if (!this.flipped.delete(at)) this.flipped.add(at);
    }
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
    if (this.isBuilding) return;
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
