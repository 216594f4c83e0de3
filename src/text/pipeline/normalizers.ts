/** Normalisers of the tokenizers library (its `normalizers` module): text to text. */

import { fromUtf8, utf8 } from "../bytes";
import { Charsmap } from "../sentencepiece/charsmap";
import { component, components, invalid, patternOf, stringOf, unsupported, type Component } from "./definition";

export type Normalize = (text: string) => string;

const whiteStart = /^\p{White_Space}+/u;
/** Not one pattern for the end: `\s+$` would look at each run of spaces again and again. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1])) end--;
  return text.slice(0, end);
}

function createNormalize(given: Component): Normalize {
  const { type } = given;
  if (type === "Sequence") {
    const steps = components(given.normalizers, "list of normalizers").map(createNormalize);
    return (text) => steps.reduce((value, step) => step(value), text);
  }
  if (type === "NFC" || type === "NFD" || type === "NFKC" || type === "NFKD") return (text) => text.normalize(type);
  if (type === "Lowercase") return (text) => text.toLowerCase();
  if (type === "Strip") {
    const { strip_left: left = true, strip_right: right = true } = given;
    return (text) => {
      const rest = left ? text.replace(whiteStart, "") : text;
      return right ? trimEnd(rest) : rest;
    };
  }
  if (type === "Prepend") {
    const start = stringOf(given.prepend, "prepended text");
    return (text) => (text === "" ? "" : start + text);
  }
  if (type === "Replace") {
    const pattern = patternOf(given.pattern, "Replace normalizer");
    const content = stringOf(given.content, "content of the Replace normalizer");
    return (text) => text.replace(pattern, () => content);
  }
  if (type === "Precompiled") {
    const map = decodeBase64(stringOf(given.precompiled_charsmap, "precompiled_charsmap"));
    return map.length === 0 ? (text) => text : precompiled(map, "tokenizer.json");
  }
  throw unsupported("normalizer", type);
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw invalid("precompiled_charsmap is no base64");
  }
}

/** So many different graphemes are remembered before the list starts anew. */
const REMEMBERED = 20_000;

/**
 * A SentencePiece character map as the tokenizers library applies it (the crate spm_precompiled), which is not what
 * sentencepiece does: grapheme by grapheme; where the shortest key that a short grapheme begins with is found, its
 * replacement stands for the whole grapheme.
 */
export function precompiled(blob: Uint8Array, file: string): Normalize {
  const charsmap = new Charsmap(blob, file);
  const transform = (text: string): string | undefined => {
    const found = charsmap.shortest(utf8(text));
    return found && fromUtf8(found);
  };
  const known = new Map<string, string>();
  const replace = (grapheme: string): string => {
    let out = known.get(grapheme);
    if (out === undefined) {
      out = utf8(grapheme).length < 6 ? transform(grapheme) : undefined;
      out ??= Array.from(grapheme, (c) => transform(c) ?? c).join("");
      if (known.size >= REMEMBERED) known.clear();
      known.set(grapheme, out);
    }
    return out;
  };
  return (text) => {
    let out = "";
    for (const grapheme of graphemes(text)) out += replace(grapheme);
    return out;
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

export const optionalNormalize = (given: unknown): Normalize | undefined =>
  given === undefined || given === null ? undefined : createNormalize(component(given, "normalizer"));
