/** Tokenizers that put a token for the language beside the text: M2M100, NLLB, mBART, PLBart. */

import { ModelError, quote } from "../../errors";
import { invalidFile } from "../folder";
import { codeOf, findCode } from "../languages";
import { checkedEncodeOptions, checkedText, type Tokenizer } from "../tokenizer";

export interface LanguageTokens {
  codes: readonly string[];
  id: (code: string) => number | undefined;
  /** The code of the source language where the caller names none; absent: then the text is given without a language. */
  source?: string;
  /** The ids around a text. `language`: the token of its language, where it has one. */
  around: (language: number[]) => { before: number[]; after: number[] };
}

/** @param inner ids of a text without the ones around it */
export function withLanguages(
  inner: Pick<Tokenizer, "decode" | "token" | "unsettled"> & { encode(text: string): number[] },
  { codes, id, source, around }: LanguageTokens,
): Tokenizer {
  const idOf = (option: string, tag: string): number => {
    const code = codeOf(option, tag, codes);
    const found = id(code);
    if (found !== undefined) return found;
    throw new ModelError("invalid_tokenizer", `The vocabulary has no token for the language ${quote(code)}.`);
  };
  return {
    encode(text, options) {
      const { sourceLanguage = source, targetLanguage, add_special_tokens } = checkedEncodeOptions(options);
      const { before, after } = around(sourceLanguage === undefined ? [] : [idOf("sourceLanguage", sourceLanguage)]);
      if (targetLanguage !== undefined) idOf("targetLanguage", targetLanguage);
      const ids = inner.encode(checkedText(text));
      return add_special_tokens ? [...before, ...ids, ...after] : ids;
    },
    decode: (ids) => inner.decode(ids),
    token: (token) => inner.token(token),
    unsettled: inner.unsettled,
    languages: codes,
    forcedBosTokenId: (target) => idOf("targetLanguage", target),
  };
}

/** The codes of `language_codes` in tokenizer_config.json, which names one of the lists that the family knows. */
export function languageCodes(given: unknown, known: Readonly<Record<string, string[]>>): string[] {
  if (typeof given === "string" && Object.hasOwn(known, given)) return known[given];
  const names = Object.keys(known).join(", ");
  throw invalidFile("tokenizer_config.json", `language_codes is ${quote(given)}; known: ${names}`);
}

/** The language that tokenizer_config.json names, else `fallback`. */
export function sourceOf<T>(given: unknown, codes: readonly string[], fallback: T): string | T {
  return (typeof given === "string" ? findCode(given, codes) : undefined) ?? fallback;
}
