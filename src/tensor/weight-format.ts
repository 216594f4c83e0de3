/**
 * How float tensors are stored: the layout in memory, in words of 32 bits, and what its bits mean. Both backends hold
 * this layout; the shaders that read it are shaders/weights_*.wgsl.
 *
 * Each row of the last dimension is packed by itself, so that rows can be written one after another and a matrix can be
 * split between any two. Within a word the lowest bits come first. Padding is zero.
 *
 *   f32  the floats, padded to a multiple of four
 *   f16  IEEE 754 binary16, two to a word, padded to a multiple of four
 *   q8   blocks of 32: the scale as a float, then 32 integers from -127 to 127, four to a word
 *   q4   blocks of 32: the scale as a float, then 32 integers from -8 to 7 with 8 added, eight to a word
 *
 * An element of a block is scale * integer, in f32: 9 bits an element in q8 and 5 in q4.
 */

import { floatBitsToFloat16, float16ToFloatBits } from "./float16";
import type { DType } from "./tensor";

/** How a float tensor is stored. */
export type WeightFormat = Exclude<DType, "u32">;

const ALL: Readonly<Record<WeightFormat, true>> = { f32: true, f16: true, q8: true, q4: true };

/** All of them, the largest first. */
export const WEIGHT_FORMATS = Object.keys(ALL) as readonly WeightFormat[];

/** Elements of a block of q8 and q4, and how many words it takes. */
export const BLOCK = 32;
export const BLOCK_WORDS = { q8: 1 + BLOCK / 4, q4: 1 + BLOCK / 8 };

/** Words of a row of `width` elements. */
export function rowWords(format: WeightFormat, width: number): number {
  const fours = Math.ceil(width / 4);
  if (format === "f32") return 4 * fours;
  if (format === "f16") return 2 * fours;
  return Math.ceil(width / BLOCK) * BLOCK_WORDS[format];
}

/** Packs whole rows; the elements are finite and, for f16, below `FLOAT16_OVERFLOW`. May return `data` itself. */
export function pack(format: WeightFormat, data: Float32Array, width: number): Float32Array | Uint32Array {
  const words = rowWords(format, width);
  if (format === "f32" && words === width) return data;
  const packed = new Uint32Array((data.length / width) * words);
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let from = 0, to = 0; from < data.length; from += width, to += words) {
    if (format === "f32") packed.set(bits.subarray(from, from + width), to);
    else if (format === "f16") packFloat16(packed, to, bits.subarray(from, from + width));
    else packBlocks(format, packed, to, data.subarray(from, from + width));
  }
  return packed;
}

function packFloat16(packed: Uint32Array, to: number, row: Uint32Array): void {
  for (let k = 0; k < row.length; k++) packed[to + (k >> 1)] |= floatBitsToFloat16(row[k]) << (16 * (k & 1));
}

function packBlocks(format: "q8" | "q4", packed: Uint32Array, to: number, row: Float32Array): void {
  const scale = format === "q8" ? scaleOfQ8 : scaleOfQ4;
  const scales = new Float32Array(packed.buffer, packed.byteOffset, packed.length);
  for (let from = 0; from < row.length; from += BLOCK, to += BLOCK_WORDS[format]) {
    const block = row.subarray(from, from + BLOCK);
    const d = scale(block);
    // All padding, q4's too, is a zero scale or an integer that means 0.
    if (d === 0) continue;
    scales[to] = d;
    for (let k = 0; k < BLOCK; k++) {
      const value = k < block.length ? block[k] / d : 0;
      if (format === "q8") packed[to + 1 + (k >> 2)] |= (nearest(value, -127, 127) & 0xff) << (8 * (k & 3));
      else packed[to + 1 + (k >> 3)] |= (nearest(value, -8, 7) + 8) << (4 * (k & 7));
    }
  }
}

/** The nearest integer, the even one of two, within the limits. */
function nearest(value: number, least: number, most: number): number {
  // Doubles of this size are 1 apart, so the addition rounds.
  const rounded = value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
  return Math.min(most, Math.max(least, rounded));
}

/** The scale by which `value` becomes `level`, as it is stored. */
function storedScale(value: number, level: number): number {
  const scale = Math.fround(value / level);
  // GPUs may take a subnormal float for zero, so that is what it becomes.
  if (Math.abs(scale) < 2 ** -126) return 0;
  // Where it was rounded up, the largest floats would come back as infinity.
  return Number.isFinite(Math.fround(scale * level)) ? scale : scale * (1 - 2 ** -23);
}

/** The largest magnitude becomes 127. */
function scaleOfQ8(block: Float32Array): number {
  let largest = 0;
  for (const value of block) largest = Math.max(largest, Math.abs(value));
  return storedScale(largest, 127);
}

/**
 * The largest magnitude, with its sign, becomes -8, -8.5 (cut to -8) or -7, whichever leaves the least squared error:
 * 4% less on the English-French model than -8 alone, 15% less than -7 alone.
 */
function scaleOfQ4(block: Float32Array): number {
  let largest = 0;
  for (const value of block) if (Math.abs(value) > Math.abs(largest)) largest = value;
  let [best, least] = [0, Infinity];
  for (const level of [-8, -8.5, -7]) {
    const scale = storedScale(largest, level);
    if (scale === 0) return 0;
    let error = 0;
    for (const value of block) error += (value - scale * nearest(value / scale, -8, 7)) ** 2;
    if (error < least) [best, least] = [scale, error];
  }
  return best;
}

/** What the elements of one packed row are; `from` is its first word. */
export function unpackRow(format: WeightFormat, words: Uint32Array, from: number, out: Float32Array): void {
  if (format === "q8" || format === "q4") return unpackBlocks(format, words, from, out);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  if (format === "f32") return bits.set(words.subarray(from, from + out.length));
  const floats = float16ToFloatBits();
  for (let k = 0; k < out.length; k++) bits[k] = floats[(words[from + (k >> 1)] >>> (16 * (k & 1))) & 0xffff];
}

function unpackBlocks(format: "q8" | "q4", words: Uint32Array, from: number, out: Float32Array): void {
  const scales = new Float32Array(words.buffer, words.byteOffset, words.length);
  for (let k = 0; k < out.length; from += BLOCK_WORDS[format]) {
    const scale = scales[from];
    const end = Math.min(k + BLOCK, out.length);
    for (let at = from + 1; k < end; at++) {
      const word = words[at];
      if (format === "q8") {
        // To the top of the word and back down with its sign.
        for (let shift = 24; shift >= 0 && k < end; shift -= 8) out[k++] = scale * ((word << shift) >> 24);
      } else {
        for (let shift = 0; shift < 32 && k < end; shift += 4) out[k++] = scale * (((word >>> shift) & 15) - 8);
      }
    }
  }
}

/** The elements of packed rows, one after another. May return a view of `words`. */
export function unpack(format: WeightFormat, words: Uint32Array, width: number): Float32Array {
  const pitch = rowWords(format, width);
  if (format === "f32" && pitch === width) return new Float32Array(words.buffer, words.byteOffset, words.length);
  const rows = words.length / pitch;
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    unpackRow(format, words, row * pitch, out.subarray(row * width, (row + 1) * width));
  }
  return out;
}
