/** Operations on each row of the last dimension by itself. */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { expectShape, result } from "./contract";

/**
 * Normalisation over the last dimension. "layer": (x - mean) / sqrt(variance + eps) * gain + bias;
 * "rms" (Zhang and Sennrich 2019): x / sqrt(mean(x^2) + eps) * gain + bias.
 */
export interface Norm {
  /** (2, D): gain, then bias. */
  readonly weights: Tensor;
  readonly eps: number;
  /** "layer" where absent. */
  readonly kind?: "layer" | "rms";
  /** What x is normalised with before. Only of `layerNorm`, and of what `linear` reads: the norm of a norm ends a post-norm stack. */
  readonly earlier?: Omit<Norm, "earlier">;
}

/** The rule about a norm that an operation may be given. */
export function expectNorm(op: string, norm: Norm | undefined, width: number, mayHaveEarlier = false): void {
  if (!norm) return;
  expectShape(op, "norm", norm.weights, [2, width]);
  invariant(mayHaveEarlier || !norm.earlier, `${op}: a norm of a norm`);
  if (norm.earlier) expectShape(op, "norm.earlier", norm.earlier.weights, [2, width]);
}

export const rowwise = {
  /** x normalised: (..., D) -> (..., D). Section 3.1 of the paper; in a layer the norm is mostly an option of `linear`. */
  layerNorm(x: Tensor, norm: Norm) {
    expectNorm("layerNorm", norm, x.shape[x.shape.length - 1], true);
    return result(x.shape);
  },

  /** exp(x) / sum(exp(x)): (..., V) -> (..., V). */
  softmax(x: Tensor) {
    return result(x.shape);
  },

  /** x - log(sum(exp(x))): (..., V) -> (..., V). */
  logSoftmax(x: Tensor) {
    return result(x.shape);
  },
};
