/** The fields of generation_config.json that only Whisper has (`WhisperGenerationConfigLike` of transformers). */

import { ModelError, quote } from "../../errors";
import { isInteger, isToken, type Fields } from "../options/option-reader";

/** Their names. */
export const WHISPER_FIELDS = [
  "alignment_heads",
  "forced_decoder_ids",
  "is_multilingual",
  "lang_to_id",
  "language",
  "max_initial_timestamp_index",
  "median_filter_width",
  "no_timestamps_token_id",
  "prev_sot_token_id",
  "prompt_condition_type",
  "condition_on_prev_tokens",
  "compression_ratio_threshold",
  "logprob_threshold",
  "no_speech_threshold",
  "return_timestamps",
  "task",
  "task_to_id",
] as const;

/**
 * What counts of them. transformers reads them neither of config.json nor of a generation_config.json that says of itself that it was
 * made of config.json, as those of many fine-tuned models do; forced_decoder_ids of config.json count there.
 */
export function readOwnFields(file: Fields | undefined, config: Fields): { fields: Fields; unread: readonly string[] } {
  const isCopy = Boolean(file?._from_model_config);
  const read = file && !isCopy ? file : {};
  const fields = Object.fromEntries(WHISPER_FIELDS.map((name) => [name, read[name]]));
  fields.forced_decoder_ids ??= config.forced_decoder_ids;
  const unread = isCopy ? WHISPER_FIELDS.filter((name) => (file![name] ?? undefined) !== undefined) : [];
  return { fields, unread };
}

/** What of them counts for one window. */
export interface WhisperFields {
  /** Undefined: the file does not say. */
  isMultilingual?: boolean;
  /** By token: "<|fr|>". */
  languages?: ReadonlyMap<string, number>;
  tasks?: ReadonlyMap<string, number>;
  language?: string;
  task?: string;
  noTimestamps?: number;
  maxInitialTimestampIndex?: number;
  returnTimestamps: boolean;
  /** The tokens from place 1 on, null for the language that is to be detected. */
  forced?: readonly (number | null)[];
}

/** @throws ModelError for a value of another type */
export function readWhisperFields(fields: Fields, file: string, vocabSize: number): WhisperFields {
  const wrong = (name: string, rule: string): ModelError =>
    new ModelError("invalid_config", `${file}: ${name} must be ${rule}, not ${quote(fields[name])}.`);
  const read = <T>(name: string, rule: string, test: (value: unknown) => boolean): T | undefined => {
    const value = fields[name] ?? undefined;
    if (value !== undefined && !test(value)) throw wrong(name, rule);
    return value as T | undefined;
  };
  const isBoolean = (value: unknown) => typeof value === "boolean";
  const isText = (value: unknown) => typeof value === "string";
  const isId = (value: unknown) => isToken(value, vocabSize);
  const tokens = (name: string): ReadonlyMap<string, number> | undefined => {
    const isTable = (value: unknown) => typeof value === "object" && !Array.isArray(value);
    const table = read<Record<string, number>>(name, "an object of token ids", (value) => {
      return isTable(value) && Object.values(value as object).every(isId);
    });
    return table && new Map(Object.entries(table));
  };
  const isPair = (value: unknown) =>
    Array.isArray(value) && value.length === 2 && isInteger(value[0], 0) && (value[1] === null || isId(value[1]));
  const forced = read<[number, number | null][]>(
    "forced_decoder_ids",
    "a list of pairs [position, token id]",
    (value) => Array.isArray(value) && value.every(isPair),
  );
  return {
    isMultilingual: read("is_multilingual", "true or false", isBoolean),
    languages: tokens("lang_to_id"),
    tasks: tokens("task_to_id"),
    language: read("language", "a language", isText),
    task: read("task", '"transcribe" or "translate"', isText),
    noTimestamps: read("no_timestamps_token_id", "a token id of the vocabulary", isId),
    maxInitialTimestampIndex: read("max_initial_timestamp_index", "an integer of at least 0", (value) =>
      isInteger(value),
    ),
    returnTimestamps: read<boolean>("return_timestamps", "true or false", isBoolean) ?? false,
    forced: forced && tokensInOrder(forced, file),
  };
}

/** Without a pair for place 1 they are nothing; beyond that they have to be without gaps. */
function tokensInOrder(pairs: readonly [number, number | null][], file: string): (number | null)[] | undefined {
  if (pairs.length === 0 || pairs[0][0] !== 1) return undefined;
  const gap = pairs.findIndex(([place], i) => place !== i + 1);
  if (gap < 0) return pairs.map(([, token]) => token);
  throw new ModelError(
    "invalid_config",
    `${file}: forced_decoder_ids has a token for place ${pairs[gap][0]}, but none for place ${gap + 1}.`,
  );
}
