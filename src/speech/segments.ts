/** Splits what one window gave at its timestamps: `_retrieve_segment` of transformers. */

import { TIME_PRECISION } from "../util/timestamps";

/** Seconds of a frame of the features. */
const FRAME = 0.01;
/** Frames of the features for a frame of the encoder. */
export const INPUT_STRIDE = 2;

/** A stretch of sound and its tokens. */
export interface TokenSegment {
  /** In seconds. */
  start: number;
  /** In seconds. */
  end: number;
  /** Timestamps among them. */
  tokens: number[];
  /** Where its tokens begin in those of the window. */
  from: number;
}

/** The segments of one window, and how many frames further the next window begins. */
export interface Split {
  segments: TokenSegment[];
  advance: number;
}

/**
 * @param tokens of the window, without prompt and end token
 * @param firstStamp the token of 0.00 s
 * @param offset seconds before the window
 * @param frames of the features in the window that are the sound's
 */
export function splitAtStamps(tokens: readonly number[], firstStamp: number, offset: number, frames: number): Split {
  const isStamp = tokens.map((token) => token >= firstStamp);
  const singleEnding = isStamp.length >= 2 && !isStamp[isStamp.length - 2] && isStamp[isStamp.length - 1];
  const timeOf = (token: number): number => offset + (token - firstStamp) * TIME_PRECISION;
  // Where a stamp follows a stamp, a segment ends.
  const cuts = tokens.flatMap((_, i) => (i > 0 && isStamp[i - 1] && isStamp[i] ? [i] : []));
  if (cuts.length === 0) {
    const last = tokens.findLast((token) => token >= firstStamp);
    const steps = last !== undefined && last !== firstStamp ? last - firstStamp : stepsOf(frames);
    const segment = { start: offset, end: offset + steps * TIME_PRECISION, tokens: [...tokens], from: 0 };
    return { segments: [segment], advance: frames };
  }
  if (singleEnding) cuts.push(tokens.length);
  // Both stamps of the last pair stay with its segment: that is how a reader knows that more came.
  else cuts[cuts.length - 1]++;
  const segments = cuts.map((cut, i): TokenSegment => {
    const from = i === 0 ? 0 : cuts[i - 1];
    const own = tokens.slice(from, cut);
    const isPair = i === cuts.length - 1 && !singleEnding;
    // A negative index of Python wraps around.
    const end = own[own.length - (isPair ? 2 : 1)];
    // Without timestamps in the prompt a model may write some nevertheless, and then text comes first.
    return { start: Math.max(offset, timeOf(own[0])), end: timeOf(end), tokens: own, from };
  });
  // A single stamp at the end: nothing is said after it. Otherwise what follows the last pair is decoded again.
  const lastStamp = tokens[cuts[cuts.length - 1] - 2] - firstStamp;
  return { segments, advance: singleEnding ? frames : lastStamp * INPUT_STRIDE };
}

/** Frames in steps of the timestamps. transformers counts in float32, which may be one less than what one expects. */
const stepsOf = (frames: number): number =>
  Math.trunc(Math.fround(Math.fround(frames * Math.fround(FRAME)) / Math.fround(TIME_PRECISION)));
