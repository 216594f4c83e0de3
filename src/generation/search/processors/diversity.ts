/** The penalty that keeps the groups of a diverse beam search apart (Vijayakumar et al. 2018, section 4). */

import type { Processor } from "./scores";

/**
 * HammingDiversityLogitsProcessor of transformers 4: lowers each token once for every beam of an earlier group that has
 * taken it in this step.
 * @param taken those tokens; the search fills it as the groups choose, one after the other
 */
export function hammingDiversity(penalty: number, taken: readonly number[]): Processor {
  return (scores) => {
    const counts = new Map<number, number>();
    for (const token of taken) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const row of scores) {
      // The pad token of a group that is done may be beyond the target vocabulary.
      for (const [token, count] of counts) if (token < row.length) row[token] -= Math.fround(penalty * count);
    }
  };
}
