// Elements are made with their text as text: it may be anything, and is never parsed as HTML.

export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
