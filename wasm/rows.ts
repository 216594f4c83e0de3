/** Rows of floats, in place: the sum and the product with another row, the product with a number. */

import { loadPart, storePart } from "./lanes";

/** y += x, over n elements. */
export function add(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
    y += 16;
    x += 16;
  }
  if (n > 0) storePart(y, f32x4.add(loadPart(y, n), loadPart(x, n)), n);
}

/** y *= x, element by element. */
export function multiply(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.mul(v128.load(y), v128.load(x)));
    y += 16;
    x += 16;
  }
  if (n > 0) storePart(y, f32x4.mul(loadPart(y, n), loadPart(x, n)), n);
}

/** y *= factor */
export function scale(y: usize, factor: f32, n: i32): void {
  const f = f32x4.splat(factor);
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.mul(v128.load(y), f));
    y += 16;
  }
  if (n > 0) storePart(y, f32x4.mul(loadPart(y, n), f), n);
}
