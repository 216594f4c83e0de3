/** AllLogitsProcessors against repetition, of the output itself and of the source. Hugging Face's logits_process.py. */

import { eachBeam, type Processor, type Scores } from "./scores";

/** Divides a positive score and multiplies a negative one, once a token. The arithmetic is float32. */
function penalise(scores: Scores, tokens: Iterable<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  for (const token of new Set(tokens)) {
    // A source token may be beyond the target vocabulary.
    if (token < scores.length) scores[token] = scores[token] < 0 ? scores[token] * factor : scores[token] / factor;
  }
}

/** RepetitionPenaltyLogitsProcessor: tokens of the sequence, the start token included. */
export function repetitionPenalty(penalty: number): Processor {
  return eachBeam((scores, sequence) => penalise(scores, sequence, penalty));
}

/** EncoderRepetitionPenaltyLogitsProcessor: raises tokens of the source. */
export function encoderRepetitionPenalty(penalty: number, source: readonly number[]): Processor {
  return eachBeam((scores) => penalise(scores, source, 1 / penalty));
}

/** Bans each token that would complete an n-gram of `known`, read from its end on, that `sequence` has begun. */
function banContinuations(scores: Scores, sequence: readonly number[], known: readonly number[], n: number): void {
  const begun = n === 1 ? [] : sequence.slice(-(n - 1));
  if (begun.length < n - 1) return;
  for (let i = 0; i + n <= known.length; i++) {
    const last = known[i + n - 1];
    if (last < scores.length && begun.every((token, j) => token === known[i + j])) scores[last] = -Infinity;
  }
}

/** NoRepeatNGramLogitsProcessor. */
export function noRepeatNgrams(n: number): Processor {
  return eachBeam((scores, sequence) => banContinuations(scores, sequence, sequence, n));
}

/** EncoderNoRepeatNGramLogitsProcessor: n-grams of the source. */
export function encoderNoRepeatNgrams(n: number, source: readonly number[]): Processor {
  return eachBeam((scores, sequence) => banContinuations(scores, sequence, source, n));
}
