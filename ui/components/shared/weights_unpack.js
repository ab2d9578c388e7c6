// A table of weights from its bytes: weights.py backwards.

// `header`, and `weights`: Float32Array in C order (query, key).
export function unpackWeights(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)));
  const start = end + (end % 2);
  const count = header.rows * header.columns;
  const weights = new Float32Array(count);
  for (let at = 0; at < count; at += 1) {
    // A DataView reads at any offset: Streamlit may hand over bytes from the middle of a message.
    const from = start + 2 * at;
    weights[at] = header.signed
      ? view.getInt16(from, true) / 32767
      : view.getUint16(from, true) / 65535;
  }
  return { header, weights };
}
