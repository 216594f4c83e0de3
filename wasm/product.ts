/**
 * y = x w^T: rows of x (M, K) in f32 times rows of w (N, K), as PyTorch stores a linear layer, in any weight format.
 *
 * One row of x reads w as four streams (dot_streams.ts). A few take tiles of two rows by four columns; the floats of
 * four packed rows of w are written to `scratch` once for all rows of x. Many go to product_tiled.ts.
 */

import { dot, dotFour, dotTwoByFour } from "./dot";
import { dotStreams } from "./dot_streams";
import { storeApart } from "./lanes";
import { productTiled, ROWS_TO_TILE, tiledScratch } from "./product_tiled";
import { F32, rowBytes, unpackRow } from "./weights";

/** As many rows of x at a time as fit into this many bytes of the second-level cache, beside four rows of w. */
const CACHED: i32 = 1 << 19;

/** Bytes of `scratch` that a product of m rows of k elements needs. */
export function productScratch(m: i32, k: i32, sum: i32): usize {
  return m < ROWS_TO_TILE ? (<usize>(k + 8)) << 4 : tiledScratch(m, k, sum);
}

/**
 * @param sum how many products are added up on their own, where there are many rows of x: fewer are more exact, and slower
 * @param y rows of `pitch` bytes, of which n floats are written
 * @param scratch room for `productScratch(m, k, sum)` bytes
 */
export function product(
  format: i32,
  x: usize,
  w: usize,
  y: usize,
  pitch: usize,
  m: i32,
  n: i32,
  k: i32,
  sum: i32,
  scratch: usize,
): void {
  if (m == 1) return oneRow(format, x, w, y, n, k, scratch);
  if (m >= ROWS_TO_TILE) return productTiled(format, x, w, y, pitch, m, n, k, sum, scratch);
  let together = max(2, (CACHED / (k << 2)) & ~1);
  for (let row = 0; row < m; row += together) {
    together = min(together, m - row);
    block(format, x + <usize>row * rowBytes(F32, k), w, y + <usize>row * pitch, pitch, together, n, k, scratch);
  }
}

/** Four columns at a time, a quarter of all columns apart; then the last one to three. */
function oneRow(format: i32, x: usize, w: usize, y: usize, n: i32, k: i32, scratch: usize): void {
  const step = rowBytes(format, k);
  const quarter = n >> 2;
  const apart = <usize>quarter * step;
  const next = (<usize>quarter) << 2;
  for (let j = 0; j < quarter; j++) {
    storeApart(y, next, dotStreams(format, x, w, apart, k, scratch));
    w += step;
    y += 4;
  }
  w += 3 * apart;
  y += 3 * next;
  for (let j = quarter << 2; j < n; j++) {
    v128.store32_lane(y, dotStreams(format, x, w, 0, k, scratch), 0);
    w += step;
    y += 4;
  }
}

function block(format: i32, x: usize, w: usize, y: usize, pitch: usize, m: i32, n: i32, k: i32, scratch: usize): void {
  const step = rowBytes(format, k);
  const row = rowBytes(F32, k);
  for (; n > 0; n -= 4) {
    const columns = min(4, n);
    let w0 = w;
    if (format != F32) {
      for (let j = 0; j < columns; j++) unpackRow(format, w + <usize>j * step, scratch + <usize>j * row, k);
      w0 = scratch;
    }
    if (columns == 4) fourColumns(x, w0, row, y, pitch, m, k);
    else fewColumns(x, w0, row, y, pitch, m, columns, k);
    w += step << 2;
    y += 16;
  }
}

function fourColumns(x: usize, w0: usize, row: usize, y: usize, pitch: usize, m: i32, k: i32): void {
  const w1 = w0 + row;
  const w2 = w1 + row;
  const w3 = w2 + row;
  for (; m >= 2; m -= 2) {
    dotTwoByFour(x, x + row, w0, w1, w2, w3, k, y, y + pitch);
    x += row << 1;
    y += pitch << 1;
  }
  if (m > 0) v128.store(y, dotFour(x, w0, w1, w2, w3, k));
}

/** The last one to three columns. */
function fewColumns(x: usize, w: usize, row: usize, y: usize, pitch: usize, m: i32, columns: i32, k: i32): void {
  for (; m > 0; m--) {
    for (let j = 0; j < columns; j++) f32.store(y + ((<usize>j) << 2), dot(x, w + <usize>j * row, k));
    x += row;
    y += pitch;
  }
}
