/** Checks the options of a transcription, and puts them together with those of the model's files. */

import { ModelError, quote } from "../errors";
import type { GenerationConfig } from "../generation/options/generation-config";
import { checkNames } from "../generation/options/option-names";
import { warnOfIdleOptions } from "./idle";
import type { TranscribeOptions } from "./options";

type OwnOptions = Omit<TranscribeOptions, Exclude<keyof GenerationConfig, "temperature">>;

/** What a value must be, in words and as a test. */
type Rule = readonly [words: string, test: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isAbove0 = (value: unknown): boolean => isNumber(value) && value > 0;
const isAtLeast0 = (value: unknown): boolean => isNumber(value) && value >= 0;
const isIntegerFrom = (least: number) => (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least;
const isListOf = (value: unknown, test: (item: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.every(test);

const BOOLEAN: Rule = ["true or false", (value) => typeof value === "boolean"];
const NUMBER: Rule = ["a number", isNumber];
const text = (words: string): Rule => [words, (value) => typeof value === "string"];
const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];
const oneOf = (words: string, values: readonly unknown[]): Rule => [words, (value) => values.includes(value)];

/** The options that are not those of `generate`, each with its rule. */
const RULES: Readonly<Record<keyof OwnOptions, Rule>> = {
  language: text('a language such as "fr" or "French"'),
  task: oneOf('"transcribe" or "translate"', ["transcribe", "translate"]),
  prompt: text("a text"),
  prompt_ids: ["a list of token ids", (value) => isListOf(value, isIntegerFrom(0))],
  return_timestamps: oneOf('true, false or "word"', [true, false, "word"]),
  return_language: BOOLEAN,
  return_alignment: BOOLEAN,
  temperature: [
    "a number of at least 0, or a list of such",
    (value) => isAtLeast0(value) || (isListOf(value, isAtLeast0) && value.length > 0),
  ],
  compression_ratio_threshold: NUMBER,
  logprob_threshold: NUMBER,
  no_speech_threshold: NUMBER,
  condition_on_prev_tokens: BOOLEAN,
  prompt_condition_type: oneOf('"first-segment" or "all-segments"', ["first-segment", "all-segments"]),
  chunk_length_s: ["a number of seconds above 0", isAbove0],
  stride_length_s: [
    "seconds of at least 0, or a pair of them",
    (value) => isAtLeast0(value) || (isListOf(value, isAtLeast0) && value.length === 2),
  ],
  tokens_per_second: ["a number above 0", isAbove0],
  batch_size: ["an integer of at least 1", isIntegerFrom(1)],
  vad: [
    "true, false or an object of options",
    (value) => typeof value === "boolean" || (typeof value === "object" && !Array.isArray(value)),
  ],
  onSegment: FUNCTION,
  onProgress: FUNCTION,
};

/** Their names. */
export const OWN_OPTIONS = Object.keys(RULES) as readonly (keyof OwnOptions)[];

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
  checkValues(where, { ...given });
  const fromFile = <T>(name: keyof TranscribeOptions): T | undefined => (given[name] ?? file[name] ?? undefined) as T;
  const { temperature = 0 } = given;
  const own: readonly string[] = OWN_OPTIONS;
  const plan: TranscribePlan = {
    generation: Object.fromEntries(Object.entries(given).filter(([name]) => !own.includes(name))),
    temperatures: typeof temperature === "number" ? [temperature] : temperature,
    thresholds: {
      compressionRatioThreshold: fromFile<number>("compression_ratio_threshold"),
      logprobThreshold: fromFile<number>("logprob_threshold"),
      noSpeechThreshold: fromFile<number>("no_speech_threshold"),
    },
    conditionOnPrevTokens: fromFile<boolean>("condition_on_prev_tokens") ?? false,
    promptConditionType: given.prompt_condition_type ?? "first-segment",
    batchSize: given.batch_size ?? 8,
    given,
  };
  checkTogether(where, plan);
  checkNames(plan.generation, where);
  warnOfIdleOptions(where, plan, file, warn);
  return plan;
}

/** Each option by itself. */
function checkValues(where: string, given: Readonly<Record<string, unknown>>): void {
  for (const [name, reason] of Object.entries(REFUSED)) {
    if (given[name] === undefined) continue;
    const message = `${where}: ${name} is not supported: ${reason}.`;
    throw new ModelError("unsupported_option", message, "Use Seq2Seq and its generate().");
  }
  for (const [name, [words, test]] of Object.entries(RULES)) {
    const value = given[name];
    if (value === undefined || test(value)) continue;
    throw new ModelError("invalid_option", `${where}: ${name} must be ${words}, not ${quote(value)}.`);
  }
}

/** Options that contradict or need each other. */
function checkTogether(where: string, plan: TranscribePlan): void {
  const { given, thresholds, conditionOnPrevTokens, promptConditionType } = plan;
  const refuseIf = (wrong: unknown, why: string, hint?: string): void => {
    if (wrong) throw new ModelError("invalid_option", `${where}: ${why}`, hint);
  };
  refuseIf(
    thresholds.noSpeechThreshold !== undefined && thresholds.logprobThreshold === undefined,
    "no_speech_threshold counts only for windows below logprob_threshold, which is not given.",
    "-1 is usual.",
  );
  refuseIf(
    promptConditionType === "all-segments" && !conditionOnPrevTokens,
    'prompt_condition_type "all-segments" needs condition_on_prev_tokens: true.',
  );
  refuseIf(
    given.prompt !== undefined && given.prompt_ids !== undefined,
    "prompt and prompt_ids are two forms of one option; give one.",
  );
  refuseIf(
    given.chunk_length_s !== undefined && given.vad,
    "chunk_length_s and vad are two ways of cutting; choose one.",
  );
  refuseIf(
    given.return_alignment && given.return_timestamps !== "word",
    'return_alignment needs return_timestamps: "word".',
  );
  refuseIf(
    given.return_alignment && given.chunk_length_s !== undefined,
    "return_alignment does not go with chunk_length_s, which joins segments of several chunks.",
    "Leave chunk_length_s out, or use vad.",
  );
}
