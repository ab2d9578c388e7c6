// Makes what is on screen like what was built anew, and keeps each element that can stay: one held
// down under the pointer still gives its click, and focus and scrolling stay where they are.

export function morphChildren(old, made) {
  const before = [...old.childNodes];
  made.forEach((child, at) => {
    if (before[at]) morph(before[at], child);
    else old.append(child);
  });
  for (const rest of before.slice(made.length)) rest.remove();
}

function morph(old, made) {
  if (old.nodeName !== made.nodeName) return old.replaceWith(made);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return undefined;
  }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  return morphChildren(old, [...made.childNodes]);
}
