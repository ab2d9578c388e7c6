// Streamlit calls a component again, with the same element, on every change of its data and of the
// theme: what was made for the element stays, and hears the new data, until the element goes.

export function createKeeper(make) {
  const kept = new WeakMap();
  return (parent, data, setStateValue) => {
    if (!kept.has(parent)) kept.set(parent, make(parent));
    const one = kept.get(parent);
    one.update(data, setStateValue);
    return () => {
      one.destroy();
      kept.delete(parent);
    };
  };
}
