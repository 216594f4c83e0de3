/** Pre-tokenizers of the tokenizers library (its `pre_tokenizers` module): text into the words that the model segments. */

import { quote } from "../../errors";
import { utf8 } from "../bytes";
import { byteCharacters } from "./byte-level";
import { components, invalid, patternOf, stringOf, unsupported, type Component } from "./definition";

/** `first`: whether the piece stands at the beginning of the whole text. */
export type PreTokenize = (text: string, first: boolean) => string[];

export function createPreTokenize(given: Component): PreTokenize {
  const { type } = given;
  if (type === "Sequence") {
    const steps = components(given.pretokenizers, "list of pre-tokenizers").map(createPreTokenize);
    return (text, first) =>
      steps.reduce((pieces, step) => pieces.flatMap((piece, i) => step(piece, first && i === 0)), [text]);
  }
  if (type === "WhitespaceSplit") return (text) => text.split(/\p{White_Space}+/u).filter(Boolean);
  if (type === "Metaspace") return metaspace(given);
  if (type === "ByteLevel") return byteLevel(given);
  if (type === "Split") {
    const pattern = patternOf(given.pattern, "Split pre-tokenizer");
    return split(pattern, stringOf(given.behavior, "behavior of the Split pre-tokenizer"), given.invert === true);
  }
  throw unsupported("pre-tokenizer", type);
}

function metaspace(given: Component): PreTokenize {
  const { prepend, replacement } = metaspaceOf(given);
  const parts = given.split === false ? undefined : new RegExp(`(?=${replacement})`, "u");
  return (text, first) => {
    let out = text.replaceAll(" ", replacement);
    if ((prepend === "always" || (prepend === "first" && first)) && !out.startsWith(replacement)) {
      out = replacement + out;
    }
    return parts ? out.split(parts) : [out];
  };
}

export function metaspaceOf(given: Component): { prepend: "always" | "first" | "never"; replacement: string } {
  const replacement = stringOf(given.replacement, "replacement of Metaspace");
  if ([...replacement].length !== 1) throw invalid("the replacement of Metaspace is not one character");
  const prepend = given.add_prefix_space === false ? "never" : (given.prepend_scheme ?? "always");
  if (prepend !== "always" && prepend !== "first" && prepend !== "never") throw invalid("prepend_scheme is unknown");
  return { prepend, replacement };
}

/** GPT-2's words, with the spaces of Unicode and not of JavaScript. */
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

function byteLevel(given: Component): PreTokenize {
  const { add_prefix_space: prefix = true, use_regex: useRegex = true } = given;
  return (text) => {
    const whole = prefix && !text.startsWith(" ") ? ` ${text}` : text;
    const words = useRegex ? whole.match(WORDS) : [whole];
    return (words ?? []).map((word) => Array.from(utf8(word), (byte) => byteCharacters[byte]).join(""));
  };
}

/** `NormalizedString::split`; pieces of no length are dropped. */
function split(pattern: RegExp, behavior: string, invert: boolean): PreTokenize {
  const known = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];
  if (!known.includes(behavior)) throw invalid(`the behavior ${quote(behavior)} of Split is unknown`);
  return (text) => {
    const parts: { text: string; match: boolean }[] = [];
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      if (found[0] === "") continue;
      if (found.index > at) parts.push({ text: text.slice(at, found.index), match: invert });
      parts.push({ text: found[0], match: !invert });
      at = found.index + found[0].length;
    }
    if (at < text.length) parts.push({ text: text.slice(at), match: invert });
    return join(parts, behavior);
  };
}

function join(parts: { text: string; match: boolean }[], behavior: string): string[] {
  if (behavior === "Isolated") return parts.map((part) => part.text);
  if (behavior === "Removed") return parts.filter((part) => !part.match).map((part) => part.text);
  const out: string[] = [];
  let after = false;
  if (behavior === "MergedWithNext") {
    for (const { text, match } of parts.reverse()) {
      if (match && !after && out.length > 0) out[out.length - 1] = text + out[out.length - 1];
      else out.push(text);
      after = match;
    }
    return out.reverse();
  }
  for (const { text, match } of parts) {
    const merge = behavior === "Contiguous" ? match === after : match && !after;
    if (merge && out.length > 0) out[out.length - 1] += text;
    else out.push(text);
    after = match;
  }
  return out;
}
