// Which tokens' lines are asked for: the one pointed at, or else those that are held.

import { selectLines } from "./lines.js";

const FADED = 0.12; // strength of all other lines while some are held

export class Choice {
  constructor() {
    this.pins = new Set(); // "query:3": rows that were pressed
    this.picked = null; // the row that the page looks from
    this.focus = null; // { side, row } under the pointer or the keyboard
  }

  isHeld(side, row) {
    return this.pins.has(`${side}:${row}`) || (side === "query" && row === this.picked);
  }

  // Holds a row, or lets go of it; returns whether it is held now.
  toggle({ side, row }) {
    const held = this.isHeld(side, row);
    this.pins.delete(`${side}:${row}`);
    if (!held) this.pins.add(`${side}:${row}`);
    if (held && side === "query" && row === this.picked) this.picked = null;
    return !held;
  }

  ends() {
    if (this.focus) return [this.focus];
    const names = new Set(this.pins);
    if (this.picked !== null) names.add(`query:${this.picked}`);
    return [...names].map((name) => ({ side: name.split(":")[0], row: Number(name.split(":")[1]) }));
  }

  // Whether a line, by its query and key, is one of those asked for; all are where none is.
  test() {
    const ends = this.ends();
    if (!ends.length) return () => true;
    const rows = { query: new Set(), key: new Set() };
    for (const { side, row } of ends) rows[side].add(row);
    return (query, key) => rows.query.has(query) || rows.key.has(key);
  }

  // Weights to stand beside the rows of one side: of the lines from one row on the other side.
  weightsBeside(side, lines) {
    const ends = this.ends();
    const weights = new Map();
    if (ends.length !== 1 || ends[0].side === side) return weights;
    for (const line of selectLines(lines, this.test())) weights.set(lines[side][line], lines.weight[line]);
    return weights;
  }

  // The lines in groups as they are drawn, one over the other; of each the `most` strongest. Those
  // asked for are drawn whole, of the others those whose query is near.
  groups(lines, isNear, most) {
    if (!this.ends().length) return [{ found: selectLines(lines, isNear, most), strength: 1 }];
    const isStrong = this.test();
    const strong = { found: selectLines(lines, isStrong, most), strength: 1 };
    if (this.focus) return [strong];
    const others = selectLines(lines, (query, key) => isNear(query) && !isStrong(query, key), most);
    return [{ found: others, strength: FADED }, strong];
  }
}
