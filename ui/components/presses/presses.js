// A row of buttons that may be pressed in quick succession: each press counts.

import { element } from "../shared/elements.js";
import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { morphChildren } from "../shared/morph.js";
import { watchPresses } from "../shared/presses.js";

const keep = createKeeper((parent) => new Presses(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class Presses {
  constructor(parent) {
    this.events = createEvents();
    this.root = element("div", "bl-presses");
    const meaning = (button) => button.dataset.name;
    this.presses = watchPresses(this.root, ".bl-press", meaning, (name) => this.press(name));
    parent.append(this.root);
  }

  destroy() {
    this.events.leave();
    this.presses.leave();
    this.root.remove();
  }

  // A button that stays is the same element, so that the focus stays on it as well.
  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    morphChildren(this.root, data.buttons.map(([name, label]) => buildButton(name, label)));
  }

  // What was pressed down may be gone by now.
  press(name) {
    const names = [...this.root.children].map(({ dataset }) => dataset.name);
    if (names.includes(name)) this.events.push({ press: name });
  }
}

function buildButton(name, label) {
  const button = element("button", "bl-press", label);
  button.type = "button";
  button.dataset.name = name;
  return button;
}
