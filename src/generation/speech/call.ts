/** A call of a model that reads sound: what it reads, and the options of `generate` that say what its own ask for. */

import { ModelError } from "../../errors";
import { namesOf } from "../../util/names-of";
import type { GenerationConfig } from "../options/generation-config";
import type { PreparedCall, SpeechContext } from "./context";
import { speechBatch, type FeatureTensor } from "./features";
import { whisperCall } from "./whisper-request";

/** The sound of a call: which of the two depends on the model. */
export interface SpeechInput {
  /** Whisper: the log-mel spectrogram, (rows, channels, frames) or (channels, frames), or a list of such. */
  input_features?: FeatureTensor | FeatureTensor[] | Record<"input_features", FeatureTensor>;
  /**
   * Moonshine: samples at 16 kHz, each row at its own length. What stands behind the end of a row is never read, so a row gives in a
   * batch what it gives alone: the convolutions of transformers read padding, and a batch changes their result.
   */
  input_values?: Float32Array | Float32Array[] | FeatureTensor | Record<"input_values", Float32Array | FeatureTensor>;
}

/** Options of Whisper beside those of `GenerationConfig`, with the names of transformers. */
export interface SpeechOptions {
  /** The language that is spoken, by code ("fr") or name ("French"): one, or one per row. Default: it is detected. */
  language?: string | string[];
  /** "transcribe", or "translate" to English. Default: what the files say, else "transcribe". */
  task?: "transcribe" | "translate";
  /** Whether the output has timestamp tokens. Default: what the files say, else false. */
  return_timestamps?: boolean | "word";
  /** Tokens before the start of every sequence: <|startofprev|> and a text that the output should go on like. Default: none. */
  prompt_ids?: number[];
  /**
   * Adds `no_speech_probs` and `avg_logprobs` to the result, at the cost of one more step after a greedy search, and else of one more
   * pass of the decoder. Not an option of transformers, where thresholds ask for them. Default false.
   */
  return_no_speech?: boolean;
  /**
   * Adds `avg_logprobs` alone to the result, after a greedy search at no cost: for models whose files name no token of silence. Not an
   * option of transformers. Default false.
   */
  return_avg_logprobs?: boolean;
  /**
   * Adds `token_probs` to the result, at the cost of one more pass of the decoder: how probable each new token was among the tokens of
   * text. openai-whisper makes the probabilities of words of them; transformers has no such option. Default false.
   */
  return_token_probs?: boolean;
  /**
   * Pairs [layer, head] of the decoder: adds `alignments`, how these heads attended to the sound, to the result, at the cost of one
   * more pass of the decoder. `alignment_heads` of generation_config.json in transformers. Default: none.
   */
  alignment_heads?: [layer: number, head: number][];
  /**
   * Takes the states of the encoder from an earlier call with the same sound, where the model still has them: for a sound that is
   * decoded again with other options. `encoder_outputs` of transformers. Default false: each call encodes.
   */
  reuse_encoder_outputs?: boolean;
}

/** A call of `generate` or `stream` of a model that reads sound: the sound and the options in one object. */
export interface SpeechCall extends GenerationConfig, SpeechInput, SpeechOptions {}

/** Options of text alone. */
const WITHOUT_MEANING = ["encoder_repetition_penalty", "encoder_no_repeat_ngram_size"];
const WHISPER_OPTIONS = namesOf<SpeechOptions>({
  language: true,
  task: true,
  return_timestamps: true,
  prompt_ids: true,
  return_no_speech: true,
  return_avg_logprobs: true,
  return_token_probs: true,
  alignment_heads: true,
  reuse_encoder_outputs: true,
});

/** @param call the sound and the options */
export async function prepareSpeech(
  where: string,
  call: Record<string, unknown>,
  context: SpeechContext,
): Promise<PreparedCall> {
  const { info } = context;
  for (const name of WITHOUT_MEANING) {
    if (call[name] === undefined) continue;
    throw new ModelError("unsupported_option", `${where}: ${name} has no meaning for a model that reads sound.`);
  }
  const batch = speechBatch(where, call, info);
  const options: Record<string, unknown> = { ...call };
  delete options[info.features!.name];
  delete options.attention_mask;
  if (info.modelType === "whisper") return { batch, ...(await whisperCall(where, options, batch, context)) };
  for (const name of WHISPER_OPTIONS) {
    if (call[name] === undefined) continue;
    throw new ModelError("unsupported_option", `${where}: ${name} is an option of Whisper alone.`);
  }
  return { batch, options };
}
