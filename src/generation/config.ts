/**
 * The options of `generate`, by their Hugging Face names. Every name of GenerationConfig is either supported, or
 * accepted only with the value that means "off", or refused: none is ever ignored.
 */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";

export interface GenerationConfig {
  /** How many tokens to add at most. Default: what `max_length` leaves, else the model's limit. */
  max_new_tokens?: number;
  /** The longest sequence, decoder start token included. `max_new_tokens` goes first where both are given. */
  max_length?: number;
  /** The token or tokens that end a row. Default: the model's. */
  eos_token_id?: number | number[];
  /** Default: the model's. */
  decoder_start_token_id?: number;
  /** What padding in the input looks like, where there is no attention_mask. Default: the model's. */
  pad_token_id?: number;
  /** 1 (greedy); beam search is not there yet. */
  num_beams?: number;
  /** false; sampling is not there yet. */
  do_sample?: boolean;
  /** Adds `token_logprobs` to the result: natural logarithms. */
  output_scores?: boolean;
  /** Adds `cross_attentions` to the result, at the cost of one more pass over the finished sequences. */
  output_attentions?: boolean;
  /** 1 for the source tokens to read, 0 for padding. Default: rows are padded inside, pad tokens are not read. */
  attention_mask?: number[] | number[][];
  /** Stops within one step; the call rejects with `signal.reason`. */
  signal?: AbortSignal;
}

/** At most this many end tokens are told apart on the device. */
export const MAX_EOS_TOKENS = 8;

/** A checked configuration with nothing left open. */
export interface GreedyConfig {
  maxNewTokens: number;
  eosTokenIds: number[];
  padTokenId: number;
  startTokenId: number;
}

const SUPPORTED = new Set<string>([
  "max_new_tokens",
  "max_length",
  "eos_token_id",
  "decoder_start_token_id",
  "pad_token_id",
  "output_scores",
  "output_attentions",
  "attention_mask",
  "signal",
] satisfies (keyof GenerationConfig)[]);

/** Names of Hugging Face's GenerationConfig that are not implemented, each with the values that ask for nothing. */
const NEUTRAL: Record<string, readonly unknown[]> = {
  num_beams: [1],
  do_sample: [false],
  num_return_sequences: [1],
  num_beam_groups: [1],
  early_stopping: [false],
  length_penalty: [1],
  diversity_penalty: [0],
  temperature: [1],
  top_k: [50, 0],
  top_p: [1],
  min_p: [0],
  typical_p: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  top_h: [],
  penalty_alpha: [0],
  repetition_penalty: [1],
  encoder_repetition_penalty: [1],
  no_repeat_ngram_size: [0],
  encoder_no_repeat_ngram_size: [0],
  bad_words_ids: [],
  force_words_ids: [],
  constraints: [],
  sequence_bias: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  forced_decoder_ids: [],
  suppress_tokens: [],
  begin_suppress_tokens: [],
  min_length: [0],
  min_new_tokens: [0],
  exponential_decay_length_penalty: [],
  renormalize_logits: [false],
  remove_invalid_values: [false],
  prefix_allowed_tokens: [],
  constraint: [],
  stop_strings: [],
  max_time: [],
  guidance_scale: [1],
  token_healing: [false],
  watermarking_config: [],
  dola_layers: [],
  assistant_model: [],
  prompt_lookup_num_tokens: [],
  output_hidden_states: [false],
  output_logits: [false],
  return_dict_in_generate: [true, false],
  use_cache: [true],
  cache_implementation: [],
};

const FILE = "generation_config.json";
/** Fields of the file that say where it comes from, or that an encoder-decoder model has no use for. */
const FILE_ONLY = new Set(["transformers_version", "_from_model_config", "bos_token_id"]);
/** Options of one call, which a file cannot hold; `false` asks for nothing. */
const CALL_ONLY = new Set(["output_scores", "output_attentions", "attention_mask", "signal"]);

