/**
 * What each operation computes, as plain loops: float32 storage, float64 sums. This file is the executable
 * specification that the WebGPU kernels are tested against, so it is written to be read, not to be fast; only the inner
 * products, where nearly all the time goes, are arranged for speed (products.ts).
 */

import type { Activation } from "../../ops/ops";
import { activations } from "./math";
import { COLUMNS, products, ROWS } from "./products";

/** The rows of a matrix, however they are stored. */
export interface CpuMatrix {
  /** Makes up to `COLUMNS` rows ready, one after another in `values`, and says where; those before may be gone then. */
  rows(first: number, count: number): number;
  values: Float32Array;
}

export interface CpuNorm {
  /** gain, then bias */
  weights: Float32Array;
  eps: number;
  kind?: "layer" | "rms";
}

export interface CpuEmbed {
  ids: Uint32Array; // (B, T)
  table: CpuMatrix; // (V, D)
  positions?: Float32Array; // (P, D)
  offset?: Uint32Array; // (B)
  padTokenId?: number;
  scale: number;
  /** Of the scaled row. */
  norm?: CpuNorm;
}

export function embed(out: Float32Array, e: CpuEmbed, [b, t, d]: readonly number[]): void {
  const x = new Float64Array(d);
  for (let row = 0; row < b; row++) {
    let position = e.offset?.[row] ?? 0;
    for (let i = 0; i < t; i++) {
      const id = e.ids[row * t + i];
      const to = (row * t + i) * d;
      let from = position * d; // of the position table
      if (e.padTokenId === undefined) position++;
      else from = (e.padTokenId + (id === e.padTokenId ? 0 : ++position)) * d;
      const token = e.table.rows(id, 1);
      for (let c = 0; c < d; c++) x[c] = e.table.values[token + c] * e.scale;
      if (e.norm) layerNorm(x, x.slice(), e.norm, d);
      for (let c = 0; c < d; c++) out[to + c] = x[c] + (e.positions?.[from + c] ?? 0);
    }
  }
}

/** Root mean square normalisation is the same with a mean of zero. */
export function layerNorm<T extends Float32Array | Float64Array>(out: T, x: T, norm: CpuNorm, width: number): void {
  for (let row = 0; row < x.length; row += width) {
    let mean = 0;
    if (norm.kind !== "rms") for (let c = 0; c < width; c++) mean += x[row + c] / width;
    let variance = 0;
    for (let c = 0; c < width; c++) variance += (x[row + c] - mean) ** 2 / width;
    const scale = 1 / Math.sqrt(variance + norm.eps);
    for (let c = 0; c < width; c++) {
      out[row + c] = (x[row + c] - mean) * scale * norm.weights[c] + norm.weights[width + c];
    }
  }
}

export interface CpuLinear {
  x: Float32Array; // (R, K)
  w: CpuMatrix; // (N, K)
  bias: Float32Array; // (N)
  scale?: number;
  activation?: Activation;
  residual?: Float32Array; // (R, N)
  multiply?: Float32Array; // (R, N)
}

/** out = activation(x w^T * scale + bias) + residual, or times `multiply`; out (R, N). */
export function linear(out: Float32Array, l: CpuLinear, rows: number): void {
  const { x, w, bias, scale = 1, activation = "none", residual, multiply } = l;
  const activate = activations[activation];
  const outer = bias.length; // N
  const inner = x.length / rows; // K
  const sums = new Float64Array(ROWS * COLUMNS);
  for (let n = 0; n < outer; n += COLUMNS) {
    const columns = Math.min(COLUMNS, outer - n);
    const wi = w.rows(n, columns);
    for (let row = 0, together; row < rows; row += together) {
      together = row + ROWS <= rows ? ROWS : 1;
      products(sums, x, row * inner, together, w.values, wi, columns, inner);
      for (let i = 0; i < together; i++) {
        for (let j = 0; j < columns; j++) {
          const to = (row + i) * outer + n + j;
          const value = activate(sums[i * COLUMNS + j] * scale + bias[n + j]);
          out[to] = (multiply ? value * multiply[to] : value) + (residual ? residual[to] : 0);
        }
      }
    }
  }
}

/** Moves the columns of packed rows (query | key | value) apart: the query to `out`, the rest to the cache. */
export function splitQueryKeyValue(
  out: Float32Array, // (B, T, D)
  cache: Float32Array, // (B, C, 2D)
  packed: Float32Array, // (B, T, 3D)
  offset: Uint32Array | undefined, // (B)
  [b, t, d]: readonly number[],
  capacity: number,
): void {
  for (let row = 0; row < b; row++) {
    for (let i = 0; i < t; i++) {
      const from = (row * t + i) * 3 * d;
      out.set(packed.subarray(from, from + d), (row * t + i) * d);
      const slot = row * capacity + (offset?.[row] ?? 0) + i;
      cache.set(packed.subarray(from + d, from + 3 * d), slot * 2 * d);
    }
  }
}

