/** Constants of every search: the scores for "banned" and "not now", and the number of candidates per step. */

/** The score of a banned token. Hugging Face uses -infinity, but a GPU may assume that there are no infinities. */
export const LEAST = Math.fround(-3e38);
/** A score at or below this is banned. */
export const BANNED = Math.fround(-1e38);

/** A score as Hugging Face has it: a banned one is -infinity. */
export const withoutBanned = (score: number): number => (score <= BANNED ? -Infinity : score);

/** a + b in float32. A banned score stays banned. */
export function plus(a: number, b: number): number {
  return a <= BANNED || b <= BANNED ? LEAST : Math.fround(a + b);
}

/** Hugging Face's "not now": added to the score of a beam that does not exist yet, or that has ended. */
export const UNLIKELY = -1e9;

/** J, the candidates per step: enough that G of them go on, even if every beam ends with every end token. */
export function candidateCount({ beams, endTokens }: { beams: number; endTokens: number }): number {
  return Math.max(2, 1 + endTokens) * beams;
}
