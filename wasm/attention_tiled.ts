/**
 * Attention of many queries that see the same keys, as those of an encoder do: eight queries at a time, beside each other in
 * the lanes, in tiles of four keys, then of four elements of the values (tile.ts).
 *
 *   scores   (n, 8)  = key (n, Dh) query (Dh, 8)
 *   weights  (n, 8)  = exp(scores - largest)
 *   out      (Dh, 8) = value^T (Dh, n) weights (n, 8) / their sums
 *
 * In this order the largest, the exponentials and their sums are those of lanes, and weights lie as the second product reads them.
 */

import { exp } from "./exp";
import { place } from "./keys";
import { loadPart, storePart } from "./lanes";
import { interleave, interleaveEight, tile, TILE_COLUMNS, TILE_ROWS } from "./tile";

/** So many weighted values are added up on their own, so that a sum of thousands loses no digits. */
const SUM: i32 = 512;
/** From so many queries and keys on, interleaving costs less than it saves. */
export const QUERIES_TO_TILE: i32 = 16;
export const KEYS_TO_TILE: i32 = 64;

/** Bytes from a key's scores to the next one's. */
const ROW: usize = (<usize>TILE_COLUMNS) << 2;

/** A multiple of four, at least n. */
function whole(n: i32): usize {
  return <usize>((n + 3) & ~3);
}

/** Bytes of `scratch` for c keys. */
export function tiledScratch(c: i32, width: i32): usize {
  return (
    ((whole(c) * <usize>width + whole(width) * <usize>c) << 2) + (whole(c) + whole(width) + <usize>width + 4) * ROW
  );
}

/** Keys by four, (Dh, 4) each, and the last one again where there are fewer. */
function interleaveKeys(to: usize, places: usize, n: i32, offset: usize, width: i32): void {
  for (let j = 0; j < n; j += TILE_ROWS) {
    const k0 = place(places, j) + offset;
    const k1 = place(places, min(j + 1, n - 1)) + offset;
    const k2 = place(places, min(j + 2, n - 1)) + offset;
    interleave(to, 16, k0, k1, k2, place(places, min(j + 3, n - 1)) + offset, width);
    to += (<usize>width) << 4;
  }
}

/** Four elements of all values, (n, 4), then the next four. */
function gatherValues(to: usize, places: usize, n: i32, offset: usize, width: i32): void {
  const next = (<usize>n) << 4;
  for (let j = 0; j < n; j++) {
    let from = place(places, j) + offset;
    let at = to + ((<usize>j) << 4);
    for (let left = width; left > 0; left -= 4) {
      v128.store(at, left >= 4 ? v128.load(from) : loadPart(from, left));
      from += 16;
      at += next;
    }
  }
}

/** Rows of eight floats, times those of v and w. */
function scaleLanes(x: usize, rows: i32, v: v128, w: v128): void {
  for (; rows > 0; rows--) {
    v128.store(x, f32x4.mul(v128.load(x), v));
    v128.store(x, f32x4.mul(v128.load(x, 16), w), 16);
    x += ROW;
  }
}

/** The largest of n rows, lane by lane, at `to`. */
function largest(to: usize, scores: usize, n: i32): void {
  let a = v128.load(scores);
  let b = v128.load(scores, 16);
  for (; n > 0; n--) {
    a = f32x4.pmax(a, v128.load(scores));
    b = f32x4.pmax(b, v128.load(scores, 16));
    scores += ROW;
  }
  v128.store(to, a);
  v128.store(to, b, 16);
}

/** Scores to weights, in place; their sums are added to those at `sums`. */
function exponentials(scores: usize, n: i32, top: usize, sums: usize): void {
  const m = v128.load(top);
  const o = v128.load(top, 16);
  let a = f32x4.splat(0);
  let b = a;
  for (; n > 0; n--) {
    const e = exp(f32x4.sub(v128.load(scores), m));
    const f = exp(f32x4.sub(v128.load(scores, 16), o));
    v128.store(scores, e);
    v128.store(scores, f, 16);
    a = f32x4.add(a, e);
    b = f32x4.add(b, f);
    scores += ROW;
  }
  v128.store(sums, f32x4.add(v128.load(sums), a));
  v128.store(sums, f32x4.add(v128.load(sums, 16), b), 16);
}

/** (Dh, 8) to `count` rows of `out`, which are `pitch` bytes apart; of the last four elements as many as there are. */
function writeRows(out: usize, pitch: usize, sums: usize, count: i32, width: i32, corner: usize): void {
  for (; width > 0; width -= 4) {
    for (let first = 0; first < count; first += 4) {
      const from = sums + ((<usize>first) << 2);
      const to = out + <usize>first * pitch;
      const rows = min(4, count - first);
      const step = width >= 4 ? pitch : 16;
      interleave(width >= 4 ? to : corner, step, from, from + ROW, from + 2 * ROW, from + 3 * ROW, rows);
      for (let i = 0; width < 4 && i < rows; i++) {
        storePart(to + <usize>i * pitch, v128.load(corner + ((<usize>i) << 4)), width);
      }
    }
    out += 16;
    sums += ROW << 2;
  }
}

/**
 * The queries of one row, in one head.
 *
 * @param out rows of `inner` bytes, as those of the query
 * @param places where the rows of the n > 0 keys are that are seen; in these, `key` and `value` are offsets
 * @param scratch room for `tiledScratch(n, width)` bytes
 */
export function attendTiled(
  out: usize,
  query: usize,
  inner: usize,
  t: i32,
  places: usize,
  n: i32,
  key: usize,
  value: usize,
  width: i32,
  scale: f32,
  scratch: usize,
): void {
  const values = scratch + whole(n) * ((<usize>width) << 2);
  const scores = values + ((whole(width) * <usize>n) << 2);
  const turned = scores + whole(n) * ROW; // the queries, (Dh, 8)
  const found = turned + <usize>width * ROW; // what they find, (Dh, 8)
  const top = found + whole(width) * ROW;
  const sums = top + ROW;
  const corner = sums + ROW;
  interleaveKeys(scratch, places, n, key, width);
  gatherValues(values, places, n, value, width);
  for (let i = 0; i < t; i += TILE_COLUMNS) {
    const count = min(TILE_COLUMNS, t - i);
    interleaveEight(turned, query + <usize>i * inner, inner, count, width);
    scaleLanes(turned, width, f32x4.splat(scale), f32x4.splat(scale));
    for (let j = 0; j < n; j += TILE_ROWS) {
      tile(scratch + <usize>j * ((<usize>width) << 2), turned, width, scores + <usize>j * ROW, ROW, false);
    }
    largest(top, scores, n);
    memory.fill(sums, 0, ROW);
    for (let from = 0; from < n; from += SUM) {
      const depth = min(SUM, n - from);
      const weights = scores + <usize>from * ROW;
      exponentials(weights, depth, top, sums);
      for (let d = 0; d < width; d += TILE_ROWS) {
        const part = values + (<usize>(d >> 2) * <usize>n + <usize>from) * 16;
        tile(part, weights, depth, found + <usize>d * ROW, ROW, from > 0);
      }
    }
    const one = f32x4.splat(1);
    scaleLanes(found, width, f32x4.div(one, v128.load(sums)), f32x4.div(one, v128.load(sums, 16)));
    writeRows(out + <usize>i * inner, inner, found, count, width, corner);
  }
}
