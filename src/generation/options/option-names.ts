/**
 * Every name of Hugging Face's GenerationConfig (transformers 5.24.0) and what this engine does with it. A name is either
 * supported, or accepted only with values that ask for nothing, or unknown and refused.
 */

import { ModelError, quote } from "../../errors";
import type { Fields } from "./option-reader";

/** Options that work exactly as in Hugging Face, in generation_config.json and in a call. */
export const SUPPORTED: readonly string[] = [
  "max_length",
  "max_new_tokens",
  "min_length",
  "min_new_tokens",
  "early_stopping",
  "max_time",
  "stop_strings",
  "do_sample",
  "num_beams",
  // Removed in transformers 5; they work as in transformers 4.56.
  "num_beam_groups",
  "diversity_penalty",
  "temperature",
  "top_k",
  "top_p",
  "min_p",
  "top_h",
  "typical_p",
  "epsilon_cutoff",
  "eta_cutoff",
  "repetition_penalty",
  "encoder_repetition_penalty",
  "length_penalty",
  "no_repeat_ngram_size",
  "encoder_no_repeat_ngram_size",
  "bad_words_ids",
  "sequence_bias",
  "renormalize_logits",
  "remove_invalid_values",
  "forced_bos_token_id",
  "forced_eos_token_id",
  // Removed in transformers 5; it works as in transformers 4.
  "forced_decoder_ids",
  "suppress_tokens",
  "begin_suppress_tokens",
  "exponential_decay_length_penalty",
  "num_return_sequences",
  "pad_token_id",
  "bos_token_id",
  "eos_token_id",
  "decoder_start_token_id",
];

/** Options of a call. In a file they are not read. */
export const CALL_ONLY: readonly string[] = [
  "output_scores",
  "output_attentions",
  "output_hidden_states",
  // Not in Hugging Face:
  "output_alternatives",
  "prefix_allowed_tokens",
  "constraint",
  "seed",
  // Arguments of Hugging Face's generate():
  "attention_mask",
  "decoder_input_ids",
  "signal",
];

interface Neutral {
  /** Values that ask for nothing and are accepted, beside undefined and null. */
  values: readonly unknown[];
  /** Why other values are refused. */
  reason: string;
}

const speculative = "speculative decoding is not implemented";
const cache = "the engine always uses its own cache";
const hub = "transformers 5 no longer has it; it became code on the Hub";
const argument = "it is a Python object, which has no counterpart here";

export const NEUTRAL: Readonly<Record<string, Neutral>> = {
  use_cache: { values: [true], reason: cache },
  cache_implementation: { values: ["dynamic"], reason: cache },
  cache_config: { values: [], reason: cache },
  max_cache_len: { values: [], reason: cache },
  prefill_chunk_size: { values: [], reason: cache },
  compile_config: { values: [], reason: "there is no torch.compile here" },
  // There is nothing to compile, so both values mean the same.
  disable_compile: { values: [true, false], reason: "must be true or false" },
  low_memory: { values: [false], reason: "transformers 5 refuses it as well" },
  output_logits: { values: [false], reason: "use forward(), which returns them" },
  // The result is always an object.
  return_dict_in_generate: { values: [true, false], reason: "must be true or false" },
  token_healing: { values: [false], reason: "it is for decoder-only models" },
  guidance_scale: { values: [1], reason: "classifier-free guidance is not implemented" },
  watermarking_config: { values: [], reason: "watermarking is not implemented" },
  penalty_alpha: { values: [0], reason: `contrastive search: ${hub}` },
  dola_layers: { values: [], reason: `DoLa: ${hub}` },
  constraints: { values: [], reason: `constrained beam search: ${hub}` },
  force_words_ids: { values: [], reason: `constrained beam search: ${hub}` },
  use_mtp: { values: [false], reason: speculative },
  is_assistant: { values: [false], reason: speculative },
  num_assistant_tokens: { values: [20], reason: speculative },
  num_assistant_tokens_schedule: {
    values: ["constant", "heuristic", "heuristic_transient"],
    reason: speculative,
  },
  assistant_confidence_threshold: { values: [0.4], reason: speculative },
  assistant_early_exit: { values: [], reason: speculative },
  assistant_lookbehind: { values: [10], reason: speculative },
  target_lookbehind: { values: [10], reason: speculative },
  assistant_ensemble_weight: { values: [], reason: speculative },
  speculation_type: { values: [], reason: speculative },
  prompt_lookup_num_tokens: { values: [], reason: speculative },
  max_matching_ngram_size: { values: [], reason: speculative },
  continuous_batching_config: { values: [], reason: "it is for a server" },
  // Arguments of generate() that are not in GenerationConfig.
  assistant_model: { values: [], reason: speculative },
  custom_generate: { values: [], reason: argument },
  logits_processor: { values: [], reason: `${argument}; prefix_allowed_tokens takes a function` },
  stopping_criteria: { values: [], reason: `${argument}; use stop_strings, max_time or signal` },
  prefix_allowed_tokens_fn: { values: [], reason: "its name here is prefix_allowed_tokens" },
  streamer: { values: [], reason: `${argument}; use stream()` },
  synced_gpus: { values: [false], reason: "there is one GPU" },
  negative_prompt_ids: { values: [], reason: "classifier-free guidance is not implemented" },
  negative_prompt_attention_mask: { values: [], reason: "classifier-free guidance is not implemented" },
};

/** What would change the result of every search and is not implemented; of a file, the rest is not read. */
export const FILE_REFUSES: readonly string[] = [
  ...["token_healing", "guidance_scale", "watermarking_config", "constraints", "force_words_ids", "is_assistant"],
  // Arguments of generate(), which transformers refuses in a file.
  ...["assistant_model", "logits_processor", "stopping_criteria", "prefix_allowed_tokens_fn", "streamer"],
  ...["synced_gpus", "negative_prompt_ids", "negative_prompt_attention_mask"],
];

/** Fields of a file that only say where it comes from. */
export const METADATA: readonly string[] = ["transformers_version", "_from_model_config", "_commit_hash"];

/** Refuses every name that is not supported. */
export function checkNames(fields: Fields, where: string): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null || CALL_ONLY.includes(name) || SUPPORTED.includes(name)) continue;
    if (!Object.hasOwn(NEUTRAL, name)) {
      throw new ModelError(
        "unsupported_option",
        `${where}: there is no option "${name}".`,
        `Did you mean ${nearest(name)}?`,
      );
    }
    const { values, reason } = NEUTRAL[name];
    const empty = values.length === 0 && Array.isArray(value) && value.length === 0;
    if (empty || values.includes(value)) continue;
    throw new ModelError(
      "unsupported_option",
      `${where}: ${name} = ${quote(value)} is not supported: ${reason}.`,
      values.length > 0 ? `Supported: ${values.map(quote).join(", ")}.` : "Leave it out.",
    );
  }
}

/** The known name with the smallest edit distance. */
function nearest(name: string): string {
  const known = [...SUPPORTED, ...CALL_ONLY, ...Object.keys(NEUTRAL)];
  return known.reduce((best, candidate) => (distance(name, candidate) < distance(name, best) ? candidate : best));
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
