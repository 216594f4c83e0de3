/**
 * Rows of x (M, K) in f32 as rows of int8 blocks, by the rule of src/backends/cpu/int8.ts: the scale is the largest
 * magnitude of 32 elements over 127, an element the integer nearest to x / scale, the even one of two.
 *
 * A block is laid out as product_int8.ts reads it, so that what depends on x alone is computed once per row and not once
 * per product:
 *
 *   relaxed   the scale four times, minus the sum of |x| s (four sums), 32 bytes |x|, 32 bytes s (0, or -1 where x < 0)
 *   simd      the scale four times, 32 integers of 16 bits
 */

import { loadPart } from "./lanes";

/** Of a quantised block of x. */
export const BLOCK_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 96 : 80;

/** 2^-126, the smallest normal float. */
const SMALLEST: f32 = 1.1754943508222875e-38;

/** Up to four floats; past the end of the row there are zeros. */
function four(x: usize, left: i32): v128 {
  if (left >= 4) return v128.load(x);
  return left > 0 ? loadPart(x, left) : f32x4.splat(0);
}

function scaleOf(x: usize, k: i32): f32 {
  let top = f32x4.splat(0);
  for (let i = 0; i < 8; i++) {
    const v = f32x4.abs(four(x + ((<usize>i) << 4), k - 4 * i));
    // With the new value first, NaN gets in and stays.
    top = f32x4.max(v, top);
  }
  top = f32x4.max(top, i64x2.shuffle(top, top, 1, 0));
  top = f32x4.max(top, i32x4.shuffle(top, top, 1, 0, 3, 2));
  const scale: f32 = f32x4.extract_lane(top, 0) / 127;
  // A subnormal scale counts as zero, as in the weights. NaN stays.
  return scale < SMALLEST ? 0 : scale;
}

/** Four integers, of which NaN is 0. */
function integers(x: usize, left: i32, scale: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.div(four(x, left), scale)));
}

/** Eight integers of 16 bits. */
function eight(x: usize, left: i32, scale: v128): v128 {
  return i16x8.narrow_i32x4_s(integers(x, left, scale), integers(x + 16, left - 4, scale));
}

function block(out: usize, x: usize, k: i32): void {
  const scale = scaleOf(x, k);
  v128.store(out, f32x4.splat(scale));
  // Over infinity everything is 0, and so is all of a block without a scale.
  const divisor = f32x4.splat(scale == 0 ? Infinity : scale);
  const a = eight(x, k, divisor);
  const b = eight(x + 32, k - 8, divisor);
  const c = eight(x + 64, k - 16, divisor);
  const d = eight(x + 96, k - 24, divisor);
  if (ASC_FEATURE_RELAXED_SIMD) return signsAndMagnitudes(out, i8x16.narrow_i16x8_s(a, b), i8x16.narrow_i16x8_s(c, d));
  v128.store(out, a, 16);
  v128.store(out, b, 32);
  v128.store(out, c, 48);
  v128.store(out, d, 64);
}

function signsAndMagnitudes(out: usize, first: v128, second: v128): void {
  const zero = i32x4.splat(0);
  const s = i8x16.lt_s(first, zero);
  const t = i8x16.lt_s(second, zero);
  const p = i8x16.abs(first);
  const q = i8x16.abs(second);
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(t, q, i32x4.relaxed_dot_i8x16_i7x16_add_s(s, p, zero));
  v128.store(out, i32x4.neg(sums), 16);
  v128.store(out, p, 32);
  v128.store(out, q, 48);
  v128.store(out, s, 64);
  v128.store(out, t, 80);
}

/** Bytes of a quantised row of k elements. */
export function quantizedBytes(k: i32): usize {
  return <usize>((k + 31) >> 5) * BLOCK_BYTES;
}

/** @param out M rows of `quantizedBytes(k)` */
export function quantize(out: usize, x: usize, m: i32, k: i32): void {
  const row = (<usize>k) << 2;
  for (; m > 0; m--) {
    for (let i = 0; i < k; i += 32) {
      block(out, x + ((<usize>i) << 2), k - i);
      out += BLOCK_BYTES;
    }
    x += row;
  }
}
