// Streamlit calls a component again, with the same element, on every change of its data and of the
// theme: what was made for the element stays, and hears the new data, until the element goes.
//
// It cleans up after a call when the element has gone, but also when new data came while the call
// waited for its module, and then only after the call for the new data: that is no end.

export function createKeeper(make) {
  const kept = new WeakMap();
  return (parent, data, setStateValue) => {
    if (!kept.has(parent)) kept.set(parent, make(parent));
    kept.get(parent).update(data, setStateValue);
    return () => {
      if (parent.isConnected) return;
      kept.get(parent)?.destroy();
      kept.delete(parent);
    };
  };
}
