// Another screen, or another zoom of the browser, has other device pixels.

export function watchScreen(onChange) {
  let screen = null;
  const watch = () => {
    screen = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    screen.addEventListener("change", changed, { once: true });
  };
  const changed = () => {
    watch();
    onChange();
  };
  watch();
  return { leave: () => screen.removeEventListener("change", changed) };
}
