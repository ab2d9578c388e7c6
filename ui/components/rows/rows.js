// Buttons that nobody sees, each over one row of a chart: what is pressed is the row that shows.

import { element } from "../shared/elements.js";
import { createEvents } from "../shared/events.js";
import { morphChildren } from "../shared/morph.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

const charts = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!charts.has(parentElement)) charts.set(parentElement, new Rows(parentElement));
  const rows = charts.get(parentElement);
  rows.update(data, setStateValue);
  return () => {
    rows.destroy();
    charts.delete(parentElement);
  };
}

class Rows {
  constructor(parent) {
    this.events = createEvents();
    this.cursor = 0; // the one row that Tab reaches
    this.held = null; // what the row that was pressed down said
    this.root = element("div", "bl-rows");
    this.root.setAttribute("role", "group");
    this.root.addEventListener("pointerdown", ({ target }) => {
      this.held = target.title;
    });
    this.root.addEventListener("click", (event) => this.onClick(event));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    parent.append(this.root);
  }

  destroy() {
    this.events.leave();
    this.root.remove();
  }

  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    this.cursor = Math.min(this.cursor, Math.max(data.rows.length - 1, 0));
    this.root.setAttribute("aria-label", data.label);
    morphChildren(this.root, data.rows.map((row, at) => buildRow(row, at === this.cursor)));
  }

  // The row that was pressed down may stand for something else when it is let go.
  onClick({ target, detail }) {
    const row = [...this.root.children].indexOf(target);
    if (row < 0 || (detail > 0 && target.title !== this.held)) return;
    this.moveCursor(row);
    this.events.push({ row, label: target.title });
  }

  onKey(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const last = this.root.children.length - 1;
    this.moveCursor(Math.min(Math.max(this.cursor + step, 0), last));
    this.root.children[this.cursor].focus();
  }

  moveCursor(row) {
    this.root.children[this.cursor].tabIndex = -1;
    this.root.children[row].tabIndex = 0;
    this.cursor = row;
  }
}

function buildRow({ label, top, height }, isReached) {
  const row = element("button", "bl-row");
  row.type = "button";
  row.title = label;
  row.tabIndex = isReached ? 0 : -1;
  row.setAttribute("aria-label", label);
  row.style.top = `${top}px`;
  row.style.height = `${height}px`;
  return row;
}
