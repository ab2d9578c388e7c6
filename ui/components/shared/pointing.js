// Which token the pointer or the keyboard is on, told to every picture of it on the page.

const POINT = "bert-lens:point";

// `channel()` names the text that the positions belong to: a page with two texts keeps them apart.
export function joinPointing(channel, show) {
  const source = Math.random().toString(36).slice(2);
  let told = null;

  function hear({ detail }) {
    const ours = detail && (detail.channel ?? "") === channel();
    if (ours && detail.source !== source) show(detail.position ?? null);
  }

  function point(position) {
    if (position === told) return;
    told = position;
    const detail = { position, source, channel: channel() };
    window.dispatchEvent(new CustomEvent(POINT, { detail }));
  }

  function leave() {
    point(null); // what is unmounted under the pointer is pointed at no longer
    window.removeEventListener(POINT, hear);
  }

  window.addEventListener(POINT, hear);
  return { point, leave };
}
