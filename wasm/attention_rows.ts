/** Scores and weighted sums of one query, or of two, over a list of keys: what attention.ts is made of. */

import { dot, dotFour, dotTwoByFour } from "./dot";
import { place } from "./keys";
import { loadPart, madd, storePart } from "./lanes";

export function scoresOfOne(out: usize, q: usize, places: usize, offset: usize, n: i32, width: i32): void {
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const k0 = place(places, j) + offset;
    const k1 = place(places, j + 1) + offset;
    const k2 = place(places, j + 2) + offset;
    const k3 = place(places, j + 3) + offset;
    v128.store(out + ((<usize>j) << 2), dotFour(q, k0, k1, k2, k3, width));
  }
  for (; j < n; j++) f32.store(out + ((<usize>j) << 2), dot(q, place(places, j) + offset, width));
}

/** Of the first n keys; the second query may see more. */
export function scoresOfTwo(
  out: usize,
  next: usize,
  q: usize,
  r: usize,
  places: usize,
  offset: usize,
  n: i32,
  width: i32,
): void {
  for (let j = 0; j < n; j += 4) {
    const k0 = place(places, j) + offset;
    const k1 = place(places, j + 1) + offset;
    const k2 = place(places, j + 2) + offset;
    const k3 = place(places, j + 3) + offset;
    dotTwoByFour(q, r, k0, k1, k2, k3, width, out + ((<usize>j) << 2), next + ((<usize>j) << 2));
  }
}

/** out = factor * sum over keys j of weights[j] v_j, for all `width` elements, sixteen at a time. */
export function valuesOfOne(
  out: usize,
  weights: usize,
  factor: f32,
  places: usize,
  offset: usize,
  n: i32,
  width: i32,
): void {
  const f = f32x4.splat(factor);
  for (; width >= 16; width -= 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let j = 0; j < n; j++) {
      const w = v128.load32_splat(weights + ((<usize>j) << 2));
      const v = place(places, j) + offset;
      a = madd(w, v128.load(v), a);
      b = madd(w, v128.load(v, 16), b);
      c = madd(w, v128.load(v, 32), c);
      d = madd(w, v128.load(v, 48), d);
    }
    v128.store(out, f32x4.mul(a, f));
    v128.store(out, f32x4.mul(b, f), 16);
    v128.store(out, f32x4.mul(c, f), 32);
    v128.store(out, f32x4.mul(d, f), 48);
    out += 64;
    offset += 64;
  }
  for (; width > 0; width -= 4) {
    const part = min(4, width);
    let a = f32x4.splat(0);
    for (let j = 0; j < n; j++) {
      const v = place(places, j) + offset;
      a = madd(v128.load32_splat(weights + ((<usize>j) << 2)), part == 4 ? v128.load(v) : loadPart(v, part), a);
    }
    a = f32x4.mul(a, f);
    if (part == 4) v128.store(out, a);
    else storePart(out, a, part);
    out += 16;
    offset += 16;
  }
}

/** The same for two queries with weights for the same n keys; `width` is a multiple of sixteen. */
export function valuesOfTwo(
  out: usize,
  next: usize,
  weights: usize,
  other: usize,
  factor: f32,
  otherFactor: f32,
  places: usize,
  offset: usize,
  n: i32,
  width: i32,
): void {
  const f = f32x4.splat(factor);
  const g = f32x4.splat(otherFactor);
  for (; width > 0; width -= 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let p = a;
    let q = a;
    let r = a;
    let s = a;
    for (let j = 0; j < n; j++) {
      const w = v128.load32_splat(weights + ((<usize>j) << 2));
      const x = v128.load32_splat(other + ((<usize>j) << 2));
      const v = place(places, j) + offset;
      let value = v128.load(v);
      a = madd(w, value, a);
      p = madd(x, value, p);
      value = v128.load(v, 16);
      b = madd(w, value, b);
      q = madd(x, value, q);
      value = v128.load(v, 32);
      c = madd(w, value, c);
      r = madd(x, value, r);
      value = v128.load(v, 48);
      d = madd(w, value, d);
      s = madd(x, value, s);
    }
    v128.store(out, f32x4.mul(a, f));
    v128.store(out, f32x4.mul(b, f), 16);
    v128.store(out, f32x4.mul(c, f), 32);
    v128.store(out, f32x4.mul(d, f), 48);
    v128.store(next, f32x4.mul(p, g));
    v128.store(next, f32x4.mul(q, g), 16);
    v128.store(next, f32x4.mul(r, g), 32);
    v128.store(next, f32x4.mul(s, g), 48);
    out += 64;
    next += 64;
    offset += 64;
  }
}
