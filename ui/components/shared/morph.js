// Makes what is on screen like what was built anew, and keeps each element that can stay: one held
// down under the pointer still gives its click, and focus and scrolling stay where they are.

// stayed: is told of each new node the old one that stayed in its place.
export function morphChildren(old, made, stayed = new Map()) {
  const before = [...old.childNodes];
  made.forEach((child, at) => {
    if (before[at]) morph(before[at], child, stayed);
    else old.append(child);
  });
  for (const rest of before.slice(made.length)) rest.remove();
}

// The same for a component that knows its elements: `parts` may hold them in lists and objects,
// those on top in `elements`. Returns the parts as they are on screen.
export function morphParts(root, parts) {
  const stayed = new Map();
  morphChildren(root, parts.elements, stayed);
  return onScreen(parts, stayed);
}

function onScreen(part, stayed) {
  if (part instanceof Node) return stayed.get(part) ?? part;
  if (Array.isArray(part)) return part.map((one) => onScreen(one, stayed));
  const named = Object.entries(part).map(([name, one]) => [name, onScreen(one, stayed)]);
  return Object.fromEntries(named);
}

function morph(old, made, stayed) {
  if (old.nodeName !== made.nodeName) return old.replaceWith(made);
  stayed.set(made, old);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return undefined;
  }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  return morphChildren(old, [...made.childNodes], stayed);
}
