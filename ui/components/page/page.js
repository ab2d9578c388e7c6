// What happens to the page as a whole: the address changed, or the theme did. Shows nothing.

import { createEvents } from "../shared/events.js";
import { closeSidebarAfterLinks } from "./sidebar.js";

const pages = new WeakMap();

closeSidebarAfterLinks(); // Streamlit runs this module once in a document

export default function ({ data, parentElement, setStateValue }) {
  if (!pages.has(parentElement)) pages.set(parentElement, new PageEvents(parentElement));
  const page = pages.get(parentElement);
  page.update(data, setStateValue);
  return () => {
    page.destroy();
    pages.delete(parentElement);
  };
}

class PageEvents {
  constructor(parent) {
    this.parent = parent;
    this.events = createEvents();
    this.onAddress = () => this.events.push({ address: location.pathname + location.search });
    window.addEventListener("popstate", this.onAddress);
  }

  destroy() {
    this.events.leave();
    window.removeEventListener("popstate", this.onAddress);
  }

  // Called for new data and for a new theme.
  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    this.followTheme(data.theme);
  }

  // The server paints the figures. Where it did so for another theme it is told, once: the theme
  // may have changed since, or while the page was under way.
  followTheme(painted) {
    const theme = getComputedStyle(this.parent).colorScheme;
    if (theme !== painted && theme !== this.told) this.events.push({ theme });
    this.told = theme === painted ? null : theme;
  }
}
