// Where WebGL is missing plotly shows a sentence instead of the points.

import { createEvents } from "../shared/events.js";

export default function ({ data, setStateValue }) {
  const events = createEvents();
  events.hear(data.heard, setStateValue);
  const context = document.createElement("canvas").getContext("webgl");
  // Not at once: what is sent while the component is being mounted gets lost.
  const timer = setTimeout(() => {
    if (!context) events.push({ lacks: true });
  });
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // a page may only have a few
  return () => clearTimeout(timer);
}
