/** Options of `transcribe` that live text has no use for. */

import type { TranscribeOptions } from "./options";

/** Names, and why they are refused. */
export const NOT_LIVE = {
  chunk_length_s: "live text is transcribed as it comes in",
  stride_length_s: "live text is transcribed as it comes in",
  batch_size: "live text is transcribed as it comes in",
  return_alignment: "pieces of live text are words with their times",
  return_language: "pieces of live text are words with their times",
  onSegment: "the pieces themselves are yielded",
  onProgress: "sound that is still coming in has no length",
} as const satisfies Partial<Record<keyof TranscribeOptions, string>>;
