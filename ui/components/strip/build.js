// The strip's elements, from its data. Tokens may hold any text, so nothing is ever parsed as HTML.

export function buildFlow(data) {
  const built = { chips: new Map(), pieces: new Map() };
  const flow = element("div", "flow");
  if (data.legend) flow.append(buildLegend(data.legend));
  for (const group of data.groups) {
    flow.append(group.kind === "cut" ? buildCut(group) : buildGroup(group, data, built));
  }
  built.box = element("div", data.legend ? "strip detail" : "strip");
  built.box.dataset.testid = "token-strip";
  built.box.setAttribute("role", "toolbar");
  built.box.setAttribute("aria-label", data.label);
  built.box.append(flow);
  built.elements = [built.box];
  if (data.cutLabel) built.elements.push(element("div", "cut-label", data.cutLabel));
  return built;
}

// One bar across each word, hanging from it; its number stands below where there is room.
const MOST_NUMBERED = 32;

export function drawBars({ box, chips }, given, bars) {
  for (const old of box.querySelectorAll(".surprise")) old.remove();
  box.classList.toggle("numbered", chips.size <= MOST_NUMBERED);
  for (const [positions, bits] of bars) {
    chips.get(positions[0])?.closest(".group").append(buildBar(positions[0], bits, given));
  }
}

function buildBar(position, bits, { most, unit }) {
  const number = bits.toFixed(1);
  const bar = element("div", "bar");
  bar.style.setProperty("--share", bits / most);
  const outer = element("div", "surprise");
  outer.dataset.under = position;
  outer.title = unit.replace("{number}", number);
  outer.setAttribute("aria-hidden", "true"); // read aloud with what is expected there
  outer.append(bar, element("div", "number", number));
  return outer;
}

function buildGroup(group, data, built) {
  const outer = element("div", `group ${group.kind}`);
  if (data.legend) outer.append(surfaceLine(group.surface));
  const row = element("div", "pieces");
  for (const piece of group.pieces) row.append(buildPiece(piece, built));
  outer.append(row);
  return outer;
}

function buildPiece(piece, built) {
  const chip = buildChip(piece);
  built.chips.set(piece.at, chip);
  built.pieces.set(piece.at, piece);
  const under = [...(piece.note === undefined ? [] : [piece.note]), ...(piece.lines ?? [])];
  if (!under.length) return chip;
  const column = element("div", "piece");
  column.append(chip, ...under.map((text) => element("div", "line", text)));
  return column;
}

function buildChip(piece) {
  const chip = element("button", "chip", piece.text);
  chip.type = "button";
  chip.dir = "auto";
  chip.title = piece.title;
  chip.setAttribute("aria-label", piece.title);
  chip.dataset.position = piece.at;
  // Not `disabled`: it can still be pointed at, with the mouse and from the keyboard.
  if (piece.still) chip.setAttribute("aria-disabled", "true");
  return chip;
}

function buildLegend(legend) {
  const outer = element("div", "group legend");
  outer.setAttribute("aria-hidden", "true"); // each chip's own label says what it is
  const row = element("div", "pieces");
  const column = element("div", "piece");
  column.append(element("div", "chip", legend.piece));
  column.append(...legend.lines.map((text) => element("div", "line", text)));
  row.append(column);
  outer.append(surfaceLine(legend.surface), row);
  return outer;
}

function surfaceLine(text) {
  const line = element("div", "surface", text);
  line.dir = "auto";
  line.title = text;
  return line;
}

function buildCut(group) {
  const cut = element("del", "cut", group.text);
  cut.dir = "auto";
  return cut;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
