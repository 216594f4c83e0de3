/**
 * The option `constraint` as a part of the prompt. The tokens that it asks for are known before the first step, so in greedy search
 * and sampling, where each of them has the probability 1, they are decoded in one pass with the prompt.
 */

import type { SearchConfig } from "./options/search-config";

/**
 * What every row begins with after its prompt: a forced first token, then its constraint.
 * @param constraints one per row
 * @returns undefined where the scores of a step may say something else, or end a row
 */
export function beginnings(
  constraints: readonly (readonly number[])[] | undefined,
  config: SearchConfig,
): number[][] | undefined {
  if (!constraints) return undefined;
  const { processors, promptLength, maxLength, eosTokenIds } = config;
  const {
    forcedBosTokenId: first,
    forcedEosTokenIds,
    suppressTokens,
    beginSuppressTokens,
    forcedDecoderIds,
  } = processors;
  const forced = promptLength === 1 && first !== undefined ? [first] : [];
  const rows = constraints.map((constraint) => [...forced, ...constraint]);
  const { length } = rows[0];
  // What comes after a constraint in the order of processors, and could ban its tokens.
  const others = [...suppressTokens, ...beginSuppressTokens, ...eosTokenIds];
  const plain =
    config.numBeams === 1 &&
    !config.timestamps &&
    config.stopStrings.length === 0 &&
    !processors.forcedBosTokenIds &&
    forcedDecoderIds.every(([position]) => position >= promptLength + length) &&
    // One more token is chosen, and it may have to be the last.
    promptLength + length < maxLength - Math.min(1, forcedEosTokenIds.length);
  const same = rows.every((row) => row.length === length && !row.some((token) => others.includes(token)));
  return plain && same ? rows : undefined;
}
