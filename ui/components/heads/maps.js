// Bytes to pictures: one canvas holds all maps, drawn once for each size, theme and set of maps.

export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)));
  return { header, cells: bytes.subarray(end) };
}

// 256 packed pixels from one colour to another. The bytes are weights to a power already, so the
// way between is straight.
export function makeRamp(low, high) {
  const pixels = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; value += 1) {
    for (let part = 0; part < 3; part += 1) {
      pixels[4 * value + part] = low[part] + ((high[part] - low[part]) * value) / 255;
    }
    pixels[4 * value + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}

// For differences: 128 is the background, below it one colour, above it the other.
export function makeSignedRamp(less, background, more) {
  const pixels = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; value += 1) {
    const share = Math.min(1, Math.abs(value - 128) / 127);
    const end = value < 128 ? less : more;
    for (let part = 0; part < 3; part += 1) {
      pixels[4 * value + part] = background[part] + (end[part] - background[part]) * share;
    }
    pixels[4 * value + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}

// An atlas with each map at (head * across, layer * down). `pixels` is what a map gets on screen:
// where it has more cells than that, the largest of each block is kept, or fine lines would vanish.
export function buildAtlas({ header, cells }, pixels, ramp) {
  const [layers, heads, rows, columns] = header.shape;
  const down = Math.min(rows, pixels);
  const across = Math.min(columns, pixels);
  const canvas = document.createElement("canvas");
  canvas.width = heads * across;
  canvas.height = layers * down;
  const image = new ImageData(canvas.width, canvas.height);
  const out = new Uint32Array(image.data.buffer);
  const rowOf = spread(rows, down);
  const columnOf = spread(columns, across);
  const none = header.signed ? 128 : 0;
  const small = new Uint8Array(down * across);
  for (let map = 0; map < layers * heads; map += 1) {
    const from = map * rows * columns;
    small.fill(none);
    for (let row = 0; row < rows; row += 1) {
      const source = from + row * columns;
      const target = rowOf[row] * across;
      for (let column = 0; column < columns; column += 1) {
        const at = target + columnOf[column];
        const value = cells[source + column];
        if (Math.abs(value - none) > Math.abs(small[at] - none)) small[at] = value;
      }
    }
    const left = (map % heads) * across;
    const top = Math.floor(map / heads) * down;
    for (let row = 0; row < down; row += 1) {
      const target = (top + row) * canvas.width + left;
      for (let column = 0; column < across; column += 1) {
        out[target + column] = ramp[small[row * across + column]];
      }
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return { canvas, down, across };
}

// For each of `from` cells the one of `to` that it falls into.
function spread(from, to) {
  return Int32Array.from({ length: from }, (_, cell) => Math.floor((cell * to) / from));
}

// `boxes`: device pixels, one for each map in order.
export function drawMaps(context, atlas, boxes, heads) {
  context.imageSmoothingEnabled = false;
  boxes.forEach(({ x, y, width, height }, map) => {
    const left = (map % heads) * atlas.across;
    const top = Math.floor(map / heads) * atlas.down;
    context.drawImage(atlas.canvas, left, top, atlas.across, atlas.down, x, y, width, height);
  });
}

// Lines between the cells of a map large enough to have them.
export function drawGaps(context, atlas, { x, y, width, height }, colour, thickness) {
  context.fillStyle = colour;
  for (let row = 1; row < atlas.down; row += 1) {
    context.fillRect(x, y + Math.round((row * height) / atlas.down), width, thickness);
  }
  for (let column = 1; column < atlas.across; column += 1) {
    context.fillRect(x + Math.round((column * width) / atlas.across), y, thickness, height);
  }
}

// The token's row and column in every map, framed by thin lines.
export function drawPointed(context, boxes, block, blocks, colour, thickness) {
  context.fillStyle = colour;
  for (const { x, y, width, height } of boxes) {
    const top = y + Math.round((block * height) / blocks);
    const bottom = y + Math.round(((block + 1) * height) / blocks);
    const left = x + Math.round((block * width) / blocks);
    const right = x + Math.round(((block + 1) * width) / blocks);
    const isFine = bottom - top < 4 * thickness;
    context.fillRect(x, top, width, thickness);
    context.fillRect(left, y, thickness, height);
    if (isFine) continue; // two lines would hide the cells between them
    context.fillRect(x, bottom, width, thickness);
    context.fillRect(right, y, thickness, height);
  }
}
