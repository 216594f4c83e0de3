/**
 * Rows of x (M, K) in f32 as rows of q8 blocks, by the rule of src/tensor/weight-format.ts: the scale is the largest magnitude of
 * 32 elements over 127, an element the nearest integer to x / scale, the even one of two.
 */

import { Q8_BYTES, rowBytes, Q8 } from "./weights";
import { loadPart } from "./lanes";

/** 2^-126, the smallest normal float. */
const SMALLEST: f32 = 1.1754943508222875e-38;

/** Up to four floats; past the end of the row there are zeros. */
function four(x: usize, left: i32): v128 {
  if (left >= 4) return v128.load(x);
  return left > 0 ? loadPart(x, left) : f32x4.splat(0);
}

function block(out: usize, x: usize, k: i32): void {
  let top = f32x4.splat(0);
  for (let i = 0; i < 8; i++) {
    const v = f32x4.abs(four(x + ((<usize>i) << 4), k - 4 * i));
    // With the new value first, NaN gets in and stays.
    top = f32x4.max(v, top);
  }
  top = f32x4.max(top, i64x2.shuffle(top, top, 1, 0));
  top = f32x4.max(top, i32x4.shuffle(top, top, 1, 0, 3, 2));
  let scale: f32 = f32x4.extract_lane(top, 0) / 127;
  // A subnormal scale counts as zero, as in the weights. NaN stays.
  if (scale < SMALLEST) scale = 0;
  f32.store(out, scale);
  const inverse = f32x4.splat(scale > 0 ? 1 / scale : 0);
  for (let i = 0; i < 8; i += 4) {
    const at = x + ((<usize>i) << 4);
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(four(at, k - 4 * i), inverse)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(four(at + 16, k - 4 * i - 4), inverse)));
    const c = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(four(at + 32, k - 4 * i - 8), inverse)));
    const d = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(four(at + 48, k - 4 * i - 12), inverse)));
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    v128.store(out + ((<usize>i) << 2), bytes, 4);
  }
}

export function quantize(out: usize, x: usize, m: i32, k: i32): void {
  const row = (<usize>k) << 2;
  const step = rowBytes(Q8, k);
  for (; m > 0; m--) {
    for (let i = 0; i < k; i += 32) block(out + <usize>(i >> 5) * Q8_BYTES, x + ((<usize>i) << 2), k - i);
    x += row;
    out += step;
  }
}
