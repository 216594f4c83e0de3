/** Whole texts for a model: each becomes a row of ids that fits it. */

import { ModelError } from "../errors";
import type { EncodeOptions, Tokenizer } from "./tokenizer";

export interface EncodedTexts {
  input_ids: number[][];
  /** How many tokens of each text were cut off; 0 for one that fits. */
  truncated: number[];
}

/**
 * @param truncation `true`: a longer text is cut to `limit` tokens; a number: to so many, if they fit; `false`: it is an error
 * @param limit the longest source of the model, in tokens
 * @throws ModelError `invalid_input` for a text that is too long or has no tokens
 */
export function encodeTexts(
  where: string,
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: EncodeOptions,
  truncation: boolean | number,
  limit: number,
): EncodedTexts {
  const most = typeof truncation === "number" ? Math.min(truncation, limit) : limit;
  const rows = texts.map((text, i) => {
    const ids = tokenizer.encode(text, options);
    const name = texts.length === 1 ? "the text" : `text ${i}`;
    if (ids.length === 0) throw new ModelError("invalid_input", `${where}: ${name} has no tokens.`);
    if (ids.length <= most) return { ids, cut: 0 };
    if (truncation === false) {
      throw new ModelError(
        "invalid_input",
        `${where}: ${name} has ${ids.length} tokens; this model takes at most ${limit}.`,
        "Split it into shorter parts, or pass truncation: true to leave out what does not fit.",
      );
    }
    const inner = tokenizer.encode(text, { ...options, add_special_tokens: false });
    return { ids: truncated(ids, inner, most, tokenizer.truncationSide), cut: ids.length - most };
  });
  return { input_ids: rows.map(({ ids }) => ids), truncated: rows.map(({ cut }) => cut) };
}

/** The special tokens around a text stay; what is cut is the text's, as in transformers (`truncation=True`). */
function truncated(
  ids: readonly number[],
  inner: readonly number[],
  length: number,
  side?: "left" | "right",
): number[] {
  const special = ids.length - inner.length;
  let before = 0;
  while (before < special && !inner.every((id, i) => ids[before + i] === id)) before++;
  const kept = Math.max(0, length - special);
  const part = side === "left" ? inner.slice(inner.length - kept) : inner.slice(0, kept);
  return [...ids.slice(0, before), ...part, ...ids.slice(before + inner.length)].slice(0, length);
}
