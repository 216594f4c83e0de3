/** What the operations of src/ops/linear.ts compute. The inner products, where nearly all the time goes, are in products.ts. */

import type { ImplementationOf } from "../../ops/contract";
import type { Activation, linear as contract, Rotary } from "../../ops/linear";
import type { Norm } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { roundedToInt8, type Arithmetic } from "./int8";
import { activations } from "./math";
import { COLUMNS, products, ROWS } from "./products";
import { normed } from "./rowwise";
import { f32, matrix, u32, type CpuMatrix } from "./tensors";

export interface Affine {
  x: Float32Array; // (R, K)
  w: CpuMatrix; // (N, K)
  bias: Float32Array; // (N)
  scale?: number;
  activation?: Activation;
  residual?: Float32Array; // (R, N)
  multiply?: Float32Array; // (R, N)
}

/**
 * out = activation(x w^T * scale + bias) + residual, or times `multiply`; out (R, N).
 * @param first of the N rows of w and the bias
 */
export function affine(out: Float32Array, l: Affine, rows: number, first = 0): void {
  const { x, w, bias, scale = 1, activation = "none", residual, multiply } = l;
  const activate = activations[activation];
  const outer = out.length / rows; // N
  const inner = x.length / rows; // K
  const sums = new Float64Array(ROWS * COLUMNS);
  for (let n = 0; n < outer; n += COLUMNS) {
    const columns = Math.min(COLUMNS, outer - n);
    const wi = w.load(first + n, columns);
    for (let row = 0, together; row < rows; row += together) {
      together = row + ROWS <= rows ? ROWS : 1;
      products(sums, x, row * inner, together, w.values, wi, columns, inner);
      for (let i = 0; i < together; i++) {
        for (let j = 0; j < columns; j++) {
          const to = (row + i) * outer + n + j;
          const value = activate(sums[i * COLUMNS + j] * scale + bias[first + n + j]);
          out[to] = (multiply ? value * multiply[to] : value) + (residual ? residual[to] : 0);
        }
      }
    }
  }
}

/**
 * Turns the first elements of each head in rows of `values`, which are `pitch` apart and begin at `start`: pair (2i, 2i + 1) by the
 * angle whose cosine and sine are elements 2i and 2i + 1 of the position's row of the table.
 */
function turn(
  values: Float32Array,
  [start, pitch]: readonly [number, number],
  { table, heads }: Rotary,
  [width, rows, position]: readonly [number, number, number],
): void {
  const turned = table.shape[1];
  const angles = f32(table);
  for (let row = 0; row < rows; row++) {
    const of = (position + row) * turned;
    for (let head = 0; head < heads; head++) {
      const at = start + row * pitch + (head * width) / heads;
      for (let c = 0; c < turned; c += 2) {
        const [x, y] = [values[at + c], values[at + c + 1]];
        const [cos, sin] = [angles[of + c], angles[of + c + 1]];
        values[at + c] = x * cos - y * sin;
        values[at + c + 1] = y * cos + x * sin;
      }
    }
  }
}

/** Turns queries (B, T, I), and the keys of the same positions in the cache (B, C, 2I). */
export function turnProjected(query: Tensor, cache: Tensor, offset: Tensor | undefined, rotary: Rotary): void {
  const [b, t, width] = query.shape;
  const capacity = cache.shape[1];
  for (let row = 0; row < b; row++) {
    const first = offset ? u32(offset)[row] : 0;
    turn(f32(query), [row * t * width, width], rotary, [width, t, first]);
    turn(f32(cache), [(row * capacity + first) * 2 * width, 2 * width], rotary, [width, t, first]);
  }
}

export function createLinear(arithmetic: Arithmetic): ImplementationOf<typeof contract> {
  /** norm(x), as the product with w takes it. */
  function factor(x: Tensor, w: Tensor, norm: Norm | undefined): Float32Array {
    const values = normed(x, norm);
    return arithmetic === "int8" && w.dtype === "q8" ? roundedToInt8(values, w.shape[1]) : values;
  }

  return {
    linear(y, x, w, { bias, norm, scale, activation, residual, residualNorm, gated }) {
      const [rows] = rowsOf(x.shape);
      const product = { x: factor(x, w, norm), w: matrix(w), bias: f32(bias) };
      const multiply = gated ? new Float32Array(f32(y).length) : undefined;
      if (multiply) affine(multiply, product, rows, y.shape[2]);
      const added = residual && normed(residual, residualNorm);
      affine(f32(y), { ...product, scale, activation, residual: added, multiply }, rows);
    },

    projectQueryKeyValue({ query, cache }, x, w, { bias, norm, offset, rotary }) {
      const [b, t, width] = query.shape; // (B, T, I)
      const capacity = cache.shape[1];
      const packed = new Float32Array(b * t * 3 * width); // (B, T, 3I): query, key, value
      affine(packed, { x: factor(x, w, norm), w: matrix(w), bias: f32(bias) }, b * t);
      for (let row = 0; row < b; row++) {
        const first = offset ? u32(offset)[row] : 0;
        for (let i = 0; i < t; i++) {
          const from = (row * t + i) * 3 * width;
          f32(query).set(packed.subarray(from, from + width), (row * t + i) * width);
          const place = row * capacity + first + i;
          f32(cache).set(packed.subarray(from + width, from + 3 * width), place * 2 * width);
        }
      }
      if (rotary) turnProjected(query, cache, offset, rotary);
    },
  };
}