export interface CpuAttention {
  query: Float32Array; // (B, T, I)
  cache: Float32Array; // (B / G, C, 2I)
  mask?: Uint32Array; // (B / G, C)
  causalFrom?: Uint32Array; // (B)
  biasTable?: Float32Array; // (buckets, H)
  buckets?: Uint32Array; // (2M + 1)
  ancestors?: Uint32Array; // (2, C, B)
  shape: readonly number[]; // [B, T, I]
  cacheRows: number; // B / G
  capacity: number;
  heads: number;
  scale: number;
}

/** Where key and value of a position lie, as a row of the cache (B / G * C). */
function cacheRow(a: CpuAttention, row: number, key: number): number {
  const [b] = a.shape;
  const newest = a.causalFrom?.[row] ?? 0;
  const past = a.ancestors && key < newest ? a.ancestors[((newest % 2) * a.capacity + key) * b + row] : row;
  return Math.floor((past * a.cacheRows) / b) * a.capacity + key;
}

/** The relative position bias of a query at `position` and a key. */
function biasOf(a: CpuAttention, position: number, key: number, head: number): number {
  if (!a.biasTable || !a.buckets) return 0;
  const far = (a.buckets.length - 1) / 2; // M
  const bucket = a.buckets[Math.max(-far, Math.min(far, key - position)) + far];
  return a.biasTable[bucket * a.heads + head];
}

/** Writes softmax(q k^T * scale + bias) of one query and head over its visible keys; zeros elsewhere. */
function weightsOf(weights: Float64Array, a: CpuAttention, row: number, t: number, head: number): void {
  const [b, length, inner] = a.shape;
  const width = inner / a.heads;
  const q = (row * length + t) * inner + head * width;
  const position = (a.causalFrom?.[row] ?? 0) + t;
  const last = a.causalFrom ? Math.min(position, a.capacity - 1) : a.capacity - 1;
  const maskRow = Math.floor((row * a.cacheRows) / b) * a.capacity;
  let max = -Infinity;
  weights.fill(0);
  const visible: number[] = [];
  for (let key = 0; key <= last; key++) {
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

export function attention(out: Float32Array, a: CpuAttention): void {
  const [b, length, d] = a.shape;
  const width = d / a.heads;
  const weights = new Float64Array(a.capacity);
  const sums = new Float64Array(width);
  for (let row = 0; row < b; row++) {
    for (let t = 0; t < length; t++) {
      for (let head = 0; head < a.heads; head++) {
        weightsOf(weights, a, row, t, head);
        const to = (row * length + t) * d + head * width;
        sums.fill(0);
        for (let key = 0; key < a.capacity; key++) {
          if (weights[key] === 0) continue;
          const value = cacheRow(a, row, key) * 2 * d + d + head * width;
          for (let c = 0; c < width; c++) sums[c] += weights[key] * a.cache[value + c];
        }
        out.set(sums, to);
      }
    }
  }
}

/** out (B, H, T, C) */
export function attentionWeights(out: Float32Array, a: CpuAttention): void {
  const [b, length] = a.shape;
  const weights = new Float64Array(a.capacity);
  for (let row = 0; row < b; row++) {
    for (let head = 0; head < a.heads; head++) {
      for (let t = 0; t < length; t++) {
        weightsOf(weights, a, row, t, head);
        out.set(weights, ((row * a.heads + head) * length + t) * a.capacity);
      }
    }
  }
}

/** The largest of a row, and the sum of e to the power of each value's distance from it. */
function statistics(x: Float32Array, row: number, width: number): [max: number, total: number] {
  let max = -Infinity;
  for (let c = 0; c < width; c++) max = Math.max(max, x[row + c]);
  let total = 0;
  for (let c = 0; c < width; c++) total += Math.exp(x[row + c] - max);
  return [max, total];
}

export function softmax(out: Float32Array, x: Float32Array, width: number): void {
  for (let row = 0; row < x.length; row += width) {
    const [max, total] = statistics(x, row, width);
    for (let c = 0; c < width; c++) out[row + c] = Math.exp(x[row + c] - max) / total;
  }
}

/** x - log(sum(exp(x))) */
export function logSoftmax(out: Float32Array, x: Float32Array, width: number): void {
  for (let row = 0; row < x.length; row += width) {
    const [max, total] = statistics(x, row, width);
    const log = Math.log(total);
    for (let c = 0; c < width; c++) out[row + c] = x[row + c] - max - log;
  }
}

/** The index of the largest value (the first of equals) and its log-probability. */
export function argmax(logits: Float32Array, from: number, width: number): [index: number, logprob: number] {
  let best = 0;
  for (let c = 1; c < width; c++) if (logits[from + c] > logits[from + best]) best = c;
  let total = 0;
  for (let c = 0; c < width; c++) total += Math.exp(logits[from + c] - logits[from + best]);
  return [best, -Math.log(total)];
}
