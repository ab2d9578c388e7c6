// The lines of a map: one for each weight that is not 0, the weakest first.

export const ROW = 22; // CSS pixels from one token to the next, as in arcs.css
export const LEVELS = 32; // steps of colour and width: lines of one step look the same
const LEAST = 0.16; // share of the full colour in the weakest line, so that every line is seen
const THIN = 0.8;
const THICK = 3.6;
const FULL = 65535; // weights come as multiples of one part of it

// Four arrays with an entry for each line, sorted by weight; `level`: 0 to LEVELS - 1, by weight
// over the largest, to `power`.
export function findLines(weights, rows, columns, power) {
  const starts = new Uint32Array(FULL + 2);
  for (const weight of weights) starts[Math.round(weight * FULL) + 1] += 1;
  const none = starts[1];
  for (let at = 1; at < starts.length; at += 1) starts[at] += starts[at - 1];
  const count = weights.length - none;
  const lines = {
    count,
    query: new Uint16Array(count),
    key: new Uint16Array(count),
    weight: new Float32Array(count),
    level: new Uint8Array(count),
  };
  for (let cell = 0; cell < weights.length; cell += 1) {
    const whole = Math.round(weights[cell] * FULL);
    if (whole === 0) continue;
    const line = starts[whole] - none;
    starts[whole] += 1;
    lines.query[line] = Math.floor(cell / columns);
    lines.key[line] = cell % columns;
    lines.weight[line] = weights[cell];
  }
  const most = lines.weight[count - 1];
  for (let line = 0; line < count; line += 1) {
    lines.level[line] = Math.round((lines.weight[line] / most) ** power * (LEVELS - 1));
  }
  return lines;
}

// Numbers of the `most` strongest lines for which `isWanted(query, key)`, the weakest first.
export function selectLines(lines, isWanted, most = Infinity) {
  const found = [];
  for (let line = lines.count - 1; line >= 0 && found.length < most; line -= 1) {
    if (isWanted(lines.query[line], lines.key[line])) found.push(line);
  }
  return found.reverse();
}

// What the lines of one level look like. `low`, `high`, `background`: [red, green, blue]. Those of
// less `strength` are nearer to the background, not transparent: bundles of them stay as faint.
export function styleOf(level, { low, high, background }, strength) {
  const share = level / (LEVELS - 1);
  const full = mixed(low, high, LEAST + (1 - LEAST) * share);
  const colour = mixed(background, full, strength).map(Math.round);
  return { colour: `rgb(${colour.join(", ")})`, width: THIN + (THICK - THIN) * share };
}

function mixed(from, to, share) {
  return from.map((part, at) => part + (to[at] - part) * share);
}

// Runs of lines of one level, in order: found lines are sorted by weight, so by level as well.
export function byLevel(lines, found) {
  const runs = [];
  for (const line of found) {
    if (runs.at(-1)?.level !== lines.level[line]) runs.push({ level: lines.level[line], found: [] });
    runs.at(-1).found.push(line);
  }
  return runs;
}

export const middleOf = (row) => row * ROW + ROW / 2;

// Lines from x = 0 to `width`, from `top` on. Each is stroked alone: Chromium takes twice as long
// for one path of many.
export function drawLines(context, lines, found, { width, top, colours, strength }) {
  for (const { level, found: run } of byLevel(lines, found)) {
    const style = styleOf(level, colours, strength);
    context.strokeStyle = style.colour;
    context.lineWidth = style.width;
    for (const line of run) {
      const from = middleOf(lines.query[line]) - top;
      const to = middleOf(lines.key[line]) - top;
      context.beginPath();
      context.moveTo(0, from);
      context.bezierCurveTo(width / 2, from, width / 2, to, width, to);
      context.stroke();
    }
  }
}

export function percent(weight) {
  return weight < 0.00005 ? "< 0.01\u00a0%" : `${(weight * 100).toFixed(2)}\u00a0%`;
}
