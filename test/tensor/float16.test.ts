/** Rounding to halves: every half, every midpoint between two, and their neighbours among the floats. */

import { expect, test } from "vitest";
import { floatBitsToFloat16, FLOAT16_OVERFLOW, float16ToFloatBits } from "../../src/tensor/float16";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
const toHalf = (value: number): number => {
  float[0] = value;
  return floatBitsToFloat16(bits[0]);
};
const LARGEST = 0x7bff;
const SIGN = 0x8000;
const valueOf = (half: number): number => {
  bits[0] = float16ToFloatBits()[half];
  return float[0];
};

test("every finite half is itself", () => {
  const wrong: number[] = [];
  for (let half = 0; half <= LARGEST; half++) {
    if (toHalf(valueOf(half)) !== half) wrong.push(half);
    if (toHalf(valueOf(half | SIGN)) !== (half | SIGN)) wrong.push(half | SIGN);
  }
  expect(wrong).toEqual([]);
});

test("between two halves the nearer one, in the middle the even one", () => {
  const wrong: string[] = [];
  for (let half = 0; half < LARGEST; half++) {
    // The middle has one bit more than a half, so it is a float.
    const middle = (valueOf(half) + valueOf(half + 1)) / 2;
    float[0] = middle;
    const at = bits[0];
    const even = half % 2 === 0 ? half : half + 1;
    for (const sign of [0, SIGN]) {
      const found = [-1, 0, 1].map((step) => floatBitsToFloat16(((at + step) | (sign << 16)) >>> 0));
      const expected = [half | sign, even | sign, (half + 1) | sign];
      if (found.join() !== expected.join()) wrong.push(`${middle}: ${found.join()}, not ${expected.join()}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("the ends of the range", () => {
  expect(toHalf(1e-45)).toBe(0);
  expect(toHalf(-1e-45)).toBe(SIGN);
  expect(toHalf(2 ** -25)).toBe(0);
  expect(toHalf(2 ** -25 * (1 + 2 ** -23))).toBe(1);
  float[0] = FLOAT16_OVERFLOW;
  expect(floatBitsToFloat16(bits[0] - 1)).toBe(LARGEST);
  expect(floatBitsToFloat16(bits[0])).toBe(0x7c00); // infinity: the caller's to refuse
});
