/** Where the tokens of a window are in its sound: what dynamic time warping aligns, its path, and the times that follow from it. */

import { TIME_PRECISION } from "../util/timestamps";
import { INPUT_STRIDE } from "./segments";
import { alignmentMatrix, warp, type HeadWeights } from "./warping";

/** The alignment of one window. Row i is the step that read its token i and wrote token i + 1. */
export interface WindowAlignment {
  /** (N - 1, S) for N tokens. */
  weights: Float32Array;
  /** S. */
  frames: number;
  /** The frame at which the path enters each row; -1 where no frame is left. */
  path: number[];
}

/**
 * How the alignment heads attended to the sound while a segment was written, and the path through it from which the times of its
 * words are read.
 */
export interface SegmentAlignment {
  /** The text of the token of each row. Row i is the step that wrote it, timestamps among them. */
  tokens: string[];
  /** (N, S), row-major: the mean of the heads, each normalised over the tokens of the window and smoothed; in standard deviations. */
  weights: Float32Array;
  /** N tokens and S frames: those of the segment and a few on both sides. */
  shape: [tokens: number, frames: number];
  /** When the first frame begins, in seconds of the sound. */
  start: number;
  /** Seconds of a frame: 0.02. */
  step: number;
  /** By row, the frame at which the path of dynamic time warping enters it. A token begins there. */
  path: number[];
}

/** Frames that are shown before and after a segment. */
const MARGIN = 10;

/**
 * @param window its generated tokens, and (A, T, S): how the heads attended, prompt rows first
 * @param soundFrames frames of the features that are sound, from the beginning of the window
 */
export function alignWindow(
  { alignment, tokens }: { alignment?: HeadWeights; tokens: readonly number[] },
  promptLength: number,
  soundFrames: number,
  medianWidth: number,
): WindowAlignment | undefined {
  if (!alignment || tokens.length < 2) return undefined;
  const [heads, rows, columns] = alignment.shape;
  const own = rows - promptLength;
  const data = new Float32Array(heads * own * columns);
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < own * columns; i++)
      data[head * own * columns + i] = alignment.data[(head * rows + promptLength) * columns + i];
  const shape = [heads, own, columns] as const;
  const { weights, frames } = alignmentMatrix({ data, shape }, Math.floor(soundFrames / INPUT_STRIDE), medianWidth);
  const path =
    frames === 0
      ? new Array<number>(own).fill(-1)
      : warp(
          weights.map((w) => -w),
          own,
          frames,
        );
  return { weights, frames, path };
}

/** When each of `count` tokens ends, in seconds of the sound, in float32 as torch has it. */
export function tokenTimes(aligned: WindowAlignment | undefined, count: number, offset: number): number[] {
  // Frame -1 of a sound without a frame would be before its beginning.
  const second = (frame: number): number =>
    Math.max(0, Math.fround(Math.fround(frame * TIME_PRECISION) + Math.fround(offset)));
  if (!aligned) return new Array<number>(count).fill(second(0));
  // The last token has no row: it gets the time of the one before.
  return [...aligned.path, aligned.path[aligned.path.length - 1]].map(second);
}

/**
 * The part of a window's alignment that belongs to `count` of its tokens.
 * @param from the first of them; nothing wrote the first token of a window but the prompt, so that one has no row
 * @param offset seconds before the window
 */
export function partOf(
  { weights, frames, path }: WindowAlignment,
  from: number,
  count: number,
  offset: number,
): Omit<SegmentAlignment, "tokens"> & { skipped: number } {
  const skipped = from === 0 ? 1 : 0;
  const first = from + skipped - 1;
  const end = Math.min(from + count - 1, path.length);
  const left = Math.max(0, (path[first] ?? 0) - MARGIN);
  const right = Math.min(frames, Math.max(left, (path[end] ?? frames) + MARGIN));
  const width = right - left;
  const part = new Float32Array(Math.max(0, end - first) * width);
  for (let row = first; row < end; row++)
    part.set(weights.subarray(row * frames + left, row * frames + right), (row - first) * width);
  return {
    skipped,
    weights: part,
    shape: [Math.max(0, end - first), width],
    start: offset + left * TIME_PRECISION,
    step: TIME_PRECISION,
    path: path.slice(first, end).map((frame) => Math.max(0, frame - left)),
  };
}
