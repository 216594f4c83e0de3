/** What the operations of src/ops/attention.ts compute. */

import type { attention as contract, AttentionOptions } from "../../ops/attention";
import type { ImplementationOf } from "../../ops/contract";
import type { Tensor } from "../../tensor/tensor";
import { f32, u32 } from "./tensors";

interface Arrays {
  query: Float32Array; // (B, T, I)
  cache: Float32Array; // (B / G, C, 2I)
  mask?: Uint32Array; // (B / G, C)
  causalFrom?: Uint32Array; // (B)
  window?: readonly [before: number, after: number];
  biasTable?: Float32Array; // (buckets, H)
  buckets?: Uint32Array; // (2M + 1)
  ancestors?: Uint32Array; // (2, C, B)
  shape: readonly number[]; // [B, T, I]
  cacheRows: number; // B / G
  capacity: number;
  heads: number;
  scale: number;
}

const arraysOf = (query: Tensor, cache: Tensor, options: AttentionOptions): Arrays => ({
  query: f32(query),
  cache: f32(cache),
  mask: options.mask && u32(options.mask),
  causalFrom: options.causalFrom && u32(options.causalFrom),
  window: options.window,
  biasTable: options.positionBias && f32(options.positionBias.table),
  buckets: options.positionBias && u32(options.positionBias.buckets),
  ancestors: options.ancestors && u32(options.ancestors),
  shape: query.shape,
  cacheRows: cache.shape[0],
  capacity: cache.shape[1],
  heads: options.heads,
  scale: options.scale ?? 1 / Math.sqrt(query.shape[2] / options.heads),
});

/** Where key and value of a position lie, as a row of the cache (B / G * C). */
function cacheRow(a: Arrays, row: number, key: number): number {
  const [b] = a.shape;
  const newest = a.causalFrom?.[row] ?? 0;
  const past = a.ancestors && key < newest ? a.ancestors[((newest % 2) * a.capacity + key) * b + row] : row;
  return Math.floor((past * a.cacheRows) / b) * a.capacity + key;
}

/** The relative position bias of a query at `position` and a key. */
function biasOf(a: Arrays, position: number, key: number, head: number): number {
  if (!a.biasTable || !a.buckets) return 0;
  const far = (a.buckets.length - 1) / 2; // M
  const bucket = a.buckets[Math.max(-far, Math.min(far, key - position)) + far];
  return a.biasTable[bucket * a.heads + head];
}

/** Writes softmax(q k^T * scale + bias) of one query and head over its visible keys; zeros elsewhere. */
function weightsOf(weights: Float64Array, a: Arrays, row: number, t: number, head: number): void {
  const [b, length, inner] = a.shape;
  const width = inner / a.heads;
  const q = (row * length + t) * inner + head * width;
  const position = (a.causalFrom?.[row] ?? 0) + t;
  const [before, after] = a.window ?? [Infinity, a.causalFrom ? 0 : Infinity];
  const first = Math.max(0, position - before);
  const last = Math.min(position + after, a.capacity - 1);
  const maskRow = Math.floor((row * a.cacheRows) / b) * a.capacity;
  let max = -Infinity;
  weights.fill(0);
  const visible: number[] = [];
  for (let key = first; key <= last; key++) {
    if (a.mask && a.mask[maskRow + key] === 0) continue;
    const k = cacheRow(a, row, key) * 2 * inner + head * width;
    let score = 0;
    for (let c = 0; c < width; c++) score += a.query[q + c] * a.cache[k + c];
    weights[key] = score * a.scale + biasOf(a, position, key, head);
    max = Math.max(max, weights[key]);
    visible.push(key);
  }
  let total = 0;
  for (const key of visible) total += weights[key] = Math.exp(weights[key] - max);
  for (const key of visible) weights[key] /= total;
}

export const attention: ImplementationOf<typeof contract> = {
  attention(y, query, cache, options) {
    const a = arraysOf(query, cache, options);
    const [b, length, inner] = a.shape;
    const width = inner / a.heads;
    const weights = new Float64Array(a.capacity);
    const sums = new Float64Array(width);
    for (let row = 0; row < b; row++) {
      for (let t = 0; t < length; t++) {
        for (let head = 0; head < a.heads; head++) {
          weightsOf(weights, a, row, t, head);
          sums.fill(0);
          for (let key = 0; key < a.capacity; key++) {
            if (weights[key] === 0) continue;
            const value = cacheRow(a, row, key) * 2 * inner + inner + head * width;
            for (let c = 0; c < width; c++) sums[c] += weights[key] * a.cache[value + c];
          }
          f32(y).set(sums, (row * length + t) * inner + head * width);
        }
      }
    }
  },

  attentionWeights(y, query, cache, options) {
    const a = arraysOf(query, cache, options);
    const [b, length] = a.shape;
    const weights = new Float64Array(a.capacity);
    for (let row = 0; row < b; row++) {
      for (let head = 0; head < a.heads; head++) {
        for (let t = 0; t < length; t++) {
          weightsOf(weights, a, row, t, head);
          f32(y).set(weights, ((row * a.heads + head) * length + t) * a.capacity);
        }
      }
    }
  },
};
