/** Classes of characters as Oniguruma has them, as text for regular expressions of JavaScript with the flag "v". */

import { inUnicode16, SPACE } from "./unicode";

/** Something that JavaScript cannot do, or that this file does not know. */
export class UntranslatablePattern extends Error {}

export function refuse(what: string): never {
  throw new UntranslatablePattern(what);
}

export const hex = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;
export const literal = (text: string): string => Array.from(text, (c) => hex(c.codePointAt(0)!)).join("");

export const WORD_IN_BRACKETS = inUnicode16("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}");
/** `\w` outside brackets: with the superscripts and fractions of Latin-1, which Oniguruma counts as letters there. */
export const WORD = `[${WORD_IN_BRACKETS}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]`;
const DIGIT = inUnicode16("\\p{Nd}");
const HEX = "[0-9A-Fa-f]";
/** By the letter of an escape. */
export const CLASSES: Readonly<Record<string, string>> = { s: `[${SPACE}]`, d: DIGIT, w: WORD, h: HEX };

/** Names of classes, in brackets or in `\p{…}`. U+0295 was a small letter until Unicode 17. */
export const NAMED: Readonly<Record<string, string>> = {
  alnum: inUnicode16("\\p{Alphabetic}\\p{Nd}"),
  alpha: inUnicode16("\\p{Alphabetic}"),
  blank: "[\\p{Zs}\\t]",
  cntrl: "\\p{Cc}",
  digit: DIGIT,
  lower: `[${inUnicode16("\\p{Lowercase}")}\\u{295}]`,
  punct: inUnicode16("\\p{P}"),
  space: `[${SPACE}]`,
  upper: inUnicode16("\\p{Uppercase}"),
  word: WORD,
  xdigit: HEX,
  ascii: "[\\u{0}-\\u{7f}]",
  any: "[^]",
  ll: `[${inUnicode16("\\p{Ll}")}\\u{295}]`,
  lo: `[${inUnicode16("\\p{Lo}")}--[\\u{295}]]`,
};

export const compiles = (pattern: string): boolean => {
  try {
    return Boolean(new RegExp(pattern, "v"));
  } catch {
    return false;
  }
};

/** A class by its name: POSIX, a general category, a script or a property of Unicode. */
export function named(name: string): string {
  const own = name.toLowerCase();
  if (Object.hasOwn(NAMED, own)) return NAMED[own];
  // Everything in no other category, unassigned code points included.
  if (name === "C" || name === "Other" || name === "Cn") refuse(`\\p{${name}}`);
  for (const property of [`\\p{${name}}`, `\\p{Script=${name}}`]) if (compiles(property)) return inUnicode16(property);
  return refuse(`\\p{${name}}`);
}

/** Letters that match another one where case is ignored, besides its own two forms. */
const FOLDED = [..."\u017f\u212a\u212b\u00c5\u00e5\u03d0\u03d1\u03c2\u1e9e\u00df\u2126"];

/** All forms of a character, as the inside of a class. */
export function anyCase(c: string): string {
  const same = new RegExp(`^${literal(c)}$`, "iv");
  const forms = [c, c.toLowerCase(), c.toUpperCase(), ...FOLDED];
  return [...new Set(forms)]
    .filter((form) => [...form].length === 1 && same.test(form))
    .map(literal)
    .join("");
}
