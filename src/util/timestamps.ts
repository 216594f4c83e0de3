/**
 * The rules of Whisper's timestamps: `WhisperTimeStampLogitsProcessor` of transformers. A stamp is a token like any other, from
 * `first` on, 0.02 s apart. Stamps open and close each piece of text: 0.00 text 2.40 2.40 text 5.00.
 */

import { BANNED } from "./scores";

/** Seconds from one stamp to the next. */
export const TIME_PRECISION = 0.02;

export interface TimestampRules {
  /** Tokens before the first that is generated. */
  begin: number;
  /** The token of 0.00 s; all from it on are stamps. */
  first: number;
  /** The token that says that there are none: banned here. */
  noTimestamps: number;
  /** Text is what is below it. */
  endToken: number;
  /** The last stamp that may come first; Infinity: any. */
  lastInitial: number;
}

/**
 * What the tokens so far leave of the vocabulary: bans all from `from` to below `to`.
 * @param generated the tokens after the prompt
 */
export function timestampBans(
  generated: readonly number[],
  { first, noTimestamps, endToken, lastInitial }: TimestampRules,
  vocabSize: number,
): [from: number, to: number][] {
  const count = generated.length;
  const isStamp = (token: number): boolean => token >= first;
  const lastIsStamp = count > 0 && isStamp(generated[count - 1]);
  const pairIsClosed = count < 2 || isStamp(generated[count - 2]);
  const bans: [number, number][] = [[noTimestamps, noTimestamps + 1]];
  if (lastIsStamp) bans.push(pairIsClosed ? [first, vocabSize] : [0, endToken]);
  const stamp = generated.findLast(isStamp);
  // Stamps never fall; the same one may come again only where it opens what the last one closed.
  if (stamp !== undefined) bans.push([first, lastIsStamp && !pairIsClosed ? stamp : stamp + 1]);
  if (count === 0) {
    bans.push([0, first]);
    if (lastInitial < vocabSize) bans.push([lastInitial + 1, vocabSize]);
  }
  return bans;
}

/**
 * Applies the rules to the scores (V) of the next token, in place: logits or log-probabilities.
 * @param banned the score of a token that must not come
 */
export function applyTimestamps(
  scores: Float32Array,
  generated: readonly number[],
  rules: TimestampRules,
  banned: number,
): void {
  const { first } = rules;
  for (const [from, to] of timestampBans(generated, rules, scores.length)) scores.fill(banned, from, to);
  // Where all stamps together are more probable than any other token, it has to be a stamp.
  const largest = (from: number, to: number): number => {
    let found = -Infinity;
    for (let i = from; i < to; i++) found = Math.max(found, scores[i]);
    return found;
  };
  const highest = largest(first, scores.length);
  if (highest <= BANNED) return;
  let sum = 0;
  for (let i = first; i < scores.length; i++) if (scores[i] > BANNED) sum += Math.exp(scores[i] - highest);
  if (highest + Math.log(sum) > largest(0, first)) scores.fill(banned, 0, first);
}
