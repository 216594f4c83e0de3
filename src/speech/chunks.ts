/** Chunks of a sound that overlap: `chunk_iter` of transformers' pipeline for speech recognition. */

import { ModelError } from "../errors";

/** Samples `start` to before `end`, of which `left` and `right` are heard by the neighbours as well. */
export interface Chunk {
  start: number;
  end: number;
  left: number;
  right: number;
}

/** Python's `round`: of two equally near integers the even one. */
const roundEven = (x: number): number => {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
};

/**
 * @param length of the sound in samples
 * @param chunkSeconds `chunk_length_s`
 * @param strideSeconds `stride_length_s`: of both sides, or left and right; by default a sixth of the chunk
 * @throws ModelError `invalid_option` where nothing of a chunk is left between its strides
 */
export function chunksOf(
  length: number,
  sampleRate: number,
  chunkSeconds: number,
  strideSeconds: number | readonly [left: number, right: number] = chunkSeconds / 6,
): Chunk[] {
  const samples = (seconds: number): number => roundEven(seconds * sampleRate);
  const [left, right] = (typeof strideSeconds === "number" ? [strideSeconds, strideSeconds] : strideSeconds).map(
    samples,
  );
  const size = samples(chunkSeconds);
  const step = size - left - right;
  if (step <= 0) {
    const strides = `${left / sampleRate} s and ${right / sampleRate} s`;
    throw new ModelError(
      "invalid_option",
      `transcribe: chunk_length_s = ${chunkSeconds} must be longer than both strides together, ${strides}.`,
    );
  }
  const chunks: Chunk[] = [];
  for (let start = 0; start < length; start += step) {
    const end = Math.min(length, start + size);
    const isLast = start + size >= length;
    const own = start === 0 ? 0 : left;
    // A last chunk that the one before has heard as a whole is dropped.
    if (end - start > own) chunks.push({ start, end, left: own, right: isLast ? 0 : right });
    if (isLast) break;
  }
  return chunks;
}
