/** What the operations of src/ops/audio.ts compute. */

import { TIMESTAMP, type audio as contract, type ConvolutionOptions } from "../../ops/audio";
import type { ImplementationOf } from "../../ops/contract";
import { rowsOf, size, type Tensor } from "../../tensor/tensor";
import { LEAST } from "../../util/scores";
import { applyTimestamps, type TimestampRules } from "../../util/timestamps";
import { affine } from "./linear";
import { tokensFrom } from "./logits-processors";
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

  timestampRules(scores, state) {
    const [rows, width] = rowsOf(scores.shape);
    const words = Object.entries(TIMESTAMP).map(([name, at]) => [name, u32(state.rules)[at]] as const);
    const rules = Object.fromEntries(words) as unknown as TimestampRules;
    for (let row = 0; row < rows; row++) {
      const generated = tokensFrom(rules.begin, row, rows, state);
      applyTimestamps(f32(scores).subarray(row * width, (row + 1) * width), generated, rules, LEAST);
    }
  },
};
