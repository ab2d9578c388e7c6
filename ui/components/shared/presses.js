// A press means what was pressed down, whatever lies under the pointer when it is let go: an answer
// that arrives meanwhile may move things, and the browser then gives no click.

const SLACK = 6; // CSS pixels: a hand that presses moves a little

// selector: what in `root` can be pressed. read: what an element means, and the event on it, asked
// when it is pressed down. onPress is told that.
export function watchPresses(root, selector, read, onPress) {
  let held = null;
  const found = (event) => event.composedPath()[0].closest?.(selector) ?? null;

  function down(event) {
    const element = found(event);
    if (!element || event.button !== 0) return;
    held = { element, value: read(element, event), x: event.clientX, y: event.clientY };
  }

  function up(event) {
    const pressed = held;
    held = null;
    if (!pressed) return;
    const moved = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    if (moved <= SLACK || found(event) === pressed.element) onPress(pressed.value);
  }

  const cancel = () => {
    held = null; // a finger scrolls
  };

  // Keys, and programs that read aloud, click with no pointer.
  function click(event) {
    const element = found(event);
    if (element && event.detail === 0) onPress(read(element, event));
  }

  root.addEventListener("pointerdown", down);
  root.addEventListener("click", click);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", cancel);
  return {
    leave() {
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", cancel);
    },
  };
}
