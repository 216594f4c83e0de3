/**
 * The block that products of many rows and attention of many queries are made of: sums of k outer products of four and eight
 * floats, in registers.
 *
 *   out[i][j] = sum over k of a[k][i] b[k][j],   a (K, 4), b (K, 8)
 *
 * So rows have to be interleaved first, four (or eight) beside each other. That costs a pass over them, and then every step
 * reads two vectors of b and four floats of a, one after another, for eight multiplications: no sum over lanes at the end, and
 * few addresses. Unrolled loops were slower in V8.
 */

import { madd } from "./lanes";

/** Rows of `a` and of `b`. */
export const TILE_ROWS: i32 = 4;
export const TILE_COLUMNS: i32 = 8;

/**
 * @param pitch bytes from a row of `out` to the next
 * @param more whether the sums are added to what is there
 */
export function tile(a: usize, b: usize, k: i32, out: usize, pitch: usize, more: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  for (; k > 0; k--) {
    const v = v128.load(b);
    const w = v128.load(b, 16);
    let x = v128.load32_splat(a);
    a0 = madd(x, v, a0);
    a1 = madd(x, w, a1);
    x = v128.load32_splat(a, 4);
    b0 = madd(x, v, b0);
    b1 = madd(x, w, b1);
    x = v128.load32_splat(a, 8);
    c0 = madd(x, v, c0);
    c1 = madd(x, w, c1);
    x = v128.load32_splat(a, 12);
    d0 = madd(x, v, d0);
    d1 = madd(x, w, d1);
    a += 16;
    b += 32;
  }
  storeRow(out, a0, a1, more);
  storeRow(out + pitch, b0, b1, more);
  out += pitch << 1;
  storeRow(out, c0, c1, more);
  storeRow(out + pitch, d0, d1, more);
}

function storeRow(out: usize, v: v128, w: v128, more: bool): void {
  if (more) {
    v = f32x4.add(v128.load(out), v);
    w = f32x4.add(v128.load(out, 16), w);
  }
  v128.store(out, v);
  v128.store(out, w, 16);
}

/** Writes four rows of k floats beside each other, (K, 4), with `step` bytes from one four to the next. */
export function interleave(to: usize, step: usize, r0: usize, r1: usize, r2: usize, r3: usize, k: i32): void {
  for (; k >= 4; k -= 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    let ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    let cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    to += step;
    v128.store(to, i64x2.shuffle(ab, cd, 1, 3));
    to += step;
    ab = i32x4.shuffle(a, b, 2, 6, 3, 7);
    cd = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    to += step;
    v128.store(to, i64x2.shuffle(ab, cd, 1, 3));
    to += step;
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
  for (; k > 0; k--) {
    f32.store(to, f32.load(r0));
    f32.store(to, f32.load(r1), 4);
    f32.store(to, f32.load(r2), 8);
    f32.store(to, f32.load(r3), 12);
    to += step;
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
  }
}

/** The same for the rows from `from` on, `pitch` bytes apart, of which there are `count`; the last one stands for those after it. */
export function interleaveRows(to: usize, step: usize, from: usize, pitch: usize, count: i32, k: i32): void {
  const last = from + <usize>(count - 1) * pitch;
  const r1 = min(from + pitch, last);
  const r2 = min(r1 + pitch, last);
  interleave(to, step, from, r1, r2, min(r2 + pitch, last), k);
}

/** Up to eight rows beside each other, (K, 8). */
export function interleaveEight(to: usize, from: usize, pitch: usize, count: i32, k: i32): void {
  interleaveRows(to, 32, from, pitch, min(4, count), k);
  const upper = max(1, count - 4);
  interleaveRows(to + 16, 32, from + <usize>(count - upper) * pitch, pitch, upper, k);
}
