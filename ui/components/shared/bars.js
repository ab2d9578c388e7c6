// Bars under the words of a strip: one component knows their numbers, every strip of the same
// channel draws them. Either may come first, and strips are built anew: so strips ask, and whoever
// knows answers at once.

const GIVEN = "bert-lens:bars";
const ASKED = "bert-lens:bars-asked";

// For a strip. `show` gets what is known, null once nothing is. `ask` says which text is shown.
export function receiveBars(channel, show) {
  const stop = listen(GIVEN, channel, ({ given }) => show(given));
  return { ask: (text) => tell(ASKED, { channel: channel(), text }), leave: stop };
}

// For who knows: `current()` is {text, bars, most, unit}. `hearText` gets the text a strip shows.
export function offerBars(channel, current, hearText) {
  const give = (given) => tell(GIVEN, { channel: channel(), given });
  const stop = listen(ASKED, channel, ({ text }) => {
    hearText(text);
    give(current());
  });
  const leave = () => {
    stop();
    give(null);
  };
  return { give: () => give(current()), leave };
}

function listen(name, channel, hear) {
  const listener = ({ detail }) => {
    if (detail && (detail.channel ?? "") === channel()) hear(detail);
  };
  window.addEventListener(name, listener);
  return () => window.removeEventListener(name, listener);
}

function tell(name, detail) {
  window.dispatchEvent(new CustomEvent(name, { detail }));
}
