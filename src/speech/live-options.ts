/** The options of live text: those of `transcribe` that have a use for it, and its own. */

import type { TranscribeOptions } from "./options";

/** The options of `transcribeStreaming`. */
export interface LiveOptions extends Omit<
  TranscribeOptions,
  | "chunk_length_s"
  | "stride_length_s"
  | "batch_size"
  | "onSegment"
  | "onProgress"
  | "return_alignment"
  | "return_language"
  | "vad"
> {
  /**
   * Seconds of new sound from run to run. A word is shown after at most this time and a run, and is final after the next one.
   * Default 1.
   */
  interval?: number;
  /** Whether runs wait for speech and a pause makes the text before it final. Default: that of `create`. */
  vad?: TranscribeOptions["vad"];
}

/** Options of `transcribe` that live text has no use for, and why. */
export const NOT_LIVE: Readonly<Record<Exclude<keyof TranscribeOptions, keyof LiveOptions>, string>> = {
  chunk_length_s: "live text is transcribed as it comes in",
  stride_length_s: "live text is transcribed as it comes in",
  batch_size: "live text is transcribed as it comes in",
  return_alignment: "pieces of live text are words with their times",
  return_language: "pieces of live text are words with their times",
  onSegment: "the pieces themselves are yielded",
  onProgress: "sound that is still coming in has no length",
};
