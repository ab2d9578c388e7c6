// Streamlit calls a component again, with the same element, on every change of its data and of the
// theme: what was made for the element stays, and hears the new data, until the element goes.
//
// Each call waits for the component's module, and those that wait may come in any order. One that
// newer data overtook comes all the same, perhaps last, and is cleaned up at once, while the element
// stands: so a call counts only where it is still there a moment later.

export function createKeeper(make) {
  const kept = new WeakMap();
  return (parent, data, setStateValue) => {
    const timer = setTimeout(() => {
      if (!kept.has(parent)) kept.set(parent, make(parent));
      kept.get(parent).update(data, setStateValue);
    });
    return () => {
      clearTimeout(timer);
      if (parent.isConnected) return;
      kept.get(parent)?.destroy();
      kept.delete(parent);
    };
  };
}
