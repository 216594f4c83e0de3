/** What is added to the scores of tokens that would complete a given sequence; banning adds minus infinity. */

import { eachBeam, type Processor } from "./scores";

/**
 * SequenceBiasLogitsProcessor: `bias` is added to the last token of `ids` where the ones before it stand at the end
 * of the sequence. Of several biases for the same ids the last counts; those of different ids add up.
 */
export function sequenceBias(biases: readonly (readonly [ids: readonly number[], bias: number])[]): Processor {
  const byIds = new Map(biases.map(([ids, bias]) => [ids.join(), { ids, bias }]));
  return eachBeam((scores, sequence) => {
    // Summed up before they are added, as Hugging Face does: the sums are float32.
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

/** NoBadWordsLogitsProcessor: an end token alone is no word that could be banned. */
export function badWords(words: readonly (readonly number[])[], eosTokenIds: readonly number[]): Processor {
  const banned = words.filter((ids) => ids.length > 1 || !eosTokenIds.includes(ids[0]));
  return sequenceBias(banned.map((ids) => [ids, -Infinity] as const));
}
