/** What the operations of src/ops/audio.ts compute. */

import { TIMESTAMP, type audio as contract, type ConvolutionOptions } from "../../ops/audio";
import type { ImplementationOf } from "../../ops/contract";
import { rowsOf, size, type Tensor } from "../../tensor/tensor";
import { mapValues } from "../../util/map-values";
import { LEAST } from "../../util/scores";
import { applyTimestamps, type TimestampRules } from "../../util/timestamps";
import { affine } from "./linear";
import { tokensFrom } from "./logits-processors";
import { meanOf, varianceOf } from "./rowwise";
import { f32, u32 } from "./tensors";

/** The windows of row b of x (B, T, C), one after another, zeros where there is no frame: out (T', k C). */
export function gatherWindows(
  out: Float32Array,
  x: Tensor,
  b: number,
  kernel: number,
  { stride = 1, padding: [before] = [0, 0] }: ConvolutionOptions,
): void {
  const [, frames, channels] = x.shape;
  const row = f32(x).subarray(b * frames * channels, (b + 1) * frames * channels);
  const length = kernel * channels;
  for (let at = 0, first = -before; at < out.length; at += length, first += stride) {
    const from = Math.max(0, first);
    const to = Math.min(frames, first + kernel);
    const window = out.subarray(at, at + length);
    if (to - from < kernel) window.fill(0);
    if (to > from) window.set(row.subarray(from * channels, to * channels), (from - first) * channels);
  }
}

/** Adds row t of `positions` to row t of y (T', N). */
export function addPositions(y: Float32Array, positions: Tensor | undefined): void {
  if (!positions) return;
  const added = f32(positions);
  for (let i = 0; i < y.length; i++) y[i] += added[i];
}

export const audio: ImplementationOf<typeof contract> = {
  convolve(y, x, w, options) {
    const [b, windows, n] = y.shape;
    const length = size(w.shape.slice(1)); // k C
    const rows = new Float32Array(windows * length);
    const matrix = { values: f32(w), load: (first: number) => first * length };
    for (let row = 0; row < b; row++) {
      gatherWindows(rows, x, row, w.shape[1], options);
      const out = f32(y).subarray(row * windows * n, (row + 1) * windows * n);
      affine(out, { x: rows, w: matrix, bias: f32(options.bias), activation: options.activation }, windows);
      addPositions(out, options.positions);
    }
  },

  groupNorm(y, x, { weights, eps }, { lengths, less = 0 }) {
    const [b, rows, channels] = x.shape;
    const [gainAndBias, all, out] = [f32(weights), f32(x), f32(y)];
    for (let row = 0; row < b; row++) {
      const first = row * rows * channels;
      const count = Math.min(rows, Math.max(1, u32(lengths)[row] - less)) * channels;
      const mean = meanOf(all, first, count);
      const scale = 1 / Math.sqrt(varianceOf(all, first, count, mean) + eps);
      for (let i = 0; i < rows * channels; i++) {
        const c = i % channels;
        out[first + i] = (all[first + i] - mean) * scale * gainAndBias[c] + gainAndBias[channels + c];
      }
    }
  },

  compressFrames(y, x, logScale, eps) {
    const [, width] = rowsOf(x.shape);
    const [all, out] = [f32(x), f32(y)];
    const gain = Math.exp(f32(logScale)[0]);
    for (let row = 0; row < all.length; row += width) {
      const mean = meanOf(all, row, width);
      const scale = gain / Math.sqrt(varianceOf(all, row, width, mean) + eps);
      for (let c = 0; c < width; c++) out[row + c] = Math.asinh((all[row + c] - mean) * scale);
    }
  },

  addPositions(y, x, positions) {
    const length = x.shape[1] * x.shape[2];
    const [all, out, added] = [f32(x), f32(y), f32(positions)];
    for (let i = 0; i < all.length; i++) out[i] = all[i] + added[i % length];
  },

  timestampRules(scores, state) {
    const [rows, width] = rowsOf(scores.shape);
    const rules: TimestampRules = mapValues(TIMESTAMP, (at) => u32(state.rules)[at]);
    for (let row = 0; row < rows; row++) {
      const generated = tokensFrom(rules.begin, row, rows, state);
      applyTimestamps(f32(scores).subarray(row * width, (row + 1) * width), generated, rules, LEAST);
    }
  },
};
