/** Escapes and bracket expressions of Oniguruma, for regular expressions of JavaScript with the flag "v". */

import { anyCase, CLASSES, hex, literal, NAMED, named, refuse, WORD, WORD_IN_BRACKETS } from "./oniguruma-classes";
import type { PatternCursor } from "./pattern-cursor";
import { inUnicode16 } from "./unicode";

const CONTROLS: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\x07",
  e: "\x1b",
};

/** The character that an escape stands for, after the backslash; undefined where it is not an escape of one character. */
export function escapedCharacter(pattern: PatternCursor): string | undefined {
  const c = pattern.peek();
  if (c === undefined) return undefined;
  const byCode = (expression: RegExp, base: number): string | undefined => {
    const found = pattern.match(expression);
    const code = found && parseInt(found[1], base);
    if (code !== undefined && code > 0x10ffff) refuse("a code point after U+10FFFF");
    return code === undefined ? undefined : String.fromCodePoint(code);
  };
  if (c === "x") return byCode(/^x\{([0-9A-Fa-f]+)\}/, 16) ?? byCode(/^x([0-9A-Fa-f]{1,2})/, 16);
  if (c === "u") return byCode(/^u([0-9A-Fa-f]{4})/, 16);
  if (c === "0") return byCode(/^(0[0-7]{0,2})/, 8);
  const character = CONTROLS[c] ?? (/[0-9A-Za-z]/.test(c) ? undefined : c);
  if (character !== undefined) pattern.next();
  return character;
}

/** The class that an escape stands for, after the backslash: `\s`, `\P{Lu}`; undefined where it is not that of a class. */
export function escapedClass(pattern: PatternCursor, inBrackets: boolean): string | undefined {
  const c = pattern.peek();
  if (c === undefined) return undefined;
  const own = (set: string): string => (inBrackets && set === WORD ? WORD_IN_BRACKETS : set);
  if (c === "p" || c === "P") {
    pattern.next();
    if (!pattern.take("{")) refuse("\\p");
    const name = pattern.until("}");
    const inverted = name.startsWith("^");
    const set = own(named(inverted ? name.slice(1) : name));
    return inverted === (c === "P") ? set : `[^${set}]`;
  }
  const set = CLASSES[c.toLowerCase()];
  if (!set) return undefined;
  pattern.next();
  return c === c.toLowerCase() ? own(set) : `[^${own(set)}]`;
}

/** A bracket expression, after its "[". */
export function bracketExpression(pattern: PatternCursor, ignoreCase: boolean): string {
  const inverted = pattern.take("^");
  const intersected: string[] = [];
  let union = "";
  for (let first = true; first || !pattern.isAt("]"); first = false) {
    if (pattern.atEnd) refuse("no ]");
    if (pattern.take("[:")) union += posixClass(pattern);
    else if (pattern.take("[")) union += bracketExpression(pattern, ignoreCase);
    else if (pattern.take("&&")) {
      intersected.push(union);
      union = "";
    } else union += range(pattern, ignoreCase);
  }
  pattern.next();
  const all = [...intersected, union].map((part) => `[${part}]`).join("&&");
  return inverted ? `[^${all}]` : `[${all}]`;
}

/** `[:alpha:]` or `[:^alpha:]`, after its "[:". */
function posixClass(pattern: PatternCursor): string {
  const inverted = pattern.take("^");
  const name = pattern.until(":");
  if (!pattern.take("]") || !Object.hasOwn(NAMED, name)) refuse(`[:${name}:]`);
  // In brackets, punctuation is symbols as well.
  const set = name === "punct" ? inUnicode16("\\p{P}\\p{S}") : name === "word" ? WORD_IN_BRACKETS : named(name);
  return inverted ? `[^${set}]` : set;
}

/** A character, a range of them, or an escape inside brackets. */
function range(pattern: PatternCursor, ignoreCase: boolean): string {
  const one = (): string | undefined => (pattern.take("\\") ? escapedCharacter(pattern) : pattern.next());
  const low = one();
  if (low === undefined) return escapedClass(pattern, true) ?? refuse(`\\${pattern.peek()} in brackets`);
  const isRange = pattern.isAt("-") && pattern.peek(1) !== "]" && pattern.peek(1) !== undefined;
  if (!isRange) return ignoreCase ? anyCase(low) : literal(low);
  pattern.next();
  const high = one() ?? refuse("a range up to a class");
  const [from, to] = [low.codePointAt(0)!, high.codePointAt(0)!];
  if (from > to) refuse("a range that goes backwards");
  if (!ignoreCase) return `${hex(from)}-${hex(to)}`;
  if (to - from > 1000) refuse("a long range without case");
  return Array.from({ length: to - from + 1 }, (_, i) => anyCase(String.fromCodePoint(from + i))).join("");
}
