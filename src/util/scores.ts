/** Numbers that every search counts with: scores that stand for "banned" and "not now", and how many candidates a step needs. */

/** "Banned", where Hugging Face writes -infinity, which a GPU may assume away. Nothing is added to it. */
export const LEAST = Math.fround(-3e38);
/** At or below this a score is banned. */
export const BANNED = Math.fround(-1e38);

/** In float32; what is banned stays banned. */
export function plus(a: number, b: number): number {
  return a <= BANNED || b <= BANNED ? LEAST : Math.fround(a + b);
}

/** Hugging Face's "not now": what a beam that does not exist yet, or one that has ended, gets added to its score. */
export const UNLIKELY = -1e9;

/** N: so many that K of them go on even where every beam could end with every end token. */
export function candidateCount({ beams, endTokens }: { beams: number; endTokens: number }): number {
  return Math.max(2, 1 + endTokens) * beams;
}
