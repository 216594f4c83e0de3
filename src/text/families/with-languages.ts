/** Tokenizers that say the language with a token beside the text: M2M100, NLLB, mBART. */

import { ModelError, quote } from "../../errors";
import { codeOf, findCode } from "../languages";
import { checkedLanguages, checkedText, type Tokenizer } from "../tokenizer";

export interface LanguageTokens {
  codes: readonly string[];
  id: (code: string) => number | undefined;
  /** The code of the source language where the caller names none. */
  source: string;
  /** The ids around a text. */
  around: (language: number) => { before: number[]; after: number[] };
}

/** @param inner ids of a text without the ones around it */
export function withLanguages(
  inner: { encode(text: string): number[]; decode(ids: readonly number[]): string; token(id: number): string },
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
      const { sourceLanguage = source, targetLanguage } = checkedLanguages(options);
      const { before, after } = around(idOf("sourceLanguage", sourceLanguage));
      if (targetLanguage !== undefined) idOf("targetLanguage", targetLanguage);
      return [...before, ...inner.encode(checkedText(text)), ...after];
    },
    decode: (ids) => inner.decode(ids),
    token: (token) => inner.token(token),
    languages: codes,
    forcedBosTokenId: (target) => idOf("targetLanguage", target),
  };
}

/** The language that tokenizer_config.json names, else `fallback`. */
export function sourceOf(given: unknown, codes: readonly string[], fallback: string): string {
  return (typeof given === "string" ? findCode(given, codes) : undefined) ?? fallback;
}
