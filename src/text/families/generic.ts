/** Any other tokenizer.json, taken as it is: `PreTrainedTokenizerFast` of transformers. */

import {
  fieldsOf,
  namedTokens,
  parseSettings,
  tokensToAdd,
  unnamedTokens,
  type Fields,
  type Settings,
} from "../folder";
import { component, type Component } from "../pipeline/definition";
import { createPipeline } from "../pipeline/pipeline";
import { checkedEncodeOptions, checkedText, cleanUp, type Tokenizer } from "../tokenizer";
import { readModel } from "./model-json";

/**
 * @param tokenizerJson contents of tokenizer.json
 * @param config contents of tokenizer_config.json, where there is one
 * @throws ModelError `invalid_tokenizer`
 */
export function createTokenizer(tokenizerJson: unknown, config: unknown): Tokenizer {
  const json = fieldsOf(tokenizerJson, "tokenizer.json");
  return createGeneric(json, parseSettings(fieldsOf(config ?? {}, "tokenizer_config.json"), { tokenizerJson: json }));
}

/**
 * As transformers reads it, `truncation` and `padding` of the file hold only where a call asks for them, and `add_bos_token`
 * and `add_eos_token` of tokenizer_config.json only where there is no tokenizer.json.
 */
export function createGeneric(json: Fields, settings: Settings): Tokenizer {
  const optional = (value: unknown, part: string): Component | undefined =>
    value === undefined || value === null ? undefined : component(value, part);
  const { config } = settings;
  const model = readModel(json);
  const named = namedTokens(settings, {});
  // Tokens without an id in the vocabulary are numbered in the order of the file.
  const own = new Map(parseSettings({}, { tokenizerJson: json }).added);
  const listed = (json.added_tokens ?? []) as { id: unknown }[];
  const pipeline = createPipeline({
    normalizer: optional(json.normalizer, "normalizer"),
    preTokenizer: optional(json.pre_tokenizer, "pre-tokenizer"),
    model,
    postProcessor: optional(json.post_processor, "post-processor"),
    decoder: optional(json.decoder, "decoder"),
    ownTokens: listed.map(({ id }) => own.get(Number(id))!),
    addedTokens: tokensToAdd(settings, named, unnamedTokens(settings)),
    splitSpecialTokens: config.split_special_tokens === true,
  });
  // transformers cleans " ?" to "?" where the configuration says so, but not after BPE.
  const clean = config.clean_up_tokenization_spaces === true && model.type !== "BPE";
  return {
    encode(text, options) {
      const { add_special_tokens } = checkedEncodeOptions(options);
      return pipeline.encode(checkedText(text), add_special_tokens);
    },
    decode: (given) => (clean ? cleanUp(pipeline.decode(given)) : pipeline.decode(given)),
    token: (id) => pipeline.token(id),
  };
}
