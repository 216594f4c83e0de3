/** The options of a transcription, checked. Names and meanings are those of transformers' pipeline and of Whisper's `generate`. */

import type { VadOptions } from "../audio/speech-spans";
import { ModelError, quote } from "../errors";
import type { GenerationConfig } from "../generation/options/generation-config";
import { checkNames } from "../generation/options/option-names";
import { namesOf } from "../util/names-of";
import { warnOfIdleOptions } from "./idle";
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

type OwnOptions = Omit<TranscribeOptions, Exclude<keyof GenerationConfig, "temperature">>;

/** Names of options that are not those of `generate`. */
export const OWN_OPTIONS = namesOf<OwnOptions>({
  language: true,
  task: true,
  prompt: true,
  prompt_ids: true,
  return_timestamps: true,
  return_language: true,
  return_alignment: true,
  temperature: true,
  compression_ratio_threshold: true,
  logprob_threshold: true,
  no_speech_threshold: true,
  condition_on_prev_tokens: true,
  prompt_condition_type: true,
  chunk_length_s: true,
  stride_length_s: true,
  tokens_per_second: true,
  batch_size: true,
  vad: true,
  onSegment: true,
  onProgress: true,
});

/** Options of `generate` that have no place here, and why. */
const REFUSED: Readonly<Record<Exclude<keyof GenerationConfig, keyof TranscribeOptions | "temperature">, string>> = {
  attention_mask: "sound is not padded by its caller",
  constraint: "sound is transcribed in windows",
  decoder_input_ids: "language, task and prompt decide how a window begins",
  decoder_start_token_id: "language, task and prompt decide how a window begins",
  do_sample: "a temperature above 0 samples",
  encoder_no_repeat_ngram_size: "it has no meaning for sound",
  encoder_repetition_penalty: "it has no meaning for sound",
  forced_bos_token_id: "language, task and prompt decide how a window begins",
  forced_decoder_ids: "language, task and prompt decide how a window begins",
  num_return_sequences: "one transcript comes back",
  output_alternatives: "a transcript is a text",
  output_attentions: "return_alignment gives what the times of words are made of",
  output_hidden_states: "a transcript is a text",
  output_scores: "segments have their avg_logprob",
  prefix_allowed_tokens: "sound is transcribed in windows",
};

/** Options as the loops read them. */
export interface TranscribePlan {
  /** The given options that are `generate`'s own. */
  generation: Record<string, unknown>;
  temperatures: number[];
  thresholds: { compressionRatioThreshold?: number; logprobThreshold?: number; noSpeechThreshold?: number };
  conditionOnPrevTokens: boolean;
  promptConditionType: "first-segment" | "all-segments";
  batchSize: number;
  given: TranscribeOptions;
}

