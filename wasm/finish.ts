/**
 * What follows a product, in place, row by row: y = activation(y * scale + bias), then + residual or * factors.
 *
 *   1 relu        max(0, x)
 *   2 gelu        x (1 + erf(x / sqrt 2)) / 2
 *   3 gelu_new    x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3); that is x (1 + tanh u) / 2
 *   4 quick_gelu  x sigmoid(1.702 x)
 *   5 silu        x sigmoid(x)
 *   6 tanh        2 sigmoid(2 x) - 1
 */

import { erf, sigmoid } from "./exp";
import { loadPart, madd, storePart } from "./lanes";
import { add, multiply } from "./rows";

function activate(kind: i32, x: v128): v128 {
  if (kind == 1) return f32x4.pmax(x, f32x4.splat(0));
  if (kind == 2) {
    const half = f32x4.mul(x, f32x4.splat(0.5));
    return f32x4.mul(half, f32x4.add(f32x4.splat(1), erf(f32x4.mul(x, f32x4.splat(0.70710678)))));
  }
  // The others are one sigmoid each.
  let u = x;
  if (kind == 3) {
    // 2 sqrt(2 / pi) (1 + 0.044715 x^2) x
    u = f32x4.mul(madd(f32x4.mul(x, x), f32x4.splat(0.0713548163), f32x4.splat(1.59576912)), x);
  } else if (kind == 4) {
    u = f32x4.mul(x, f32x4.splat(1.702));
  } else if (kind == 6) {
    u = f32x4.add(x, x);
  }
  const s = sigmoid(u);
  return kind == 6 ? f32x4.sub(f32x4.add(s, s), f32x4.splat(1)) : f32x4.mul(x, s);
}

/**
 * @param y (M, N)
 * @param bias (N)
 * @param residual (M, N), or 0
 * @param factors (M, N), or 0
 */
export function finish(
  y: usize,
  m: i32,
  n: i32,
  scale: f32,
  bias: usize,
  activation: i32,
  residual: usize,
  factors: usize,
): void {
  const row = (<usize>n) << 2;
  for (; m > 0; m--) {
    affine(y, n, scale, bias);
    if (activation != 0) activateRow(y, n, activation);
    if (residual != 0) {
      add(y, residual, n);
      residual += row;
    }
    if (factors != 0) {
      multiply(y, factors, n);
      factors += row;
    }
    y += row;
  }
}

function affine(y: usize, n: i32, scale: f32, bias: usize): void {
  const s = f32x4.splat(scale);
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.add(f32x4.mul(v128.load(y), s), v128.load(bias)));
    y += 16;
    bias += 16;
  }
  if (n > 0) storePart(y, f32x4.add(f32x4.mul(loadPart(y, n), s), loadPart(bias, n)), n);
}

function activateRow(y: usize, n: i32, activation: i32): void {
  for (; n > 0; n -= 4) {
    const value = activate(activation, n >= 4 ? v128.load(y) : loadPart(y, n));
    if (n >= 4) v128.store(y, value);
    else storePart(y, value, n);
    y += 16;
  }
}
