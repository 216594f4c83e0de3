/**
 * JSON as Python's `json` module writes it: NaN, Infinity and -Infinity stand as words where a number does. Newer
 * transformers writes them as `{"__float__": "NaN"}` (configuration_utils.py, `_encode_special_floats`).
 */

const TAG = "__float__";
const FLOATS: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

/** A text in quotes, which may hold such a word, or the word itself. */
const TEXT_OR_FLOAT = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** @throws SyntaxError as `JSON.parse` does */
export function parseJson(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const tagged = text.replace(TEXT_OR_FLOAT, (found) => (found[0] === '"' ? found : `{"${TAG}":"${found}"}`));
    if (tagged === text) throw error;
    parsed = JSON.parse(tagged);
    return withFloats(parsed);
  }
  return text.includes(`"${TAG}"`) ? withFloats(parsed) : parsed;
}

/** Numbers in the place of objects that stand for them. */
function withFloats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFloats);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [[name, word] = []] = entries;
  if (entries.length === 1 && name === TAG && typeof word === "string" && Object.hasOwn(FLOATS, word))
    return FLOATS[word];
  return Object.fromEntries(entries.map(([key, item]) => [key, withFloats(item)]));
}
