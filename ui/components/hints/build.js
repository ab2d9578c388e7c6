// The readout's elements. Guesses may hold any text, so nothing is ever parsed as HTML.

import { element } from "../shared/elements.js";

export function buildReadout() {
  const line = element("div", "says");
  line.dir = "auto";
  const guesses = element("div", "guesses");
  const readout = element("div", "readout");
  readout.dataset.testid = "token-hints";
  readout.setAttribute("role", "group");
  readout.append(line, guesses);
  const root = element("div", "frame");
  root.append(readout);
  return { root, readout, line, guesses };
}

// kind: "idle", "pending" or "hint". guesses: [piece, probability, the probability in words].
export function fillReadout({ readout, line, guesses }, kind, text, found) {
  readout.dataset.shows = kind;
  line.textContent = text;
  line.title = text; // on a phone a long line is cut
  guesses.replaceChildren(...found.map(buildGuess));
}

function buildGuess([piece, probability, share]) {
  const name = element("bdi", "piece", piece);
  const words = element("div", "words");
  words.append(name, element("span", "share", share));
  const bar = element("div", "bar");
  bar.style.width = `${100 * probability}%`;
  const track = element("div", "track");
  track.append(bar);
  const guess = element("div", "guess");
  guess.title = `${piece} ${share}`;
  guess.append(words, track);
  return guess;
}
