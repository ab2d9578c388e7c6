// What happens to the page as a whole: the address changed, or the theme did. Shows nothing.

import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { closeSidebarAfterLinks } from "./sidebar.js";

const keep = createKeeper((parent) => new PageEvents(parent));

closeSidebarAfterLinks(); // Streamlit runs this module once in a document

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class PageEvents {
  constructor(parent) {
    this.parent = parent;
    this.events = createEvents();
    this.path = location.pathname;
    this.onAddress = () => this.tellAddress();
    window.addEventListener("popstate", this.onAddress);
  }

  destroy() {
    this.events.leave();
    window.removeEventListener("popstate", this.onAddress);
  }

  // Where another page is gone back to, Streamlit opens it; what is sent from here in that moment
  // would have this page run in its place.
  tellAddress() {
    const { pathname, search } = location;
    if (pathname === this.path) this.events.push({ address: pathname + search });
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
