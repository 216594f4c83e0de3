/** The generation options in a model's folder: generation_config.json or, in old folders, fields of config.json. */

import type { ModelInfo } from "../../models/model";
import { FILE, resolveConfig } from "./resolve";
import { NEUTRAL, SUPPORTED } from "./option-names";
import type { Fields } from "./option-reader";

// config.json uses these names for something else, or every model class fills them in.
const OTHER = new Set(["use_cache", "return_dict_in_generate", "output_logits", "cache_implementation"]);

/** Names of generation options that config.json may have. */
export const LEGACY_NAMES = [...SUPPORTED, ...Object.keys(NEUTRAL)].filter((name) => !OTHER.has(name));

/**
 * The generation options in config.json, for folders without generation_config.json. Hugging Face's
 * `GenerationConfig.from_model_config`.
 */
export function legacyFields(config: Fields): Record<string, unknown> {
  const decoder = typeof config.decoder === "object" && config.decoder !== null ? (config.decoder as Fields) : {};
  const found = LEGACY_NAMES.flatMap((name) => {
    const value = config[name] ?? decoder[name];
    return value === undefined || value === null ? [] : [[name, value] as const];
  });
  const fields: Record<string, unknown> = Object.fromEntries(found);
  // BART's older name for forced_bos_token_id.
  if (config.force_bos_token_to_be_generated === true) fields.forced_bos_token_id ??= config.bos_token_id;
  return fields;
}

/**
 * Checks generation_config.json at load, so that a bad file fails there and not at the first sentence. What a call can override, or
 * does without, fails only in a call that needs it: another search, and a `max_length` that leaves no room for a token.
 * @param fields see `readFileFields`
 */
export function checkGenerationFile(fields: Fields, info: ModelInfo, file = FILE): void {
  const { penalty_alpha: _, dola_layers: __, ...others } = fields;
  const room = Number.isInteger(others.max_length) && Number(others.max_length) < 2 ? { max_new_tokens: 1 } : {};
  resolveConfig(room, others, info, { file });
}
