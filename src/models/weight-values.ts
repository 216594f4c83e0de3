/** What a weight may be: finite, within half precision where it is stored so, and packed as its format says. */

import { ModelError } from "../errors";
import { FLOAT16_OVERFLOW } from "../tensor/float16";
import { firstInvalidWord, type PackedFormat } from "../tensor/packed-rows";
import { size } from "../tensor/tensor";
import { rowWords } from "../tensor/weight-format";
import { LEAST } from "../util/scores";

/**
 * Where the first value is whose magnitude is not below the limit, NaN among them; -1: nowhere. A plain loop, since every
 * weight of a model goes through it: `findIndex` took half of the time that loading did.
 */
function notBelow(data: Float32Array, limit: number): number {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) < limit)) return i;
  return -1;
}

/**
 * A driver may assume that no infinity or NaN exists. If there were one, the result could be anything.
 * @param start of the data among the elements of the tensor
 * @throws ModelError "invalid_weights"
 */
export function checkFinite(
  file: string,
  name: string,
  data: Float32Array,
  start: number,
  shape: readonly number[],
): void {
  const bad = notBelow(data, Infinity);
  if (bad < 0) return;
  const width = size(shape.slice(1));
  const row = Math.floor((start + bad) / width);
  const where = shape.length > 1 ? `row ${row}, element ${start + bad - row * width}` : `element ${row}`;
  throw new ModelError("invalid_weights", `${file}: tensor "${name}" holds ${data[bad]} at ${where}.`);
}

/**
 * @param row the first of these rows of the tensor
 * @throws ModelError "invalid_weights"
 */
export function checkPacked(
  file: string,
  name: string,
  format: PackedFormat | "f16",
  words: Uint32Array,
  row: number,
  width: number,
): void {
  const bad = firstInvalidWord(format, words, width);
  if (bad < 0) return;
  const pitch = rowWords(format, width);
  const where = `row ${row + Math.floor(bad / pitch)}, word ${bad % pitch}`;
  throw new ModelError("invalid_weights", `${file}: tensor "${name}" is not packed ${format} at ${where}.`);
}

/** A GPU may assume that there are no infinities; a score of -3e38 is never chosen, either. */
export function withoutMinusInfinity(data: Float32Array): Float32Array {
  return data.includes(-Infinity) ? data.map((x) => (x === -Infinity ? LEAST : x)) : data;
}

/** Rounding to f16 would give infinity, which WGSL lets a driver assume away. */
export function checkHalves(file: string, name: string, data: Float32Array, start: number): void {
  const large = notBelow(data, FLOAT16_OVERFLOW);
  if (large < 0) return;
  throw new ModelError(
    "invalid_option",
    `load: dtype "f16" ends at 65504, but in ${file} tensor "${name}" holds ${data[large]} at element ${start + large}.`,
    'Use dtype "f32", or "q8", whose scales are floats.',
  );
}
