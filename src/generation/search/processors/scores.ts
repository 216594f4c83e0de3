/** What a logits processor is. */

import type { Scores } from "../../../util/distribution";

/**
 * A logits processor: changes the scores of one sentence in place.
 * @param scores (V) per beam: logits, or log-probabilities in a beam search
 * @param sequences the tokens of each beam so far, decoder start token included; all of the same length
 */
export type Processor = (scores: readonly Scores[], sequences: readonly (readonly number[])[]) => void;

/** A logits processor that treats each beam separately. */
export function eachBeam(change: (scores: Scores, sequence: readonly number[]) => void): Processor {
  return (scores, sequences) => scores.forEach((row, beam) => change(row, sequences[beam]));
}
