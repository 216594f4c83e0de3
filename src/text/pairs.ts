/** The languages of a model that translates one pair, or a few: what its files say, and whether a translator's languages fit. */

import { ModelError, quote } from "../errors";
import type { Fields } from "./folder";
import { sameLanguage } from "./languages";
import { checkedEncodeOptions, type EncodeOptions, type LanguagePair, type Tokenizer } from "./tokenizer";

/** `source_lang` and `target_lang` of tokenizer_config.json (OPUS-MT), else of config.json; undefined if they name neither. */
export function pairOf(tokenizerConfig: Fields, modelConfig: Fields): LanguagePair | undefined {
  const named = (name: string): string | undefined =>
    [tokenizerConfig[name], modelConfig[name]].find((value) => typeof value === "string" && value !== "") as
      string | undefined;
  const [source, target] = [named("source_lang"), named("target_lang")];
  return source === undefined && target === undefined ? undefined : { source, target };
}

/**
 * The languages that a code of the files stands for: "fr", "cat_oci_spa". None if any may fit: for groups of languages
 * ("roa", "mul"), for which Unicode knows no likely script, and for what is not a code.
 */
function languagesOf(code: string | undefined): string[] {
  if (code === undefined) return [];
  const parts = /^[a-z]{2,3}([_+][a-z]{2,3})+$/.test(code) ? code.split(/[_+]/) : [code];
  const isLanguage = (part: string): boolean => {
    try {
      const locale = new Intl.Locale(part.replaceAll("_", "-"));
      return /^[a-z]{2,3}$/.test(locale.language) && locale.maximize().script !== undefined;
    } catch {
      return false;
    }
  };
  return parts.every(isLanguage) ? parts : [];
}

/** Whether a language may be the one that the files name. */
export function fits(wanted: string | undefined, named: string | undefined): boolean {
  const languages = languagesOf(named);
  return wanted === undefined || languages.length === 0 || languages.some((language) => sameLanguage(wanted, language));
}

/** @throws ModelError `unsupported_option` for languages that none of the pairs has */
export function checkPairs(pairs: readonly LanguagePair[], { sourceLanguage, targetLanguage }: EncodeOptions): void {
  if (pairs.some(({ source, target }) => fits(sourceLanguage, source) && fits(targetLanguage, target))) return;
  const options = Object.entries({ sourceLanguage, targetLanguage }).flatMap(([name, tag]) =>
    tag === undefined ? [] : [`${name} ${quote(tag)}`],
  );
  const name = (code: string | undefined) => (code === undefined ? "any language" : quote(code));
  const shown = pairs.map(({ source, target }) => `${name(source)} to ${name(target)}`);
  throw new ModelError(
    "unsupported_option",
    `${options.join(", ")}: this model does not translate that.`,
    `Its files name ${shown.join(", ")}.`,
  );
}

/**
 * Whether the files alone contradict the languages. Where the vocabulary may hold languages to choose from, a group of targets
 * is named, which fits any.
 */
export function contradicts(
  { sourceLanguage, targetLanguage }: EncodeOptions,
  tokenizerConfig: unknown,
  modelConfig: Fields,
): boolean {
  const fields = typeof tokenizerConfig === "object" && tokenizerConfig !== null ? (tokenizerConfig as Fields) : {};
  const pair = pairOf(fields, modelConfig);
  return !fits(sourceLanguage, pair?.source) || !fits(targetLanguage, pair?.target);
}

/** A tokenizer that refuses languages which the files contradict. With `languages` to choose from, only the source is checked. */
export function withPair(tokenizer: Tokenizer, pair: LanguagePair | undefined): Tokenizer {
  if (!pair || tokenizer.languagePairs) return tokenizer;
  return {
    ...tokenizer,
    languagePairs: [pair],
    encode(text, options) {
      const { sourceLanguage, targetLanguage } = checkedEncodeOptions(options);
      checkPairs([pair], tokenizer.languages ? { sourceLanguage } : { sourceLanguage, targetLanguage });
      return tokenizer.encode(text, options);
    },
  };
}
