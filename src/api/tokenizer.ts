/** The tokenizer of a loaded model, as its users see it. */

import type { Awaitable, RunningModel } from "../engine/running-model";
import type { DecodeOptions, DecoderPromptOptions, EncodeOptions, LanguagePair, TextOffset } from "../text/tokenizer";

/**
 * Text to token ids and back, with the ids of Hugging Face. It works where the model does: in a worker its answers are promises, in this
 * thread (Node, `worker: false`) they are there at once. `await` takes both.
 */
export interface Tokenizer {
  /**
   * Token ids, by default with the special tokens that the model expects, such as the end token.
   * @throws ModelError `invalid_input`; `unsupported_option` for a language that the model does not know
   */
  encode(text: string, options?: EncodeOptions): Awaitable<number[]>;
  /** Text without special tokens. */
  decode(ids: readonly number[], options?: DecodeOptions): Awaitable<string>;
  /** The token as in the vocabulary, such as "▁chat"; "" for an unknown id. */
  token(id: number): Awaitable<string>;
  /** The model's codes of the languages to choose from. Absent if there is no choice. */
  readonly languages?: readonly string[];
  /**
   * The pairs that the model was made for, where its files name them: `source_lang` and `target_lang` of tokenizer_config.json
   * or config.json, or T5's translation tasks. Absent if they name none.
   */
  readonly languagePairs?: readonly LanguagePair[];
  /**
   * The token that output in this language must begin with (`forced_bos_token_id`); undefined if the model has no such token.
   * @throws ModelError `unsupported_option` for a language that the model does not know
   */
  forcedBosTokenId(targetLanguage: string): Awaitable<number | undefined>;
  /** What only Whisper's tokenizer has. Absent for others. */
  readonly speech?: SpeechTokenizer;
}

/** Timestamps and prompts of Whisper. */
export interface SpeechTokenizer {
  /**
   * The pieces between timestamps, as `output_offsets` of transformers gives them: times go on growing where a window ends. Empty
   * where there are fewer than two timestamps.
   */
  offsets(ids: readonly number[]): Awaitable<TextOffset[]>;
  /**
   * `prompt_ids` of `generate` for a text that the output goes on from: <|startofprev|> and the text after a space. transformers'
   * `get_prompt_ids`.
   * @throws ModelError `invalid_input` for a text with a special token in it
   */
  promptIds(text: string): Awaitable<number[]>;
  /**
   * Pairs of place and token: language, task, <|notimestamps|>. transformers' `get_decoder_prompt_ids`.
   * @throws ModelError `unsupported_option` for a language that Whisper does not know
   */
  decoderPromptIds(options?: DecoderPromptOptions): Awaitable<[place: number, token: number][]>;
}

export function tokenizerOf({ facts, calls }: RunningModel): Tokenizer | undefined {
  if (!facts.tokenizer) return undefined;
  const { speech, ...languages } = facts.tokenizer;
  return {
    encode: (text, options) => calls.encode(text, options),
    decode: (ids, options) => calls.decode(ids, options),
    token: (id) => calls.token(id),
    forcedBosTokenId: (targetLanguage) => calls.forcedBosTokenId(targetLanguage),
    ...languages,
    ...(speech && {
      speech: {
        offsets: (ids) => calls.offsets(ids),
        promptIds: (text) => calls.promptIds(text),
        decoderPromptIds: (options) => calls.decoderPromptIds(options),
      },
    }),
  };
}
