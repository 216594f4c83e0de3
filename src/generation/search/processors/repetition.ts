/** Logits processors against repetition of the output and of the input. Hugging Face's logits_process.py. */

import type { Scores } from "../../../util/distribution";
import { eachBeam, type Processor } from "./scores";

/** Divides a positive score by the penalty and multiplies a negative one, once per token, in float32. */
function penalise(scores: Scores, tokens: Iterable<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  for (const token of new Set(tokens)) {
    // An input token may lie outside of the target vocabulary.
    if (token < scores.length) scores[token] = scores[token] < 0 ? scores[token] * factor : scores[token] / factor;
  }
}

/** RepetitionPenaltyLogitsProcessor: lowers the tokens of the sequence, the start token included. */
export function repetitionPenalty(penalty: number): Processor {
  return eachBeam((scores, sequence) => penalise(scores, sequence, penalty));
}

/** EncoderRepetitionPenaltyLogitsProcessor: raises the tokens of the input. */
export function encoderRepetitionPenalty(penalty: number, inputIds: readonly number[]): Processor {
  return eachBeam((scores) => penalise(scores, inputIds, 1 / penalty));
}

/** Bans each token that would complete an n-gram of `known` whose first n - 1 tokens are the last of `sequence`. */
function banContinuations(scores: Scores, sequence: readonly number[], known: readonly number[], n: number): void {
  const begun = n === 1 ? [] : sequence.slice(-(n - 1));
  if (begun.length < n - 1) return;
  for (let i = 0; i + n <= known.length; i++) {
    const last = known[i + n - 1];
    if (last < scores.length && begun.every((token, j) => token === known[i + j])) scores[last] = -Infinity;
  }
}

/** NoRepeatNGramLogitsProcessor: no n-gram of the sequence a second time. */
export function noRepeatNgrams(n: number): Processor {
  return eachBeam((scores, sequence) => banContinuations(scores, sequence, sequence, n));
}

/** EncoderNoRepeatNGramLogitsProcessor: no n-gram of the input. */
export function encoderNoRepeatNgrams(n: number, inputIds: readonly number[]): Processor {
  return eachBeam((scores, sequence) => banContinuations(scores, sequence, inputIds, n));
}
