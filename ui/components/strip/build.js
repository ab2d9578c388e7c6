// The strip's elements, from its data and from what is shown of each token at the moment.

import { element } from "../shared/elements.js";

// So many tokens have the number of each bar below it: there is room.
const MOST_NUMBERED = 32;

// now: the positions `picked`, those `flipped` into or out of the mask since the data, the `cursor`
// and what is `pointed` at; `bars`, first position to bits, and what `given` says of them.
export function buildStrip(data, now) {
  const flow = element("div", "flow");
  if (data.legend) flow.append(buildLegend(data.legend));
  for (const group of data.groups) {
    flow.append(group.kind === "cut" ? buildCut(group) : buildGroup(group, data, now));
  }
  if (data.bars) flow.append(element("div", "corner", data.bars));
  const box = element("div", classes("strip", {
    detail: data.legend,
    barred: data.bars || now.bars.size,
    numbered: countPieces(data) <= MOST_NUMBERED,
  }));
  box.dataset.testid = "token-strip";
  box.setAttribute("role", "toolbar");
  box.setAttribute("aria-label", data.label);
  box.append(flow);
  return data.cutLabel ? [box, element("div", "cut-label", data.cutLabel)] : [box];
}

function countPieces({ groups }) {
  return groups.reduce((sum, { pieces }) => sum + (pieces?.length ?? 0), 0);
}

function classes(base, more) {
  return [base, ...Object.keys(more).filter((name) => more[name])].join(" ");
}

// One bar across each word, hanging from it.
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

function buildGroup(group, data, now) {
  const outer = element("div", `group ${group.kind}`);
  if (data.legend) outer.append(surfaceLine(group.surface));
  const row = element("div", "pieces");
  for (const piece of group.pieces) row.append(buildPiece(piece, now));
  outer.append(row);
  const first = group.pieces[0].at;
  if (now.bars.has(first)) outer.append(buildBar(first, now.bars.get(first), now.given));
  return outer;
}

function buildPiece(piece, now) {
  const under = [...(piece.note === undefined ? [] : [piece.note]), ...(piece.lines ?? [])];
  const column = element("div", "piece"); // also with nothing under the chip, which may come later
  column.append(buildChip(piece, now), ...under.map((text) => element("div", "line", text)));
  return column;
}

function buildChip(piece, now) {
  const isFlipped = now.flipped.has(piece.at);
  const masked = Boolean(piece.masked) !== isFlipped;
  const picked = now.picked.has(piece.at);
  const pointed = piece.at === now.pointed;
  const text = isFlipped ? (piece.flip ?? piece.text) : piece.text; // no chip moves by the answer
  const chip = element("button", classes("chip", { masked, picked, pointed }), text);
  chip.type = "button";
  chip.dir = "auto";
  chip.title = piece.title;
  chip.tabIndex = piece.at === now.cursor ? 0 : -1;
  chip.setAttribute("aria-label", piece.title);
  chip.dataset.position = piece.at;
  // Not `disabled`: it can still be pointed at, with the mouse and from the keyboard.
  if (piece.still) chip.setAttribute("aria-disabled", "true");
  else chip.setAttribute("aria-pressed", String(picked || masked));
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
