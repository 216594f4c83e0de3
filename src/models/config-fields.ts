/**
 * Which fields of config.json were read, and which of the others are worth a report. What trains a model, names labels or
 * says where a file comes from has no meaning for a model that is run, and transformers does not read it there, either.
 */

import { ModelError } from "../errors";

/** Fields of transformers' configuration classes, of now and of former versions, that change nothing here. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  // where a file comes from, and what it is
  ...[
    "_name_or_path",
    "name_or_path",
    "_commit_hash",
    "transformers_version",
    "architectures",
    "model_type",
    "auto_map",
  ],
  ...["tokenizer_class", "task_specific_params", "prefix", "finetuning_task", "problem_type", "language", "license"],
  ...["source_lang", "target_lang"],
  // labels and heads
  ...["id2label", "label2id", "num_labels", "_num_labels", "classifier_dropout", "classif_dropout"],
  // training
  ...["dropout", "attention_dropout", "activation_dropout", "dropout_rate", "encoder_layerdrop", "decoder_layerdrop"],
  ...[
    "init_std",
    "initializer_factor",
    "initializer_range",
    "gradient_checkpointing",
    "pruned_heads",
    "label_smoothing",
  ],
  // how transformers runs a model
  ...["dtype", "torch_dtype", "torchscript", "use_bfloat16", "use_cache", "return_dict", "return_dict_in_generate"],
  ...[
    "output_past",
    "output_logits",
    "chunk_size_feed_forward",
    "_attn_implementation_autoset",
    "cache_implementation",
  ],
  ...["attn_implementation", "_attn_implementation", "experts_implementation", "per_layer_config"],
  // what the class knows by itself
  ...["is_encoder_decoder", "is_decoder", "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder"],
  ...["tie_word_embeddings", "share_encoder_decoder_embeddings", "decoder_vocab_size", "scale_decoder_outputs"],
  ...["num_hidden_layers", "hidden_size", "num_attention_heads", "head_dim", "n_positions", "extra_pos_embeddings"],
  ...["sep_token_id", "force_bos_token_to_be_generated", "output_attentions", "output_hidden_states", "output_scores"],
  ...["use_prompt", "prompt_length", "prompt_mid_dim", "ignore_keys_at_rope_validation"],
]);

/** Fields that mean nothing in these families: their code does not read them, or only to train, to classify or to run faster. */
const WITHOUT_MEANING_IN: Readonly<Record<string, readonly string[]>> = {
  whisper: [
    ...["scale_embedding", "use_weighted_layer_sum", "classifier_proj_size", "apply_spec_augment", "mask_time_prob"],
    ...[
      "mask_time_length",
      "mask_time_min_masks",
      "mask_feature_prob",
      "mask_feature_length",
      "mask_feature_min_masks",
    ],
  ],
  moonshine: ["pad_head_dim_to_multiple_of"],
  moonshine_streaming: ["pad_head_dim_to_multiple_of"],
};

/** Fields by which transformers 3 told families apart, with what they have to say of each; the class decides now. */
const LAYOUT = ["normalize_before", "add_final_layer_norm", "normalize_embedding", "static_position_embeddings"];
const LAYOUTS: Readonly<Record<string, readonly boolean[]>> = {
  marian: [false, false, false, true],
  bart: [false, false, true, false],
  mbart: [true, true, true, false],
  m2m_100: [true, true, false, true],
  pegasus: [true, true, false, true],
  blenderbot: [true, true, false, false],
  "blenderbot-small": [false, false, true, false],
  plbart: [false, false, true, false],
  mvp: [false, false, true, false],
};

/** config.json, which notes what is read of it. */
export class ConfigFields {
  /** To be given to whatever reads config.json. */
  readonly fields: Record<string, unknown>;
  private readonly seen = new Set<string>();

  constructor(private readonly all: Readonly<Record<string, unknown>>) {
    const note = (name: string | symbol): void => void (typeof name === "string" && this.seen.add(name));
    this.fields = new Proxy(this.all, {
      get: (target, name, receiver): unknown => (note(name), Reflect.get(target, name, receiver)),
    });
  }

  wasRead(name: string): boolean {
    return this.seen.has(name);
  }

  /**
   * Names of fields that nothing has read so far and that may mean something.
   * @param others names that something else reads
   */
  unread(modelType: string, others: readonly string[]): string[] {
    return Object.entries(this.all)
      .filter(([name, value]) => value !== null && !this.seen.has(name) && !others.includes(name))
      .filter(([name, value]) => !isWithoutMeaning(modelType, name) && !isLayout(modelType, name, value))
      .map(([name]) => name);
  }
}

const isWithoutMeaning = (modelType: string, name: string): boolean =>
  WITHOUT_MEANING.has(name) || WITHOUT_MEANING_IN[modelType]?.includes(name) === true;

function isLayout(modelType: string, name: string, value: unknown): boolean {
  if (name === "add_bias_logits") return value === false;
  const at = LAYOUT.indexOf(name);
  return at >= 0 && LAYOUTS[modelType]?.[at] === value;
}

/** @throws ModelError for weights that are to be quantised by another library */
export function refuseQuantization(config: Readonly<Record<string, unknown>>): void {
  if (typeof config.quantization_config !== "object" || config.quantization_config === null) return;
  throw new ModelError(
    "unsupported_model",
    "config.json: quantization_config is not supported.",
    'Load the model that was quantised, and use dtype "q8" or "q4".',
  );
}
