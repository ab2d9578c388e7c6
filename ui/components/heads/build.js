// The elements around the canvases: one cell for each map, with its numbers, and a line below.

import { element } from "../shared/elements.js";

export function buildGrid(header) {
  const [layers, heads] = header.shape;
  const stage = element("div", "stage");
  stage.style.setProperty("--heads", heads);
  stage.dataset.testid = "head-grid";
  stage.setAttribute("role", "grid");
  stage.setAttribute("aria-label", header.label);
  const parts = buildCanvases(stage);
  stage.append(buildNumbers(header.columnLabels));
  parts.cells = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    row.append(number(header.rowLabels[layer], "rowheader"));
    for (let head = 0; head < heads; head += 1) {
      const cell = buildCell(header, layer, head);
      parts.cells.push(cell);
      row.append(cell);
    }
    stage.append(row);
  }
  const scroller = element("div", "scroller");
  scroller.append(stage);
  const line = element("div", "readout");
  parts.readout = element("span", "name");
  parts.note = element("span", "note");
  line.append(parts.readout, parts.note);
  return { ...parts, stage, scroller, elements: [scroller, line] };
}

export function buildSingle(header) {
  const stage = element("div", "stage single");
  stage.style.setProperty("--size", `${header.size}px`);
  stage.dataset.testid = "single-map";
  const parts = buildCanvases(stage);
  const cell = element("div", "map");
  cell.setAttribute("role", "img");
  cell.setAttribute("aria-label", header.label);
  cell.dataset.map = 0;
  stage.append(cell);
  return { ...parts, stage, cells: [cell], elements: [stage] };
}

function buildCell(header, layer, head) {
  const cell = element("div", "map");
  cell.setAttribute("role", "gridcell");
  cell.tabIndex = -1; // without one it would lose the focus while it is drawn anew
  const note = header.notes?.[layer]?.[head];
  const name = header.names[layer][head];
  cell.setAttribute("aria-label", note ? `${name}, ${note}` : name);
  cell.dataset.map = layer * header.shape[1] + head;
  cell.dataset.layer = layer;
  cell.dataset.head = head;
  return cell;
}

function buildNumbers(labels) {
  const row = element("div", "row");
  row.setAttribute("role", "row");
  row.append(element("div", "corner"), ...labels.map((text) => number(text, "columnheader")));
  return row;
}

function number(text, role) {
  const label = element("div", `number ${role}`);
  label.setAttribute("role", role);
  label.textContent = text;
  return label;
}

// Probes carry the theme's colours: a canvas does not read CSS variables.
function buildCanvases(stage) {
  const base = element("canvas", "layer");
  const overlay = element("canvas", "layer");
  const probes = {};
  for (const name of ["low", "high", "less", "more", "text", "background"]) {
    probes[name] = element("i", `probe ${name}`);
  }
  for (const part of [base, overlay, ...Object.values(probes)]) {
    part.setAttribute("aria-hidden", "true");
  }
  stage.append(base, overlay, ...Object.values(probes));
  return { base, overlay, probes };
}
