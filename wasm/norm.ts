/**
 * Normalisation of each row of x (R, D), with gain and bias (2, D):
 *
 *   layer  (x - mean) / sqrt(mean((x - mean)^2) + eps) * gain + bias
 *   rms    x / sqrt(mean(x^2) + eps) * gain + bias, the same with a mean of zero (Zhang and Sennrich 2019)
 */

import { loadPart, madd, storePart, sumOfLanes } from "./lanes";

export function norm(out: usize, x: usize, weights: usize, rows: i32, d: i32, eps: f32, rms: bool): void {
  const row = (<usize>d) << 2;
  for (; rows > 0; rows--) {
    const mean: f32 = rms ? 0 : sum(x, d) / <f32>d;
    const variance = squares(x, d, mean) / <f32>d;
    apply(out, x, weights, weights + row, d, mean, 1 / sqrt<f32>(variance + eps));
    x += row;
    out += row;
  }
}

function sum(x: usize, d: i32): f32 {
  let a = f32x4.splat(0);
  let b = a;
  for (; d >= 8; d -= 8) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
    x += 32;
  }
  if (d >= 4) {
    a = f32x4.add(a, v128.load(x));
    x += 16;
    d -= 4;
  }
  if (d > 0) b = f32x4.add(b, loadPart(x, d));
  return sumOfLanes(f32x4.add(a, b));
}

/** The sum of (x - mean)^2. */
function squares(x: usize, d: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0);
  let b = a;
  for (; d >= 8; d -= 8) {
    const p = f32x4.sub(v128.load(x), m);
    const q = f32x4.sub(v128.load(x, 16), m);
    a = madd(p, p, a);
    b = madd(q, q, b);
    x += 32;
  }
  let total = sumOfLanes(f32x4.add(a, b));
  for (; d > 0; d--) {
    const p = f32.load(x) - mean;
    total += p * p;
    x += 4;
  }
  return total;
}

function apply(out: usize, x: usize, gain: usize, bias: usize, d: i32, mean: f32, scale: f32): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(scale);
  for (; d >= 4; d -= 4) {
    v128.store(out, madd(f32x4.mul(f32x4.sub(v128.load(x), m), s), v128.load(gain), v128.load(bias)));
    out += 16;
    x += 16;
    gain += 16;
    bias += 16;
  }
  if (d > 0) {
    const centred = f32x4.mul(f32x4.sub(loadPart(x, d), m), s);
    storePart(out, madd(centred, loadPart(gain, d), loadPart(bias, d)), d);
  }
}
