// The viewer of an exported file: draws the weights that the file holds and says what is pointed
// at. It asks for nothing outside the file, and shows texts and tokens as text.

const LABEL = 12; // CSS pixels that a label takes
const WIDEST = 820; // CSS pixels of the large map
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

async function start() {
  const about = JSON.parse(byId("about").textContent);
  const viewer = new Viewer(about, await readNumbers(about.weights.type));
  byId("viewer").replaceChildren(...viewer.elements);
  viewer.watch(byId("viewer"));
}

// The bytes of each number lie apart in the file: all first bytes, all second bytes, ...
async function readNumbers(type) {
  const text = atob(byId("weights").textContent);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const Numbers = type === "uint16" ? Uint16Array : Float32Array;
  const each = Numbers.BYTES_PER_ELEMENT;
  const count = planes.length / each;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < each; plane += 1) {
    for (let at = 0; at < count; at += 1) bytes[at * each + plane] = planes[plane * count + at];
  }
  return new Numbers(bytes.buffer);
}

class Viewer {
  constructor(about, numbers) {
    this.about = about;
    this.numbers = numbers;
    this.count = about.tokens.length;
    this.map = new LargeMap(this);
    this.elements = [...this.buildHead(), made("div", "panels")];
    if (about.heads) {
      this.grid = new Grid(this);
      this.elements.at(-1).append(this.grid.panel);
    }
    this.elements.at(-1).append(this.map.panel);
    this.choose(about.heads ? (about.layer - 1) * about.heads + about.head - 1 : 0);
  }

  buildHead() {
    const { title, model, text, pair, layers, heads } = this.about;
    const size = heads ? ` · ${layers} layers × ${heads} heads` : "";
    const line = made("p", "quiet", `${model}${size} · ${this.count} tokens`);
    const texts = [made("p", "text a", text), made("p", "text b", pair ?? "")];
    for (const sentence of texts) sentence.dir = "auto";
    return [made("h1", "", title), line, ...texts];
  }

  watch(element) {
    let width = null;
    new ResizeObserver(() => {
      if (element.clientWidth === width) return; // its height follows from what is drawn
      width = element.clientWidth;
      this.draw();
    }).observe(element);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.draw());
  }

  choose(map) {
    this.chosen = map;
    const { heads, name } = this.about;
    this.name = heads ? headName(map, heads) : name;
    this.grid?.mark(map);
    this.map.show();
  }

  draw() {
    this.ramp = makeRamp();
    this.grid?.draw();
    this.map.draw();
  }

  // One map's numbers, (query, key).
  numbersOf(map) {
    const size = this.count ** 2;
    return this.numbers.subarray(map * size, (map + 1) * size);
  }
}

// All maps, layers down, heads across.
class Grid {
  constructor(viewer) {
    this.viewer = viewer;
    const { layers, heads } = viewer.about;
    const grid = made("div", "grid");
    grid.style.setProperty("--heads", heads);
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-label", "Maps of all heads, layers down, heads across");
    grid.append(this.buildRow(heads, (head) => made("div", "number", head + 1), ""));
    this.cells = [];
    for (let layer = 0; layer < layers; layer += 1) {
      const build = (head) => this.buildCell(layer * heads + head, heads);
      grid.append(this.buildRow(heads, build, layer + 1));
    }
    this.panel = made("section", "panel");
    this.panel.append(made("h2", "", "All heads"), grid);
    grid.addEventListener("keydown", (event) => this.onKey(event, layers, heads));
  }

  buildRow(heads, build, name) {
    const row = made("div", "row");
    row.setAttribute("role", "row");
    row.append(made("div", "number", name), ...Array.from({ length: heads }, (_, at) => build(at)));
    return row;
  }

  buildCell(map, heads) {
    const cell = made("div", "cell");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-label", headName(map, heads));
    cell.title = headName(map, heads);
    cell.append(made("canvas"));
    cell.addEventListener("click", () => this.viewer.choose(map));
    this.cells.push(cell);
    return cell;
  }

  mark(map) {
    this.cells.forEach((cell, at) => {
      cell.setAttribute("aria-selected", String(at === map));
      cell.tabIndex = at === map ? 0 : -1;
    });
  }

  onKey(event, layers, heads) {
    const at = this.cells.indexOf(event.target);
    const isPick = event.key === "Enter" || event.key === " ";
    if (at < 0 || !(isPick || event.key in STEPS)) return;
    event.preventDefault();
    if (isPick) return this.viewer.choose(at);
    const [down, across] = STEPS[event.key];
    const layer = clamp(Math.floor(at / heads) + down, layers);
    this.cells[layer * heads + clamp((at % heads) + across, heads)].focus();
  }

  // Small maps share one scale, from 0 to 100 %.
  draw() {
    const { viewer } = this;
    const most = 1 / viewer.about.weights.unit;
    this.cells.forEach((cell, map) => {
      paint(cell.firstChild, cell.clientWidth, viewer.numbersOf(map), viewer, most);
    });
  }
}

