/**
 * How rows of q8 and q4 lie on a GPU. src/tensor/weight-format.ts, which all backends share, has the scale of a block beside its
 * integers, so that blocks are 36 or 20 bytes and no integer can be read as part of a vec4. Here the scales of a row lie before
 * its integers, the last one first, and a row is a multiple of 16 bytes; shaders/block_rows.wgsl reads it. f32 and f16 stay.
 */

import { BLOCK, BLOCK_WORDS, rowWords, type WeightFormat } from "../../tensor/weight-format";

const isBlocked = (format: WeightFormat): format is "q8" | "q4" => format === "q8" || format === "q4";

/** Words of a block without its scale. */
export const INTEGER_WORDS = { q8: BLOCK_WORDS.q8 - 1, q4: BLOCK_WORDS.q4 - 1 };

/** Words of the scales of a row, and of the padding before them. */
const scaleWords = (width: number): number => 4 * Math.ceil(Math.ceil(width / BLOCK) / 4);

/** Words of a row of `width` elements on a GPU. */
export function deviceRowWords(format: WeightFormat, width: number): number {
  if (!isBlocked(format)) return rowWords(format, width);
  return scaleWords(width) + Math.ceil(width / BLOCK) * INTEGER_WORDS[format];
}

/** Goes over all words of packed rows: `from` where `pack` has one, `to` where the GPU does. */
function eachWord(format: "q8" | "q4", rows: number, width: number, move: (from: number, to: number) => void): void {
  const blocks = Math.ceil(width / BLOCK);
  const words = INTEGER_WORDS[format];
  const [scales, pitch] = [scaleWords(width), deviceRowWords(format, width)];
  for (let row = 0, from = 0; row < rows; row++) {
    const first = row * pitch + scales;
    for (let block = 0; block < blocks; block++) {
      move(from++, first - 1 - block);
      for (let word = 0; word < words; word++) move(from++, first + block * words + word);
    }
  }
}

/** What `pack` made, as it lies on a GPU; may return `packed` itself. */
export function toDevice<Words extends Float32Array | Uint32Array>(
  format: WeightFormat,
  packed: Words,
  width: number,
): Words | Uint32Array {
  if (!isBlocked(format)) return packed;
  const rows = packed.length / rowWords(format, width);
  const words = new Uint32Array(rows * deviceRowWords(format, width));
  eachWord(format, rows, width, (from, to) => (words[to] = packed[from]));
  return words;
}

/** The other way round. */
export function fromDevice(format: WeightFormat, words: Uint32Array, width: number): Uint32Array {
  if (!isBlocked(format)) return words;
  const rows = words.length / deviceRowWords(format, width);
  const packed = new Uint32Array(rows * rowWords(format, width));
  eachWord(format, rows, width, (from, to) => (packed[from] = words[to]));
  return packed;
}
