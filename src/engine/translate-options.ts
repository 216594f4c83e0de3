/** The options of a translation: which of those of `generate` make sense for a text. */

import { ModelError } from "../errors";
import type { GenerationConfig } from "../generation/options/generation-config";
import { checkNames } from "../generation/options/option-names";

/**
 * The options of one translation: those of `generate` that make sense for a text. Each replaces that of
 * `TranslatorOptions.generation`. The language decides the first tokens, and one translation comes back per text.
 */
export type TranslateOptions = Omit<
  GenerationConfig,
  | "attention_mask"
  | "constraint"
  | "decoder_input_ids"
  | "decoder_start_token_id"
  | "forced_bos_token_id"
  | "num_return_sequences"
  | "output_alternatives"
  | "output_attentions"
  | "output_hidden_states"
  | "output_scores"
  | "prefix_allowed_tokens"
>;

/** Options of `generate` that a translation does not have, and why. */
const NOT_FOR_TEXT: Readonly<Record<Exclude<keyof GenerationConfig, keyof TranslateOptions>, string>> = {
  forced_bos_token_id: "the language decides it",
  decoder_start_token_id: "the language decides it",
  decoder_input_ids: "text is translated in parts",
  constraint: "text is translated in parts",
  attention_mask: "text is translated in parts",
  prefix_allowed_tokens: "text is translated in parts",
  num_return_sequences: "one translation comes back per text",
  output_scores: "a translation is a text",
  output_alternatives: "a translation is a text",
  output_attentions: "align() uses them",
  output_hidden_states: "a translation is a text",
};

/** @throws ModelError for an option that `generate` does not have, or that has no place here */
export function checkGeneration(where: string, given: object): void {
  for (const [name, why] of Object.entries(NOT_FOR_TEXT)) {
    if (!Object.hasOwn(given, name)) continue;
    const message = `${where}: ${name} is not supported: ${why}.`;
    throw new ModelError("unsupported_option", message, "Use Seq2Seq and its generateText() or generate().");
  }
  const { signal: _, ...others } = given as TranslateOptions;
  checkNames({ ...others }, where);
}
