/**
 * Rows of weights as floats, from each way to store them; the layouts are those of src/tensor/weight-format.ts.
 *
 *   0  f32  floats (here without padding: a row of k elements is 4 k bytes)
 *   1  f16  binary16, two to a word, padded to a multiple of four
 *   2  q8   blocks of 32: the scale, then 32 signed bytes
 *   3  q4   blocks of 32: the scale, then 32 times four bits, 8 added, the lowest bits first
 *   4  f16  the same numbers as 1, in halves that are never subnormal (halves.ts)
 */

import { storePart } from "./lanes";

export const F32: i32 = 0;
export const F16: i32 = 1;
export const Q8: i32 = 2;
export const Q4: i32 = 3;
export const NORMAL_F16: i32 = 4;
export const Q8_BYTES: usize = 36;
export const Q4_BYTES: usize = 20;

/** Bytes from a row of `k` elements to the next. */
export function rowBytes(format: i32, k: i32): usize {
  if (format == F32) return (<usize>k) << 2;
  if (isHalves(format)) return (<usize>((k + 3) & ~3)) << 1;
  const blocks = <usize>((k + 31) >> 5);
  return blocks * (format == Q8 ? Q8_BYTES : Q4_BYTES);
}

export function isHalves(format: i32): bool {
  return format == F16 || format == NORMAL_F16;
}

/** What `halves` multiplies by: a float's bias is larger by 112 than that of binary16, and by 102 than that of halves.ts. */
export function factorOf(format: i32): v128 {
  return f32x4.splat(format == F16 ? 5.192296858534828e33 : 5.070602400912918e30);
}

/**
 * Four halves as floats. Exponent and fraction move to their places in a float; the product with a power of two is exact, of
 * subnormal halves, too, but takes some processors a hundred times as long. No half of a weight is infinite or NaN.
 */
export function halves(from: usize, factor: v128): v128 {
  // Sign-extended, so that the sign comes to its place as well, and three copies of it where zeros have to be.
  const bits = i32x4.shl(v128.load16x4_s(from), 13);
  return f32x4.mul(v128.and(bits, i32x4.splat(0x8fffffff)), factor);
}

/** The integers 0 to 15 of a block of q4, as signed bytes. */
export function lowerFours(block: v128): v128 {
  const low = v128.and(block, i8x16.splat(15));
  const high = i8x16.shr_u(block, 4);
  return i8x16.sub(v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), i8x16.splat(8));
}

/** The integers 16 to 31. */
export function upperFours(block: v128): v128 {
  const low = v128.and(block, i8x16.splat(15));
  const high = i8x16.shr_u(block, 4);
  const all = v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return i8x16.sub(all, i8x16.splat(8));
}

/** Stores scale * integer for the first `count` of sixteen signed bytes. */
function storeScaled(to: usize, bytes: v128, scale: v128, count: i32): void {
  let words = i16x8.extend_low_i8x16_s(bytes);
  for (let half = 0; half < 2 && count > 0; half++) {
    storeFour(to, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words))), count);
    storeFour(to + 16, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words))), count - 4);
    words = i16x8.extend_high_i8x16_s(bytes);
    to += 32;
    count -= 8;
  }
}

function storeFour(to: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(to, v);
  else if (count > 0) storePart(to, v, count);
}

/** Writes the `k` elements of a packed row as floats. */
export function unpackRow(format: i32, from: usize, to: usize, k: i32): void {
  if (format == F32) {
    memory.copy(to, from, (<usize>k) << 2);
  } else if (isHalves(format)) {
    const factor = factorOf(format);
    for (; k >= 4; k -= 4) {
      v128.store(to, halves(from, factor));
      from += 8;
      to += 16;
    }
    if (k > 0) storePart(to, halves(from, factor), k);
  } else {
    const step = format == Q8 ? Q8_BYTES : Q4_BYTES;
    for (; k > 0; k -= 32) {
      const scale = v128.load32_splat(from);
      const first = v128.load(from, 4);
      storeScaled(to, format == Q8 ? first : lowerFours(first), scale, k);
      storeScaled(to + 64, format == Q8 ? v128.load(from, 20) : upperFours(first), scale, k - 16);
      from += step;
      to += 128;
    }
  }
}
