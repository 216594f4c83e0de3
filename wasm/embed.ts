/**
 * Vectors of token ids, in two steps between which they may be normalised:
 *
 *   lookUp        out[b, t] = table[ids[b, t]] * factor       (B, T) to (B, T, D)
 *   addPositions  out[b, t] += positions[p]
 *
 * p is offset[b] + t, or counted as fairseq does where `pad` is not negative: a pad has row `pad` of the positions, any
 * other id the row pad + offset[b] + how many ids of its row, up to itself, are not pads.
 */

import { add, scale } from "./rows";
import { rowBytes, unpackRow } from "./weights";

/**
 * @param count B T
 * @param format of the table (V, D), see weights.ts
 */
export function lookUp(out: usize, ids: usize, format: i32, table: usize, factor: f32, count: i32, d: i32): void {
  const step = rowBytes(format, d);
  for (; count > 0; count--) {
    unpackRow(format, table + <usize>i32.load(ids) * step, out, d);
    if (factor != 1) scale(out, factor, d);
    ids += 4;
    out += (<usize>d) << 2;
  }
}

/**
 * @param positions (P, D)
 * @param offset (B) u32, or 0
 */
export function addPositions(
  out: usize,
  ids: usize,
  positions: usize,
  offset: usize,
  pad: i32,
  b: i32,
  t: i32,
  d: i32,
): void {
  const row = (<usize>d) << 2;
  for (let i = 0; i < b; i++) {
    let position = offset != 0 ? i32.load(offset + ((<usize>i) << 2)) : 0;
    for (let j = 0; j < t; j++) {
      let from = position;
      if (pad < 0) position++;
      else if (i32.load(ids) == pad) from = pad;
      else from = pad + ++position;
      add(out, positions + <usize>from * row, d);
      ids += 4;
      out += row;
    }
  }
}
