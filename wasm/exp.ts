/**
 * exp, the logistic function and erf of four floats.
 *
 *   exp(x)      2^n * p(r), with x = n ln 2 + r, |r| <= ln 2 / 2 and the polynomial p of Cephes' expf (Moshier 1984)
 *   sigmoid(x)  1 / (1 + exp(-x))
 *   erf(x)      x * p(x^2) / q(x^2), of degree 13 over 8; +-1 from |x| = 4 on
 *
 * test/backends/wasm/functions.test.ts measures the errors against float64. NaN stays NaN, exp(Infinity) is Infinity, and
 * below LOWEST exp is 0.
 */

import { madd } from "./lanes";

// Below it 2^(n - 1) is not a normal float; exp(LOWEST) is 2.5e-38.
const LOWEST: f32 = -86.6;
const HIGHEST: f32 = 88.72283;
// Added to a float of magnitude below 2^22 it leaves the nearest integer in the lowest bits.
const ROUND: f32 = 12582912;

export function exp(x: v128): v128 {
  // With x first, pmin and pmax leave NaN as it is.
  const inside = f32x4.pmax(f32x4.pmin(x, f32x4.splat(HIGHEST)), f32x4.splat(LOWEST));
  const shifted = madd(inside, f32x4.splat(1.44269504), f32x4.splat(ROUND));
  const n = f32x4.sub(shifted, f32x4.splat(ROUND));
  // ln 2 in two parts, the first of so few bits that its product with n is exact.
  let r = madd(n, f32x4.splat(-0.693359375), inside);
  r = madd(n, f32x4.splat(2.1219444e-4), r);
  let p = madd(f32x4.splat(1.98756915e-4), r, f32x4.splat(1.39819995e-3));
  p = madd(p, r, f32x4.splat(8.33345191e-3));
  p = madd(p, r, f32x4.splat(4.16657959e-2));
  p = madd(p, r, f32x4.splat(1.66666655e-1));
  p = madd(p, r, f32x4.splat(5.00000012e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  // 2^(n - 1) by its bits, and twice p: 2^128 is not a float.
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(126 << 23));
  const value = f32x4.mul(f32x4.add(p, p), power);
  const overflown = v128.bitselect(f32x4.splat(Infinity), value, f32x4.gt(x, f32x4.splat(HIGHEST)));
  return v128.andnot(overflown, f32x4.lt(x, f32x4.splat(LOWEST)));
}

export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

export function erf(x: v128): v128 {
  const limit = f32x4.splat(4);
  const inside = f32x4.pmax(f32x4.pmin(x, limit), f32x4.neg(limit));
  const s = f32x4.mul(inside, inside);
  let p = madd(f32x4.splat(-2.72614225801306e-10), s, f32x4.splat(2.77068142495902e-8));
  p = madd(p, s, f32x4.splat(-2.10102402082508e-6));
  p = madd(p, s, f32x4.splat(-5.69250639462346e-5));
  p = madd(p, s, f32x4.splat(-7.34990630326855e-4));
  p = madd(p, s, f32x4.splat(-2.95459980854025e-3));
  p = madd(p, s, f32x4.splat(-1.60960333262415e-2));
  let q = madd(f32x4.splat(-1.45660718464996e-5), s, f32x4.splat(-2.13374055278905e-4));
  q = madd(q, s, f32x4.splat(-1.68282697438203e-3));
  q = madd(q, s, f32x4.splat(-7.37332916720468e-3));
  q = madd(q, s, f32x4.splat(-1.42647390514189e-2));
  const value = f32x4.div(f32x4.mul(inside, p), q);
  // Exactly one where the float nearest to erf(x) is.
  const one = f32x4.splat(1);
  return f32x4.pmax(f32x4.pmin(value, one), f32x4.neg(one));
}
