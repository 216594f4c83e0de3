/** The penalty that keeps the groups of a diverse beam search apart (Vijayakumar et al. 2018, section 4). */

import type { Processor } from "./scores";

/**
 * HammingDiversityLogitsProcessor of transformers 4: lowers the score of a token by `penalty` for each beam of an earlier group
 * that has taken it in this step.
 * @param taken the tokens of the earlier groups; the search adds to it as the groups choose
 */
export function hammingDiversity(penalty: number, taken: readonly number[]): Processor {
  return (scores) => {
    const counts = new Map<number, number>();
    for (const token of taken) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const row of scores) {
      // The pad token of a group that is done may lie outside of the target vocabulary.
      for (const [token, count] of counts) if (token < row.length) row[token] -= Math.fround(penalty * count);
    }
  };
}
