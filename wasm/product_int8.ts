/**
 * y = x w^T in integers: rows of x (M, K), quantised by quantize.ts, times rows of w (N, K) in q8.
 *
 *   y[i, j] = sum over blocks of x.scale * w.scale * sum over 32 of x.integer * w.integer
 *
 * The inner sum is exact in i32, so both modules compute the same integers. No integer is -128.
 *
 * The relaxed instruction multiplies signed bytes by bytes that mean the same everywhere from 0 to 127 only; it gets |x|.
 * With s the sign of x, 0 or -1 (all bits), x w = |x| ((w xor s) - s), so the sum over a block is the one of |x| (w xor s)
 * minus the one of |x| s, which does not depend on w.
 */

import { fourSums, madd, storeApart, sumOfLanes } from "./lanes";
import { productInt8Tiled } from "./product_int8_tiled";
import { BLOCK_BYTES, quantizedBytes } from "./quantize";
import { Q8, Q8_BYTES, rowBytes } from "./weights";

/** The products of a block of x with a block of w, in four sums. */
function integers(x: usize, w: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const first = v128.xor(v128.load(w, 4), v128.load(x, 64));
    const second = v128.xor(v128.load(w, 20), v128.load(x, 80));
    const sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(first, v128.load(x, 32), v128.load(x, 16));
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(second, v128.load(x, 48), sum);
  }
  const a = i32x4.dot_i16x8_s(v128.load(x, 16), v128.load8x8_s(w, 4));
  const b = i32x4.dot_i16x8_s(v128.load(x, 32), v128.load8x8_s(w, 12));
  const c = i32x4.dot_i16x8_s(v128.load(x, 48), v128.load8x8_s(w, 20));
  const d = i32x4.dot_i16x8_s(v128.load(x, 64), v128.load8x8_s(w, 28));
  return i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
}

/** sum + integers * scale of x * scale of w */
function add(x: usize, w: usize, sum: v128): v128 {
  return madd(f32x4.convert_i32x4_s(integers(x, w)), f32x4.mul(v128.load(x), v128.load32_splat(w)), sum);
}

function oneByOne(x: usize, w: usize, blocks: i32): f32 {
  let sum = f32x4.splat(0);
  for (; blocks > 0; blocks--) {
    sum = add(x, w, sum);
    x += BLOCK_BYTES;
    w += Q8_BYTES;
  }
  return sumOfLanes(sum);
}

/** One row of x times four rows of w, `step` bytes apart. */
function oneByFour(x: usize, w: usize, step: usize, blocks: i32): v128 {
  let p = f32x4.splat(0);
  let q = p;
  let r = p;
  let s = p;
  const w1 = w + step;
  const w2 = w1 + step;
  const w3 = w2 + step;
  const end = <usize>blocks * Q8_BYTES;
  for (let i: usize = 0; i < end; i += Q8_BYTES) {
    p = add(x, w + i, p);
    q = add(x, w1 + i, q);
    r = add(x, w2 + i, r);
    s = add(x, w3 + i, s);
    x += BLOCK_BYTES;
  }
  return fourSums(p, q, r, s);
}

/** Two rows of x times four rows of w. */
function twoByFour(x0: usize, x1: usize, w: usize, step: usize, blocks: i32, y0: usize, y1: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const w1 = w + step;
  const w2 = w1 + step;
  const w3 = w2 + step;
  const end = <usize>blocks * Q8_BYTES;
  for (let i: usize = 0; i < end; i += Q8_BYTES) {
    a0 = add(x0, w + i, a0);
    b0 = add(x1, w + i, b0);
    a1 = add(x0, w1 + i, a1);
    b1 = add(x1, w1 + i, b1);
    a2 = add(x0, w2 + i, a2);
    b2 = add(x1, w2 + i, b2);
    a3 = add(x0, w3 + i, a3);
    b3 = add(x1, w3 + i, b3);
    x0 += BLOCK_BYTES;
    x1 += BLOCK_BYTES;
  }
  v128.store(y0, fourSums(a0, a1, a2, a3));
  v128.store(y1, fourSums(b0, b1, b2, b3));
}

/** From so many rows of x on, interleaving w costs less than it gains. */
const MANY: i32 = 12;

/** One row of x: four columns at a time, a quarter of all columns apart (dot_streams.ts says why). How many columns these are. */
function streams(x: usize, w: usize, y: usize, n: i32, step: usize, blocks: i32): i32 {
  const quarter = n >> 2;
  const next = (<usize>quarter) << 2;
  for (let j = 0; j < quarter; j++) {
    storeApart(y, next, oneByFour(x, w, <usize>quarter * step, blocks));
    w += step;
    y += 4;
  }
  return quarter << 2;
}

/**
 * @param x M rows of `quantizedBytes(k)`
 * @param y rows of `pitch` bytes, of which n floats are written
 * @param scratch room for `int8Scratch(k)` bytes
 */
export function productInt8(x: usize, w: usize, y: usize, pitch: usize, m: i32, n: i32, k: i32, scratch: usize): void {
  const step = rowBytes(Q8, k);
  const row = quantizedBytes(k);
  const blocks = (k + 31) >> 5;
  if (m == 1 || m >= MANY) {
    const columns = m == 1 ? streams(x, w, y, n, step, blocks) : productInt8Tiled(x, w, y, pitch, m, n, k, scratch);
    w += <usize>columns * step;
    y += (<usize>columns) << 2;
    n -= columns;
  }
  for (; n >= 4; n -= 4) {
    let from = x;
    let to = y;
    let rows = m;
    for (; rows >= 2; rows -= 2) {
      twoByFour(from, from + row, w, step, blocks, to, to + pitch);
      from += row << 1;
      to += pitch << 1;
    }
    if (rows > 0) v128.store(to, oneByFour(from, w, step, blocks));
    w += step << 2;
    y += 16;
  }
  for (; n > 0; n--) {
    for (let i = 0; i < m; i++) f32.store(y + <usize>i * pitch, oneByOne(x + <usize>i * row, w, blocks));
    w += step;
    y += 4;
  }
}
