/**
 * Attention of a few queries that see the same keys, as a step of decoding does: each row of the cache is read once, all its heads
 * one after another, for all queries. Its time is that of memory, so four rows far apart are read at a time (dot_streams.ts):
 *
 *   scores   (T, H, n)   of all keys, with the keys of four rows
 *   weights  (T, H, n)   exp(scores * scale - largest)
 *   out      (T, H Dh)   with the values of four rows, then divided by the sum of the weights
 */

import { dot, dotFour } from "./dot";
import { place } from "./keys";
import { loadPart, madd, storeApart, storePart } from "./lanes";
import { scale as scaleRow } from "./rows";
import { exponentials, largest } from "./softmax";

/** out += the sum over four rows of weight * value, over `width` elements. */
function addFour(
  out: usize,
  weights: usize,
  next: usize,
  v0: usize,
  v1: usize,
  v2: usize,
  v3: usize,
  width: i32,
): void {
  const a = v128.load32_splat(weights);
  const b = v128.load32_splat(weights + next);
  const c = v128.load32_splat(weights + 2 * next);
  const d = v128.load32_splat(weights + 3 * next);
  for (; width >= 4; width -= 4) {
    const sum = madd(b, v128.load(v1), madd(a, v128.load(v0), v128.load(out)));
    v128.store(out, madd(d, v128.load(v3), madd(c, v128.load(v2), sum)));
    out += 16;
    v0 += 16;
    v1 += 16;
    v2 += 16;
    v3 += 16;
  }
  if (width > 0) {
    const sum = madd(b, loadPart(v1, width), madd(a, loadPart(v0, width), loadPart(out, width)));
    storePart(out, madd(d, loadPart(v3, width), madd(c, loadPart(v2, width), sum)), width);
  }
}

/** out += weight * value */
function addOne(out: usize, weight: usize, value: usize, width: i32): void {
  const a = v128.load32_splat(weight);
  for (; width >= 4; width -= 4) {
    v128.store(out, madd(a, v128.load(value), v128.load(out)));
    out += 16;
    value += 16;
  }
  if (width > 0) storePart(out, madd(a, loadPart(value, width), loadPart(out, width)), width);
}

/**
 * @param out T rows of `inner` bytes, as those of the query; heads of them are written
 * @param places where the rows of the n keys are; a key is followed by its value after `inner` bytes
 * @param scores room for (T, heads, n + 1) floats
 */
export function attendStreams(
  out: usize,
  query: usize,
  inner: usize,
  t: i32,
  places: usize,
  n: i32,
  firstHead: i32,
  endHead: i32,
  width: i32,
  scale: f32,
  scores: usize,
): void {
  const headBytes = (<usize>width) << 2;
  const begin = <usize>firstHead * headBytes;
  const end = <usize>endHead * headBytes;
  const row = (<usize>n) << 2;
  const quarter = n >> 2;
  const next = (<usize>quarter) << 2;
  for (let j = 0; j < quarter; j++) {
    const k0 = place(places, j);
    const k1 = place(places, j + quarter);
    const k2 = place(places, j + 2 * quarter);
    const k3 = place(places, j + 3 * quarter);
    let to = scores + ((<usize>j) << 2);
    for (let i = 0; i < t; i++) {
      const q = query + <usize>i * inner;
      for (let at = begin; at < end; at += headBytes) {
        storeApart(to, next, dotFour(q + at, k0 + at, k1 + at, k2 + at, k3 + at, width));
        to += row;
      }
    }
  }
  for (let j = quarter << 2; j < n; j++) {
    const key = place(places, j);
    let to = scores + ((<usize>j) << 2);
    for (let i = 0; i < t; i++) {
      for (let at = begin; at < end; at += headBytes) {
        f32.store(to, dot(query + <usize>i * inner + at, key + at, width));
        to += row;
      }
    }
  }

  // One over the sum of weights of each head.
  const sums = scores + <usize>(t * (endHead - firstHead)) * row;
  let part = scores;
  let sum = sums;
  for (let i = 0; i < t; i++) {
    memory.fill(out + <usize>i * inner + begin, 0, end - begin);
    for (let at = begin; at < end; at += headBytes) {
      let factor: f32 = 0;
      if (n > 0) {
        scaleRow(part, scale, n);
        factor = <f32>(1 / exponentials(part, part, n, largest(part, n)));
      }
      f32.store(sum, factor);
      part += row;
      sum += 4;
    }
  }

  for (let j = 0; j < quarter; j++) {
    const v0 = place(places, j) + inner;
    const v1 = place(places, j + quarter) + inner;
    const v2 = place(places, j + 2 * quarter) + inner;
    const v3 = place(places, j + 3 * quarter) + inner;
    let from = scores + ((<usize>j) << 2);
    for (let i = 0; i < t; i++) {
      const to = out + <usize>i * inner;
      for (let at = begin; at < end; at += headBytes) {
        addFour(to + at, from, next, v0 + at, v1 + at, v2 + at, v3 + at, width);
        from += row;
      }
    }
  }
  for (let j = quarter << 2; j < n; j++) {
    const value = place(places, j) + inner;
    let from = scores + ((<usize>j) << 2);
    for (let i = 0; i < t; i++) {
      for (let at = begin; at < end; at += headBytes) {
        addOne(out + <usize>i * inner + at, from, value + at, width);
        from += row;
      }
    }
  }

  sum = sums;
  for (let i = 0; i < t; i++) {
    for (let at = begin; at < end; at += headBytes) {
      scaleRow(out + <usize>i * inner + at, f32.load(sum), width);
      sum += 4;
    }
  }
}
