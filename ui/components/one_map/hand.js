// Mouse, pen and fingers on an element, told as what they mean. All places are CSS pixels from its
// corner. `hand`: hover({x, y}), leave(), pan(x, y), zoom(factor, {x, y}), press({x, y}).

const SLACK = 4; // a hand that presses moves a little
const WHEEL = 0.002; // zoom for each pixel of the wheel, as a power of e

export function watchHand(element, hand) {
  const fingers = new Map(); // of each that is down its number and place
  let start = null;
  let isDrag = false;

  const place = ({ clientX, clientY }) => {
    const box = element.getBoundingClientRect();
    return { x: clientX - box.left, y: clientY - box.top };
  };

  function down(event) {
    if (event.button !== 0) return;
    if (!fingers.size) [start, isDrag] = [place(event), false];
    fingers.set(event.pointerId, place(event));
    element.setPointerCapture(event.pointerId);
  }

  function move(event) {
    const now = place(event);
    const before = fingers.get(event.pointerId);
    isDrag ||= Boolean(before) && distance(now, start) > SLACK;
    if (!before || !isDrag) return hand.hover(now);
    const other = [...fingers].find(([pointer]) => pointer !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (!other) return hand.pan(now.x - before.x, now.y - before.y, now);
    const [from, to] = [middle(before, other), middle(now, other)];
    hand.pan(to.x - from.x, to.y - from.y, to);
    hand.zoom(distance(now, other) / Math.max(distance(before, other), 1), to);
  }

  function up(event) {
    fingers.delete(event.pointerId);
  }

  // A finger that is lifted leaves as well: what it showed stays.
  function leave(event) {
    if (event.pointerType !== "touch" && !fingers.size) hand.leave();
  }

  // The page scrolls under a plain wheel. Two fingers on a touchpad are a wheel with Ctrl, too.
  function wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    hand.zoom(Math.exp(-WHEEL * Math.min(Math.max(pixels, -240), 240)), place(event));
  }

  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, up);
  element.addEventListener("pointerleave", leave);
  element.addEventListener("wheel", wheel, { passive: false });
  element.addEventListener("click", (event) => {
    if (!isDrag && event.detail < 2) hand.press(start); // the map may have moved since
  });
  element.addEventListener("dblclick", (event) => {
    if (!isDrag) hand.zoom(2, place(event));
  });
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function middle(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
