/** What the loops of this folder need of a loaded model: `Seq2Seq`, here or in a worker. */

import type { MelFeatures } from "../audio/log-mel";
import type { HeadWeights } from "./warping";

/** One call of `generate`: a row for each window. */
export interface SpeechOutput {
  /** Prompt first, end token last. */
  sequences: number[][];
  stats?: { encoded_rows: number };
  /** With `return_no_speech` or `return_avg_logprobs`. */
  avg_logprobs?: number[];
  /** With `return_no_speech`. */
  no_speech_probs?: number[];
  /** With `return_token_probs`: of each new token, NaN where it is no text. */
  token_probs?: number[][];
  /** With `alignment_heads`: (A, T, S), prompt rows first. */
  alignments?: HeadWeights[];
}

/** The part of `Seq2Seq` that speech uses. */
export interface SpeechModel {
  readonly config: {
    readonly model_type: string;
    readonly eos_token_id: readonly number[];
    readonly decoder_start_token_id: number | undefined;
    readonly generation: Readonly<Record<string, unknown>>;
    readonly file: Readonly<Record<string, unknown>>;
  };
  generate(call: Record<string, unknown>): Promise<SpeechOutput>;
  /** By row, the most probable first. */
  detectLanguage(input: { input_features: MelFeatures }): Promise<[language: string, probability: number][][]>;
}

/** The sizes of a Whisper, from config.json, with the defaults of transformers' WhisperConfig. */
export interface WhisperSizes {
  mels: number;
  /** Frames of a window, 100 per second. */
  windowFrames: number;
  windowSeconds: number;
  targetLength: number;
  vocabSize: number;
  medianWidth: number;
  decoderLayers: number;
  decoderHeads: number;
}

export function whisperSizes({ file }: SpeechModel["config"]): WhisperSizes {
  const size = (name: string, fallback: number): number => {
    const value = file[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : fallback;
  };
  const windowFrames = 2 * size("max_source_positions", 1500);
  return {
    mels: size("num_mel_bins", 80),
    windowFrames,
    windowSeconds: windowFrames / 100,
    targetLength: size("max_target_positions", 448),
    vocabSize: size("vocab_size", 51865),
    medianWidth: size("median_filter_width", 7),
    decoderLayers: size("decoder_layers", 4),
    decoderHeads: size("decoder_attention_heads", 6),
  };
}
