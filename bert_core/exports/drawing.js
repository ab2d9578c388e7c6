// What the viewer of an exported file draws and writes with.

"use strict";

const GAPS_TO = 32; // tokens: more have no lines between their cells
const LONGEST = 14; // characters of a label

// `size`: CSS pixels on screen. `most`: the number that gets the full colour. Where a map has more
// cells than pixels, the largest of each block is kept, or fine lines would vanish.
function paint(canvas, size, numbers, { count, ramp, about }, most) {
  const pixels = Math.max(1, Math.round(size * (window.devicePixelRatio || 1)));
  const across = Math.min(count, pixels);
  const largest = new Float64Array(across * across);
  const blockOf = Int32Array.from({ length: count }, (_, at) => Math.floor((at * across) / count));
  for (let query = 0; query < count; query += 1) {
    const row = blockOf[query] * across;
    for (let key = 0; key < count; key += 1) {
      const number = numbers[query * count + key];
      if (number > largest[row + blockOf[key]]) largest[row + blockOf[key]] = number;
    }
  }
  const image = new ImageData(across, across);
  const out = new Uint32Array(image.data.buffer);
  const power = about.weights["colour power"];
  largest.forEach((number, at) => {
    out[at] = ramp[Math.round(Math.min(1, number / most) ** power * 255)];
  });
  const small = made("canvas");
  small.width = small.height = across;
  small.getContext("2d").putImageData(image, 0, 0);
  canvas.width = canvas.height = pixels; // also clears it
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, pixels, pixels);
  if (count <= GAPS_TO && pixels / count >= 6) drawGaps(context, pixels, count);
}

function drawGaps(context, pixels, count) {
  context.fillStyle = colourOf("background");
  for (let at = 1; at < count; at += 1) {
    const from = Math.round((at * pixels) / count);
    context.fillRect(from, 0, 1, pixels);
    context.fillRect(0, from, pixels, 1);
  }
}

// 256 packed pixels from the palette's low to its high.
function makeRamp() {
  const [low, high] = ["low", "high"].map((name) =>
    [1, 3, 5].map((at) => Number.parseInt(colourOf(name).slice(at, at + 2), 16)),
  );
  const pixels = new Uint8ClampedArray(4 * 256);
  for (let step = 0; step < 256; step += 1) {
    low.forEach((from, part) => {
      pixels[4 * step + part] = from + ((high[part] - from) * step) / 255;
    });
    pixels[4 * step + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Two decimals, and never "0.00 %" or "100.00 %" for what may not be quite that.
function percent(weight, weights) {
  const isExact = weights["largest error"] === 0;
  if (weight < 0.00005 && !(isExact && weight === 0)) return "< 0.01\u00a0%";
  if (weight >= 0.99995 && !(isExact && weight === 1)) return "> 99.99\u00a0%";
  return `${(weight * 100).toFixed(2)}\u00a0%`;
}

function headName(map, heads) {
  return `layer ${Math.floor(map / heads) + 1}, head ${(map % heads) + 1}`;
}

function cut(token) {
  const characters = [...token];
  return characters.length <= LONGEST ? token : `${characters.slice(0, LONGEST - 1).join("")}…`;
}

function clamp(at, count) {
  return Math.min(Math.max(at, 0), count - 1);
}

function place(element, left, top, width, height) {
  Object.assign(element.style, {
    left: `${left}px`,
    top: `${top}px`,
    width: `${width}px`,
    height: `${height}px`,
  });
}

function made(tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function byId(id) {
  return document.getElementById(id);
}
