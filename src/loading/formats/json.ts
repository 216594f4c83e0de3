/**
 * `JSON.parse` for the headers and indices of weight files. Beyond it, this refuses what two programs may read differently:
 * a key twice in one object (Python takes the last value, the safetensors library refuses the file), and lone surrogates,
 * which have no UTF-8 form.
 */

import { quote, type ModelError } from "../../errors";
import { isFields, type Fields } from "../../util/fields";

/** All that matters of a text that `JSON.parse` accepts: escapes, quotes, brackets, colons and numbers. */
const TOKENS = /\\.|["{}[\]:]|[-\d][-+.\deE]*/g;
/** A valid header has 3 levels. */
const MAX_DEPTH = 8;

/**
 * @param invalid makes the error for a rule that the text breaks
 * @param integersOnly refuses numbers other than integers from 0 to 2^53 - 1, and integers written as 1.0 or 1e0
 * @returns the object that the text holds
 */
export function parseStrictJson(text: string, invalid: (rule: string) => ModelError, integersOnly = false): Fields {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw invalid(`is not valid JSON: ${(cause as Error).message}`);
  }
  if (!isFields(root)) throw invalid("is not a JSON object.");
  /** The keys of each object around the token; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let string = "";
  let start = -1; // of a string that has not ended
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === '"') {
      if (start >= 0) string = JSON.parse(text.slice(start, index + 1)) as string;
      if (start >= 0 && /\p{Surrogate}/u.test(string)) throw invalid(`has a lone surrogate in ${quote(string)}.`);
      start = start < 0 ? index : -1;
    } else if (start >= 0) {
      continue;
    } else if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw invalid(`is nested over ${MAX_DEPTH} levels deep.`);
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":") {
      const keys = open[open.length - 1];
      if (keys?.has(string)) throw invalid(`has the duplicate key ${quote(string)}.`);
      keys?.add(string);
    } else if (integersOnly && !(/^\d+$/.test(token) && Number.isSafeInteger(Number(token)))) {
      throw invalid(`has the number ${quote(token)}, which is not an integer from 0 to 2^53 - 1.`);
    }
  }
  return root;
}
