/** A call of a model that reads sound: what it reads, and the options of `generate` that say what its own ask for. */

import { ModelError, quote } from "../../errors";
import type { ModelInfo } from "../../models/model";
import type { Batch } from "../batch";
import { requireStart } from "../options/file-fields";
import type { GenerationConfig } from "../options/generation-config";
import type { SearchConfig } from "../options/search-config";
import type { TimestampRules } from "../../util/timestamps";
import { isInteger, type Fields } from "../options/option-reader";
import { toRows } from "../batch";
import { featureBatch, type FeatureTensor } from "./features";
import type { Wanted } from "./wanted";
import { readWhisperFields, type WhisperFields } from "./whisper-fields";
import { initialTokens } from "./whisper-prompts";

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
const WHISPER_OPTIONS: readonly (keyof SpeechOptions)[] = [
  "language",
  "task",
  "return_timestamps",
  "prompt_ids",
  "return_no_speech",
  "return_avg_logprobs",
  "return_token_probs",
  "alignment_heads",
  "reuse_encoder_outputs",
];

export interface SpeechContext {
  info: ModelInfo;
  /** The fields of the model's file that only its family reads. */
  fields: Fields;
  file: string;
  /** The token that a sequence begins with, where the files name one. */
  start?: number;
  /** `max_length` and `max_new_tokens` of the files. */
  maxLength?: unknown;
  maxNewTokens?: unknown;
  /** The logits after the start token alone, for each row of the batch. */
  scores: (batch: Batch, start: number) => Promise<Float32Array[]>;
}

export interface PreparedCall {
  batch: Batch;
  options: GenerationConfig;
  /** Of Whisper: how sequences begin. */
  prompts?: number[][];
  /** Of Whisper, with timestamps: what the files say of them. */
  whisper?: WhisperFields;
  /** Of Whisper: what is to be found out of the finished sequences. */
  wanted?: Wanted;
  /** Whether the encoder's states of an earlier call may be taken. */
  reusesEncoder?: boolean;
}

/** What a call or `forward` has of the input. */
export function speechBatch(where: string, given: Record<string, unknown>, { features }: ModelInfo): Batch {
  const name = features!.name;
  const other = name === "input_features" ? "input_values" : "input_features";
  for (const wrong of [other, "input_ids"]) {
    if (given[wrong] === undefined) continue;
    throw new ModelError("invalid_input", `${where}: this model reads ${name}, not ${wrong}.`);
  }
  if (given[name] === undefined) throw new ModelError("invalid_input", `${where}: ${name} is missing.`);
  const mask = given.attention_mask ?? undefined;
  if (mask !== undefined && name === "input_features") {
    throw new ModelError(
      "unsupported_option",
      `${where}: attention_mask has no meaning for a model that reads windows of one length.`,
    );
  }
  return featureBatch(given[name], features!, mask);
}

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

async function whisperCall(
  where: string,
  options: Record<string, unknown>,
  batch: Batch,
  context: SpeechContext,
): Promise<Omit<PreparedCall, "batch">> {
  const { info, start } = context;
  const fields = readWhisperFields(context.fields, context.file, info.targetVocabSize);
  const { language, task, return_timestamps, prompt_ids, ...others } = options;
  const { return_no_speech, return_avg_logprobs, return_token_probs, alignment_heads, ...last } = others;
  const { reuse_encoder_outputs: reuse, ...rest } = last;
  if (reuse !== undefined && typeof reuse !== "boolean")
    throw new ModelError(
      "invalid_option",
      `${where}: reuse_encoder_outputs must be true or false, not ${quote(reuse)}.`,
    );
  const judgements = { return_no_speech, return_avg_logprobs, return_token_probs, alignment_heads };
  const rows = batch.ids.length;
  const own = rest.decoder_input_ids;
  let prompts: number[][];
  let timestamps: boolean;
  if (own === undefined) {
    const detect = () => detectedLanguages(batch, fields, context);
    const choice = { language, task, return_timestamps };
    const initial = await initialTokens(choice, fields, requireStart(start, context.file), rows, detect);
    const before = prompt_ids === undefined ? [] : toRows("prompt_ids", prompt_ids).flat();
    prompts = initial.tokens.map((tokens) => [...before, ...tokens]);
    timestamps = initial.timestamps;
  } else {
    for (const [name, value] of Object.entries({ language, task, prompt_ids })) {
      if (value === undefined) continue;
      throw new ModelError("invalid_option", `${where}: ${name} does not go with decoder_input_ids.`);
    }
    prompts = toRows("decoder_input_ids", own);
    timestamps = (return_timestamps ?? fields.returnTimestamps) !== false;
  }
  const length = prompts[0]?.length ?? 0;
  return {
    prompts,
    whisper: timestamps ? fields : undefined,
    wanted: wantedOf(where, judgements, fields, context),
    reusesEncoder: reuse,
    options: {
      ...rest,
      ...lengths(where, rest, length, context),
      decoder_input_ids: prompts,
      // So nothing is put before a prompt.
      decoder_start_token_id: prompts.map(([first]) => first),
    },
  };
}

