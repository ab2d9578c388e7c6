// Weights to colours. A shade is a whole number from -255 to 255: the weight relative to the
// strongest, to a power, with its sign.

import { makeRamp } from "../heads/maps.js";

export function makeShades(weights, power) {
  const strongest = strongestOf(weights);
  return Int16Array.from(weights, (weight) => {
    const share = strongest ? (Math.abs(weight) / strongest) ** power : 0;
    return Math.sign(weight) * Math.round(255 * share);
  });
}

export function strongestOf(weights) {
  return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
}

// Packed pixels, for shades below and from 0.
export function makeColours(colours, signed) {
  const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const [none, most] = signed ? [colours.background, colours.more] : [colours.low, colours.high];
  const up = makeRamp(channels(none), channels(most));
  const down = makeRamp(channels(none), channels(colours.less));
  return { none, of: (shade) => (shade < 0 ? down[-shade] : up[shade]) };
}

export function cssColour(pixel) {
  const [red, green, blue] = new Uint8Array(Uint32Array.of(pixel).buffer);
  return `rgb(${red}, ${green}, ${blue})`;
}

// The part of the map in `view`, `side` device pixels wide. Where several cells fall on one pixel
// the strongest is kept, or fine lines would vanish.
export function makePicture(shades, count, view, side, colours) {
  const cell = (side / count) * view.scale;
  const [rows, columns] = [view.y, view.x].map((start) => spans(start, cell, side, count));
  const pixels = new Int16Array(side * side);
  for (const [row, top, bottom] of rows) {
    const line = pixels.subarray(top * side, (top + 1) * side);
    for (const [column, left, right] of columns) {
      const shade = shades[row * count + column];
      for (let x = left; x < right; x += 1) {
        if (Math.abs(shade) > Math.abs(line[x])) line[x] = shade;
      }
    }
    for (let y = top + 1; y < bottom; y += 1) pixels.set(line, y * side);
  }
  return paintPixels(pixels, side, colours);
}

// For each cell in view its number, first pixel and the pixel after its last.
function spans(start, cell, side, count) {
  const found = [];
  for (let at = Math.floor(start); at < count; at += 1) {
    const first = Math.round((at - start) * cell);
    if (first >= side) break;
    const end = Math.max(first + 1, Math.round((at + 1 - start) * cell));
    if (end > 0) found.push([at, Math.max(first, 0), Math.min(end, side)]);
  }
  return found;
}

function paintPixels(pixels, side, colours) {
  const image = new ImageData(side, side);
  const out = new Uint32Array(image.data.buffer);
  const packed = Uint32Array.from({ length: 511 }, (_, at) => colours.of(at - 255));
  for (let at = 0; at < pixels.length; at += 1) out[at] = packed[pixels[at] + 255];
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
