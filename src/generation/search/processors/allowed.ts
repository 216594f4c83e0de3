/** Allows only listed tokens as the next one: `prefix_allowed_tokens` and `constraint`. */

import { ModelError, quote } from "../../../errors";
import type { Processor } from "./scores";

/**
 * PrefixConstrainedLogitsProcessor: tokens that `allowed` does not list get minus infinity, the others keep their scores. If
 * then no beam of the sentence has a token left, the allowed tokens get a score of 0 instead.
 */
export function allowedTokens(allowed: (sequence: number[]) => readonly number[] | undefined): Processor {
  return (scores, sequences) => {
    const lists = sequences.map((sequence) => allowed([...sequence]));
    if (lists.every((tokens) => tokens === undefined)) return;
    lists.forEach((tokens, beam) => tokens && keepOnly(scores[beam], tokens));
    const anything = scores.some((row) => row.some((score) => score > -Infinity));
    if (!anything) scores.forEach((row, beam) => lists[beam]?.forEach((token) => (row[token] = 0)));
  };
}

function keepOnly(scores: Float32Array, tokens: readonly number[]): void {
  const kept = tokens.map((token) => scores[token]);
  scores.fill(-Infinity);
  tokens.forEach((token, i) => (scores[token] = kept[i]));
}

/** Checks what the caller's function returned for row `row` of the input. */
export function checkAllowed(tokens: unknown, row: number, vocabSize: number): readonly number[] {
  const list = Array.isArray(tokens) || ArrayBuffer.isView(tokens) ? Array.from(tokens as number[]) : [];
  const good = list.every((id) => Number.isSafeInteger(id) && id >= 0 && id < vocabSize);
  if (list.length > 0 && good) return list;
  throw new ModelError(
    "invalid_option",
    `generate: prefix_allowed_tokens must return a list of one or more token ids below ${vocabSize}, not ${quote(tokens)} (row ${row}).`,
  );
}