function checkNames(config: Record<string, unknown>, where: string): void {
  const fromFile = where === FILE;
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined || value === null || (fromFile && FILE_ONLY.has(name))) continue;
    if (fromFile && CALL_ONLY.has(name)) {
      if (value === false) continue;
      throw new ModelError("unsupported_option", `${where}: ${name} is an option of a call, not of the file.`);
    }
    if (SUPPORTED.has(name)) continue;
    if (!Object.hasOwn(NEUTRAL, name)) {
      const known = [...SUPPORTED, ...Object.keys(NEUTRAL)];
      throw new ModelError(
        "unsupported_option",
        `${where}: there is no option "${name}".`,
        `Nearest: ${nearest(name, known)}.`,
      );
    }
    const off = NEUTRAL[name];
    const empty = off.length === 0 && Array.isArray(value) && value.length === 0;
    if (!empty && !off.includes(value)) {
      throw new ModelError(
        "unsupported_option",
        `${where}: ${name} = ${JSON.stringify(value) ?? typeof value} is not supported yet.`,
        off.length > 0 ? `Only ${JSON.stringify(off[0])} is.` : "Leave it out.",
      );
    }
  }
}

/** Checks generation_config.json at load, so that a bad file is not found out at the first sentence. */
export function checkGenerationFile(fields: Record<string, unknown>, info: ModelInfo): void {
  checkNames(fields, FILE);
  resolveConfig({}, fields, info);
}

/** Per-call options over generation_config.json over the model's own configuration. */
export function resolveConfig(options: GenerationConfig, file: Record<string, unknown>, info: ModelInfo): GreedyConfig {
  const own = options as Record<string, unknown>;
  checkNames(own, "generate");
  for (const name of ["output_scores", "output_attentions"]) {
    const value = own[name] ?? false;
    if (typeof value !== "boolean") throw invalid("generate", name, "true or false", value);
  }
  /** The value, and where it stands. */
  const find = (name: string): [value: unknown, where: string] =>
    (own[name] ?? undefined) !== undefined ? [own[name], "generate"] : [file[name] ?? undefined, FILE];
  const token = (name: string, fallback: number, size: number): number => {
    const [value, where] = find(name);
    return value === undefined ? fallback : tokenId(where, name, value, size);
  };

  const [eos = info.eosTokenIds, eosWhere] = find("eos_token_id");
  const eosTokenIds = (Array.isArray(eos) ? eos : [eos]).map((id) =>
    tokenId(eosWhere, "eos_token_id", id, info.targetVocabSize),
  );
  if (eosTokenIds.length > MAX_EOS_TOKENS) {
    throw new ModelError(
      "unsupported_option",
      `${eosWhere}: ${eosTokenIds.length} values of eos_token_id, at most ${MAX_EOS_TOKENS} are supported.`,
    );
  }
  return {
    maxNewTokens: maxNewTokens(own, file, info),
    eosTokenIds,
    startTokenId: token("decoder_start_token_id", info.decoderStartTokenId, info.targetVocabSize),
    padTokenId: token("pad_token_id", info.padTokenId, Math.max(info.sourceVocabSize, info.targetVocabSize)),
  };
}

function maxNewTokens(own: Record<string, unknown>, file: Record<string, unknown>, info: ModelInfo): number {
  for (const [where, config] of Object.entries({ generate: own, [FILE]: file })) {
    const { max_new_tokens, max_length } = config;
    const fromLength =
      (max_length ?? undefined) === undefined ? undefined : count(where, "max_length", max_length, 2) - 1;
    const fromNew =
      (max_new_tokens ?? undefined) === undefined ? undefined : count(where, "max_new_tokens", max_new_tokens, 1);
    const found = fromNew ?? fromLength;
    if (found === undefined) continue;
    // A file may promise more than the positions hold; a caller who asks for it is told.
    if (found <= info.maxTargetLength || config === file) return Math.min(found, info.maxTargetLength);
    throw new ModelError(
      "invalid_option",
      `${where}: ${found} new tokens are more than the ${info.maxTargetLength} positions of this model's decoder.`,
      `Set max_new_tokens to at most ${info.maxTargetLength}.`,
    );
  }
  return info.maxTargetLength;
}

function tokenId(where: string, name: string, value: unknown, vocabSize: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) >= vocabSize) {
    throw invalid(where, name, `a token id below ${vocabSize}`, value);
  }
  return value as number;
}

function count(where: string, name: string, value: unknown, min: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw invalid(where, name, `an integer of at least ${min}`, value);
}

function invalid(where: string, name: string, rule: string, value: unknown): ModelError {
  const text = JSON.stringify(value) ?? typeof value;
  return new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${text}.`);
}

/** The known name with the smallest edit distance. */
function nearest(name: string, known: readonly string[]): string {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
      }
      row = next;
    }
    return row[b.length];
  };
  return known.reduce((best, candidate) => (distance(name, candidate) < distance(name, best) ? candidate : best));
}
