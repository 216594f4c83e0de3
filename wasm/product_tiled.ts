/**
 * The product of product.ts for many rows of x, in tiles of four by eight (tile.ts): rows of x are interleaved by four, once for
 * all columns, and rows of w by eight, once for all rows of x that fit the second-level cache.
 */

import { interleaveEight, interleaveRows, tile, TILE_COLUMNS, TILE_ROWS } from "./tile";
import { F32, rowBytes, unpackRow } from "./weights";

/** From so many rows on, interleaving costs less than it saves. */
export const ROWS_TO_TILE: i32 = 24;
/** Bytes of interleaved rows of x at a time. */
const CACHED: i32 = 1 << 18;

/** How many rows of x at a time, a multiple of four, at a depth. */
function rowsAtOnce(m: i32, depth: i32): i32 {
  return min((m + 3) & ~3, (CACHED / (depth << 2)) & ~3);
}

/** Bytes of `scratch` below. */
export function tiledScratch(m: i32, k: i32, sum: i32): usize {
  const depth = min(k, sum);
  const whole = depth + 4;
  return (<usize>(whole * (rowsAtOnce(m, depth) + 2 * TILE_COLUMNS) + TILE_ROWS * TILE_COLUMNS)) << 2;
}

/**
 * @param sum how many products are added up on their own, a multiple of 32
 * @param scratch room for `tiledScratch(m, k, sum)` bytes
 */
export function productTiled(
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
  const xRow = rowBytes(F32, k);
  const wRow = rowBytes(format, k);
  const most = min(k, sum);
  const together = rowsAtOnce(m, most);
  const columns = scratch + ((<usize>(together * most)) << 2);
  const unpacked = columns + ((<usize>(TILE_COLUMNS * most)) << 2);
  const corner = unpacked + ((<usize>(TILE_COLUMNS * (most + 4))) << 2);
  for (let first = 0; first < m; first += together) {
    const rows = min(together, m - first);
    for (let from = 0; from < k; from += most) {
      const depth = min(most, k - from);
      const fours = (<usize>depth) << 4; // bytes of four interleaved rows
      const block = x + <usize>first * xRow + ((<usize>from) << 2);
      for (let i = 0; i < rows; i += TILE_ROWS) {
        interleaveRows(scratch + <usize>(i >> 2) * fours, 16, block + <usize>i * xRow, xRow, min(4, rows - i), depth);
      }
      for (let j = 0; j < n; j += TILE_COLUMNS) {
        const width = min(TILE_COLUMNS, n - j);
        interleaveColumns(columns, format, w + <usize>j * wRow + rowBytes(format, from), wRow, width, depth, unpacked);
        let to = y + <usize>first * pitch + ((<usize>j) << 2);
        for (let i = 0; i < rows; i += TILE_ROWS) {
          const a = scratch + <usize>(i >> 2) * fours;
          const height = min(TILE_ROWS, rows - i);
          if (height == TILE_ROWS && width == TILE_COLUMNS) {
            tile(a, columns, depth, to, pitch, from > 0);
          } else {
            tile(a, columns, depth, corner, (<usize>TILE_COLUMNS) << 2, false);
            copyCorner(to, pitch, corner, height, width, from > 0);
          }
          to += pitch << 2;
        }
      }
    }
  }
}

/** Up to eight rows of w, a part of each, as floats beside each other. */
function interleaveColumns(
  to: usize,
  format: i32,
  w: usize,
  wRow: usize,
  count: i32,
  depth: i32,
  unpacked: usize,
): void {
  let from = w;
  let pitch = wRow;
  if (format != F32) {
    from = unpacked;
    pitch = (<usize>((depth + 3) & ~3)) << 2;
    for (let j = 0; j < count; j++) unpackRow(format, w + <usize>j * wRow, unpacked + <usize>j * pitch, depth);
  }
  interleaveEight(to, from, pitch, count, depth);
}

/** Copies, or adds, the part of a tile at an edge that is there. */
function copyCorner(to: usize, pitch: usize, corner: usize, height: i32, width: i32, more: bool): void {
  for (; height > 0; height--) {
    for (let j: usize = 0; j < (<usize>width) << 2; j += 4) {
      const sum = f32.load(corner + j);
      f32.store(to + j, more ? sum + f32.load(to + j) : sum);
    }
    to += pitch;
    corner += (<usize>TILE_COLUMNS) << 2;
  }
}
