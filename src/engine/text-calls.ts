/** Calls with text instead of token ids: what `generateText` and `streamText` add to `generate` and `stream`. */

import { checkedOptions } from "./options";
import { ModelError, quote } from "../errors";
import type { GenerationConfig } from "../generation/options/generation-config";
import { encodeTexts } from "../text/texts";
import type { EncodeOptions, Tokenizer } from "../text/tokenizer";
import { withoutNulls } from "../util/given";
import type { GenerateOutput } from "./results";

/**
 * The options of `generateText` and `streamText`: those of `generate`, and how text becomes tokens. There is no
 * `attention_mask`, because texts are not padded.
 */
export interface TextOptions extends Omit<GenerationConfig, "attention_mask">, EncodeOptions {
  /**
   * What happens to a text with more tokens than the model takes. `false`: an error that says how many. `true`: its end is cut
   * off, or its beginning where tokenizer_config.json has `truncation_side` "left"; the special tokens stay. A number, an
   * integer from 1: the same at this many tokens, special ones included. Default false.
   */
  truncation?: boolean | number;
}

/** The result of `generateText`: the whole output of `generate`, and texts. */
export interface GenerateTextOutput extends GenerateOutput {
  /**
   * The text of each of `sequences`, without special tokens. With `num_return_sequences` = n, those of input text i are
   * n * i to n * i + n - 1, best first.
   */
  texts: string[];
  /** [text][token]: the source ids that each text became, the rows that attentions refer to. */
  input_ids: number[][];
  /** Per text: how many tokens `truncation` cut off; 0 where the whole text was read. */
  truncated: number[];
}

/** What a call with text needs of a model. */
export interface TextModel {
  tokenizer?: Tokenizer;
  tokenizerProblem?: string;
  /** The longest source, in tokens. */
  limit: number;
  warn: (message: string) => void;
}

/** A call of `generate` or `stream` that a call with text becomes. */
export interface IdCall {
  tokenizer: Tokenizer;
  input_ids: number[][];
  truncated: number[];
  options: GenerationConfig;
}

/** @throws ModelError `file_not_found` with the reason, where a model has no tokenizer */
export function requireTokenizer(who: string, { tokenizer, tokenizerProblem }: Partial<TextModel>): Tokenizer {
  if (tokenizer) return tokenizer;
  const none = "no tokenizer.json, nor the tokenizer files of its family.";
  const message = `${who} needs a tokenizer, and the model's folder has none: ${tokenizerProblem ?? none}`;
  throw new ModelError("file_not_found", message, "generate() and stream() take token ids.");
}

/** @throws ModelError */
export function textCall(where: string, given: unknown, all: TextOptions, model: TextModel): IdCall {
  const { sourceLanguage, targetLanguage, add_special_tokens, ...others } = checkedOptions(where, all);
  const { truncation, ...options } = others;
  const tokenizer = requireTokenizer(where, model);
  const texts = checkTexts(where, given);
  const cut = checkedTruncation(where, truncation ?? false);
  if ((options as GenerationConfig).attention_mask) {
    const message = `${where}: there is no option "attention_mask", because texts are not padded.`;
    throw new ModelError("unsupported_option", message, "generate() takes one.");
  }
  const encoding: EncodeOptions = withoutNulls({ sourceLanguage, targetLanguage, add_special_tokens });
  warnOfUnchecked(where, tokenizer, encoding, model.warn);
  const encoded = encodeTexts(where, tokenizer, texts, encoding, cut, model.limit);
  const forced =
    encoding.targetLanguage === undefined ? undefined : tokenizer.forcedBosTokenId?.(encoding.targetLanguage);
  const first = forced === undefined ? {} : { forced_bos_token_id: options.forced_bos_token_id ?? forced };
  return { tokenizer, ...encoded, options: { ...options, ...first } };
}

/** What a stream of text has no place for. */
export function checkTextStream(text: unknown, options: TextOptions): void {
  if (Array.isArray(text)) {
    throw new ModelError("invalid_input", "streamText takes one text, not a list.", "generateText() takes several.");
  }
  const { output_scores, output_alternatives, num_return_sequences: n } = checkedOptions("streamText", options);
  const named = { output_scores, output_alternatives, num_return_sequences: n === 1 ? undefined : n };
  const [first] = Object.entries(named).filter(([, value]) => value);
  if (!first) return;
  const message = `streamText: ${first[0]} is not supported: it yields one text and nothing else.`;
  throw new ModelError("unsupported_option", message, "Use generateText(), or stream().");
}

/** Languages that no file names are taken on trust, and the model does not hear of them. */
export function warnOfUnchecked(
  where: string,
  { languages, languagePairs }: Pick<Tokenizer, "languages" | "languagePairs">,
  { sourceLanguage, targetLanguage }: EncodeOptions,
  warn: (message: string) => void,
): void {
  if (languages) return;
  const isNamed = (end: "source" | "target") => languagePairs?.some((pair) => pair[end] !== undefined);
  const open = [
    ...(sourceLanguage === undefined || isNamed("source") ? [] : [`sourceLanguage ${quote(sourceLanguage)}`]),
    ...(targetLanguage === undefined || isNamed("target") ? [] : [`targetLanguage ${quote(targetLanguage)}`]),
  ];
  if (open.length === 0) return;
  const unchecked = `${open.join(" and ")} ${open.length > 1 ? "are" : "is"} not checked, and the model is not told`;
  warn(`${where}: ${unchecked}: its files do not name the language (source_lang, target_lang in config.json).`);
}

function checkTexts(where: string, given: unknown): string[] {
  const texts: unknown[] = Array.isArray(given) ? given : [given];
  if (texts.length === 0) throw new ModelError("invalid_input", `${where}: the list of texts is empty.`);
  if (texts.every((text) => typeof text === "string")) return texts;
  const wrong = texts.find((text) => typeof text !== "string");
  throw new ModelError(
    "invalid_input",
    `${where} takes a string or a list of strings, not ${quote(wrong)}.`,
    typeof wrong === "number" || Array.isArray(wrong) ? "generate() and stream() take token ids." : undefined,
  );
}

function checkedTruncation(where: string, truncation: unknown): boolean | number {
  if (typeof truncation === "boolean") return truncation;
  if (Number.isSafeInteger(truncation) && (truncation as number) > 0) return truncation as number;
  const rule = "true, false or an integer from 1";
  throw new ModelError("invalid_option", `${where}: truncation must be ${rule}, not ${quote(truncation)}.`);
}
