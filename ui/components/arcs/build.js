// The elements around the canvas: two columns of tokens, a line below, buttons to take it away.

export const SIDES = ["query", "key"];

// Probes carry the theme's colours: a canvas and a picture do not read CSS variables.
const PROBES = ["low", "high", "text", "quiet", "background", "a", "b", "special", "mask"];

export function buildArcs(header) {
  const parts = { rows: { query: [], key: [] }, weights: { query: [], key: [] } };
  const heads = made("div", "heads");
  heads.setAttribute("aria-hidden", "true"); // the columns carry the same words
  for (const side of SIDES) heads.append(made("div", `head ${side}`, header.names[side]));
  const stage = made("div", "stage");
  const middle = made("div", "middle");
  parts.canvas = made("canvas", "lines");
  parts.canvas.setAttribute("aria-hidden", "true");
  middle.append(parts.canvas);
  stage.append(buildColumn(header, "query", parts), middle, buildColumn(header, "key", parts));
  const scroller = made("div", "scroller");
  scroller.dataset.testid = "arcs";
  scroller.setAttribute("role", "group");
  scroller.setAttribute("aria-label", header.label);
  scroller.append(stage);
  const foot = buildFoot(header, parts);
  const probes = Object.fromEntries(PROBES.map((name) => [name, made("i", `probe ${name}`)]));
  const elements = [heads, scroller, foot, ...Object.values(probes)];
  return { ...parts, probes, heads, stage, middle, scroller, elements };
}

function buildColumn(header, side, parts) {
  const column = made("div", `column ${side}`);
  column.setAttribute("role", "listbox");
  column.setAttribute("aria-multiselectable", "true");
  column.setAttribute("aria-label", header.names[side]);
  header.tokens.forEach((token, row) => {
    const line = made("div", `row ${token.masked ? "mask" : token.sentence}`);
    line.setAttribute("role", "option");
    line.dataset.row = row;
    line.dataset.side = side;
    const text = made("span", "text", token.text);
    text.dir = "auto";
    text.title = token.text;
    const weight = made("span", "weight");
    line.append(text, weight);
    parts.rows[side].push(line);
    parts.weights[side].push(weight);
    column.append(line);
  });
  return column;
}

function buildFoot(header, parts) {
  const foot = made("div", "foot");
  parts.readout = made("div", "readout");
  parts.note = made("span", "note");
  const buttons = made("div", "buttons");
  buttons.append(parts.note, button("png", header.names.png), button("svg", header.names.svg));
  foot.append(parts.readout, buttons);
  return foot;
}

function button(kind, text) {
  const pressed = made("button", "save", text);
  pressed.type = "button";
  pressed.dataset.save = kind;
  return pressed;
}

// `parts` of the readout: [query, key, weight as text].
export function fillReadout(readout, parts, none) {
  const items = parts.map(([query, key, weight]) => {
    const item = made("span", "item");
    item.append(made("bdi", "token", query), " → ", made("bdi", "token", key), " ", made("b", "", weight));
    return item;
  });
  readout.replaceChildren(...(items.length ? items : [made("span", "note", none)]));
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

function made(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
