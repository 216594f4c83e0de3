/**
 * Regular expressions as tokenizer.json writes them, for JavaScript. The tokenizers library compiles them with Oniguruma,
 * whose syntax is Ruby's, with the tables of Unicode 16. What has no counterpart in JavaScript is refused, never guessed.
 */

import { bracketExpression, escapedCharacter, escapedClass } from "./oniguruma-brackets";
import { anyCase, compiles, literal, refuse, WORD } from "./oniguruma-classes";
import { PatternCursor } from "./pattern-cursor";

const START = "(?<![^])";
const END = "(?![^])";
const ANCHORS: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: `(?=\\n?${END})`,
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
  R: `(?:\\r\\n|[\\n-\\r\\u{85}\\u{2028}\\u{2029}])`,
};

/** Letters that together equal a single one where case is ignored: "ss" would match "\u00df". */
const JOINED = /ss|f[fil]|st/i;

interface Flags {
  ignoreCase: boolean;
  dotAll: boolean;
  extended: boolean;
}

const withFlags = (flags: Flags, on = "", off = ""): Flags => ({
  ignoreCase: (flags.ignoreCase || on.includes("i")) && !off.includes("i"),
  dotAll: (flags.dotAll || on.includes("m")) && !off.includes("m"),
  extended: (flags.extended || on.includes("x")) && !off.includes("x"),
});

/**
 * @param source a pattern of Oniguruma
 * @returns the source of a regular expression with the flag "v"
 * @throws UntranslatablePattern
 */
export function translate(source: string): string {
  const flags = { ignoreCase: false, dotAll: false, extended: false };
  const out = new Translation(new PatternCursor(source)).alternatives(flags, false);
  if (!compiles(out)) refuse("a pattern that JavaScript refuses");
  return out;
}

/** A recursive descent through a pattern: alternatives of atoms, each with its quantifiers. */
class Translation {
  private atomicGroups = 0;

  constructor(private readonly pattern: PatternCursor) {}

  /** Up to the end of the group, or of the pattern. */
  alternatives(given: Flags, nested: boolean): string {
    const { pattern } = this;
    let out = "";
    /** The last characters that stand for themselves. */
    let run = "";
    let flags = given;
    while (!pattern.atEnd) {
      if (pattern.isAt(")")) {
        if (!nested) refuse("a ) too many");
        break;
      }
      if (pattern.take("|")) {
        out += "|";
        run = "";
        continue;
      }
      if (flags.extended && this.skipSpaceOrComment()) continue;
      // `(?i)` without a colon holds to the end of the group.
      const setting = pattern.match(/^\(\?([imx]*)(?:-([imx]+))?\)/, 12);
      if (setting) {
        flags = withFlags(flags, setting[1], setting[2]);
        // Alternatives after it would belong to what it holds for.
        return `${out}(?:${this.alternatives(flags, nested)})`;
      }
      const start = pattern.position;
      const first = pattern.peek();
      const atom = this.atom(flags);
      run = pattern.position === start + 1 ? run + first : "";
      if (flags.ignoreCase && JOINED.test(run)) refuse(`"${run}" without case`);
      out += this.quantified(atom);
    }
    return out;
  }

  private skipSpaceOrComment(): boolean {
    const { pattern } = this;
    const isComment = pattern.isAt("#");
    if (!isComment && !/\s/.test(pattern.peek() ?? "")) return false;
    if (isComment) while (!pattern.atEnd && !pattern.isAt("\n")) pattern.next();
    pattern.next();
    return true;
  }

  private atom(flags: Flags): string {
    const { pattern } = this;
    const one = (character: string): string => (flags.ignoreCase ? `[${anyCase(character)}]` : literal(character));
    const c = pattern.next() ?? "";
    if (c === "[") return bracketExpression(pattern, flags.ignoreCase);
    if (c === ".") return flags.dotAll ? "[^]" : "[^\\n]";
    // Both hold at every line, but not after a line break that ends the text.
    if (c === "^") return `(?:${START}|(?<=\\n)(?=[^]))`;
    if (c === "$") return `(?=\\n|${END})`;
    if (c === "(") return this.parenthesis(flags);
    if ("*+?".includes(c)) refuse(`nothing before ${c}`);
    if (c !== "\\") return one(c);
    const anchor = ANCHORS[pattern.peek() ?? ""];
    if (anchor) {
      pattern.next();
      return anchor;
    }
    const set = escapedClass(pattern, false);
    return set ?? one(escapedCharacter(pattern) ?? refuse(`\\${pattern.peek() ?? ""}`));
  }

  /** A group, a look around or a comment, after its "(". */
  private parenthesis(flags: Flags): string {
    const { pattern } = this;
    if (!pattern.take("?")) return this.group("(?:", flags);
    if (pattern.take("#")) {
      pattern.until(")");
      return "";
    }
    for (const open of [":", "=", "!", "<=", "<!"]) if (pattern.take(open)) return this.group(`(?${open}`, flags);
    // Nothing refers to a group here, so its name says nothing.
    if (pattern.match(/^<[A-Za-z_]\w*>/, 64)) return this.group("(?:", flags);
    if (pattern.take(">")) return `(?:${this.atomic(this.group("(?:", flags))})`;
    const local = pattern.match(/^([imx]*)(?:-([imx]+))?:/, 10) ?? refuse(`(?${pattern.peek()}`);
    return this.group("(?:", withFlags(flags, local[1], local[2]));
  }

  private group(open: string, flags: Flags): string {
    const inner = this.alternatives(flags, true);
    if (!this.pattern.take(")")) refuse("no )");
    return `${open}${inner})`;
  }

  /** What is matched is never given back: a look-ahead keeps no other way to match. */
  private atomic(inner: string): string {
    const name = `atomic${this.atomicGroups++}`;
    return `(?=(?<${name}>${inner}))\\k<${name}>`;
  }

  /** The atom with the quantifiers that follow it; `a{2}{3}` is six of them. */
  private quantified(atom: string): string {
    const { pattern } = this;
    for (let out = atom; ;) {
      const found = pattern.match(/^(?:[*+?]|\{(?=\d|,\d)(\d*)(,?)(\d*)\})/, 16);
      if (!found) return out;
      const [whole, low, comma, high] = found;
      const times = low === undefined ? whole : `{${low || "0"}${comma}${high}}`;
      out = `(?:${out})${times}`;
      if (pattern.take("?")) {
        // `{n}?` means something else in Ruby.
        if (low !== undefined && comma === "") refuse(`${whole}?`);
        out += "?";
      } else if (low === undefined && pattern.take("+")) out = `(?:${this.atomic(out)})`;
      out = `(?:${out})`;
    }
  }
}