// One map with its tokens, and a line that reads the cell under the pointer.
class LargeMap {
  constructor(viewer) {
    this.viewer = viewer;
    this.panel = made("section", "panel");
    this.title = made("h2");
    this.readout = made("p", "readout");
    this.readout.setAttribute("role", "status");
    this.map = made("div", "map");
    this.field = this.buildField();
    this.scale = made("p", "quiet");
    const { note, weights } = viewer.about;
    this.panel.append(this.title, this.readout, this.map, this.scale);
    this.panel.append(made("p", "quiet", weights.precision), made("p", "quiet", note));
  }

  buildField() {
    const field = made("div", "field");
    field.setAttribute("role", "img");
    field.tabIndex = 0;
    this.canvas = made("canvas");
    this.bands = [made("div", "band"), made("div", "band")];
    field.append(this.canvas, ...this.bands);
    for (const name of ["pointermove", "pointerdown"]) {
      field.addEventListener(name, (event) => this.point(...this.cellAt(event)));
    }
    field.addEventListener("pointerleave", () => this.point(null));
    field.addEventListener("blur", () => this.point(null));
    field.addEventListener("keydown", (event) => this.onKey(event));
    return field;
  }

  show() {
    const { name } = this.viewer;
    this.title.textContent = name[0].toUpperCase() + name.slice(1);
    this.field.setAttribute("aria-label", `Attention of ${name}; arrow keys read its cells`);
    if (this.viewer.ramp) this.draw();
  }

  // Whole pixels for each cell where there is room for that.
  measure() {
    const { tokens } = this.viewer.about;
    const context = this.canvas.getContext("2d");
    context.font = `${LABEL}px ui-monospace, monospace`;
    this.room = Math.ceil(Math.max(...tokens.map((token) => context.measureText(cut(token)).width))) + 6;
    const free = Math.min(this.panel.clientWidth - this.room - 2, WIDEST);
    const size = Math.max(120, Math.min(free, Math.max(240, 36 * tokens.length)));
    this.side = size < tokens.length ? size / tokens.length : Math.floor(size / tokens.length);
    this.size = this.side * tokens.length;
  }

  draw() {
    const { viewer } = this;
    const numbers = viewer.numbersOf(viewer.chosen);
    const most = numbers.reduce((one, other) => Math.max(one, other), 0);
    this.measure();
    this.map.style.height = `${this.room + this.size}px`;
    place(this.field, this.room, this.room, this.size, this.size);
    this.labels = { query: new Map(), key: new Map() };
    this.map.replaceChildren(this.field, ...this.buildLabels());
    paint(this.canvas, this.size, numbers, viewer, most || 1);
    const { weights } = viewer.about;
    this.scale.textContent =
      `Rows are the tokens that look, columns where they look. Colour goes by weight to the power ` +
      `${weights["colour power"]}; the strongest is ${percent(most * weights.unit, weights)}.`;
    this.point(null);
  }

  // Every second, third, ... token has a label where there is no room for all.
  buildLabels() {
    const { tokens, sequences } = this.viewer.about;
    const found = [];
    const step = Math.ceil(LABEL / this.side);
    for (let at = 0; at < tokens.length; at += step) {
      const middle = this.room + (at + 0.5) * this.side;
      for (const axis of ["query", "key"]) {
        const label = made("div", `label ${axis} ${["a", "b"][sequences[at]] ?? ""}`, cut(tokens[at]));
        label.style[axis === "query" ? "top" : "left"] = `${middle}px`;
        label.style[axis === "query" ? "left" : "top"] = `${this.room - 5}px`;
        this.labels[axis].set(at, label);
        found.push(label);
      }
    }
    return found;
  }

  cellAt(event) {
    const box = this.field.getBoundingClientRect();
    const at = (share) => clamp(Math.floor(share * this.viewer.count), this.viewer.count);
    return [at((event.clientY - box.top) / box.height), at((event.clientX - box.left) / box.width)];
  }

  onKey(event) {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const [down, across] = this.pointed ? STEPS[event.key] : [0, 0];
    const [query, key] = this.pointed ?? [0, 0];
    this.point(clamp(query + down, this.viewer.count), clamp(key + across, this.viewer.count));
  }

  point(query, key) {
    for (const axis of ["query", "key"]) {
      for (const label of this.labels[axis].values()) label.classList.remove("pointed");
    }
    this.pointed = query === null ? null : [query, key];
    for (const band of this.bands) band.hidden = query === null;
    if (query === null) return this.readout.replaceChildren("Point at a cell to read its weight.");
    this.labels.query.get(query)?.classList.add("pointed");
    this.labels.key.get(key)?.classList.add("pointed");
    place(this.bands[0], 0, query * this.side, this.size, this.side);
    place(this.bands[1], key * this.side, 0, this.side, this.size);
    const { tokens, weights } = this.viewer.about;
    const number = this.viewer.numbersOf(this.viewer.chosen)[query * this.viewer.count + key];
    const weight = made("span", "weight", percent(number * weights.unit, weights));
    const names = [made("span", "token", tokens[query]), " → ", made("span", "token", tokens[key])];
    this.readout.replaceChildren(...names, " ", weight);
  }
}

start().catch((error) => {
  byId("viewer").textContent = `This browser cannot show the file (${error.message}).`;
});
