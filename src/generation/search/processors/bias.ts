/** Adds a bias to the score of a token that would complete a given sequence. A ban is a bias of minus infinity. */

import { eachBeam, type Processor } from "./scores";

/**
 * SequenceBiasLogitsProcessor: adds `bias` to the last token of `ids` if the sequence ends with the tokens before it. Of
 * several biases for the same ids the last one counts. Biases of different ids add up.
 */
export function sequenceBias(biases: readonly (readonly [ids: readonly number[], bias: number])[]): Processor {
  const byIds = new Map(biases.map(([ids, bias]) => [ids.join(), { ids, bias }]));
  return eachBeam((scores, sequence) => {
    // Summed up in float32 before they are added to the score, as Hugging Face does.
    const sums = new Map<number, number>();
    for (const { ids, bias } of byIds.values()) {
      const start = sequence.length - (ids.length - 1);
      const completes = start >= 0 && ids.slice(0, -1).every((id, i) => id === sequence[start + i]);
      const last = ids[ids.length - 1];
      if (completes) sums.set(last, Math.fround((sums.get(last) ?? 0) + Math.fround(bias)));
    }
    for (const [token, bias] of sums) scores[token] += bias;
  });
}

/** NoBadWordsLogitsProcessor: an end token alone cannot be banned. */
export function badWords(words: readonly (readonly number[])[], eosTokenIds: readonly number[]): Processor {
  const banned = words.filter((ids) => ids.length > 1 || !eosTokenIds.includes(ids[0]));
  return sequenceBias(banned.map((ids) => [ids, -Infinity] as const));
}