const wrong = (where: string, name: string, rule: string, value: unknown): ModelError =>
  new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${quote(value)}.`);

/**
 * @param file fields of generation_config.json, which may set some of these
 * @param warn is told of options without effect
 */
export function checkTranscribeOptions(
  where: string,
  given: TranscribeOptions,
  file: Readonly<Record<string, unknown>>,
  warn: (message: string) => void,
): TranscribePlan {
  for (const [name, reason] of Object.entries(REFUSED)) {
    if ((given as Record<string, unknown>)[name] === undefined) continue;
    throw new ModelError(
      "unsupported_option",
      `${where}: ${name} is not supported: ${reason}.`,
      "Use Seq2Seq and its generate().",
    );
  }
  const check = (name: keyof TranscribeOptions, rule: string, test: (value: unknown) => boolean): void => {
    const value = given[name];
    if (value !== undefined && !test(value)) throw wrong(where, name, rule, value);
  };
  const isText = (value: unknown): boolean => typeof value === "string";
  const isBoolean = (value: unknown): boolean => typeof value === "boolean";
  const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  const isAbove0 = (value: unknown): boolean => isNumber(value) && value > 0;
  const isAtLeast0 = (value: unknown): boolean => isNumber(value) && value >= 0;
  const isFunction = (value: unknown): boolean => typeof value === "function";
  check("language", 'a language such as "fr" or "French"', isText);
  check("task", '"transcribe" or "translate"', (value) => value === "transcribe" || value === "translate");
  check("prompt", "a text", isText);
  const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  check("prompt_ids", "a list of token ids", (value) => Array.isArray(value) && value.every(isId));
  check("return_timestamps", 'true, false or "word"', (value) => isBoolean(value) || value === "word");
  check("return_language", "true or false", isBoolean);
  check("return_alignment", "true or false", isBoolean);
  const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isAtLeast0);
  check("temperature", "a number of at least 0, or a list of such", (value) => isAtLeast0(value) || isList(value));
  for (const name of ["compression_ratio_threshold", "logprob_threshold", "no_speech_threshold"] as const)
    check(name, "a number", isNumber);
  check("condition_on_prev_tokens", "true or false", isBoolean);
  const types = ["first-segment", "all-segments"];
  check("prompt_condition_type", '"first-segment" or "all-segments"', (value) => types.includes(value as string));
  check("chunk_length_s", "a number of seconds above 0", isAbove0);
  const isStrides = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(isAtLeast0);
  check(
    "stride_length_s",
    "seconds of at least 0, or a pair of them",
    (value) => isAtLeast0(value) || isStrides(value),
  );
  check("tokens_per_second", "a number above 0", isAbove0);
  check("batch_size", "an integer of at least 1", (value) => Number.isSafeInteger(value) && (value as number) > 0);
  check(
    "vad",
    "true, false or an object of options",
    (value) => isBoolean(value) || (typeof value === "object" && !Array.isArray(value)),
  );
  check("onSegment", "a function", isFunction);
  check("onProgress", "a function", isFunction);

  const fromFile = <T>(name: keyof TranscribeOptions): T | undefined => (given[name] ?? file[name] ?? undefined) as T;
  const temperature = given.temperature ?? 0;
  const temperatures = typeof temperature === "number" ? [temperature] : temperature;
  const thresholds = {
    compressionRatioThreshold: fromFile<number>("compression_ratio_threshold"),
    logprobThreshold: fromFile<number>("logprob_threshold"),
    noSpeechThreshold: fromFile<number>("no_speech_threshold"),
  };
  if (thresholds.noSpeechThreshold !== undefined && thresholds.logprobThreshold === undefined) {
    throw new ModelError(
      "invalid_option",
      `${where}: no_speech_threshold counts only for windows below logprob_threshold, which is not given.`,
      "-1 is usual.",
    );
  }
  const conditionOnPrevTokens = fromFile<boolean>("condition_on_prev_tokens") ?? false;
  const promptConditionType = given.prompt_condition_type ?? "first-segment";
  if (promptConditionType === "all-segments" && !conditionOnPrevTokens) {
    throw new ModelError(
      "invalid_option",
      `${where}: prompt_condition_type "all-segments" needs condition_on_prev_tokens: true.`,
    );
  }
  if (given.prompt !== undefined && given.prompt_ids !== undefined)
    throw new ModelError("invalid_option", `${where}: prompt and prompt_ids are two forms of one option; give one.`);
  if (given.chunk_length_s !== undefined && given.vad)
    throw new ModelError("invalid_option", `${where}: chunk_length_s and vad are two ways of cutting; choose one.`);
  if (given.return_alignment && given.return_timestamps !== "word")
    throw new ModelError("invalid_option", `${where}: return_alignment needs return_timestamps: "word".`);
  if (given.return_alignment && given.chunk_length_s !== undefined) {
    throw new ModelError(
      "invalid_option",
      `${where}: return_alignment does not go with chunk_length_s, which joins segments of several chunks.`,
      "Leave chunk_length_s out, or use vad.",
    );
  }
  const own: readonly string[] = OWN_OPTIONS;
  const generation = Object.fromEntries(Object.entries(given).filter(([name]) => !own.includes(name)));
  checkNames(generation, where);
  const plan: TranscribePlan = {
    generation,
    temperatures,
    thresholds,
    conditionOnPrevTokens,
    promptConditionType,
    batchSize: given.batch_size ?? 8,
    given,
  };
  warnOfIdleOptions(where, plan, file, warn);
  return plan;
}
