// What the model expects at the token that is pointed at, said at once and in one place.

import { offerBars } from "../shared/bars.js";
import { createEvents } from "../shared/events.js";
import { createKeeper } from "../shared/keeper.js";
import { joinPointing } from "../shared/pointing.js";
import { buildReadout, fillReadout } from "./build.js";

// From one token to the next the pointer is on none: what was said stays for so long.
const LINGER_MS = 150;

// A token passed over in less is not asked about.
const REST_MS = 120;

const keep = createKeeper((parent) => new TokenHints(parent));

export default function ({ data, parentElement, setStateValue }) {
  return keep(parentElement, data, setStateValue);
}

class TokenHints {
  constructor(parent) {
    this.events = createEvents();
    this.over = null; // the token pointed at
    this.told = null; // the token spoken of: a moment longer
    this.asked = new Set();
    this.waiting = null; // the token that is about to be asked for
    this.parts = buildReadout();
    parent.append(this.parts.root);
    const channel = () => this.data?.channel ?? "";
    this.pointing = joinPointing(channel, (at) => this.hearPointed(at));
    this.bars = offerBars(channel, () => this.data?.bars ?? null, (text) => this.hearText(text));
    this.followHand();
  }

  // Screen readers follow the keys, not the mouse.
  followHand() {
    this.onHand = ({ type }) => {
      this.parts.readout.setAttribute("aria-live", type === "keydown" ? "polite" : "off");
    };
    window.addEventListener("keydown", this.onHand, true);
    window.addEventListener("pointermove", this.onHand, true);
  }

  destroy() {
    window.removeEventListener("keydown", this.onHand, true);
    window.removeEventListener("pointermove", this.onHand, true);
    clearTimeout(this.linger);
    clearTimeout(this.timer);
    this.events.leave();
    this.bars.leave();
    this.pointing.leave();
    this.parts.root.remove();
  }

  // Called for new data and for a new theme. What is pointed at stays pointed at.
  update(data, setStateValue) {
    this.events.hear(data.heard, setStateValue);
    const isOther = data.given !== this.data?.given;
    const bars = JSON.stringify(data.bars);
    this.data = data;
    this.parts.readout.setAttribute("aria-label", data.label);
    if (isOther) this.asked.clear();
    for (const at of Object.keys(data.hints)) this.asked.delete(Number(at));
    if (bars !== this.given) this.bars.give();
    this.given = bars;
    this.say();
  }

  // The strip may be ahead of what is known here: positions then mean other tokens.
  hearText(text) {
    this.text = text;
    if (this.data) this.say();
  }

  hearPointed(at) {
    this.over = at;
    clearTimeout(this.linger);
    this.stopWaiting();
    if (at === null) {
      this.linger = setTimeout(() => this.speakOf(null), LINGER_MS);
    } else {
      this.speakOf(at);
    }
  }

  speakOf(at) {
    this.told = at;
    if (this.data) this.say();
  }

  say() {
    const { hints, added, idle, pending, bars } = this.data;
    const isBehind = this.text !== undefined && this.text !== bars.text;
    const hint = isBehind ? undefined : hints[this.told];
    if (hint) {
      this.fill("hint", ...hint);
    } else if (this.told === null || (added.includes(this.told) && !isBehind)) {
      this.fill("idle", idle, []);
    } else {
      this.fill("pending", pending, []);
      if (!isBehind && this.over === this.told) this.want(this.told);
    }
    if (hint) this.stopWaiting();
  }

  // The same again changes nothing, so that nothing is read aloud twice.
  fill(...said) {
    const now = JSON.stringify(said);
    if (now === this.said) return;
    this.said = now;
    fillReadout(this.parts, ...said);
  }

  want(at) {
    if (!this.data.heard || this.waiting === at || this.asked.has(at)) return;
    this.stopWaiting();
    this.waiting = at;
    this.timer = setTimeout(() => {
      this.waiting = null;
      this.asked.add(at);
      this.events.push({ want: at, text: this.data.given });
    }, REST_MS);
  }

  stopWaiting() {
    clearTimeout(this.timer);
    this.waiting = null;
  }
}
