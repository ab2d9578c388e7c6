// Clicks show at once; the server's answer comes later, and answers to older clicks later still.

// After this long without an answer the server is believed again: it may have lost its session.
const PATIENCE_MS = 10_000;

export function createStamps() {
  let last = 0;
  return {
    next() {
      last = Math.max(Date.now(), last + 1);
      return last;
    },
    // Whether data that has seen clicks up to `seen` is behind what is on screen.
    isBehind: (seen) => seen < last && Date.now() - last < PATIENCE_MS,
  };
}
