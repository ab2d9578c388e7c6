// Where cells and labels lie. All lengths are CSS pixels. A view says which part of the map fills
// its square: `scale` times larger than whole, with `x` columns and `y` rows out of sight before.

export const WHOLE = { scale: 1, x: 0, y: 0 };

const LARGEST_CELL = 48; // no further zoom from here on
const PAD = 8; // between labels and map
const MARGIN = 2; // before the labels
const EDGE = 1; // the line about the map

// `room`: the longest label's width. The map is square, right of and below its labels.
export function layOut(count, width, height, room, font) {
  const before = Math.ceil(room) + PAD + MARGIN;
  const side = Math.max(1, Math.floor(Math.min(width, height) - before - EDGE));
  const square = { side, left: before, top: before };
  return { count, font, ...square, width, height: before + side + EDGE, pad: PAD };
}

export function cellSize(layout, view) {
  return (layout.side / layout.count) * view.scale;
}

export function largestScale(layout) {
  return Math.max(1, (LARGEST_CELL * layout.count) / layout.side);
}

export function isWhole(view) {
  return view.scale === 1;
}

// The same view, or the nearest one that shows nothing beside the map.
function keepInside(view, layout) {
  const scale = Math.min(Math.max(view.scale, 1), largestScale(layout));
  const most = layout.count - layout.count / scale;
  const inside = (start) => Math.min(Math.max(start, 0), most);
  return { scale, x: inside(view.x), y: inside(view.y) };
}

// `x`, `y`: the point that stays where it is, from the map's corner.
export function zoomAbout(view, layout, factor, x, y) {
  const scale = Math.min(Math.max(view.scale * factor, 1), largestScale(layout));
  const [before, after] = [cellSize(layout, view), cellSize(layout, { scale })];
  const moved = { scale, x: view.x + x / before - x / after, y: view.y + y / before - y / after };
  return keepInside(moved, layout);
}

export function panBy(view, layout, x, y) {
  const cell = cellSize(layout, view);
  return keepInside({ ...view, x: view.x - x / cell, y: view.y - y / cell }, layout);
}

// The view moved no further than it must be for a cell to be seen whole.
export function reveal(view, layout, { row, column }) {
  const shown = layout.count / view.scale;
  const near = (start, at) => Math.min(Math.max(start, at + 1 - shown), at);
  return keepInside({ ...view, x: near(view.x, column), y: near(view.y, row) }, layout);
}

// `x`, `y`: from the corner of the element, labels included. Null beside the map.
export function cellAt(view, layout, x, y) {
  const [across, down] = [x - layout.left, y - layout.top];
  if (across < 0 || down < 0 || across >= layout.side || down >= layout.side) return null;
  const cell = cellSize(layout, view);
  const last = layout.count - 1;
  const index = (start, pixels) => Math.min(Math.floor(start + pixels / cell), last);
  return { row: index(view.y, down), column: index(view.x, across) };
}

// The first cell that shows at least in part, and the one after the last.
export function shownFrom(start, layout, view) {
  const end = Math.ceil(start + layout.count / view.scale - 1e-9);
  return [Math.floor(start + 1e-9), Math.min(end, layout.count)];
}

export function mostShown(layout, view) {
  const ends = [view.x, view.y].map((start) => shownFrom(start, layout, view));
  return Math.max(...ends.map(([from, to]) => to - from));
}

// The tokens that have room for a label; every second, third, ... where not all have.
export function labelled(start, layout, view) {
  const cell = cellSize(layout, view);
  const step = Math.ceil(lineHeight(layout.font) / cell);
  const [from, to] = shownFrom(start, layout, view);
  const found = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    const middle = (at + 0.5 - start) * cell;
    if (middle >= 0 && middle <= layout.side) found.push(at);
  }
  return found;
}

export function lineHeight(font) {
  return font + 1;
}
