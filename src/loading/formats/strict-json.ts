/**
 * JSON as file headers and indices use it. Unlike `JSON.parse` it refuses duplicate keys, which two programs would read
 * differently, and no key can meet a prototype because objects become Maps.
 */

import { quote, type ModelError } from "../../errors";

export type Json = string | number | boolean | null | Json[] | Map<string, Json>;

export interface StrictJsonOptions {
  /** Any JSON number, `true`, `false` and `null`, too; else integers from 0 to 2^53 - 1, written without exponent. */
  anyValue?: boolean;
  /** Keys of the outermost object whose value may be `null`. */
  nullKeys?: readonly string[];
}

/**
 * @param error makes the error of a rule that is broken at a character
 * @returns the object that the text holds
 */
export function parseStrictJson(
  text: string,
  error: (at: number, rule: string) => ModelError,
  { anyValue = false, nullKeys = [] }: StrictJsonOptions = {},
): Map<string, Json> {
  let at = 0;

  function skipSpace(): string {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
    return text[at] ?? "the end";
  }

  function expect(character: string): void {
    const found = skipSpace();
    if (found !== character) throw error(at, `${quote(found)} where ${character} is needed.`);
    at++;
  }

  /** The comma-separated items up to `close`; the opening bracket has been read. */
  function items(close: string, item: () => void): void {
    if (skipSpace() !== close) {
      item();
      while (skipSpace() === ",") {
        at++;
        item();
      }
    }
    expect(close);
  }

  function string(): string {
    expect('"');
    const start = at - 1;
    while (text[at] !== '"') {
      if (at >= text.length) throw error(start, "a string without end.");
      at += text[at] === "\\" ? 2 : 1;
    }
    at++;
    let value: string;
    try {
      value = JSON.parse(text.slice(start, at)) as string; // knows the escapes and forbids raw control characters
    } catch {
      throw error(start, "a string with a bad escape or a control character.");
    }
    // Lone surrogates have no UTF-8 form, so two readers may disagree on such a name.
    if (/\p{Surrogate}/u.test(value)) throw error(start, "a string with a lone surrogate.");
    return value;
  }

  function integer(): number {
    const start = at;
    while (text[at] >= "0" && text[at] <= "9") at++;
    const digits = text.slice(start, at);
    if (digits.length > 1 && digits[0] === "0") throw error(start, "a number with a leading zero.");
    if (digits.length > 16 || !Number.isSafeInteger(Number(digits))) throw error(start, "a number over 2^53 - 1.");
    if (/[.eE]/.test(text[at] ?? "")) throw error(start, "a number that is not written as an integer.");
    return Number(digits);
  }

  /** `true`, `false`, `null` or a number of any form. */
  function scalar(): Json {
    const start = at;
    while (/[-+.\w]/.test(text[at] ?? "")) at++;
    try {
      return JSON.parse(text.slice(start, at)) as Json;
    } catch {
      throw error(start, `${quote(text.slice(start, at + 1))} where a value is needed.`);
    }
  }

  /** Reads a `null`, where one is next. */
  function isNull(): boolean {
    skipSpace();
    const found = text.startsWith("null", at);
    if (found) at += 4;
    return found;
  }

  function value(depth: number): Json {
    const first = skipSpace();
    if (depth > 8) throw error(at, "nested over 8 levels deep."); // valid headers need 3
    if (first === "{") return object(depth);
    if (first === '"') return string();
    if (first !== "[" && anyValue) return scalar();
    if (/^[0-9]$/.test(first)) return integer();
    if (first !== "[") throw error(at, `${quote(first)} where a string, integer, array or object is needed.`);
    at++;
    const array: Json[] = [];
    items("]", () => array.push(value(depth + 1)));
    return array;
  }

  function object(depth: number): Map<string, Json> {
    expect("{");
    const map = new Map<string, Json>();
    items("}", () => {
      const key = string();
      if (map.has(key)) throw error(at, `duplicate key ${quote(key)}.`);
      expect(":");
      map.set(key, depth === 1 && nullKeys.includes(key) && isNull() ? null : value(depth + 1));
    });
    return map;
  }

  const root = object(1);
  skipSpace();
  if (at < text.length) throw error(at, "text after the end of the header's object.");
  return root;
}
