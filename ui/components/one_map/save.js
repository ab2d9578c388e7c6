// What is shown, as a file: a picture of twice as many pixels, or a drawing.

import { cellSize, lineHeight, shownFrom } from "./geometry.js";
import { paintMap, paintPicked } from "./paint.js";
import { cssColour, makeColours } from "./shades.js";

const TITLE_ROOM = 28;
const TITLE_FONT = 15;
const SHEET_MARGIN = 8;
const BASELINE = 0.35; // of the font, below the middle: not all programs know how to centre
const SVG = "http://www.w3.org/2000/svg";
const FAINTEST = 0.001; // of the strongest: what is below is the background's colour

// Letters that no XML document may hold.
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

export function makePng(scene, name, ratio) {
  const above = name ? TITLE_ROOM : 0;
  const { width, height, top } = scene.layout;
  const layout = { ...scene.layout, top: top + above, height: height + above };
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(layout.height * ratio);
  const context = canvas.getContext("2d");
  context.fillStyle = scene.colours.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  paintMap(context, { ...scene, layout }, ratio);
  paintPicked(context, { ...scene, layout });
  context.font = `600 ${TITLE_FONT}px ${scene.sans}`;
  context.fillStyle = scene.colours.text;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(name, 0, 4, width);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// Every cell in view, whole and large enough for its label, as an element of its own.
export function makeSvg(scene, weights, strongest, name) {
  const { layout, view } = scene;
  const cell = Math.max(cellSize(layout, view), lineHeight(layout.font));
  const rows = range(...shownFrom(view.y, layout, view));
  const columns = range(...shownFrom(view.x, layout, view));
  const left = layout.left;
  const top = layout.top + TITLE_ROOM;
  const width = left + columns.length * cell;
  const height = top + rows.length * cell;
  const sheet = { width: short(width + 2 * SHEET_MARGIN), height: short(height + 2 * SHEET_MARGIN) };
  const viewBox = `${-SHEET_MARGIN} ${-SHEET_MARGIN} ${sheet.width} ${sheet.height}`;
  const root = part("svg", { ...sheet, viewBox });
  const colours = makeColours(scene.colours, scene.signed);
  root.append(
    part("title", {}, name),
    part("rect", { x: -SHEET_MARGIN, y: -SHEET_MARGIN, ...sheet, fill: scene.colours.background }),
    part("text", titleLook(scene), name),
    part("rect", { x: left, y: top, width: width - left, height: height - top, fill: colours.none }),
  );
  rows.forEach((row, down) => {
    columns.forEach((column, across) => {
      const at = row * layout.count + column;
      if (Math.abs(weights[at]) <= FAINTEST * strongest) return;
      const fill = cssColour(colours.of(scene.shades[at]));
      root.append(part("rect", { ...box(left, top, across, down, cell), fill }));
    });
  });
  root.append(...svgLabels(scene, rows, columns, left, top, cell));
  return new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" });
}

function svgLabels({ layout, labels, colours, family, picked }, rows, columns, left, top, cell) {
  const look = { "font-family": family, "font-size": layout.font };
  const label = (at, more) => {
    const { text, kind } = labels[at];
    return part("text", { ...look, fill: colours[kind], ...more }, text);
  };
  const line = (start, number) => short(start + (number + 0.5) * cell + BASELINE * layout.font);
  const found = rows.map((row, down) =>
    label(row, { x: left - layout.pad, y: line(top, down), "text-anchor": "end" }),
  );
  columns.forEach((column, across) => {
    const place = `translate(${line(left, across)} ${top - layout.pad}) rotate(-90)`;
    found.push(label(column, { transform: place }));
  });
  const down = rows.indexOf(picked);
  if (down < 0) return found;
  const outline = { ...box(left, top, 0, down, cell), width: short(columns.length * cell) };
  const stroke = { fill: "none", stroke: colours.a, "stroke-width": 2 };
  return [...found, part("rect", { ...outline, ...stroke })];
}

function titleLook({ colours, sans }) {
  const font = { "font-family": sans, "font-size": TITLE_FONT, "font-weight": 600 };
  return { x: 0, y: TITLE_FONT + 3, fill: colours.text, ...font };
}

function box(left, top, across, down, cell) {
  const size = short(cell > 6 ? cell - 1 : cell);
  return { x: short(left + across * cell), y: short(top + down * cell), width: size, height: size };
}

function part(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text.replace(NOT_XML, "\uFFFD");
  return made;
}

function range(from, to) {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

function short(pixels) {
  return Number(pixels.toFixed(2));
}
