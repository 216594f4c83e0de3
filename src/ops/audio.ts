/**
 * Operations of the families that read sound. They are a group like the others, but the package has them in a part that loads
 * with such a family: see `Operations`.
 */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { expectShape, result } from "./contract";
import type { Norm } from "./rowwise";
import type { Activation } from "./linear";
import type { ProcessorState } from "./logits-processors";
import type { TimestampRules } from "../util/timestamps";

export interface ConvolutionOptions {
  /** (N) */
  bias: Tensor;
  /** Frames from one window to the next; 1 where absent. */
  stride?: number;
  /** Frames of zeros before the first and after the last; none where absent. */
  padding?: readonly [before: number, after: number];
  /** Applied to the sum; "none" where absent. */
  activation?: Activation;
  /** (P, N), at least as many rows as windows: added last. */
  positions?: Tensor;
}

/** How many windows of `kernel` frames there are over `frames` frames. */
export function windowsOf(frames: number, kernel: number, stride: number, padding: readonly number[] = [0, 0]): number {
  return Math.floor((frames + padding[0] + padding[1] - kernel) / stride) + 1;
}

/** Which rows of x (B, T, C) belong to the sound: row b of the batch has lengths[b] - less of them, at least one. */
export interface Extent {
  /** (B) u32 */
  lengths: Tensor;
  /** 0 where absent. */
  less?: number;
}

/** The rules of timestamps on the device, and the sequences that they look at. */
export interface TimestampState extends Pick<ProcessorState, "position" | "history" | "ancestors"> {
  /** (TIMESTAMP_WORDS) u32, see {@link timestampWords}. */
  readonly rules: Tensor;
}

/** Where each of the rules is; the kernel knows them as TIMESTAMP_BEGIN and so on. */
export const TIMESTAMP: Readonly<Record<keyof TimestampRules, number>> = {
  begin: 0,
  first: 1,
  noTimestamps: 2,
  endToken: 3,
  lastInitial: 4,
};
export const TIMESTAMP_WORDS = Object.keys(TIMESTAMP).length;

export function timestampWords(rules: TimestampRules): Uint32Array {
  const words = new Uint32Array(TIMESTAMP_WORDS);
  for (const [name, at] of Object.entries(TIMESTAMP)) {
    words[at] = Math.min(0x7fffffff, rules[name as keyof TimestampRules]);
  }
  return words;
}

export const audio = {
  /**
   * One-dimensional convolution over time: x (B, T, C), w (N, k, C) -> (B, T', N). A window of k frames lies in one piece, so
   * this is a product with overlapping rows: row t of it begins at frame t * stride - padding[0].
   */
  convolve(x: Tensor, w: Tensor, { bias, stride = 1, padding, positions }: ConvolutionOptions) {
    expectShape("convolve", "x", x, [null, null, null]);
    const [b, frames, channels] = x.shape;
    expectShape("convolve", "w", w, [null, null, channels]);
    const [n, kernel] = w.shape;
    expectShape("convolve", "bias", bias, [n]);
    const windows = windowsOf(frames, kernel, stride, padding);
    invariant(windows >= 1, `convolve: ${frames} frames are fewer than a window of ${kernel}`);
    if (positions) {
      expectShape("convolve", "positions", positions, [null, n]);
      invariant(positions.shape[0] >= windows, `convolve: ${windows} windows, ${positions.shape[0]} positions`);
    }
    return result([b, windows, n]);
  },

  /**
   * Group normalisation (Wu and He 2018) in one group: x (B, T, C) -> (B, T, C), (x - mean) / sqrt(variance + eps) * gain + bias
   * with one mean and one variance for all channels and rows of a sound. Rows behind its end get something finite.
   * @param norm its weights (2, C): gain, then bias
   */
  groupNorm(x: Tensor, norm: Pick<Norm, "weights" | "eps">, { lengths }: Extent) {
    expectShape("groupNorm", "x", x, [null, null, null]);
    expectShape("groupNorm", "norm", norm.weights, [2, x.shape[2]]);
    expectShape("groupNorm", "lengths", lengths, [x.shape[0]]);
    return result(x.shape);
  },

  /**
   * Loudness evened out, frame by frame: x (B, T, C) -> (B, T, C), asinh(exp(logScale) * (x - mean) / sqrt(variance + eps)), mean and
   * variance of a frame.
   * @param logScale (1)
   */
  compressFrames(x: Tensor, logScale: Tensor, eps: number) {
    expectShape("compressFrames", "x", x, [null, null, null]);
    expectShape("compressFrames", "logScale", logScale, [1]);
    invariant(eps > 0, "compressFrames: eps is not positive");
    return result(x.shape);
  },

  /** Row t of `positions` (P, D) is added to row t: x (B, T, D) -> (B, T, D). */
  addPositions(x: Tensor, positions: Tensor) {
    expectShape("addPositions", "x", x, [null, null, null]);
    const [, rows, width] = x.shape;
    expectShape("addPositions", "positions", positions, [null, width]);
    invariant(positions.shape[0] >= rows, `addPositions: ${rows} rows, ${positions.shape[0]} positions`);
    return result(x.shape);
  },

  /** Applies the rules of timestamps to the scores (B, 1, V) of the next token, in place; see util/timestamps.ts. */
  timestampRules(scores: Tensor, { rules, position, history, ancestors }: TimestampState): void {
    expectShape("timestampRules", "scores", scores, [null, 1, null]);
    const b = scores.shape[0];
    expectShape("timestampRules", "rules", rules, [TIMESTAMP_WORDS]);
    expectShape("timestampRules", "position", position, [b]);
    invariant(history.shape[history.shape.length - 1] === b, "timestampRules: history has another number of rows");
    if (ancestors) expectShape("timestampRules", "ancestors", ancestors, [2, history.shape[0], b]);
  },
};
