/**
 * The product of product_int8.ts for many rows of x: eight rows of w (N, K) are interleaved once, so that a lane is a row of
 * w. Then a block ends in one conversion and one multiplication by scales per four rows, not per row.
 *
 * Four interleaved rows, block by block: their four scales, then vectors of the next few elements of row 0, 1, 2 and 3:
 *
 *   relaxed   8 vectors of 4 elements of 8 bits each
 *   simd      16 vectors of 2 elements of 16 bits each
 *
 * The same few elements of x are repeated in all lanes.
 */

import { madd } from "./lanes";
import { BLOCK_BYTES, quantizedBytes } from "./quantize";
import { Q8, Q8_BYTES, rowBytes } from "./weights";

/** Vectors of four interleaved blocks. */
const VECTORS: usize = ASC_FEATURE_RELAXED_SIMD ? 8 : 16;
/** Bytes of four interleaved blocks. */
const GROUP_BYTES: usize = 16 + 16 * VECTORS;
/** Rows of x at a time fit into this many bytes of the second-level cache. */
const CACHED: i32 = 1 << 19;

/** Bytes of `scratch` that a product with rows of k elements needs. */
export function int8Scratch(k: i32): usize {
  return (<usize>((k + 31) >> 5) * GROUP_BYTES) << 1;
}

/** Sixteen bytes of a row: as they are, or eight of 8 bits as 16 bits. */
function part(w: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.load(w) : v128.load8x8_s(w);
}

/** Four rows of w, `step` bytes apart. */
function interleave(w: usize, step: usize, blocks: i32, to: usize): void {
  const w1 = w + step;
  const w2 = w1 + step;
  const w3 = w2 + step;
  const bytes: usize = ASC_FEATURE_RELAXED_SIMD ? 16 : 8;
  const end = <usize>blocks * Q8_BYTES;
  for (let i: usize = 0; i < end; i += Q8_BYTES) {
    const two = v128.load32_lane(w1 + i, v128.load32_zero(w + i), 1);
    v128.store(to, v128.load32_lane(w3 + i, v128.load32_lane(w2 + i, two, 2), 3));
    to += 16;
    for (let j = i + 4; j < i + Q8_BYTES; j += bytes) {
      const a = part(w + j);
      const b = part(w1 + j);
      const c = part(w2 + j);
      const d = part(w3 + j);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
      const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
      v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
      v128.store(to, i64x2.shuffle(ab, cd, 1, 3), 16);
      v128.store(to, i64x2.shuffle(ab2, cd2, 0, 2), 32);
      v128.store(to, i64x2.shuffle(ab2, cd2, 1, 3), 48);
      to += 64;
    }
  }
}

/** What the sum of products of a block of x begins with, in every lane. */
function start(x: usize): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return i32x4.splat(0);
  let sum = v128.load(x, 16);
  sum = i32x4.add(sum, i64x2.shuffle(sum, sum, 1, 0));
  return i32x4.add(sum, i32x4.shuffle(sum, sum, 1, 0, 3, 2));
}

/** The signs of the elements at `x`, in every lane; the module without relaxed SIMD has none. */
function signsAt(x: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(x, 32) : i32x4.splat(0);
}

/** sum + w * elements */
function add(w: v128, elements: v128, signs: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.xor(w, signs), elements, sum);
  }
  return i32x4.add(i32x4.dot_i16x8_s(w, elements), sum);
}

/** Two rows of x times eight interleaved rows of w, the second four `half` bytes after the first. */
function twoByEight(x0: usize, x1: usize, w: usize, half: usize, blocks: i32, y0: usize, y1: usize): void {
  const elements: usize = ASC_FEATURE_RELAXED_SIMD ? 32 : 16;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  for (; blocks > 0; blocks--) {
    let p0 = start(x0);
    let p1 = p0;
    let q0 = start(x1);
    let q1 = q0;
    for (let i: usize = 0; i < VECTORS; i++) {
      const w0 = v128.load(w + (i << 4), 16);
      const w1 = v128.load(w + half + (i << 4), 16);
      const from = elements + (i << 2);
      let x = v128.load32_splat(x0 + from);
      let s = signsAt(x0 + from);
      p0 = add(w0, x, s, p0);
      p1 = add(w1, x, s, p1);
      x = v128.load32_splat(x1 + from);
      s = signsAt(x1 + from);
      q0 = add(w0, x, s, q0);
      q1 = add(w1, x, s, q1);
    }
    const s0 = v128.load(w);
    const s1 = v128.load(w + half);
    let scale = v128.load(x0);
    a0 = madd(f32x4.convert_i32x4_s(p0), f32x4.mul(scale, s0), a0);
    a1 = madd(f32x4.convert_i32x4_s(p1), f32x4.mul(scale, s1), a1);
    scale = v128.load(x1);
    b0 = madd(f32x4.convert_i32x4_s(q0), f32x4.mul(scale, s0), b0);
    b1 = madd(f32x4.convert_i32x4_s(q1), f32x4.mul(scale, s1), b1);
    x0 += BLOCK_BYTES;
    x1 += BLOCK_BYTES;
    w += GROUP_BYTES;
  }
  v128.store(y0, a0);
  v128.store(y0, a1, 16);
  v128.store(y1, b0);
  v128.store(y1, b1, 16);
}

/**
 * The first n - n % 8 columns; how many these are.
 * @param scratch room for `int8Scratch(k)` bytes
 */
export function productInt8Tiled(
  x: usize,
  w: usize,
  y: usize,
  pitch: usize,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
): i32 {
  const step = rowBytes(Q8, k);
  const row = quantizedBytes(k);
  const blocks = (k + 31) >> 5;
  const half = int8Scratch(k) >> 1;
  const columns = n & ~7;
  let together = max(2, (CACHED / <i32>row) & ~1);
  for (let first = 0; first < m; first += together) {
    together = min(together, m - first);
    const rows = x + <usize>first * row;
    const last = rows + <usize>(together - 1) * row;
    for (let j = 0; j < columns; j += 8) {
      const from = w + <usize>j * step;
      interleave(from, step, blocks, scratch);
      interleave(from + (step << 2), step, blocks, scratch + half);
      let to = y + <usize>first * pitch + ((<usize>j) << 2);
      for (let i = rows; i <= last; i += row << 1) {
        // An odd last row is computed twice, into one place.
        const one = i == last;
        twoByEight(i, one ? i : i + row, scratch, half, blocks, to, one ? to : to + pitch);
        to += pitch << 1;
      }
    }
  }
  return columns;
}
