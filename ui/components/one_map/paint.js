// A scene on a canvas. A scene is all that a picture needs: layout, view, labels, colours, shades,
// the font's family, and the index picked.

import { cellSize, labelled, lineHeight, shownFrom } from "./geometry.js";
import { makeColours, makePicture } from "./shades.js";

const GAPS_FROM = 7; // smaller cells have no lines between them

// `ratio`: device pixels to a CSS pixel. The cells lie on whole device pixels to stay sharp.
export function paintMap(context, scene, ratio) {
  const { layout, view } = scene;
  const side = Math.max(1, Math.round(layout.side * ratio));
  const [left, top] = [layout.left, layout.top].map((start) => Math.round(start * ratio));
  const colours = makeColours(scene.colours, scene.signed);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(makePicture(scene.shades, layout.count, view, side, colours), left, top);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (cellSize(layout, view) >= GAPS_FROM) paintGaps(context, scene, ratio);
  context.strokeStyle = scene.colours.line;
  context.lineWidth = 1;
  context.strokeRect(layout.left - 0.5, layout.top - 0.5, layout.side + 1, layout.side + 1);
  for (const at of labelled(view.y, layout, view)) paintRowLabel(context, scene, at);
  for (const at of labelled(view.x, layout, view)) paintColumnLabel(context, scene, at);
}

function paintGaps(context, { layout, view, colours }, ratio) {
  const cell = cellSize(layout, view);
  const whole = (pixels) => Math.round(pixels * ratio) / ratio;
  const thickness = Math.max(1, Math.round(ratio)) / ratio;
  context.fillStyle = colours.background;
  const [firstRow, lastRow] = shownFrom(view.y, layout, view);
  for (let row = firstRow + 1; row < lastRow; row += 1) {
    const y = whole(layout.top + (row - view.y) * cell);
    context.fillRect(layout.left, y, layout.side, thickness);
  }
  const [firstColumn, lastColumn] = shownFrom(view.x, layout, view);
  for (let column = firstColumn + 1; column < lastColumn; column += 1) {
    const x = whole(layout.left + (column - view.x) * cell);
    context.fillRect(x, layout.top, thickness, layout.side);
  }
}

// Lines lie beside their row and column, on whole device pixels: between them a row of one pixel
// can still be seen.
export function paintPicked(context, { layout, view, colours, picked }) {
  if (picked < 0) return;
  const row = band(context, layout.top, picked - view.y, layout, view);
  const column = band(context, layout.left, picked - view.x, layout, view);
  inMap(context, layout, 2, () => {
    context.strokeStyle = colours.a;
    context.lineWidth = 2;
    context.strokeRect(layout.left - 1, row.start - 1, layout.side + 2, row.size + 2);
    context.lineWidth = 1;
    context.setLineDash([2, 2]);
    context.strokeRect(column.start - 0.5, layout.top - 0.5, column.size + 1, layout.side + 1);
  });
}

// The row and the column pointed at, and their names, which may have had no room before.
// `at`: { row, column }.
export function paintPointed(context, scene, at, isCell) {
  const { layout, view, colours } = scene;
  const row = band(context, layout.top, at.row - view.y, layout, view);
  const column = band(context, layout.left, at.column - view.x, layout, view);
  inMap(context, layout, 1, () => {
    context.fillStyle = colours.text;
    for (const y of [row.start - 1, row.start + row.size]) {
      context.fillRect(layout.left, y, layout.side, 1);
    }
    for (const x of [column.start - 1, column.start + column.size]) {
      context.fillRect(x, layout.top, 1, layout.side);
    }
    if (!isCell) return;
    context.strokeStyle = colours.text;
    context.lineWidth = 2;
    context.strokeRect(column.start - 1, row.start - 1, column.size + 2, row.size + 2);
  });
  paintRowLabel(context, scene, at.row, true);
  paintColumnLabel(context, scene, at.column, true);
}

// Where the cells lie that are `before` cells from the map's edge.
function band(context, edge, before, layout, view) {
  const ratio = context.getTransform().a;
  const cell = cellSize(layout, view);
  const whole = (pixels) => Math.round(pixels * ratio) / ratio;
  const start = whole(edge + before * cell);
  return { start, size: Math.max(whole(edge + (before + 1) * cell) - start, 1 / ratio) };
}

function inMap(context, { left, top, side }, beyond, paint) {
  context.save();
  context.beginPath();
  context.rect(left - beyond, top - beyond, side + 2 * beyond, side + 2 * beyond);
  context.clip();
  paint();
  context.restore();
}

function paintRowLabel(context, scene, at, isPointed = false) {
  const { layout, view } = scene;
  const middle = layout.top + (at + 0.5 - view.y) * cellSize(layout, view);
  if (middle < layout.top || middle > layout.top + layout.side) return;
  context.save();
  context.translate(layout.left - layout.pad, middle);
  paintLabel(context, scene, at, "right", isPointed);
  context.restore();
}

function paintColumnLabel(context, scene, at, isPointed = false) {
  const { layout, view } = scene;
  const middle = layout.left + (at + 0.5 - view.x) * cellSize(layout, view);
  if (middle < layout.left || middle > layout.left + layout.side) return;
  context.save();
  context.translate(middle, layout.top - layout.pad);
  context.rotate(-Math.PI / 2);
  paintLabel(context, scene, at, "left", isPointed);
  context.restore();
}

// The one pointed at lies on a plate of background, over labels that are too near.
function paintLabel(context, { layout, labels, colours, family }, at, align, isPointed) {
  const { text, width, kind } = labels[at];
  const line = lineHeight(layout.font);
  if (isPointed) {
    context.fillStyle = colours.background;
    const room = layout.left - layout.pad;
    context.fillRect(align === "right" ? -room : 0, -line / 2 - 1, room, line + 2);
    context.fillStyle = colours[kind];
    context.fillRect(align === "right" ? -width : 0, line / 2 - 1, width, 1);
  }
  context.font = `${isPointed ? 700 : 400} ${layout.font}px ${family}`;
  context.fillStyle = colours[kind];
  context.textAlign = align;
  context.textBaseline = "middle";
  context.direction = "ltr"; // what lies beside the map is its edge, not the text's beginning
  context.fillText(text, 0, 0);
}

// Each token's label, no wider than `longest`, with its width.
export function fitLabels(context, tokens, font, family, longest) {
  context.font = `400 ${font}px ${family}`;
  return tokens.map(({ text, sentence, masked }) => {
    const short = shorten(context, text, longest);
    const width = context.measureText(short).width;
    return { text: short, width, kind: masked ? "mask" : sentence };
  });
}

function shorten(context, text, longest) {
  if (context.measureText(text).width <= longest) return text;
  const letters = Array.from(text);
  while (letters.length && context.measureText(`${letters.join("")}…`).width > longest) letters.pop();
  return `${letters.join("")}…`;
}
