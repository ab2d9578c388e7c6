// Where WebGL is missing plotly shows a sentence instead of the points.

import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";

const keep = createKeeper(() => new Trial());

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class Trial {
  constructor() {
    this.events = createEvents();
    // Not at once: what is sent while the component is being mounted gets lost.
    this.timer = setTimeout(() => this.tryOut());
  }

  destroy() {
    clearTimeout(this.timer);
    this.events.leave();
  }

  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
  }

  tryOut() {
    const context = document.createElement("canvas").getContext("webgl");
    if (!context) this.events.push({ lacks: true });
    context?.getExtension("WEBGL_lose_context")?.loseContext(); // a page may only have a few
  }
}