function wantedOf(
  where: string,
  given: Record<"return_no_speech" | "return_avg_logprobs" | "return_token_probs" | "alignment_heads", unknown>,
  { noTimestamps }: WhisperFields,
  { info, start, file }: SpeechContext,
): Wanted | undefined {
  const check = (name: keyof typeof given, rule: string, test: (value: unknown) => boolean): void => {
    const value = given[name];
    if (value === undefined || test(value)) return;
    throw new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${quote(value)}.`);
  };
  const isBoolean = (value: unknown) => typeof value === "boolean";
  const isPair = (value: unknown) =>
    Array.isArray(value) &&
    value.length === 2 &&
    isInteger(value[0]) &&
    value[0] < info.numDecoderLayers &&
    isInteger(value[1]) &&
    value[1] < (info.decoderHeads ?? 0);
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isPair);
  check("return_no_speech", "true or false", isBoolean);
  check("return_avg_logprobs", "true or false", isBoolean);
  check("return_token_probs", "true or false", isBoolean);
  check("alignment_heads", "a list of pairs [layer, head] of this model's decoder", isList);
  const noSpeech = given.return_no_speech === true;
  const avgLogprobs = noSpeech || given.return_avg_logprobs === true;
  const tokenProbs = given.return_token_probs === true;
  if (!avgLogprobs && !tokenProbs && given.alignment_heads === undefined) return undefined;
  if (noSpeech && noTimestamps === undefined) {
    throw new ModelError(
      "invalid_option",
      `${where}: return_no_speech needs no_timestamps_token_id in ${file}.`,
      "return_avg_logprobs needs nothing.",
    );
  }
  return {
    heads: (given.alignment_heads ?? []) as Wanted["heads"],
    avgLogprobs,
    tokenProbs,
    silence: noSpeech ? { start: requireStart(start, file), token: noTimestamps! - 1 } : undefined,
  };
}

/** `_set_max_new_tokens_and_length`: the prompt does not count for `max_length`, as far as there are positions. */
function lengths(
  where: string,
  { max_new_tokens: own, max_length: given }: Record<string, unknown>,
  promptLength: number,
  { info, maxLength, maxNewTokens }: SpeechContext,
): GenerationConfig {
  // That of the files is before their max_length, as in every search.
  const added = own ?? (given === undefined ? (maxNewTokens ?? undefined) : undefined);
  const most = info.maxTargetLength;
  if (promptLength >= most) {
    throw new ModelError(
      "invalid_option",
      `${where}: the prompt has ${promptLength} tokens; this model's decoder has ${most} positions.`,
      "Shorten prompt_ids.",
    );
  }
  if (added !== undefined) {
    if (typeof added === "number" && added + promptLength > most) {
      throw new ModelError(
        "invalid_option",
        `${where}: a prompt of ${promptLength} tokens and max_new_tokens = ${added} are more than the ${most} positions of this model's decoder.`,
        `Set max_new_tokens to at most ${most - promptLength}.`,
      );
    }
    return {};
  }
  const length = given ?? maxLength ?? most;
  if (typeof length !== "number") return {};
  return { max_length: Math.min(length + Math.min(promptLength, Math.floor(most / 2) - 1), most) };
}

/** The languages of each row by their probability, most probable first; together they are 1. */
export async function languageProbabilities(
  where: string,
  call: Record<string, unknown>,
  context: SpeechContext,
): Promise<[language: string, probability: number][][]> {
  const { info, file } = context;
  const batch = speechBatch(where, call, info);
  const { languages } = readWhisperFields(context.fields, file, info.targetVocabSize);
  if (info.modelType !== "whisper" || !languages || languages.size === 0) {
    throw new ModelError("unsupported_option", `${where}: this model tells no languages apart.`);
  }
  const scores = await context.scores(batch, requireStart(context.start, file));
  return scores.map((row) => {
    const all = [...languages].map(([name, token]) => [name.replace(/^<\|(.*)\|>$/, "$1"), row[token]] as const);
    const highest = Math.max(...all.map(([, score]) => score));
    const sum = all.reduce((total, [, score]) => total + Math.exp(score - highest), 0);
    const found = all.map(([name, score]): [string, number] => [name, Math.exp(score - highest) / sum]);
    return found.sort(([, a], [, b]) => b - a);
  });
}

/** `detect_language`: the language whose token is the most probable after the start token. */
async function detectedLanguages(batch: Batch, { languages }: WhisperFields, context: SpeechContext) {
  const tokens = [...(languages?.values() ?? [])];
  const scores = await context.scores(batch, requireStart(context.start, context.file));
  return scores.map((row) => tokens.reduce((best, token) => (row[token] > row[best] ? token : best)));
}

/** What the device has to know of timestamps, once the configuration of a call is known. */
export function timestampRules(fields: WhisperFields, config: SearchConfig): TimestampRules {
  const noTimestamps = fields.noTimestamps!;
  const [endToken] = config.eosTokenIds;
  return {
    begin: config.promptLength,
    first: noTimestamps + 1,
    noTimestamps,
    endToken: endToken ?? 0,
    lastInitial: noTimestamps + 1 + (fields.maxInitialTimestampIndex ?? Infinity),
  };
}
