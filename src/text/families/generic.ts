/** Any other tokenizer.json (`PreTrainedTokenizerFast`): by our pipeline where it has the parts, else by `@huggingface/tokenizers`. */

import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { ModelError, quote } from "../../errors";
import { fieldsOf, invalidFile, namedTokens, parseSettings, tokensToAdd, type Fields, type Settings } from "../folder";
import { component, invalid, UnsupportedComponent, type Component } from "../pipeline/definition";
import { createPipeline } from "../pipeline/pipeline";
import { checkedLanguages, checkedText, cleanUp, type Tokenizer } from "../tokenizer";
import { readBpe, readUnigram } from "./model-json";

/**
 * @param tokenizerJson contents of tokenizer.json
 * @param config contents of tokenizer_config.json, where there is one
 * @throws ModelError `invalid_tokenizer`
 */
export function createTokenizer(tokenizerJson: unknown, config: unknown): Tokenizer {
  const json = fieldsOf(tokenizerJson, "tokenizer.json");
  return createGeneric(json, parseSettings(fieldsOf(config ?? {}, "tokenizer_config.json"), { tokenizerJson: json }));
}

export function createGeneric(json: Fields, settings: Settings): Tokenizer {
  try {
    return byPipeline(json, settings);
  } catch (error) {
    if (error instanceof UnsupportedComponent) return byLibrary(json, settings.config);
    throw error;
  }
}

function byPipeline(json: Fields, settings: Settings): Tokenizer {
  const model = fieldsOf(json.model, "tokenizer.json");
  // Older files leave the type out.
  const type = model.type ?? (Array.isArray(model.vocab) ? "Unigram" : model.merges === undefined ? undefined : "BPE");
  if (type !== "Unigram" && type !== "BPE") throw new UnsupportedComponent(`model ${quote(type)}`);
  const optional = (value: unknown, part: string): Component | undefined =>
    value === undefined || value === null ? undefined : component(value, part);
  const around = postProcess(optional(json.post_processor, "post_processor"));
  const own = parseSettings({}, { tokenizerJson: json }).added.map(([, token]) => token);
  const pipeline = createPipeline({
    normalizer: optional(json.normalizer, "normalizer"),
    preTokenizer: optional(json.pre_tokenizer, "pre_tokenizer"),
    model: type === "Unigram" ? readUnigram(json) : readBpe(json),
    decoder: optional(json.decoder, "decoder"),
    addedTokens: [
      ...own,
      ...tokensToAdd(settings, namedTokens(settings, {}), settings.extra ?? settings.additional ?? []),
    ],
  });
  // transformers cleans " ?" to "?" where the configuration says so, but not after BPE.
  const clean = settings.config.clean_up_tokenization_spaces === true && type !== "BPE";
  return {
    encode(text, options) {
      checkedLanguages(options);
      return [...around.before, ...pipeline.encode(checkedText(text)), ...around.after];
    },
    decode: (ids) => (clean ? cleanUp(pipeline.decode(ids)) : pipeline.decode(ids)),
    token: (id) => pipeline.token(id),
  };
}

/** The ids that a post-processor puts around a single text. */
export function postProcess(given: Component | undefined): { before: number[]; after: number[] } {
  const none = { before: [], after: [] };
  if (!given || given.type === "ByteLevel") return none;
  if (given.type === "RobertaProcessing" || given.type === "BertProcessing") {
    const id = (value: unknown): number => {
      if (!Array.isArray(value) || !Number.isSafeInteger(value[1]))
        throw invalid("a token of the post_processor has no id");
      return value[1] as number;
    };
    return { before: [id(given.cls)], after: [id(given.sep)] };
  }
  if (given.type === "TemplateProcessing") return template(given);
  if (given.type === "Sequence" && Array.isArray(given.processors)) {
    // Each puts its tokens around what the one before it made.
    return given.processors
      .map((item) => postProcess(component(item, "post_processor")))
      .reduce(
        ({ before, after }, next) => ({
          before: [...next.before, ...before],
          after: [...after, ...next.after],
        }),
        none,
      );
  }
  throw new UnsupportedComponent(`post_processor ${given.type}`);
}

function template({ single, special_tokens: tokens }: Component): { before: number[]; after: number[] } {
  const out: Record<"before" | "after", number[]> = { before: [], after: [] };
  let side: "before" | "after" = "before";
  if (!Array.isArray(single)) throw invalid("the template of the post_processor is no list");
  for (const item of single as ({ SpecialToken?: { id?: unknown }; Sequence?: unknown } | null)[]) {
    if (item?.Sequence) {
      if (side === "after") throw new UnsupportedComponent("a template with the text twice");
      side = "after";
      continue;
    }
    const ids = (tokens as Record<string, { ids?: unknown }> | undefined)?.[String(item?.SpecialToken?.id)]?.ids;
    if (!Array.isArray(ids) || !ids.every(Number.isSafeInteger)) throw invalid("a token of the template has no ids");
    out[side].push(...(ids as number[]));
  }
  if (side === "before") throw invalid("the template of the post_processor has no place for the text");
  return out;
}

/** Parts that our pipeline lacks, such as WordPiece. Its known differences from Python are in docs/decisions. */
function byLibrary(json: Fields, config: Fields): Tokenizer {
  let tokenizer: HuggingFaceTokenizer;
  try {
    const vocab = (json.model as { vocab?: unknown } | null)?.vocab;
    // The library would take anything here, and know no token.
    if (typeof vocab !== "object" || vocab === null) throw new Error("model.vocab is no vocabulary");
    tokenizer = new HuggingFaceTokenizer(json, config);
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw invalidFile("tokenizer.json", cause instanceof Error ? cause.message : String(cause), cause);
  }
  const clean = config.clean_up_tokenization_spaces === true;
  return {
    encode(text, options) {
      checkedLanguages(options);
      return tokenizer.encode(checkedText(text)).ids;
    },
    decode(ids) {
      if (ids.length === 0) return "";
      return tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: clean });
    },
    token: (id) => tokenizer.id_to_token(id) ?? "",
  };
}
