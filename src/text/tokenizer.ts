/** The interface of every tokenizer: from text to token ids and back. families/registry.ts chooses the tokenizer of a folder. */

import { ModelError, quote } from "../errors";

/** For models of several languages: BCP 47 tags ("en", "zh-Hans"), or codes as the model writes them ("fra_Latn"). */
export interface EncodeOptions {
  /** Default: the language in the files, otherwise English, as in transformers. */
  sourceLanguage?: string;
  /**
   * Only for models that read it in their input: Marian's ">>fra<<", T5's "translate English to French: ". Default: none.
   */
  targetLanguage?: string;
}

/** Text to token ids and back, with the ids of Hugging Face. */
export interface Tokenizer {
  /**
   * Token ids with the special tokens that the model expects, such as the end token.
   * @throws ModelError `invalid_input`; `unsupported_option` for a language that the model does not know
   */
  encode(text: string, options?: EncodeOptions): number[];
  /** Text without special tokens. */
  decode(ids: readonly number[]): string;
  /** The token as in the vocabulary, such as "▁chat"; "" for an unknown id. */
  token(id: number): string;
  /** Matches the end of decoded text that later tokens may still change; streaming holds it back. Absent if none may. */
  readonly unsettled?: RegExp;
  /** The model's codes of the languages to choose from. Absent if there is no choice. */
  readonly languages?: readonly string[];
  /**
   * The token that output in this language must begin with (`forced_bos_token_id`). Absent if the model has no such token.
   * @throws ModelError `unsupported_option` for a language that the model does not know
   */
  forcedBosTokenId?(targetLanguage: string): number | undefined;
}

/** How a translator uses a tokenizer for one pair of languages. */
export interface LanguagePlan {
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  unsettled?: RegExp;
  /** Options for `generate`. */
  generation: { forced_bos_token_id?: number };
}

/** @throws ModelError `unsupported_option` if the model does not know one of the languages */
export function languagePlan(tokenizer: Tokenizer, sourceLanguage: string, targetLanguage: string): LanguagePlan {
  const languages = { sourceLanguage, targetLanguage };
  // Throws here rather than at the first text.
  tokenizer.encode("", languages);
  const forced = tokenizer.forcedBosTokenId?.(targetLanguage);
  return {
    encode: (text) => tokenizer.encode(text, languages),
    decode: (ids) => tokenizer.decode(ids),
    unsettled: tokenizer.unsettled,
    generation: forced === undefined ? {} : { forced_bos_token_id: forced },
  };
}

export function checkedText(text: unknown): string {
  if (typeof text !== "string")
    throw new ModelError("invalid_input", `The text to encode must be a string, not a ${typeof text}.`);
  return text;
}

/** @throws ModelError for an unknown option, or a language that is not a string */
export function checkedLanguages(options: EncodeOptions = {}): EncodeOptions {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (name !== "sourceLanguage" && name !== "targetLanguage") {
      throw new ModelError("unsupported_option", `encode: there is no option ${quote(name)}.`);
    }
    if (value !== undefined && typeof value !== "string") {
      throw new ModelError("invalid_option", `encode: ${name} must be a language tag, not ${quote(value)}.`);
    }
  }
  return options;
}

/** transformers' `clean_up_tokenization`, for tokenizers whose tokenizer_config.json asks for it. */
export function cleanUp(text: string): string {
  return text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

/** The end of text that `cleanUp` may still change: what one of its replacements may begin with. */
export const UNCLEANED = / (?:n ?'?|'[vr]?)?$/;
