// The elements around the canvas: two columns of tokens, a line below, buttons to take it away.

import { element } from "../shared/elements.js";

export const SIDES = ["query", "key"];

// Probes carry the theme's colours: a canvas and a picture do not read CSS variables.
const PROBES = ["low", "high", "text", "quiet", "background", "a", "b", "special", "mask"];

export function buildArcs(header) {
  const parts = { rows: { query: [], key: [] }, weights: { query: [], key: [] } };
  const heads = element("div", "heads");
  heads.setAttribute("aria-hidden", "true"); // the columns carry the same words
  for (const side of SIDES) heads.append(element("div", `head ${side}`, header.names[side]));
  const stage = element("div", "stage");
  const middle = element("div", "middle");
  parts.canvas = element("canvas", "lines");
  parts.canvas.setAttribute("aria-hidden", "true");
  middle.append(parts.canvas);
  stage.append(buildColumn(header, "query", parts), middle, buildColumn(header, "key", parts));
  const scroller = element("div", "scroller");
  scroller.dataset.testid = "arcs";
  scroller.setAttribute("role", "group");
  scroller.setAttribute("aria-label", header.label);
  scroller.append(stage);
  const foot = buildFoot(header, parts);
  const probes = Object.fromEntries(PROBES.map((name) => [name, element("i", `probe ${name}`)]));
  const elements = [heads, scroller, foot, ...Object.values(probes)];
  return { ...parts, probes, heads, stage, middle, scroller, elements };
}

function buildColumn(header, side, parts) {
  const column = element("div", `column ${side}`);
  column.setAttribute("role", "listbox");
  column.setAttribute("aria-multiselectable", "true");
  column.setAttribute("aria-label", header.names[side]);
  header.tokens.forEach((token, row) => {
    const line = element("div", `row ${token.masked ? "mask" : token.sentence}`);
    line.setAttribute("role", "option");
    line.tabIndex = -1; // without one it would lose the focus while it is drawn anew
    line.dataset.row = row;
    line.dataset.side = side;
    const text = element("span", "text", token.text);
    text.dir = "auto";
    text.title = token.text;
    const weight = element("span", "weight");
    line.append(text, weight);
    parts.rows[side].push(line);
    parts.weights[side].push(weight);
    column.append(line);
  });
  return column;
}

function buildFoot(header, parts) {
  const foot = element("div", "foot");
  parts.readout = element("div", "readout");
  parts.note = element("span", "note");
  const buttons = element("div", "buttons");
  buttons.append(parts.note, button("png", header.names.png), button("svg", header.names.svg));
  foot.append(parts.readout, buttons);
  return foot;
}

function button(kind, text) {
  const pressed = element("button", "save", text);
  pressed.type = "button";
  pressed.dataset.save = kind;
  return pressed;
}

// `parts` of the readout: [query, key, weight as text].
export function fillReadout(readout, parts, none) {
  const items = parts.map(([query, key, weight]) => {
    const item = element("span", "item");
    item.append(element("bdi", "token", query), " → ", element("bdi", "token", key), " ", element("b", "", weight));
    return item;
  });
  readout.replaceChildren(...(items.length ? items : [element("span", "note", none)]));
}

// The columns are as wide as the longest token, where there is room.
export function fitColumns(parts, tokens) {
  const context = document.createElement("canvas").getContext("2d");
  const { fontSize, fontFamily } = getComputedStyle(parts.rows.query[0].querySelector(".text"));
  context.font = `${fontSize} ${fontFamily}`;
  const widths = tokens.map((token) => context.measureText(token.text).width);
  const widest = widths.reduce((most, width) => Math.max(most, width), 0);
  for (const part of [parts.heads, parts.stage]) {
    part.style.setProperty("--label", `${Math.ceil(widest) + 14}px`);
  }
}

// By name, each as [red, green, blue].
export function readColours(parts) {
  const read = (name) => getComputedStyle(parts.probes[name]).color;
  const channels = (name) => read(name).match(/[\d.]+/g).slice(0, 3).map(Number);
  return Object.fromEntries(PROBES.map((name) => [name, channels(name)]));
}

// The row that an element is part of, as { side, row }.
export function endOf(target) {
  const line = target?.closest?.("[data-row]");
  return line ? { side: line.dataset.side, row: Number(line.dataset.row) } : null;
}
