/** Scalar functions of the specification, in double precision. */

import type { Activation } from "../../ops/ops";

/** The error function, to about 1e-15: the series near zero, the continued fraction of erfc elsewhere. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2) {
    // erf(x) = 2/sqrt(pi) * sum (-1)^n x^(2n+1) / (n! (2n+1))
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  // erfc(x) = exp(-x^2)/sqrt(pi) * 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...))))
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
}

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
const relu6 = (x: number): number => Math.min(6, Math.max(0, x));
const softplus = (x: number): number => (x > 20 ? x : Math.log1p(Math.exp(x)));

export const activations: Record<Activation, (x: number) => number> = {
  none: (x) => x,
  relu: (x) => Math.max(0, x),
  gelu,
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gelu_10: (x) => Math.min(10, Math.max(-10, gelu(x))),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu2: (x) => Math.max(0, x) ** 2,
  relu6,
  hardswish: (x) => (x * relu6(x + 3)) / 6,
  leaky_relu: (x) => (x < 0 ? 0.01 * x : x),
  laplace: (x) => 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.SQRT2))),
  mish: (x) => x * Math.tanh(softplus(x)),
  sqrtsoftplus: (x) => Math.sqrt(softplus(x)),
};
