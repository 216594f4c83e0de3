/** Normalizers of the tokenizers library (its `normalizers` module): text to text. */

import { fromUtf8, utf8 } from "../bytes";
import { Charsmap } from "../sentencepiece/charsmap";
import { toByteCharacters } from "./byte-level";
import { booleanOf, createPart, invalid, listOf, patternOf, stringOf, type Component, type Table } from "./definition";
import { replaceMatches, spans } from "./matches";
import { COMBINING_MARK, CONTROL, lowercase, NONSPACING_MARK, normalForm, SPACE } from "./unicode";

export interface Normalizer {
  apply(text: string): string;
  /**
   * How much of the result comes from the first character of the whole text: the pre-tokenizer Metaspace needs to know.
   * @param origin how many UTF-16 units at the start of `text` come from it
   * @returns how many UTF-16 units at the start of the result do
   */
  origin(text: string, origin: number): number;
}

const leadingSpace = new RegExp(`^${SPACE}+`, "u");
const space = new RegExp(SPACE, "u");
/** Not one pattern for the end: `\s+$` would look at each run of spaces again and again. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && space.test(text[end - 1])) end--;
  return text.slice(0, end);
}

/** What becomes of a character does not depend on those before it. */
const perCharacter = (apply: (text: string) => string): Normalizer => ({
  apply,
  origin: (text, origin) => apply(text.slice(0, origin)).length,
});

const replacing = (inside: string, content: string): ((text: string) => string) => {
  const pattern = new RegExp(inside, "gv");
  return (text) => text.replace(pattern, content);
};

const form = ({ type }: Component): Normalizer => perCharacter((text) => normalForm(text, type as "NFC"));

export const NORMALIZERS: Table<Normalizer> = {
  BertNormalizer: bert,
  ByteLevel: () => perCharacter(toByteCharacters),
  Lowercase: () => perCharacter(lowercase),
  NFC: form,
  NFD: form,
  NFKC: form,
  NFKD: form,
  // As sentencepiece's rule "nmt": controls go, and what looks like a space is one.
  Nmt: () => {
    const remove = replacing("[\\x01-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f]", "");
    const blank = replacing("[\\t\\n\\f\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd]", " ");
    return perCharacter((text) => blank(remove(text)));
  },
  Precompiled: ({ precompiled_charsmap: map }) => {
    const blob = decodeBase64(stringOf(map, "precompiled_charsmap"));
    return blob.length === 0 ? perCharacter((text) => text) : precompiled(blob, "tokenizer.json");
  },
  Prepend: (given) => {
    const start = stringOf(given.prepend, "prepended text");
    return perCharacter((text) => (text === "" ? "" : start + text));
  },
  Replace: replace,
  Sequence: ({ normalizers }) => {
    const steps = listOf(normalizers, "list of normalizers").map(createNormalizer);
    return {
      apply: (text) => steps.reduce((value, step) => step.apply(value), text),
      origin(given, origin) {
        let text = given;
        for (const step of steps) [text, origin] = [step.apply(text), step.origin(text, origin)];
        return origin;
      },
    };
  },
  Strip: (given) => {
    const left = booleanOf(given.strip_left, "strip_left of Strip", true);
    const right = booleanOf(given.strip_right, "strip_right of Strip", true);
    const start = (text: string) => (left ? text.replace(leadingSpace, "") : text);
    return {
      apply: (text) => (right ? trimEnd(start(text)) : start(text)),
      origin: (text, origin) => Math.max(0, origin - (text.length - start(text).length)),
    };
  },
  StripAccents: () => perCharacter(replacing(COMBINING_MARK, "")),
};

export const createNormalizer = (given: unknown): Normalizer => createPart("normalizer", NORMALIZERS, given);

/** The cleaning of BERT's BasicTokenizer: controls, spaces around Chinese characters, accents, case. */
function bert(given: Component): Normalizer {
  const flag = (name: string): boolean => booleanOf(given[name], `${name} of BertNormalizer`, true);
  const lower = flag("lowercase");
  const accents = booleanOf(given.strip_accents, "strip_accents of BertNormalizer", lower);
  const steps: ((text: string) => string)[] = [];
  if (flag("clean_text")) steps.push(replacing(`[\\0\\ufffd${CONTROL}]`, ""), replacing(SPACE, " "));
  if (flag("handle_chinese_chars")) steps.push(replacing(CHINESE, " $& "));
  if (accents) steps.push((text) => normalForm(text, "NFD"), replacing(NONSPACING_MARK, ""));
  if (lower) steps.push(lowercase);
  return perCharacter((text) => steps.reduce((value, step) => step(value), text));
}

/** The blocks of Chinese characters that BERT knows, with its slip: U+2B820 to U+2B91F are left out. */
const CHINESE =
  "[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}]";

function replace(given: Component): Normalizer {
  const pattern = patternOf(given.pattern, "normalizer Replace");
  const content = stringOf(given.content, "content of the normalizer Replace");
  return {
    apply: (text) => replaceMatches(text, pattern, content),
    // What is put in comes from where the last replaced character came from.
    origin(text, origin) {
      let out = 0;
      for (const [start, end, isMatch] of spans(text, pattern)) {
        if (start >= origin) break;
        if (!isMatch) out += Math.min(end, origin) - start;
        else if (end <= origin) out += content.length;
      }
      return out;
    },
  };
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw invalid("precompiled_charsmap is not base64");
  }
}

/** So many different graphemes are remembered before the list starts anew. */
const REMEMBERED = 20_000;

/**
 * A SentencePiece character map as the tokenizers library applies it (the crate spm_precompiled), which is not what
 * sentencepiece does: grapheme by grapheme; where the shortest key that a short grapheme begins with is found, its
 * replacement stands for the whole grapheme.
 */
export function precompiled(blob: Uint8Array, file: string): Normalizer {
  const charsmap = new Charsmap(blob, file);
  const transform = (text: string): string | undefined => {
    const found = charsmap.shortest(utf8(text));
    return found && fromUtf8(found);
  };
  const known = new Map<string, string>();
  const replaced = (grapheme: string): string => {
    let out = known.get(grapheme);
    if (out === undefined) {
      out = utf8(grapheme).length < 6 ? transform(grapheme) : undefined;
      out ??= Array.from(grapheme, (c) => transform(c) ?? c).join("");
      if (known.size >= REMEMBERED) known.clear();
      known.set(grapheme, out);
    }
    return out;
  };
  return {
    apply(text) {
      let out = "";
      for (const grapheme of graphemes(text)) out += replaced(grapheme);
      return out;
    },
    // The first character of the result always does, even where the map removes what the text begins with.
    origin(text, origin) {
      if (origin === 0) return 0;
      const first = graphemes(text).next().value ?? "";
      return [...first].length === 1 ? Math.max(1, replaced(first).length) : 1;
    },
  };
}

let segmenter: Intl.Segmenter | undefined;

/** Extended grapheme clusters (Unicode Standard Annex 29). */
function* graphemes(text: string): Generator<string, void, undefined> {
  if (/^[\0-\x7f]*$/.test(text)) {
    yield* text.match(/\r\n|[^]/g) ?? [];
    return;
  }
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}
