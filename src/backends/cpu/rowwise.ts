/** What the operations of src/ops/rowwise.ts compute. */

import type { ImplementationOf } from "../../ops/contract";
import type { Norm, rowwise as contract } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { f32 } from "./tensors";

type Floats = Float32Array | Float64Array;

/** The mean of `count` elements from `start` on. */
export function meanOf(x: Floats, start: number, count: number): number {
  let mean = 0;
  for (let i = 0; i < count; i++) mean += x[start + i] / count;
  return mean;
}

/** Their mean squared distance from `mean`. */
export function varianceOf(x: Floats, start: number, count: number, mean: number): number {
  let variance = 0;
  for (let i = 0; i < count; i++) variance += (x[start + i] - mean) ** 2 / count;
  return variance;
}

/** out = norm(x), rows of `width`. Root mean square normalisation is the same with a mean of zero. */
export function normalise<T extends Floats>(out: T, x: T, norm: Norm, width: number): void {
  const weights = f32(norm.weights); // gain, then bias
  for (let row = 0; row < x.length; row += width) {
    const mean = norm.kind === "rms" ? 0 : meanOf(x, row, width);
    const scale = 1 / Math.sqrt(varianceOf(x, row, width, mean) + norm.eps);
    for (let c = 0; c < width; c++) out[row + c] = (x[row + c] - mean) * scale * weights[c] + weights[width + c];
  }
}

/** The elements of x, normalised where there is a norm. */
export function normed(x: Tensor, norm: Norm | undefined): Float32Array {
  if (!norm) return f32(x);
  const values = normed(x, norm.earlier);
  const out = new Float32Array(values.length);
  normalise(out, values, norm, rowsOf(x.shape)[1]);
  return out;
}

/** The largest of a row, and the sum of e to the power of each value's distance from it. */
function statistics(x: Float32Array, row: number, width: number): [max: number, total: number] {
  let max = -Infinity;
  for (let c = 0; c < width; c++) max = Math.max(max, x[row + c]);
  let total = 0;
  for (let c = 0; c < width; c++) total += Math.exp(x[row + c] - max);
  return [max, total];
}

export const rowwise: ImplementationOf<typeof contract> = {
  layerNorm(y, x, norm) {
    normalise(f32(y), normed(x, norm.earlier), norm, rowsOf(x.shape)[1]);
  },

  softmax(y, x) {
    const [out, values, [, width]] = [f32(y), f32(x), rowsOf(x.shape)];
    for (let row = 0; row < values.length; row += width) {
      const [max, total] = statistics(values, row, width);
      for (let c = 0; c < width; c++) out[row + c] = Math.exp(values[row + c] - max) / total;
    }
  },

  logSoftmax(y, x) {
    const [out, values, [, width]] = [f32(y), f32(x), rowsOf(x.shape)];
    for (let row = 0; row < values.length; row += width) {
      const [max, total] = statistics(values, row, width);
      const log = Math.log(total);
      for (let c = 0; c < width; c++) out[row + c] = values[row + c] - max - log;
    }
  },
};
