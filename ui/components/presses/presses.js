// A row of buttons that may be pressed in quick succession: each press counts.

import { element } from "../shared/elements.js";
import { createEvents } from "../shared/events.js";
import { morphChildren } from "../shared/morph.js";

const rows = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!rows.has(parentElement)) rows.set(parentElement, new Presses(parentElement));
  const row = rows.get(parentElement);
  row.update(data, setStateValue);
  return () => {
    row.destroy();
    rows.delete(parentElement);
  };
}

class Presses {
  constructor(parent) {
    this.events = createEvents();
    this.root = element("div", "bl-presses");
    this.root.addEventListener("pointerdown", ({ target }) => {
      this.held = nameOf(target);
    });
    this.root.addEventListener("click", (event) => this.onClick(event));
    parent.append(this.root);
  }

  destroy() {
    this.events.leave();
    this.root.remove();
  }

  // A button that stays is the same element, so that the focus stays on it as well.
  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    morphChildren(this.root, data.buttons.map(([name, label]) => buildButton(name, label)));
  }

  // What was pressed down may have become another button before it is let go.
  onClick({ target, detail }) {
    const name = nameOf(target);
    if (name !== null && (detail === 0 || name === this.held)) this.events.push({ press: name });
  }
}

function buildButton(name, label) {
  const button = element("button", "bl-press", label);
  button.type = "button";
  button.dataset.name = name;
  return button;
}

function nameOf(target) {
  return target.closest?.("[data-name]")?.dataset.name ?? null;
}
