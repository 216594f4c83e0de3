/** Text to token ids and back: what every tokenizer of this package can do. families.ts says which one a folder gets. */

import { ModelError, quote } from "../errors";

/** For models of several languages: BCP 47 tags ("en", "zh-Hans"), or codes as the model writes them ("fra_Latn"). */
export interface EncodeOptions {
  /** Default: the language that the files name, else English, as in transformers. */
  sourceLanguage?: string;
  /**
   * Only for models that read it off their input: Marian's ">>fra<<", T5's "translate English to French: ". Default: none
   * is named.
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
  /** The token as it stands in the vocabulary, such as "▁chat"; "" for an id that there is not. */
  token(id: number): string;
  /** The model's codes of the languages that it can be told of. Absent where there is no choice. */
  readonly languages?: readonly string[];
  /**
   * The token that generation has to begin with for this language (`forced_bos_token_id`), where the model is told so.
   * @throws ModelError `unsupported_option` for a language that the model does not know
   */
  forcedBosTokenId?(targetLanguage: string): number | undefined;
}

/** What a translator does with a tokenizer for one pair of languages. */
export interface LanguagePlan {
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  /** Options for `generate`. */
  generation: { forced_bos_token_id?: number };
}

/** @throws ModelError `unsupported_option` where the model does not know one of the languages */
export function languagePlan(tokenizer: Tokenizer, sourceLanguage: string, targetLanguage: string): LanguagePlan {
  const languages = { sourceLanguage, targetLanguage };
  // Throws here rather than at the first text.
  tokenizer.encode("", languages);
  const forced = tokenizer.forcedBosTokenId?.(targetLanguage);
  return {
    encode: (text) => tokenizer.encode(text, languages),
    decode: (ids) => tokenizer.decode(ids),
    generation: forced === undefined ? {} : { forced_bos_token_id: forced },
  };
}

export function checkedText(text: unknown): string {
  if (typeof text !== "string") throw new ModelError("invalid_input", `The text to encode is a ${typeof text}.`);
  return text;
}

/** @throws ModelError for an option that is none, or a language that is no text */
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

/** transformers' `clean_up_tokenization`, where tokenizer_config.json asks for it. */
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
