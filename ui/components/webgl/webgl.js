// Where WebGL is missing plotly shows a sentence instead of the points.
export default function ({ setTriggerValue }) {
  const context = document.createElement("canvas").getContext("webgl");
  // Not at once: what is sent while the component is being mounted gets lost.
  const timer = setTimeout(() => {
    if (!context) setTriggerValue("event", { lacks: true, stamp: 1 });
  });
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // a page may only have a few
  return () => clearTimeout(timer);
}
