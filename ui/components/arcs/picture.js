// The whole of it as a picture: vectors, or pixels made from the same vectors.

import { byLevel, middleOf, ROW, styleOf } from "./lines.js";

const FONT = "14px 'Source Code Pro', 'Noto Sans Mono CJK SC', 'DejaVu Sans Mono', monospace";
const SMALL = "12px 'Source Sans', 'Noto Sans CJK SC', sans-serif";
const LONGEST = 32; // characters of a token
const EDGE = 12;
const HEAD = 26;
const GUTTER = 62; // for weights, where there are some
const TALLEST = 12_000; // pixels: every browser has room for such a canvas
const MOST_IN_PIXELS = 2_000; // lines: more cannot be told apart, and take many seconds

// `scene`: header, lines, groups of them [{ found, strength }], colours by name, the width of the
// lines, `weights`: for each side the texts beside its tokens, by row, and `isHeld(side, row)`.
export function svgOf(scene) {
  const place = measure(scene);
  const { colours } = scene;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${place.width}" height="${place.height}"`,
    ` viewBox="0 0 ${place.width} ${place.height}">`,
    `<title>${escaped(scene.header.label)}</title>`,
    `<rect width="100%" height="100%" fill="${css(colours.background)}"/>`,
    `<g style="font:${SMALL}" fill="${css(colours.quiet)}">${headings(scene, place)}</g>`,
    `<g fill="none" transform="translate(${place.left} ${HEAD})">${paths(scene, place.middle)}</g>`,
    `<g style="font:${FONT}" transform="translate(0 ${HEAD})">${texts(scene, place)}</g>`,
    "</svg>",
  ].join("");
}

export async function pngOf(scene) {
  let left = MOST_IN_PIXELS;
  const groups = [...scene.groups].reverse().map((group) => {
    const found = left > 0 ? group.found.slice(-left) : [];
    left -= found.length;
    return { ...group, found };
  });
  const place = measure(scene);
  const image = new Image();
  const source = new Blob([svgOf({ ...scene, groups: groups.reverse() })], { type: "image/svg+xml" });
  image.src = URL.createObjectURL(source);
  try {
    await image.decode();
    const scale = Math.min(2, TALLEST / place.height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(place.width * scale);
    canvas.height = Math.round(place.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

function measure({ header, middle, weights }) {
  const context = document.createElement("canvas").getContext("2d");
  const widest = (font, texts) => {
    context.font = font;
    return texts.reduce((most, text) => Math.max(most, context.measureText(text).width), 0);
  };
  const tokens = widest(`bold ${FONT}`, header.tokens.map(({ text }) => cut(text)));
  const headings = widest(SMALL, [header.names.query, header.names.key]);
  const label = Math.ceil(Math.max(tokens, headings)) + 8;
  const gutters = ["query", "key"].map((side) => (weights[side].size ? GUTTER : 0));
  const left = EDGE + gutters[0] + label;
  const width = left + middle + label + gutters[1] + EDGE;
  return { left, middle, width, height: HEAD + header.tokens.length * ROW + EDGE };
}

function headings({ header }, place) {
  const right = place.left + place.middle;
  return (
    `<text x="${place.left - 8}" y="17" text-anchor="end">${escaped(header.names.query)}</text>` +
    `<text x="${right + 8}" y="17">${escaped(header.names.key)}</text>`
  );
}

function paths({ lines, groups, colours }, width) {
  const all = [];
  for (const { found, strength } of groups) {
    for (const { level, found: run } of byLevel(lines, found)) {
      const style = styleOf(level, colours, strength);
      all.push(`<g stroke="${style.colour}" stroke-width="${style.width.toFixed(2)}">`);
      for (const line of run) {
        const from = middleOf(lines.query[line]);
        const to = middleOf(lines.key[line]);
        all.push(`<path d="M0 ${from}C${width / 2} ${from} ${width / 2} ${to} ${width} ${to}"/>`);
      }
      all.push("</g>");
    }
  }
  return all.join("");
}

function texts({ header, colours, weights, isHeld }, place) {
  const right = place.left + place.middle;
  const kind = (side, row) => (isHeld(side, row) ? 'token" font-weight="bold' : "token");
  return header.tokens
    .map((token, row) => {
      const colour = css(colours[token.masked ? "mask" : token.sentence]);
      const y = middleOf(row) + 5;
      const one = (x, anchor, text, kind, fill) =>
        `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}">${escaped(text)}</text>`;
      const beside = (side, x, anchor) =>
        weights[side].has(row) ? one(x, anchor, weights[side].get(row), "weight", css(colours.text)) : "";
      return (
        one(place.left - 8, "end", cut(token.text), kind("query", row), colour) +
        one(right + 8, "start", cut(token.text), kind("key", row), colour) +
        beside("query", EDGE, "start") +
        beside("key", place.width - EDGE, "end")
      );
    })
    .join("");
}

const css = (channels) => `rgb(${channels.join(", ")})`;

function cut(text) {
  const letters = Array.from(text);
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : text;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

// XML has no control characters and no halves of surrogate pairs, not even escaped.
function escaped(text) {
  const written = text.toWellFormed ? text.toWellFormed() : text;
  return written
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
}
