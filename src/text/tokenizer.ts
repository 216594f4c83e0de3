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
  /**
   * Whether the special tokens that the model expects come around the text, such as the end token or a token for the
   * language. A prefix that is text ("translate English to French: ", ">>fra<<") comes before it in any case. Default true.
   */
  add_special_tokens?: boolean;
}

/** Options of `decode`. */
export interface DecodeOptions {
  /**
   * Whisper only: whether timestamps are in the text, as "<|1.08|>". They go on growing where one is smaller than the one before,
   * because a window ends there. Default false.
   */
  decode_with_timestamps?: boolean;
}

/** Text and the times of its first and last timestamp, in seconds. */
export interface TextOffset {
  /** Special tokens are in it, timestamps are not. */
  text: string;
  /** In seconds. */
  timestamp: [start: number, end: number];
}

/** What output of Whisper begins with. */
export interface DecoderPromptOptions {
  /** By code ("fr") or name ("French"). Default: `language` of tokenizer_config.json, else none. */
  language?: string;
  /** Default: `task` of tokenizer_config.json, else none. */
  task?: "transcribe" | "translate";
  /** Whether there are no timestamps. Default true. */
  no_timestamps?: boolean;
}

/** What only Whisper's tokenizer has. */
export interface SpeechTokens {
  /**
   * The pieces between timestamps, as `output_offsets` of transformers gives them: times go on growing where a window ends. Empty
   * where there are fewer than two timestamps.
   */
  offsets(ids: readonly number[]): TextOffset[];
  /**
   * `prompt_ids` of `generate` for a text that the output goes on from: <|startofprev|> and the text after a space. transformers'
   * `get_prompt_ids`.
   * @throws ModelError `invalid_input` for a text with a special token in it
   */
  promptIds(text: string): number[];
  /** Pairs of place and token: language, task, <|notimestamps|>. transformers' `get_decoder_prompt_ids`. */
  decoderPromptIds(options?: DecoderPromptOptions): [place: number, token: number][];
}

/** The languages that a model translates between, as its files write them: "en", "fra", a group such as "roa". */
export interface LanguagePair {
  /** Of the text; absent: the files do not say. */
  source?: string | undefined;
  /** Of the translation; absent: the files do not say. */
  target?: string | undefined;
}

/** Text to token ids and back, with the ids of Hugging Face. */
export interface Tokenizer {
  /**
   * Token ids, by default with the special tokens that the model expects, such as the end token.
   * @throws ModelError `invalid_input`; `unsupported_option` for a language that the model does not know
   */
  encode(text: string, options?: EncodeOptions): number[];
  /** Text without special tokens. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** The token as in the vocabulary, such as "▁chat"; "" for an unknown id. */
  token(id: number): string;
  /** Matches the end of decoded text that later tokens may still change; streaming holds it back. Absent if none may. */
  readonly unsettled?: RegExp;
  /** The model's codes of the languages to choose from. Absent if there is no choice. */
  readonly languages?: readonly string[];
  /**
   * The pairs that the model was made for, where its files name them: `source_lang` and `target_lang` of tokenizer_config.json
   * or config.json, or T5's translation tasks. Absent if they name none.
   */
  readonly languagePairs?: readonly LanguagePair[];
  /** Which end of a text that is too long is cut off (`truncation_side` of tokenizer_config.json). Absent: the right one. */
  readonly truncationSide?: "left" | "right";
  /**
   * The token that output in this language must begin with (`forced_bos_token_id`). Absent if the model has no such token.
   * @throws ModelError `unsupported_option` for a language that the model does not know
   */
  forcedBosTokenId?(targetLanguage: string): number | undefined;
  /** Of Whisper alone. */
  readonly speech?: SpeechTokens;
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

/** @throws ModelError for an unknown option, or a value of another type */
export function checkedEncodeOptions(
  options: EncodeOptions = {},
): Omit<EncodeOptions, "add_special_tokens"> & { add_special_tokens: boolean } {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!Object.hasOwn(ENCODE_OPTIONS, name)) {
      throw new ModelError("unsupported_option", `encode: there is no option ${quote(name)}.`);
    }
    const [type, kind] = ENCODE_OPTIONS[name as keyof EncodeOptions];
    if (value !== undefined && typeof value !== type) {
      throw new ModelError("invalid_option", `encode: ${name} must be ${kind}, not ${quote(value)}.`);
    }
  }
  return { ...options, add_special_tokens: options.add_special_tokens ?? true };
}

const ENCODE_OPTIONS: Readonly<Record<keyof EncodeOptions, [type: string, kind: string]>> = {
  sourceLanguage: ["string", "a language tag"],
  targetLanguage: ["string", "a language tag"],
  add_special_tokens: ["boolean", "true or false"],
};

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
