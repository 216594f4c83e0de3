/**
 * What int8 arithmetic does to the rows that are multiplied by q8 weights: each block of 32 elements becomes a scale times
 * integers of 8 bits, as the weights are. Sums of products of integers are exact, so the rest of such a product is that of
 * any other.
 */

import { BLOCK } from "../../tensor/weight-format";

/** What products with q8 weights are computed in: with "int8" their other operand is rounded to 8 bits, too. */
export type Arithmetic = "f32" | "int8";

/**
 * x (R, K) with each element replaced by scale * integer. The scale is the largest magnitude of the block over 127, or 0 where
 * that is subnormal; the integer is the nearest to x / scale in float32, the even one of two. A block with NaN or infinity
 * becomes NaN.
 */
export function roundedToInt8(x: Float32Array, width: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    for (let from = row; from < row + width; from += BLOCK) {
      const block = x.subarray(from, Math.min(from + BLOCK, row + width));
      let largest = 0;
      // With NaN the largest is NaN.
      for (const value of block) largest = Math.max(largest, Math.abs(value));
      const scale = Math.fround(largest / 127);
      if (scale < 2 ** -126) continue;
      for (let i = 0; i < block.length; i++) out[from + i] = scale * nearest(Math.fround(block[i] / scale));
    }
  }
  return out;
}

/** The nearest integer, the even one of two. Doubles of this size are 1 apart, so the addition rounds. */
const nearest = (value: number): number => value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
