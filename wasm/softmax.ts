/**
 * Rows of exponentials. With m the largest of a row and t = sum(exp(x - m)):
 *
 *   softmax      exp(x - m) / t
 *   logSoftmax   x - m - log(t)
 *
 * Sums of a thousand exponentials are f32, the sum of those is f64: a vocabulary of 250,000 loses no digits.
 */

import { exp } from "./exp";
import { sumOfLanes } from "./lanes";
import { scale } from "./rows";

/** The page's Math.log, the one import besides the memory. */
declare function log(x: f64): f64;

/** The largest of a row, NaN left out: a row with NaN becomes NaN by its sum. */
export function largest(x: usize, n: i32): f32 {
  let a = f32x4.splat(-Infinity);
  let b = a;
  for (; n >= 8; n -= 8) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    x += 32;
  }
  for (; n > 0; n--) {
    a = f32x4.pmax(a, v128.load32_splat(x));
    x += 4;
  }
  a = f32x4.pmax(a, b);
  a = f32x4.pmax(a, i64x2.shuffle(a, a, 1, 0));
  a = f32x4.pmax(a, i32x4.shuffle(a, a, 1, 0, 3, 2));
  return f32x4.extract_lane(a, 0);
}

/** sum(exp(x - shift)); where `out` is not 0 the exponentials go there. */
export function exponentials(out: usize, x: usize, n: i32, shift: f32): f64 {
  const s = f32x4.splat(shift);
  let total: f64 = 0;
  while (n >= 4) {
    let a = f32x4.splat(0);
    const count = min(n, 1024) & ~3;
    for (let i = 0; i < count; i += 4) {
      const e = exp(f32x4.sub(v128.load(x), s));
      a = f32x4.add(a, e);
      x += 16;
      if (out != 0) {
        v128.store(out, e);
        out += 16;
      }
    }
    total += <f64>sumOfLanes(a);
    n -= count;
  }
  for (; n > 0; n--) {
    const e = f32x4.extract_lane(exp(f32x4.sub(v128.load32_splat(x), s)), 0);
    total += <f64>e;
    x += 4;
    if (out != 0) {
      f32.store(out, e);
      out += 4;
    }
  }
  return total;
}

/** (R, N) to (R, N) */
export function softmax(out: usize, x: usize, rows: i32, n: i32): void {
  const row = (<usize>n) << 2;
  for (; rows > 0; rows--) {
    const total = exponentials(out, x, n, largest(x, n));
    scale(out, <f32>(1 / total), n);
    x += row;
    out += row;
  }
}

/** (R, N) to (R, N) */
export function logSoftmax(out: usize, x: usize, rows: i32, n: i32): void {
  for (; rows > 0; rows--) {
    const top = largest(x, n);
    const rest = <f32>log(exponentials(0, x, n, top));
    const s = f32x4.splat(top);
    const t = f32x4.splat(rest);
    let i = n;
    for (; i >= 4; i -= 4) {
      v128.store(out, f32x4.sub(f32x4.sub(v128.load(x), s), t));
      x += 16;
      out += 16;
    }
    for (; i > 0; i--) {
      f32.store(out, f32.load(x) - top - rest);
      x += 4;
      out += 4;
    }
  }
}

/**
 * Of each row of logits (R, N): the index of the largest, the lowest of equals, and its log-probability, the negative
 * logarithm of sum(exp(x - largest)). NaN is never larger, but as the first element it stays.
 *
 * @param out (R, 2): the index as u32, the log-probability as f32
 */
export function argmax(out: usize, x: usize, rows: i32, n: i32): void {
  const row = (<usize>n) << 2;
  for (; rows > 0; rows--) {
    const first = f32.load(x);
    const top = isNaN<f32>(first) ? first : largest(x, n);
    i32.store(out, indexOf(x, n, top));
    f32.store(out, <f32>-log(exponentials(0, x, n, top)), 4);
    x += row;
    out += 8;
  }
}

/** The first index of a value; 0 if no element has it. */
function indexOf(x: usize, n: i32, value: f32): i32 {
  const v = f32x4.splat(value);
  let i = 0;
  while (i + 4 <= n && !v128.any_true(f32x4.eq(v128.load(x + ((<usize>i) << 2)), v))) i += 4;
  for (; i < n; i++) if (f32.load(x + ((<usize>i) << 2)) == value) return i;
  return 0;
}
