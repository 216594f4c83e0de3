/**
 * Text to token ids and back. The work is done by `@huggingface/tokenizers`, which reads tokenizer.json;
 * this file fixes its options to what the Python library does.
 */

import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { ModelError } from "../errors";

export interface Tokenizer {
  /** Token ids with the special tokens that the model expects, such as the end token. */
  encode(text: string): number[];
  /** Text without special tokens. */
  decode(ids: readonly number[]): string;
  /** The token as it stands in the vocabulary, such as "▁chat". */
  token(id: number): string;
}

/**
 * @param tokenizerJson contents of tokenizer.json
 * @param config contents of tokenizer_config.json, where there is one
 */
export function createTokenizer(tokenizerJson: unknown, config: unknown): Tokenizer {
  const settings = (config ?? {}) as Record<string, unknown>;
  let tokenizer: HuggingFaceTokenizer;
  try {
    const vocab = (tokenizerJson as { model?: { vocab?: unknown } } | null)?.model?.vocab;
    // The library would take anything here, and know no token.
    if (typeof vocab !== "object" || vocab === null) throw new Error("model.vocab is no vocabulary");
    tokenizer = new HuggingFaceTokenizer(tokenizerJson as object, settings);
  } catch (cause) {
    throw new ModelError(
      "invalid_tokenizer",
      `tokenizer.json: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "The file must be one that the Hugging Face tokenizers library wrote.",
      { cause },
    );
  }
  // Transformers cleans " ?" to "?" only where the configuration says so; the library does unless told not to.
  const cleanUp = settings.clean_up_tokenization_spaces === true;
  return {
    encode(text) {
      if (typeof text !== "string") throw new ModelError("invalid_input", `The text to encode is a ${typeof text}.`);
      return tokenizer.encode(text).ids;
    },
    decode(ids) {
      if (ids.length === 0) return "";
      return tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: cleanUp });
    },
    token(id) {
      return tokenizer.id_to_token(id) ?? "";
    },
  };
}
