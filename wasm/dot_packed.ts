/**
 * One row of x (f32) times one row of w as it is stored: sum over k of x[k] w[k], without writing the floats of w.
 *
 *   f16      x . w
 *   q8, q4   sum over blocks of scale * (x . integers), the scale once a block
 */

import { loadPart, madd, sumOfLanes } from "./lanes";
import { F16, halves, lowerFours, Q4_BYTES, Q8, Q8_BYTES, unpackRow, upperFours } from "./weights";
import { dot } from "./dot";

/** x . bytes over sixteen elements, added to `sum`. */
function sixteen(x: usize, bytes: v128, sum: v128): v128 {
  const low = i16x8.extend_low_i8x16_s(bytes);
  const high = i16x8.extend_high_i8x16_s(bytes);
  sum = madd(v128.load(x), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), sum);
  let other = f32x4.mul(v128.load(x, 16), f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)));
  sum = madd(v128.load(x, 32), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), sum);
  other = madd(v128.load(x, 48), f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), other);
  return f32x4.add(sum, other);
}

function dotHalves(x: usize, w: usize, k: i32): f32 {
  let a = f32x4.splat(0);
  let b = a;
  for (; k >= 8; k -= 8) {
    a = madd(v128.load(x), halves(w), a);
    b = madd(v128.load(x, 16), halves(w + 8), b);
    x += 32;
    w += 16;
  }
  if (k >= 4) {
    a = madd(v128.load(x), halves(w), a);
    x += 16;
    w += 8;
    k -= 4;
  }
  if (k > 0) b = madd(loadPart(x, k), halves(w), b);
  return sumOfLanes(f32x4.add(a, b));
}

/** @param scratch room for a block of floats, for the last block where k is not a multiple of 32 */
export function dotPacked(format: i32, x: usize, w: usize, k: i32, scratch: usize): f32 {
  if (format == F16) return dotHalves(x, w, k);
  let sum = f32x4.splat(0);
  if (format == Q8) {
    for (; k >= 32; k -= 32) {
      const block = sixteen(x + 64, v128.load(w, 20), sixteen(x, v128.load(w, 4), f32x4.splat(0)));
      sum = madd(v128.load32_splat(w), block, sum);
      x += 128;
      w += Q8_BYTES;
    }
  } else {
    for (; k >= 32; k -= 32) {
      const fours = v128.load(w, 4);
      const block = sixteen(x + 64, upperFours(fours), sixteen(x, lowerFours(fours), f32x4.splat(0)));
      sum = madd(v128.load32_splat(w), block, sum);
      x += 128;
      w += Q4_BYTES;
    }
  }
  const total = sumOfLanes(sum);
  if (k == 0) return total;
  unpackRow(format, w, scratch, k);
  return total + dot(x, scratch, k);
}
