/**
 * A tensor is a handle: shape and element type. What it holds lives in the backend that made it, so model
 * code can pass tensors around but never sees, moves or frees their contents.
 *
 * The letters of every shape comment, in TypeScript and WGSL. Each has one meaning for text:
 *   B   rows of a batch: G of each sentence       G   rows of a sentence that share its source: its beams, or 1
 *   R   rows of a tensor: all dimensions but the last together
 *   S   source length      T   target length      C   capacity of a cache     P   positions of a table
 *   D   model width        F   feed-forward width V   vocabulary              L   layers
 *   H   heads              Dh  width of a head    I   H * Dh, all heads side by side: D, but for T5
 *   N   rows of the weights of a product, the width of its result             K   width of what it multiplies
 *   J   candidates of a sentence in a step of beam search                     E   end tokens
 *   M   farthest distance with a bucket of its own (relative position bias)   W   words of the table of logits processors
 *
 * Operations on sound (src/ops/audio.ts) and what they read use three of them in another way, and a small k:
 *   T   frames, before a convolution; T' after it   C   channels of a frame     N   channels of the result    k   frames of a window
 */

/** "f16", "q8" and "q4" hold floats in fewer bits, see weight-format.ts; only weights that an operation multiplies or looks up. */
export type DType = "f32" | "f16" | "q8" | "q4" | "u32";

export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Number of elements. */
export function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The same memory as floats, where words hold the bits of some. */
export const asFloats = ({ buffer, byteOffset, length }: Uint32Array): Float32Array =>
  new Float32Array(buffer, byteOffset, length);

/** The bits of a float as a word. */
export const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** Splits a shape into rows and the length of one row: (B, T, D) -> [B * T, D]. */
export function rowsOf(shape: readonly number[]): [rows: number, length: number] {
  const length = shape[shape.length - 1] ?? 1;
  return [size(shape.slice(0, -1)), length];
}

export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(", ")})`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
