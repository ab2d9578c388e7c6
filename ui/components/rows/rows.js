// Buttons that nobody sees, each over a bar or a cell of a chart: what is pressed is what shows.

import { element } from "../shared/elements.js";
import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { morphChildren } from "../shared/morph.js";
import { watchPresses } from "../shared/presses.js";

// Which place an arrow changes, which one it keeps, and in which direction.
const ARROWS = {
  ArrowDown: ["offsetTop", "offsetLeft", 1],
  ArrowUp: ["offsetTop", "offsetLeft", -1],
  ArrowRight: ["offsetLeft", "offsetTop", 1],
  ArrowLeft: ["offsetLeft", "offsetTop", -1],
};

const keep = createKeeper((parent) => new Rows(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class Rows {
  constructor(parent) {
    this.events = createEvents();
    this.cursor = 0; // the one row that Tab reaches
    this.root = element("div", "bl-rows");
    this.root.setAttribute("role", "group");
    const meaning = (row) => ({ row: [...this.root.children].indexOf(row), label: row.title });
    this.presses = watchPresses(this.root, ".bl-row", meaning, (pressed) => this.press(pressed));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    parent.append(this.root);
  }

  destroy() {
    this.events.leave();
    this.presses.leave();
    this.root.remove();
  }

  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    this.cursor = Math.min(this.cursor, Math.max(data.rows.length - 1, 0));
    this.root.setAttribute("aria-label", data.label);
    morphChildren(this.root, data.rows.map((row, at) => buildRow(row, at === this.cursor)));
  }

  // The row that was pressed down may stand for something else by now, or for nothing.
  press({ row, label }) {
    if (this.root.children[row]?.title !== label) return;
    this.moveCursor(row);
    this.events.push({ row, label });
  }

  onKey(event) {
    const next = this.neighbour(event.key);
    if (!next || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.moveCursor([...this.root.children].indexOf(next));
    next.focus();
  }

  // The next one that way, itself at the edge; nothing for other keys.
  neighbour(key) {
    const all = [...this.root.children];
    if (key === "Home") return all[0];
    if (key === "End") return all.at(-1);
    if (!(key in ARROWS)) return null;
    const [way, line, direction] = ARROWS[key];
    const here = all[this.cursor];
    const beyond = (one) => direction * (one[way] - here[way]);
    const ahead = all.filter((one) => one[line] === here[line] && beyond(one) > 0);
    return ahead.reduce((best, one) => (beyond(one) < beyond(best) ? one : best), ahead[0]) ?? here;
  }

  moveCursor(row) {
    this.root.children[this.cursor].tabIndex = -1;
    this.root.children[row].tabIndex = 0;
    this.cursor = row;
  }
}

function buildRow({ label, top, height, left, width }, isReached) {
  const row = element("button", "bl-row");
  row.type = "button";
  row.title = label;
  row.tabIndex = isReached ? 0 : -1;
  row.setAttribute("aria-label", label);
  row.style.top = `${top}px`;
  row.style.height = `${height}px`;
  row.style.left = left;
  row.style.width = width;
  return row;
}
