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

/** Fields of a generation_config.json that say where it comes from, or restate the model's own. */
const FILE_ONLY = new Set(["transformers_version", "_from_model_config", "bos_token_id", "pad_token_id"]);

function checkNames(config: Record<string, unknown>, where: string, fromFile: boolean): void {
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined || value === null || SUPPORTED.has(name) || (fromFile && FILE_ONLY.has(name))) continue;
    if (!Object.hasOwn(NEUTRAL, name)) {
      const known = [...SUPPORTED, ...Object.keys(NEUTRAL)];
      throw new ModelError(
        "unsupported_option",
        `${where}: there is no option "${name}".`,
        `Nearest: ${nearest(name, known)}.`,
      );
    }
    const empty = Array.isArray(value) && value.length === 0;
    if (!empty && !NEUTRAL[name].includes(value)) {
      throw new ModelError(
        "unsupported_option",
        `${where}: ${name} = ${JSON.stringify(value) ?? typeof value} is not supported yet.`,
        NEUTRAL[name].length > 0 ? `Only ${JSON.stringify(NEUTRAL[name][0])} is.` : "Leave it out.",
      );
    }
  }
}

/** Checks generation_config.json at load, so that a bad file is not found out at the first sentence. */
export function checkGenerationFile(fields: Record<string, unknown>): void {
  checkNames(fields, "generation_config.json", true);
}

/** Per-call options over generation_config.json over the model's own configuration. */
export function resolveConfig(options: GenerationConfig, file: Record<string, unknown>, info: ModelInfo): GreedyConfig {
  checkNames(options as Record<string, unknown>, "generate", false);
  const own = options as Record<string, unknown>;
  const value = (name: string): unknown => own[name] ?? file[name] ?? undefined;

  const eos = value("eos_token_id") ?? info.eosTokenIds;
  const eosTokenIds = (Array.isArray(eos) ? eos : [eos]).map((id) => token("eos_token_id", id, info));
  if (eosTokenIds.length > MAX_EOS_TOKENS) {
    throw new ModelError(
      "unsupported_option",
      `generate: ${eosTokenIds.length} eos_token_ids, at most ${MAX_EOS_TOKENS} are supported.`,
    );
  }
  const startTokenId = token(
    "decoder_start_token_id",
    value("decoder_start_token_id") ?? info.decoderStartTokenId,
    info,
  );
  for (const name of ["output_scores", "output_attentions"]) {
    if (own[name] !== undefined && typeof own[name] !== "boolean") throw invalid(name, "true or false", own[name]);
  }

  // A per-call max_length overrides the file's max_new_tokens, as a per-call value does.
  const lengths = [own, file].find((c) => (c.max_new_tokens ?? c.max_length ?? undefined) !== undefined) ?? {};
  let maxNewTokens = info.maxTargetLength;
  if ((lengths.max_new_tokens ?? undefined) !== undefined) {
    maxNewTokens = count("max_new_tokens", lengths.max_new_tokens, 1);
  } else if ((lengths.max_length ?? undefined) !== undefined) {
    maxNewTokens = count("max_length", lengths.max_length, 2) - 1;
  }
  if (maxNewTokens > info.maxTargetLength) {
    // A file may promise more than the positions hold; a caller who asks for it is told.
    if (lengths === own) {
      throw new ModelError(
        "invalid_option",
        `generate: ${maxNewTokens} new tokens are more than the ${info.maxTargetLength} positions of this model's decoder.`,
        `Set max_new_tokens to at most ${info.maxTargetLength}.`,
      );
    }
    maxNewTokens = info.maxTargetLength;
  }
  return { maxNewTokens, eosTokenIds, startTokenId, padTokenId: info.padTokenId };
}

function token(name: string, value: unknown, info: ModelInfo): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) >= info.targetVocabSize) {
    throw invalid(name, `a token id below ${info.targetVocabSize}`, value);
  }
  return value as number;
}

function count(name: string, value: unknown, min: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min)
    throw invalid(name, `an integer of at least ${min}`, value);
  return value as number;
}

function invalid(name: string, rule: string, value: unknown): ModelError {
  return new ModelError(
    "invalid_option",
    `generate: ${name} must be ${rule}, not ${JSON.stringify(value) ?? typeof value}.`,
  );
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
