/** Logits processors that force, forbid or favour tokens by the length of the sequence so far. */

import { applyTimestamps, type TimestampRules } from "../../../util/timestamps";
import type { Scores } from "../../../util/distribution";
import { eachBeam, type Processor } from "./scores";

function suppress(scores: Scores, tokens: readonly number[]): void {
  for (const token of tokens) scores[token] = -Infinity;
}

/** Gives `tokens` a score of 0 and all others minus infinity. */
function force(scores: Scores, tokens: readonly number[]): void {
  scores.fill(-Infinity);
  for (const token of tokens) scores[token] = 0;
}

/** MinLengthLogitsProcessor: no end token before the sequence has `length` tokens. */
export function minLength(length: number, eosTokenIds: readonly number[]): Processor {
  return eachBeam((scores, sequence) => {
    if (sequence.length < length) suppress(scores, eosTokenIds);
  });
}

/** ForcedBOSTokenLogitsProcessor: the first token after the start token. */
export function forcedBos(tokens: readonly number[]): Processor {
  return eachBeam((scores, sequence) => {
    if (sequence.length === 1) force(scores, tokens);
  });
}

/** ForcedEOSTokenLogitsProcessor: the last token that fits. */
export function forcedEos(tokens: readonly number[], maxLength: number): Processor {
  return eachBeam((scores, sequence) => {
    if (sequence.length === maxLength - 1) force(scores, tokens);
  });
}

/** ForceTokensLogitsProcessor of transformers 4: forces a token at each given position. */
export function forcedTokens(pairs: readonly (readonly [position: number, token: number])[]): Processor {
  const byPosition = new Map(pairs);
  return eachBeam((scores, sequence) => {
    const token = byPosition.get(sequence.length);
    if (token !== undefined) force(scores, [token]);
  });
}

/** SuppressTokensLogitsProcessor. */
export function suppressTokens(tokens: readonly number[]): Processor {
  return eachBeam((scores) => suppress(scores, tokens));
}

/** SuppressTokensAtBeginLogitsProcessor: only for the token at position `begin`. */
export function suppressTokensAtBegin(tokens: readonly number[], begin: number): Processor {
  return eachBeam((scores, sequence) => {
    if (sequence.length === begin) suppress(scores, tokens);
  });
}

/**
 * ExponentialDecayLengthPenalty: after `start` tokens the score s of an end token becomes
 * s + |s| (factor^(length - start) - 1), so that it grows whatever its sign.
 */
export function exponentialDecay(start: number, factor: number, eosTokenIds: readonly number[]): Processor {
  return eachBeam((scores, sequence) => {
    if (sequence.length <= start) return;
    const growth = Math.fround(factor ** (sequence.length - start) - 1);
    for (const token of new Set(eosTokenIds)) {
      const score = scores[token];
      if (Number.isFinite(score)) scores[token] = score + Math.fround(Math.abs(score) * growth);
    }
  });
}

/** InfNanRemoveLogitsProcessor: NaN becomes 0, an infinity the largest float32 of its sign. */
export function removeInvalidValues(): Processor {
  const largest = 3.4028234663852886e38;
  return eachBeam((scores) => {
    scores.forEach((score, i) => {
      if (Number.isNaN(score)) scores[i] = 0;
      else if (!Number.isFinite(score)) scores[i] = score > 0 ? largest : -largest;
    });
  });
}

/** WhisperTimeStampLogitsProcessor. */
export function timestamps(rules: TimestampRules): Processor {
  return eachBeam((scores, sequence) => applyTimestamps(scores, sequence.slice(rules.begin), rules, -Infinity));
}
