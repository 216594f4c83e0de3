/** Rows of x times rows of w, all in floats: sums over k of x[k] w[k]. */

import { fourSums, loadPart, madd, sumOfLanes } from "./lanes";

/** One row of x times one of w, in four sums of four lanes, so that an addition need not wait for the one before it. */
export function dot(x: usize, w: usize, k: i32): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; k >= 16; k -= 16) {
    a = madd(v128.load(x), v128.load(w), a);
    b = madd(v128.load(x, 16), v128.load(w, 16), b);
    c = madd(v128.load(x, 32), v128.load(w, 32), c);
    d = madd(v128.load(x, 48), v128.load(w, 48), d);
    x += 64;
    w += 64;
  }
  for (; k >= 4; k -= 4) {
    a = madd(v128.load(x), v128.load(w), a);
    x += 16;
    w += 16;
  }
  if (k > 0) b = madd(loadPart(x, k), loadPart(w, k), b);
  return sumOfLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** One row of x times four rows of w: the four products, side by side. */
export function dotFour(x: usize, w0: usize, w1: usize, w2: usize, w3: usize, k: i32): v128 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; k >= 4; k -= 4) {
    const v = v128.load(x);
    a = madd(v, v128.load(w0), a);
    b = madd(v, v128.load(w1), b);
    c = madd(v, v128.load(w2), c);
    d = madd(v, v128.load(w3), d);
    x += 16;
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
  if (k > 0) {
    const v = loadPart(x, k);
    a = madd(v, loadPart(w0, k), a);
    b = madd(v, loadPart(w1, k), b);
    c = madd(v, loadPart(w2, k), c);
    d = madd(v, loadPart(w3, k), d);
  }
  return fourSums(a, b, c, d);
}

/**
 * Two rows of x times four rows of w, lanes along k: eight sums, four rows and two rows are in registers, of which there
 * are sixteen. Writes four products to `y0` and four to `y1`.
 */
export function dotTwoByFour(
  x0: usize,
  x1: usize,
  w0: usize,
  w1: usize,
  w2: usize,
  w3: usize,
  k: i32,
  y0: usize,
  y1: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end: usize = ((<usize>k) & ~3) << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const p = v128.load(x0 + i);
    const q = v128.load(x1 + i);
    let w = v128.load(w0 + i);
    a0 = madd(p, w, a0);
    b0 = madd(q, w, b0);
    w = v128.load(w1 + i);
    a1 = madd(p, w, a1);
    b1 = madd(q, w, b1);
    w = v128.load(w2 + i);
    a2 = madd(p, w, a2);
    b2 = madd(q, w, b2);
    w = v128.load(w3 + i);
    a3 = madd(p, w, a3);
    b3 = madd(q, w, b3);
  }
  const rest = k & 3;
  if (rest > 0) {
    const p = loadPart(x0 + end, rest);
    const q = loadPart(x1 + end, rest);
    let w = loadPart(w0 + end, rest);
    a0 = madd(p, w, a0);
    b0 = madd(q, w, b0);
    w = loadPart(w1 + end, rest);
    a1 = madd(p, w, a1);
    b1 = madd(q, w, b1);
    w = loadPart(w2 + end, rest);
    a2 = madd(p, w, a2);
    b2 = madd(q, w, b2);
    w = loadPart(w3 + end, rest);
    a3 = madd(p, w, a3);
    b3 = madd(q, w, b3);
  }
  v128.store(y0, fourSums(a0, a1, a2, a3));
  v128.store(y1, fourSums(b0, b1, b2, b3));
}
