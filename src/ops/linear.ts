/** Products with the weights of a model. */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { WEIGHT_FORMATS } from "../tensor/weight-format";
import { expectShape, result } from "./contract";
import { expectNorm, type Norm } from "./rowwise";

/**
 * Hugging Face's ACT2FN, where different names of one function are one entry. `gelu` is x Phi(x); `gelu_new` its
 * approximation by tanh; `gelu_10` is `gelu` within -10 and 10; `quick_gelu` x sigmoid(1.702 x); `silu` x sigmoid(x);
 * `relu2` relu(x)^2; `relu6` relu(x) up to 6; `hardswish` x relu6(x + 3) / 6; `leaky_relu` 0.01 x below 0; `laplace`
 * Phi((x - 0.707107) / 0.282095); `mish` x tanh(softplus(x)); `sqrtsoftplus` sqrt(softplus(x)).
 */
export type Activation =
  | "none"
  | "relu"
  | "gelu"
  | "gelu_new"
  | "gelu_10"
  | "quick_gelu"
  | "silu"
  | "tanh"
  | "sigmoid"
  | "relu2"
  | "relu6"
  | "hardswish"
  | "leaky_relu"
  | "laplace"
  | "mish"
  | "sqrtsoftplus";

export interface LinearOptions {
  /** (N) */
  bias: Tensor;
  /** Normalises x before the product; may be the norm of a norm. */
  norm?: Norm;
  /** Multiplies the product, before the bias is added; 1 where absent. */
  scale?: number;
  /** Applied to the product plus bias, before the residual; "none" where absent. */
  activation?: Activation;
  /** (B, T, N), added last. */
  residual?: Tensor;
  /** Normalises the residual before it is added. */
  residualNorm?: Norm;
  /**
   * The first layer of a gated feed-forward (Shazeer 2020): w is (2N, K) and the bias (2N). What the first half gives, with its
   * activation, is multiplied by what the second half gives. Not together with a residual or a scale.
   */
  gated?: boolean;
  /**
   * The results are the scores of a vocabulary, from which `selectGreedy` or `logSoftmax` goes on. Changes no result: a backend
   * may note what these need while it computes the product.
   */
  scores?: boolean;
}

/** Rotary positions (Su et al. 2021): each pair of elements (2i, 2i + 1) of a head is turned by an angle that grows with the position. */
export interface Rotary {
  /** (P, n): cosine and sine of the angle of each pair, by position. Only the first n elements of a head are turned. */
  table: Tensor;
  /** H */
  heads: number;
}

export interface ProjectionOptions {
  /** (3I) */
  bias: Tensor;
  /** Normalises x before the product. */
  norm?: Norm;
  /** (B, C, 2I); a new one with C = T where absent. */
  cache?: Tensor;
  /** (B) u32: the cache row of the first position; 0 where absent. */
  offset?: Tensor;
  /** Turns queries and keys: position offset + t. Not the values. */
  rotary?: Rotary;
}

/** The rules about x (B, T, K), w (N, K), the bias and the norm of x. */
function expectProduct(
  op: string,
  x: Tensor,
  w: Tensor,
  { bias, norm }: { bias: Tensor; norm?: Norm },
  mayHaveEarlier = false,
): void {
  expectShape(op, "x", x, [null, null, null]);
  expectShape(op, "w", w, [null, x.shape[2]], WEIGHT_FORMATS);
  expectShape(op, "bias", bias, [w.shape[0]]);
  expectNorm(op, norm, x.shape[2], mayHaveEarlier);
}

export const linear = {
  /**
   * activation(norm(x) w^T * scale + bias) + residualNorm(residual): x (B, T, K), w (N, K) -> (B, T, N). Gated, with w1 and w2
   * for the halves of w: activation(norm(x) w1^T + bias1) (norm(x) w2^T + bias2).
   */
  linear(x: Tensor, w: Tensor, options: LinearOptions) {
    const { residual, residualNorm, gated, scale } = options;
    expectProduct("linear", x, w, options, true);
    const columns = gated ? w.shape[0] / 2 : w.shape[0];
    invariant(Number.isInteger(columns), `linear: w has ${w.shape[0]} rows, not two halves`);
    const shape = [x.shape[0], x.shape[1], columns];
    if (residual) expectShape("linear", "residual", residual, shape);
    invariant(residual || !residualNorm, "linear: residualNorm without a residual");
    expectNorm("linear", residualNorm, w.shape[0]);
    invariant(!gated || (!residual && scale === undefined), "linear: gated, with a residual or a scale");
    return result(shape);
  },

  /**
   * Query, key and value in one product: norm(x) w^T + bias with x (B, T, K), w (3I, K). The query is (B, T, I); key and
   * value go side by side to rows offset .. offset + T - 1 of `cache` (B, C, 2I).
   */
  projectQueryKeyValue(x: Tensor, w: Tensor, { bias, norm, cache, offset, rotary }: ProjectionOptions) {
    expectProduct("projectQueryKeyValue", x, w, { bias, norm });
    const [b, t] = x.shape;
    invariant(w.shape[0] % 3 === 0, `projectQueryKeyValue: w has ${w.shape[0]} rows, not a multiple of 3`);
    const width = w.shape[0] / 3;
    if (cache) {
      expectShape("projectQueryKeyValue", "cache", cache, [b, null, 2 * width]);
      invariant(t <= cache.shape[1], `projectQueryKeyValue: ${t} rows do not fit a cache of ${cache.shape[1]}`);
    }
    if (offset) expectShape("projectQueryKeyValue", "offset", offset, [b]);
    if (rotary) {
      const { table, heads } = rotary;
      expectShape("projectQueryKeyValue", "rotary.table", table, [null, null]);
      const [positions, turned] = table.shape;
      invariant(width % heads === 0, `projectQueryKeyValue: width ${width} is not a multiple of ${heads} heads`);
      invariant(
        turned % 2 === 0 && turned <= width / heads,
        `projectQueryKeyValue: ${turned} elements of a head of ${width / heads} are turned`,
      );
      invariant(t <= positions, `projectQueryKeyValue: ${t} rows, ${positions} positions`);
    }
    return { query: result([b, t, width]), cache: cache ?? result([b, t, 2 * width]) };
  },
};
