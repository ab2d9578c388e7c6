// The readout's elements. Guesses may hold any text, so nothing is ever parsed as HTML.

export function buildReadout() {
  const line = made("div", "says");
  line.dir = "auto";
  const guesses = made("div", "guesses");
  const readout = made("div", "readout");
  readout.dataset.testid = "token-hints";
  readout.setAttribute("role", "group");
  readout.append(line, guesses);
  const root = made("div", "frame");
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
  const name = made("bdi", "piece", piece);
  const words = made("div", "words");
  words.append(name, made("span", "share", share));
  const bar = made("div", "bar");
  bar.style.width = `${100 * probability}%`;
  const track = made("div", "track");
  track.append(bar);
  const guess = made("div", "guess");
  guess.title = `${piece} ${share}`;
  guess.append(words, track);
  return guess;
}

function made(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
