/**
 * The rules of each operation about its operands, checked once here before either backend starts, and the shape of its
 * result. Those of the beam search are in beam-state.ts, of the rules on scores in logits-processors.ts.
 */

import { invariant } from "../errors";
import type { AttentionOptions, EmbedOptions, LinearOptions, Norm, ProjectionOptions, Selection } from "./ops";
import { expectShape, rowsOf, type DType, type Tensor } from "../tensor/tensor";

/** What the table of `embed` and the matrices of the products may be stored as. */
const WEIGHTS: readonly DType[] = ["f32", "f16", "q8", "q4"];

export function embedShape(ids: Tensor, table: Tensor, options: EmbedOptions): number[] {
  const { norm, positions, offset, padTokenId } = options;
  expectShape("embed", "ids", ids, [null, null]);
  expectShape("embed", "table", table, [null, null], WEIGHTS);
  expectNorm("embed", norm, table.shape[1]);
  if (positions) expectShape("embed", "positions", positions, [null, table.shape[1]]);
  invariant(positions || (!offset && padTokenId === undefined), "embed: offset or padTokenId without positions");
  if (offset) expectShape("embed", "offset", offset, [ids.shape[0]]);
  return [...ids.shape, table.shape[1]];
}

function expectNorm(op: string, norm: Norm | undefined, width: number): void {
  if (norm) expectShape(op, "norm", norm.weights, [2, width]);
}

export function layerNormShape(x: Tensor, norm: Norm): number[] {
  expectNorm("layerNorm", norm, x.shape[x.shape.length - 1]);
  return [...x.shape];
}

export function linearShape(x: Tensor, w: Tensor, options: LinearOptions): number[] {
  expectShape("linear", "x", x, [null, null, null]);
  expectShape("linear", "w", w, [null, x.shape[2]], WEIGHTS);
  expectShape("linear", "bias", options.bias, [w.shape[0]]);
  expectNorm("linear", options.norm, x.shape[2]);
  const shape = [x.shape[0], x.shape[1], w.shape[0]];
  if (options.residual) expectShape("linear", "residual", options.residual, shape);
  invariant(options.residual || !options.residualNorm, "linear: residualNorm without a residual");
  expectNorm("linear", options.residualNorm, w.shape[0]);
  if (options.multiply) expectShape("linear", "multiply", options.multiply, shape);
  invariant(!options.residual || !options.multiply, "linear: a residual and multiply exclude each other");
  return shape;
}

/** The shapes of query and cache. */
export function projectionShape(x: Tensor, w: Tensor, options: ProjectionOptions): [number[], number[]] {
  const { bias, norm, cache, offset } = options;
  const [b, t] = linearShape(x, w, { bias, norm });
  invariant(w.shape[0] % 3 === 0, `projectQueryKeyValue: w has ${w.shape[0]} rows, not a multiple of 3`);
  const width = w.shape[0] / 3;
  if (cache) {
    expectShape("projectQueryKeyValue", "cache", cache, [b, null, 2 * width]);
    invariant(t <= cache.shape[1], `projectQueryKeyValue: ${t} rows do not fit a cache of ${cache.shape[1]}`);
  }
  if (offset) expectShape("projectQueryKeyValue", "offset", offset, [b]);
  return [
    [b, t, width],
    [b, cache?.shape[1] ?? t, 2 * width],
  ];
}

export function attentionShape(query: Tensor, cache: Tensor, options: AttentionOptions): number[] {
  const { heads, mask, causalFrom, positionBias, ancestors } = options;
  expectShape("attention", "query", query, [null, null, null]);
  const [b, t, width] = query.shape;
  expectShape("attention", "cache", cache, [null, null, 2 * width]);
  const [rows, capacity] = cache.shape;
  invariant(b % rows === 0, `attention: ${b} rows of the query are no multiple of the ${rows} rows of the cache`);
  invariant(width % heads === 0, `attention: width ${width} is not a multiple of ${heads} heads`);
  if (mask) expectShape("attention", "mask", mask, [rows, capacity]);
  if (causalFrom) expectShape("attention", "causalFrom", causalFrom, [b]);
  if (positionBias) {
    expectShape("attention", "positionBias.table", positionBias.table, [null, heads]);
    expectShape("attention", "positionBias.buckets", positionBias.buckets, [null]);
    invariant(positionBias.buckets.shape[0] % 2 === 1, "attention: positionBias.buckets has an even length");
  }
  if (ancestors) {
    expectShape("attention", "ancestors", ancestors, [2, capacity, b]);
    invariant(causalFrom && t === 1 && rows === b, "attention: ancestors need causalFrom, one query and no groups");
  }
  return [...query.shape];
}

/** [R, V, k] */
export function topKShape(x: Tensor, k: number): [number, number, number] {
  const [rows, width] = rowsOf(x.shape);
  invariant(k >= 1 && k <= width, `topK: ${k} of ${width} values`);
  return [rows, width, k];
}

export function selectionShape(logits: Tensor, selection: Selection): void {
  const b = logits.shape[0];
  expectShape("selectGreedy", "logits", logits, [null, 1, null]);
  expectShape("selectGreedy", "token", selection.token, [b, 1]);
  expectShape("selectGreedy", "position", selection.position, [b]);
  expectShape("selectGreedy", "finished", selection.finished, [b]);
  expectShape("selectGreedy", "history", selection.history, [null, b]);
  expectShape("selectGreedy", "logprobs", selection.logprobs, [...selection.history.shape]);
  invariant(rowsOf(selection.eos.shape)[0] === 1, "selectGreedy: eos is a list");
}
