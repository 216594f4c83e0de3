/**
 * `prefix_allowed_tokens` may take its time, such as a function on the other side of a worker, but a step of a search does not
 * wait. So it is asked before the step about every sequence that the step will continue.
 */

import type { SearchConfig } from "../options/search-config";

type Callback = NonNullable<SearchConfig["prefixAllowedTokens"]>;

export interface Asked {
  /** Waits for the answers about these sequences of a row; earlier answers are forgotten. */
  ask(row: number, sequences: readonly (readonly number[])[]): Promise<void>;
  /** The answer, or that of the function itself if nobody has asked. */
  answer: Callback;
}

export function askAhead(callback: Callback): Asked {
  const rows = new Map<number, Map<string, number[]>>();
  const key = (sequence: readonly number[]): string => sequence.join();
  return {
    async ask(row, sequences) {
      // At the first step all beams are the same sequence.
      const different = new Map(sequences.map((sequence) => [key(sequence), sequence]));
      const answers = [...different].map(async ([name, sequence]): Promise<[string, number[]]> => {
        return [name, await callback(row, [...sequence])];
      });
      rows.set(row, new Map(await Promise.all(answers)));
    },
    answer: (row, sequence) => {
      const known = rows.get(row);
      return known?.has(key(sequence)) ? known.get(key(sequence))! : callback(row, sequence);
    },
  };
}
