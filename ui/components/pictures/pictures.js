// Streamlit keeps plotly's script to itself, but the figure's own button for saving does what is
// needed: it reads format and size from the figure when it is pressed.

const SCALE = { png: 2, svg: 1 };

export default function ({ data, parentElement }) {
  const row = document.createElement("div");
  row.className = "row";
  row.append(...data.buttons.map(([format, label]) => buildButton(data, format, label)));
  parentElement.querySelector(".row")?.remove();
  parentElement.append(row);
  return () => row.remove();
}

function buildButton(data, format, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => save(data, format));
  return button;
}

function save({ chart, name }, format) {
  const plot = document.querySelector(`.${CSS.escape(chart)} .js-plotly-plot`);
  const own = plot?.querySelector(".modebar-btn[data-attr], .modebar-btn");
  if (!own) return;
  const { width, height } = plot.getBoundingClientRect();
  Object.assign(plot._context.toImageButtonOptions, {
    format,
    filename: name,
    width,
    height,
    scale: SCALE[format],
  });
  own.click();
}
