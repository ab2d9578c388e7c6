// The elements of a map. Tokens may hold any text, so nothing is ever parsed as HTML.

import { element } from "../shared/elements.js";

const PROBES = ["low", "high", "more", "less", "text", "line", "background"];
const KINDS = ["a", "b", "special", "mask"];

export function buildMap() {
  const base = element("canvas", "layer");
  const overlay = element("canvas", "layer");
  const stage = element("div", "stage");
  stage.dataset.testid = "one-map";
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  const probes = {};
  for (const name of [...PROBES, ...KINDS, "sans"]) probes[name] = element("i", `probe ${name}`);
  for (const hidden of [base, overlay, ...Object.values(probes)]) {
    hidden.setAttribute("aria-hidden", "true");
  }
  stage.append(base, overlay, ...Object.values(probes));
  const parts = { base, overlay, stage, probes, ...buildReadout(), ...buildTools() };
  const line = element("div", "foot");
  line.append(parts.readout, parts.tools);
  parts.elements = [stage, line];
  return parts;
}

function buildReadout() {
  const [query, key] = [element("bdi", "token"), element("bdi", "token")];
  const [arrow, weight, hint] = [element("span", "arrow"), element("b", "weight"), element("span", "hint")];
  arrow.textContent = "→";
  const readout = element("div", "readout");
  readout.append(hint, query, arrow, key, weight);
  return { readout, query, key, weight, hint, arrow };
}

function buildTools() {
  const tools = element("div", "tools");
  tools.setAttribute("role", "toolbar");
  const buttons = {};
  for (const name of ["zoomOut", "zoomIn", "whole", "png", "svg"]) {
    buttons[name] = element("button", `tool ${name}`);
    buttons[name].type = "button";
    buttons[name].dataset.tool = name;
    tools.append(buttons[name]);
  }
  buttons.zoomOut.textContent = "−";
  buttons.zoomIn.textContent = "+";
  return { tools, buttons };
}

// The texts that belong to a map's header.
export function nameParts({ stage, hint, tools, buttons }, { label, names }) {
  stage.setAttribute("aria-label", label);
  hint.textContent = names.hint;
  tools.setAttribute("aria-label", names.tools);
  for (const name of ["whole", "png", "svg"]) {
    buttons[name].textContent = names[name];
    title(buttons[name], names[`${name}Title`]);
  }
  for (const name of ["zoomIn", "zoomOut"]) title(buttons[name], names[name]);
}

export function title(button, text) {
  button.title = text;
  button.setAttribute("aria-label", text);
}
