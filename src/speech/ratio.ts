/** The compression ratio of Whisper's fallback: text that repeats itself compresses well. */

import { deflateLength } from "./deflate";

/** Length of the tokens, little-endian, to their length under zlib: `_retrieve_compression_ratio` of transformers. */
export function compressionRatio(tokens: readonly number[], vocabSize: number): number {
  const width = Math.floor(Math.log2(vocabSize) / 8) + 1;
  const bytes = new Uint8Array(tokens.length * width);
  tokens.forEach((token, i) => {
    for (let k = 0; k < width; k++) bytes[i * width + k] = Math.floor(token / 256 ** k);
  });
  return bytes.length / deflateLength(bytes);
}
