// What was pressed and is not answered yet. The whole list goes with each message, for one message
// may take the place of another; the server takes each number once (events.py).

const MOST_EVENTS = 200; // the server reads no more of one list
const PATIENCE_MS = 10_000; // then the server is believed again: it may have lost its session
const REBUILT_MS = 1_000; // Streamlit may build an element anew; a page that was left takes longer

// The newest number of any component of the page, each of which has this module to itself.
const NEWEST = Symbol.for("bert-lens:newest-event");

const lists = new Map(); // by the component's key: a list outlives an element that is built anew

export function createEvents() {
  let list = null; // shared by all elements of the key: an old one may stand beside a new one
  let tell = null;

  // Called with what came with new data: which component this is, and what the server has taken;
  // with nothing where nobody listens.
  function hear(heard, setStateValue) {
    if (!heard) return leave();
    const { key, taken } = heard;
    const kept = lists.get(key);
    if (!kept || kept !== list) {
      leave();
      const isStale = !kept || (!kept.elements && performance.now() - kept.left > REBUILT_MS);
      list = isStale ? { waiting: [], elements: 0 } : kept;
      list.elements += 1;
    }
    window[NEWEST] = Math.max(window[NEWEST] ?? 0, taken);
    list.waiting = list.waiting.filter(({ number }) => number > taken);
    lists.set(key, list);
    tell = setStateValue;
  }

  function leave() {
    if (!list) return;
    list.elements -= 1;
    list.left = performance.now();
    list = tell = null;
  }

  function push(event) {
    if (!tell) return;
    const number = Math.max(Date.now(), window[NEWEST] + 1);
    window[NEWEST] = number;
    list.at = performance.now();
    list.waiting = [...list.waiting, { ...event, number }].slice(-MOST_EVENTS);
    tell("events", list.waiting);
  }

  return {
    hear,
    push,
    // What is not in the server's data yet, to be shown as if it were.
    waiting: () => (list && performance.now() - list.at < PATIENCE_MS ? list.waiting : []),
    leave,
  };
}
