/**
 * A tensor is a handle: shape and element type. What it holds lives in the backend that made it, so model
 * code can pass tensors around but never sees, moves or frees their contents.
 *
 * Letters used for dimensions in every shape comment of this code base:
 *   B rows of a batch   S source length   T target length   C capacity of a cache
 *   D model width       H heads           F feed-forward width   V vocabulary   P positions
 *   I width of all heads together, D but for T5                  G rows that share keys: beams of a sentence
 */

import { invariant } from "../errors";

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

/** The rule of an operation about one of its tensors: `null` in `expected` stands for any length. */
export function expectShape(
  op: string,
  name: string,
  tensor: Tensor,
  expected: readonly (number | null)[],
  dtypes: readonly DType[] = ["f32", "u32"],
): void {
  invariant(dtypes.includes(tensor.dtype), `${op}: ${name} is stored as ${tensor.dtype}`);
  const fits = tensor.shape.length === expected.length && expected.every((n, i) => n === null || n === tensor.shape[i]);
  invariant(
    fits,
    `${op}: ${name} has shape ${shapeText(tensor.shape)}, expected (${expected.map((n) => n ?? "any").join(", ")})`,
  );
}
