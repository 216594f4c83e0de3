/** The options of a transcription. Names and meanings are those of transformers' pipeline and of Whisper's `generate`. */

import type { VadOptions } from "../audio/speech-spans";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { SpeechSegmentInfo } from "./transcription";

/** How far a transcription is. */
export interface TranscribeProgress {
  /** Seconds of sound that are done. */
  seconds: number;
  /** Of the whole sound. */
  total: number;
}

/** The options of one transcription, those of `generate` among them. */
export interface TranscribeOptions extends Omit<
  GenerationConfig,
  | "attention_mask"
  | "constraint"
  | "decoder_input_ids"
  | "decoder_start_token_id"
  | "do_sample"
  | "encoder_no_repeat_ngram_size"
  | "encoder_repetition_penalty"
  | "forced_bos_token_id"
  | "forced_decoder_ids"
  | "num_return_sequences"
  | "output_alternatives"
  | "output_attentions"
  | "output_hidden_states"
  | "output_scores"
  | "prefix_allowed_tokens"
  | "temperature"
> {
  /** The language that is spoken: a code ("fr") or a name ("French"). Default: the model detects it, once for each sound. */
  language?: string;
  /** "transcribe", or "translate" to English. Default: what the model's files say, else "transcribe". */
  task?: "transcribe" | "translate";
  /** Text that the transcript is taken to go on from: names and words to expect, or a style. Default: none. */
  prompt?: string;
  /** The same as tokens, <|startofprev|> first. Default: none. */
  prompt_ids?: number[];
  /**
   * `true`: the model writes timestamps, and text comes back in segments. "word": words with their times as well. `false`: text
   * alone, which is allowed for one window only. Default: `true` for sound longer than a window (30 s), else what the files say.
   */
  return_timestamps?: boolean | "word";
  /** Whether `chunks` say their language. Default false. */
  return_language?: boolean;
  /**
   * Whether each segment has its `alignment`: how the model attended to the sound while it wrote its words. Needs `return_timestamps:
   * "word"`, and does not go with `chunk_length_s`. Not an option of transformers. Default false.
   */
  return_alignment?: boolean;
  /** 0 is greedy or beam search, above it samples. Of a list, the next one is tried when a threshold is missed. Default 0. */
  temperature?: number | number[];
  /** A window whose tokens compress better than this repeats itself, and the next temperature is tried. Default: none. */
  compression_ratio_threshold?: number;
  /** A window with a lower average of log-probabilities is tried at the next temperature. Default: none. */
  logprob_threshold?: number;
  /** A window below `logprob_threshold` is skipped where silence is more probable than this. Default: none. */
  no_speech_threshold?: number;
  /** Whether the text of the windows before is the prompt of the next one. Default false. */
  condition_on_prev_tokens?: boolean;
  /** With `condition_on_prev_tokens`: whether the prompt begins the history, or comes before it in every window. Default "first-segment". */
  prompt_condition_type?: "first-segment" | "all-segments";
  /** Cuts the sound into chunks of so many seconds that overlap and are decoded as one batch. Default: window after window. */
  chunk_length_s?: number;
  /** How many seconds neighbouring chunks share: on both sides, or left and right. Default: a sixth of a chunk. */
  stride_length_s?: number | [left: number, right: number];
  /**
   * Of Moonshine: at most so many tokens for a second of sound, rounded down, which ends a text that repeats itself. Its authors
   * recommend 6.5, and 13 for languages that are not written in Latin letters. Default: no limit but that of the files.
   */
  tokens_per_second?: number;
  /** How many chunks or stretches of speech are decoded at a time. Default 8. */
  batch_size?: number;
  /** Finds speech first and decodes nothing else, in windows that are cut at pauses. Default: that of `create`. */
  vad?: boolean | VadOptions;
  /** Called with each segment as soon as it is there, in order. Default: none. */
  onSegment?: (segment: SpeechSegmentInfo) => void;
  /** Called as the work goes on. Default: none. */
  onProgress?: (progress: TranscribeProgress) => void;
}
