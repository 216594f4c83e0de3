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

import { fourSums, madd, sumOfLanes } from "./lanes";
import { Q8, Q8_BYTES, rowBytes } from "./weights";

// What `integers` gets of a block of x: four vectors, and what its sums begin with.

/** The signs of the bytes, or the first and third eight as 16 bits. */
function prepared(bytes: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.shr_s(bytes, 7);
  return i16x8.extend_low_i8x16_s(bytes);
}

/** Their magnitudes, or the other eight as 16 bits. */
function alsoPrepared(bytes: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.abs(bytes);
  return i16x8.extend_high_i8x16_s(bytes);
}

/** Minus the sum of |x| s. */
function beginning(signs: v128, magnitudes: v128, moreSigns: v128, moreMagnitudes: v128): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return i32x4.splat(0);
  const first = i32x4.relaxed_dot_i8x16_i7x16_add_s(signs, magnitudes, i32x4.splat(0));
  return i32x4.neg(i32x4.relaxed_dot_i8x16_i7x16_add_s(moreSigns, moreMagnitudes, first));
}

/** The products of a block of w with a block of x, in four sums. */
function integers(w: usize, a: v128, b: v128, c: v128, d: v128, sum: v128): v128 {
  const first = v128.load(w, 4);
  const second = v128.load(w, 20);
  if (ASC_FEATURE_RELAXED_SIMD) {
    sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.xor(first, a), b, sum);
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.xor(second, c), d, sum);
  }
  sum = i32x4.dot_i16x8_s(a, i16x8.extend_low_i8x16_s(first));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(b, i16x8.extend_high_i8x16_s(first)));
  sum = i32x4.add(sum, i32x4.dot_i16x8_s(c, i16x8.extend_low_i8x16_s(second)));
  return i32x4.add(sum, i32x4.dot_i16x8_s(d, i16x8.extend_high_i8x16_s(second)));
}

/** sum + integers * scale of x * scale of w */
function scaled(w: usize, sums: v128, scale: v128, sum: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sums), f32x4.mul(scale, v128.load32_splat(w)), sum);
}

/** One row of w, as one stream. */
function dotRow(x: usize, w: usize, blocks: i32): f32 {
  let total = f32x4.splat(0);
  for (; blocks > 0; blocks--) {
    const first = v128.load(x, 4);
    const second = v128.load(x, 20);
    const a = prepared(first);
    const b = alsoPrepared(first);
    const c = prepared(second);
    const d = alsoPrepared(second);
    total = scaled(w, integers(w, a, b, c, d, beginning(a, b, c, d)), v128.load32_splat(x), total);
    x += Q8_BYTES;
    w += Q8_BYTES;
  }
  return sumOfLanes(total);
}

/** Four rows of w, `step` bytes apart: what is made of x serves all. */
function dotFourRows(x: usize, w: usize, step: usize, blocks: i32): v128 {
  let p = f32x4.splat(0);
  let q = p;
  let r = p;
  let s = p;
  const w1 = w + step;
  const w2 = w1 + step;
  const w3 = w2 + step;
  const end = <usize>blocks * Q8_BYTES;
  for (let i: usize = 0; i < end; i += Q8_BYTES) {
    const first = v128.load(x + i, 4);
    const second = v128.load(x + i, 20);
    const a = prepared(first);
    const b = alsoPrepared(first);
    const c = prepared(second);
    const d = alsoPrepared(second);
    const begin = beginning(a, b, c, d);
    const scale = v128.load32_splat(x + i);
    p = scaled(w + i, integers(w + i, a, b, c, d, begin), scale, p);
    q = scaled(w1 + i, integers(w1 + i, a, b, c, d, begin), scale, q);
    r = scaled(w2 + i, integers(w2 + i, a, b, c, d, begin), scale, r);
    s = scaled(w3 + i, integers(w3 + i, a, b, c, d, begin), scale, s);
  }
  return fourSums(p, q, r, s);
}

/**
 * @param x rows of q8 blocks
 * @param y rows of `pitch` bytes, of which n floats are written
 */
export function productInt8(x: usize, w: usize, y: usize, pitch: usize, m: i32, n: i32, k: i32): void {
  const step = rowBytes(Q8, k);
  const blocks = (k + 31) >> 5;
  if (m > 1) {
    for (; n >= 4; n -= 4) {
      for (let i = 0; i < m; i++) {
        v128.store(y + <usize>i * pitch, dotFourRows(x + <usize>i * step, w, step, blocks));
      }
      w += step << 2;
      y += 16;
    }
  }
  for (; n > 0; n--) {
    for (let i = 0; i < m; i++) f32.store(y + <usize>i * pitch, dotRow(x + <usize>i * step, w, blocks));
    w += step;
    y += 4;
  }
}
