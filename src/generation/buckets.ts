/** Which sentences of a call share a session. */

import { roundedLength } from "./device/session";
import type { Sentence } from "./device/slots";

/** The most decoder rows of one session. More sentences than fit wait for a slot. */
export const MAX_ROWS = 64;

/**
 * Splits the sentences into groups; each group goes through one session, one after another. Sentences that fit one session
 * are one group. Otherwise sentences of similar length are together, so that short ones are not padded to the longest.
 */
export function bucket(sentences: readonly Sentence[], width: number): Sentence[][] {
  const slots = slotsOf(width);
  if (sentences.length <= slots) return sentences.length > 0 ? [[...sentences]] : [];
  const sorted = [...sentences].sort((a, b) => b.length - a.length || a.index - b.index);
  const groups: Sentence[][] = [];
  for (const sentence of sorted) {
    const group = groups[groups.length - 1];
    // A group takes in shorter sentences, too, until half of its slots are in use.
    const fits =
      group && (roundedLength(group[0].length) === roundedLength(sentence.length) || group.length < slots / 2);
    if (fits) group.push(sentence);
    else groups.push([sentence]);
  }
  return groups;
}

/** How many sentences of so many rows fit one session. */
export const slotsOf = (width: number): number => Math.max(1, Math.floor(MAX_ROWS / width));

/** At most so many of a list at a time. */
export function pieces<T>(list: readonly T[], most: number): T[][] {
  const count = Math.ceil(list.length / most);
  return Array.from({ length: count }, (_, i) => list.slice(i * most, (i + 1) * most));
}
