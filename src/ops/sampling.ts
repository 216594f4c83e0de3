/**
 * What a device needs to know to draw tokens: the parameters of the warpers and the random numbers, as one table of words that is
 * written before the first step. A step writes nothing.
 *
 * The kernel knows every word by the name that it has here: `SAMPLER.topP` is SAMPLER_TOP_P there.
 */

import { bitsOf } from "../tensor/tensor";
import type { Warpers } from "../util/warpers";

/** The words at the front of the table: f32, but for `topK`. */
export const SAMPLER: Readonly<Record<keyof Warpers, number>> = {
  temperature: 0,
  topH: 1,
  topK: 2,
  topP: 3,
  minP: 4,
  typicalP: 5,
  epsilonCutoff: 6,
  etaCutoff: 7,
};
/** After them, for each row and position, the two words of a draw. */
export const SAMPLER_WORDS = Object.keys(SAMPLER).length;
export const DRAW_WORDS = 2;

/** The most candidates of a row: the kernel holds them in workgroup memory. */
export const MAX_SAMPLED = 256;
/** Candidates beyond `top_k`, for tokens that are as good as the k-th. */
const TIES = 8;
/** TopHLogitsWarper looks at so many tokens. */
export const TOP_H = 100;
/** Candidates where only the probabilities say how many tokens are left: mostly a few. */
const OPEN = 64;

/** From what a device draws a token. */
export interface Candidates {
  /** J */
  count: number;
  /** Whether the warpers may leave tokens that are no candidates. The device finds out for each token, and leaves such a row undecided. */
  open: boolean;
}

/**
 * The candidates from which a token can be drawn as from the whole vocabulary. Undefined: the warpers leave as many tokens as they
 * like, or more than a device takes. Numbers are rounded up, so that there are few different ones.
 */
export function sampledCandidates(warpers: Warpers, vocabSize: number): Candidates | undefined {
  const { topH, topK, topP, minP, typicalP, epsilonCutoff, etaCutoff } = warpers;
  if (topH === undefined && topK === 0) {
    const open = topP < 1 || minP !== undefined || typicalP < 1 || epsilonCutoff > 0 || etaCutoff > 0;
    return open ? { count: Math.min(OPEN, vocabSize), open: vocabSize > OPEN } : undefined;
  }
  // top_h leaves no more, and top_k some of the best.
  const best = Math.min(topH === undefined ? Infinity : TOP_H, topK === 0 ? Infinity : topK);
  const needed = Math.max(best + TIES, topH === undefined ? 0 : TOP_H);
  const rounded = Math.min(vocabSize, 32 * Math.ceil(needed / 32));
  return rounded <= MAX_SAMPLED ? { count: rounded, open: false } : undefined;
}

/** The beginning of the table. */
export function samplerWords(warpers: Warpers): Uint32Array {
  const words = new Uint32Array(SAMPLER_WORDS);
  for (const [name, at] of Object.entries(SAMPLER)) {
    words[at] = bitsOf(warpers[name as keyof Warpers] ?? 0);
  }
  words[SAMPLER.topK] = warpers.topK;
  return words;
}

/** Draws between 0 and 1 of 53 bits each: the upper 32, then the lower 21. */
export function drawWords(draws: readonly number[]): Uint32Array {
  const words = new Uint32Array(DRAW_WORDS * draws.length);
  draws.forEach((u, i) => {
    const upper = Math.floor(u * 2 ** 32);
    words[DRAW_WORDS * i] = upper;
    words[DRAW_WORDS * i + 1] = (u * 2 ** 32 - upper) * 2 ** 21;
  });
  return words;
}

/** The draw of a row of a table of C positions. */
export function drawAt(table: Uint32Array, row: number, position: number, capacity: number): number {
  const at = SAMPLER_WORDS + DRAW_WORDS * (row * capacity + position);
  return (table[at] * 2 ** 21 + table[at + 1]) * 2 ** -53;
}
