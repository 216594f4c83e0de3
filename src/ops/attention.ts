/** Scaled dot-product attention. */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { expectShape, result } from "./contract";

/** Relative position bias (Raffel et al. 2020): a learned number for each head and bucket of distances. */
export interface PositionBias {
  /** (buckets, H) */
  table: Tensor;
  /** (2M + 1) u32: the bucket of the distance key - query, from -M to M; what is farther counts as M. */
  buckets: Tensor;
}

export interface AttentionOptions {
  /** H */
  heads: number;
  /** Multiplies q k^T; 1 / sqrt(Dh) where absent. */
  scale?: number;
  /** (B / G, C) u32: keys with 0 are not seen. A query that sees no key gets zeros. */
  mask?: Tensor;
  /** (B) u32: the position of the first query of each row; query t sees keys 0 .. position + t. All keys where absent. */
  causalFrom?: Tensor;
  /**
   * How many keys before its own position and after it a query sees, at most: query t sees keys t - before .. t + after. All keys
   * where absent. Not together with `causalFrom`.
   */
  window?: readonly [before: number, after: number];
  /** Added to the scaled scores. */
  positionBias?: PositionBias;
  /**
   * (2, C, B) u32, for beams that took over each other's past: the key and value at position p of row b lie in
   * cache row ancestors[causalFrom[b] % 2][p][b], those of the newest position, causalFrom[b], in row b. Needs
   * `causalFrom`, one query per row, and G = 1.
   */
  ancestors?: Tensor;
}

function expectAttention(query: Tensor, cache: Tensor, options: AttentionOptions): void {
  const { heads, mask, causalFrom, window, positionBias, ancestors } = options;
  expectShape("attention", "query", query, [null, null, null]);
  const [b, t, width] = query.shape;
  expectShape("attention", "cache", cache, [null, null, 2 * width]);
  const [rows, capacity] = cache.shape;
  invariant(b % rows === 0, `attention: ${b} rows of the query are not a multiple of the ${rows} rows of the cache`);
  invariant(width % heads === 0, `attention: width ${width} is not a multiple of ${heads} heads`);
  if (mask) expectShape("attention", "mask", mask, [rows, capacity]);
  if (causalFrom) expectShape("attention", "causalFrom", causalFrom, [b]);
  invariant(!window || !causalFrom, "attention: window and causalFrom exclude each other");
  invariant(
    !window || window.every((n) => Number.isSafeInteger(n) && n >= 0),
    "attention: window holds something else than counts",
  );
  if (positionBias) {
    expectShape("attention", "positionBias.table", positionBias.table, [null, heads]);
    expectShape("attention", "positionBias.buckets", positionBias.buckets, [null]);
    invariant(positionBias.buckets.shape[0] % 2 === 1, "attention: positionBias.buckets has an even length");
  }
  if (ancestors) {
    expectShape("attention", "ancestors", ancestors, [2, capacity, b]);
    invariant(causalFrom && t === 1 && rows === b, "attention: ancestors need causalFrom, one query and no groups");
  }
}

export const attention = {
  /**
   * softmax(q k^T * scale + bias) v in H heads: query (B, T, I) and cache (B / G, C, 2I), key and value side by side ->
   * (B, T, I), heads side by side. Section 3.2 of the paper. Where the query has G times the rows of the cache, row b reads
   * cache row floor(b / G): the beams of a sentence share its keys.
   */
  attention(query: Tensor, cache: Tensor, options: AttentionOptions) {
    expectAttention(query, cache, options);
    return result(query.shape);
  },

  /** The softmax inside of `attention`: (B, H, T, C). */
  attentionWeights(query: Tensor, cache: Tensor, options: AttentionOptions) {
    expectAttention(query, cache, options);
    const [b, t] = query.shape;
    return result([b, options.heads, t, cache.shape[1]]);
  },
};
