/** What the loops of this folder need of a loaded model: `Seq2Seq`, here or in a worker. */

import type { MelFeatures } from "../audio/log-mel";
import { ModelError } from "../errors";
import type { Forward } from "./measure";

/** One call of `generate`: a row for each window. */
export interface SpeechOutput {
  /** Prompt first, end token last. */
  sequences: number[][];
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
  forward: Forward;
}

/**
 * The languages of a sound and their probabilities, the most probable first: `detect_language` of transformers, which looks at the
 * scores after the start token alone.
 * @param features of its first window
 */
export async function detectLanguage(
  { config, forward }: Pick<SpeechModel, "config" | "forward">,
  features: MelFeatures,
): Promise<[language: string, probability: number][]> {
  const { decoder_start_token_id: start, generation } = config;
  const known = Object.entries((generation.lang_to_id ?? {}) as Record<string, number>);
  if (start === undefined || known.length === 0)
    throw new ModelError("unsupported_option", "detectLanguage: this model knows one language only.");
  const { logits } = await forward(
    { input_features: features, decoder_input_ids: [[start]] },
    { output_attentions: false },
  );
  const most = Math.max(...known.map(([, id]) => logits.data[id]));
  const shares = known.map(([token, id]): [string, number] => [token.slice(2, -2), Math.exp(logits.data[id] - most)]);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  return shares.map(([code, share]): [string, number] => [code, share / sum]).sort(([, a], [, b]) => b - a);
}

/** The sizes of a Whisper, from config.json, with the defaults of transformers' WhisperConfig. */
export interface WhisperSizes {
  mels: number;
  /** Frames of a window. */
  windowFrames: number;
  targetLength: number;
  vocabSize: number;
  medianWidth: number;
}

export function whisperSizes({ file }: SpeechModel["config"]): WhisperSizes {
  const size = (name: string, fallback: number): number => {
    const value = file[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : fallback;
  };
  return {
    mels: size("num_mel_bins", 80),
    windowFrames: 2 * size("max_source_positions", 1500),
    targetLength: size("max_target_positions", 448),
    vocabSize: size("vocab_size", 51865),
    medianWidth: size("median_filter_width", 7),
  };
}
