/**
 * Rows that come packed from a file: q8 and q4 as weight-format.ts lays them out, f16 in rows without padding. `pack` writes nothing else, but a file may
 * hold anything, and the kernels rely on finite scales, on integers within their limits and on padding of zeros.
 */

import { BLOCK, BLOCK_WORDS, rowWords } from "./weight-format";

/** The formats that files hold as packed rows: halves are a dtype of the files themselves. */
export type PackedFormat = "q8" | "q4";

export const isPackedFormat = (name: unknown): name is PackedFormat => name === "q8" || name === "q4";

/** The bits of a float without its sign: infinity, and the smallest float that a GPU does not take for zero. */
const INFINITE = 0x7f800000;
const LEAST_NORMAL = 0x00800000;

/**
 * The index of the first word that no packing makes; -1 where every word could be made by one.
 * @param words whole rows of `width` elements; in f16 a multiple of four
 */
export function firstInvalidWord(format: PackedFormat | "f16", words: Uint32Array, width: number): number {
  return format === "f16" ? firstInvalidHalf(words) : firstInvalidBlock(format, words, width);
}

/** Halves without padding between the rows. */
function firstInvalidHalf(words: Uint32Array): number {
  const isInfinite = (half: number): boolean => (half & 0x7c00) === 0x7c00;
  for (let i = 0; i < words.length; i++) if (isInfinite(words[i]) || isInfinite(words[i] >>> 16)) return i;
  return -1;
}

function firstInvalidBlock(format: "q8" | "q4", words: Uint32Array, width: number): number {
  const [pitch, step] = [rowWords(format, width), BLOCK_WORDS[format]];
  // Four bytes at once: the sign bit is set in each byte that is -128.
  const hasMinus128 = (word: number): boolean => {
    const flipped = word ^ 0x80808080;
    return ((flipped - 0x01010101) & ~flipped & 0x80808080) !== 0;
  };
  for (let block = 0; block < words.length; block += step) {
    const magnitude = words[block] & 0x7fffffff;
    if (magnitude >= INFINITE || (magnitude < LEAST_NORMAL && magnitude > 0)) return block;
    if (format === "q8")
      for (let word = block + 1; word < block + step; word++) if (hasMinus128(words[word])) return word;
  }
  const filled = width % BLOCK;
  if (filled === 0) return -1;
  // A padded element of a row's last block is an integer that means 0, or all of a block without a scale is 0.
  const [perWord, bits, zero] = format === "q8" ? [4, 8, 0] : [8, 4, 8];
  for (let last = pitch - step; last < words.length; last += pitch) {
    const expected = words[last] === 0 ? 0 : zero;
    for (let k = filled; k < BLOCK; k++) {
      const word = last + 1 + Math.floor(k / perWord);
      if (((words[word] >>> (bits * (k % perWord))) & ((1 << bits) - 1)) !== expected) return word;
    }
  }
  return -1;
}
