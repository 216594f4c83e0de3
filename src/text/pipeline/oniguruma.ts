/**
 * Regular expressions as tokenizer.json writes them, for JavaScript. The tokenizers library compiles them with Oniguruma,
 * whose syntax is Ruby's, with the tables of Unicode 16. What has no counterpart in JavaScript is refused, never guessed.
 */

import {
  anyCase,
  CLASSES,
  compiles,
  hex,
  known,
  literal,
  named,
  NAMED,
  UntranslatablePattern,
  WORD,
  WORD_IN_BRACKETS,
} from "./oniguruma-classes";

const START = "(?<![^])";
const END = "(?![^])";
const CONTROLS: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\x07",
  e: "\x1b",
};
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

/** @throws UntranslatablePattern */
export function translate(source: string): string {
  const input = [...source];
  let at = 0;
  let groups = 0;
  const fail = (what: string): never => {
    throw new UntranslatablePattern(what);
  };
  const ahead = (text: string): boolean => input.slice(at, at + [...text].length).join("") === text;
  const take = (text: string): boolean => {
    if (!ahead(text)) return false;
    at += [...text].length;
    return true;
  };
  const until = (end: string): string => {
    const stop = input.indexOf(end, at);
    if (stop < 0) fail(`no ${end}`);
    const text = input.slice(at, stop).join("");
    at = stop + 1;
    return text;
  };

  /** The character of an escape that stands for one, after the backslash; undefined where it is something else. */
  const escaped = (): string | undefined => {
    const c = input[at];
    const code = (pattern: RegExp, base: number): string | undefined => {
      const found = pattern.exec(input.slice(at).join(""));
      if (!found) return undefined;
      at += found[0].length;
      return String.fromCodePoint(parseInt(found[1], base));
    };
    if (c in CONTROLS) return (at++, CONTROLS[c]);
    if (c === "x") return code(/^x\{([0-9A-Fa-f]+)\}/, 16) ?? code(/^x([0-9A-Fa-f]{1,2})/, 16);
    if (c === "u") return code(/^u([0-9A-Fa-f]{4})/, 16);
    if (c === "0") return code(/^0([0-7]{0,2})/, 8) ?? "\0";
    return /[0-9A-Za-z]/.test(c) ? undefined : (at++, c);
  };

  /** A class by its letter: `\s`, `\P{Lu}`, after the backslash. */
  const byLetter = (inBrackets: boolean): string | undefined => {
    const c = input[at];
    const own = (set: string) => (inBrackets && set === WORD ? WORD_IN_BRACKETS : set);
    if (c === "p" || c === "P") {
      at++;
      if (!take("{")) fail("\\p");
      const name = until("}");
      const inverted = name.startsWith("^");
      const set = own(named(inverted ? name.slice(1) : name));
      return inverted === (c === "P") ? set : `[^${set}]`;
    }
    const set = CLASSES[c?.toLowerCase()];
    if (set) at++;
    return set && (c !== c.toLowerCase() ? `[^${own(set)}]` : own(set));
  };

  /** What stands between brackets, for the flag "v". */
  const bracket = (flags: Flags): string => {
    const inverted = take("^");
    const parts: string[] = [];
    let union = "";
    for (let first = true; first || !ahead("]"); first = false) {
      if (at >= input.length) fail("no ]");
      if (take("[:")) {
        const not = take("^");
        const name = until(":");
        if (!take("]") || !(name in NAMED)) fail(`[:${name}:]`);
        // In brackets, punctuation is symbols as well.
        const set = name === "punct" ? known("\\p{P}\\p{S}") : name === "word" ? WORD_IN_BRACKETS : named(name);
        union += not ? `[^${set}]` : set;
      } else if (take("[")) {
        union += bracket(flags);
      } else if (take("&&")) {
        parts.push(union);
        union = "";
      } else {
        union += range(flags);
      }
    }
    at++;
    const all = [...parts, union].map((part) => `[${part}]`).join("&&");
    return inverted ? `[^${all}]` : `[${all}]`;
  };

  /** A character, a range of them or an escape inside brackets. */
  const range = ({ ignoreCase }: Flags): string => {
    const one = (): string | undefined => (take("\\") ? escaped() : input[at++]);
    const low = one();
    if (low === undefined) return byLetter(true) ?? fail(`\\${input[at]} in brackets`);
    const isRange = ahead("-") && input[at + 1] !== "]" && input[at + 1] !== undefined;
    if (!isRange) return ignoreCase ? anyCase(low) : literal(low);
    at++;
    const high = one() ?? fail("a range up to a class");
    const [from, to] = [low.codePointAt(0)!, high.codePointAt(0)!];
    if (from > to) fail("a range that goes backwards");
    if (!ignoreCase) return `${hex(from)}-${hex(to)}`;
    if (to - from > 1000) fail("a long range without case");
    return Array.from({ length: to - from + 1 }, (_, i) => anyCase(String.fromCodePoint(from + i))).join("");
  };

  const alternatives = (given: Flags, nested: boolean): string => {
    let out = "";
    let run = "";
    let flags = given;
    while (at < input.length) {
      if (ahead(")")) {
        if (!nested) fail("a ) too many");
        break;
      }
      if (take("|")) {
        out += "|";
        run = "";
        continue;
      }
      if (flags.extended && (/\s/.test(input[at]) || input[at] === "#")) {
        if (input[at] === "#") while (at < input.length && input[at] !== "\n") at++;
        at++;
        continue;
      }
      // `(?i)` without a colon holds to the end of the group.
      const setting = /^\(\?([imx]*)(?:-([imx]+))?\)/.exec(input.slice(at, at + 12).join(""));
      if (setting) {
        at += setting[0].length;
        flags = withFlags(flags, setting[1], setting[2]);
        // Alternatives after it would belong to what it holds for.
        return `${out}(?:${alternatives(flags, nested)})`;
      }
      const from = at;
      const atom = readAtom(flags);
      run = at === from + 1 ? run + input[from] : "";
      if (flags.ignoreCase && JOINED.test(run)) fail(`"${run}" without case`);
      out += quantified(atom);
    }
    return out;
  };

  const withFlags = (flags: Flags, on = "", off = ""): Flags => ({
    ignoreCase: (flags.ignoreCase || on.includes("i")) && !off.includes("i"),
    dotAll: (flags.dotAll || on.includes("m")) && !off.includes("m"),
    extended: (flags.extended || on.includes("x")) && !off.includes("x"),
  });

  const group = (open: string, flags: Flags): string => {
    const inner = alternatives(flags, true);
    if (!take(")")) fail("no )");
    return `${open}${inner})`;
  };

  /** What is matched is never given back: a look-ahead keeps no other way to match. */
  const atomic = (inner: string): string => `(?=(?<atomic${groups}>${inner}))\\k<atomic${groups++}>`;

  const readAtom = (flags: Flags): string => {
    const c = input[at++];
    if (c === "[") return bracket(flags);
    if (c === ".") return flags.dotAll ? "[^]" : "[^\\n]";
    // Both hold at every line, but not after a line break that ends the text.
    if (c === "^") return `(?:${START}|(?<=\\n)(?=[^]))`;
    if (c === "$") return `(?=\\n|${END})`;
    if (c === "(") {
      if (!take("?")) return group("(?:", flags);
      if (take("#")) return (until(")"), "");
      for (const open of [":", "=", "!", "<=", "<!"]) if (take(open)) return group(`(?${open}`, flags);
      const name = /^<[A-Za-z_]\w*>/.exec(input.slice(at, at + 64).join(""));
      // Nothing refers to a group here, so its name says nothing.
      if (name) return ((at += name[0].length), group("(?:", flags));
      if (take(">")) return `(?:${atomic(group("(?:", flags))})`;
      const local = /^([imx]*)(?:-([imx]+))?:/.exec(input.slice(at, at + 10).join(""));
      if (!local) return fail(`(?${input[at]}`);
      at += local[0].length;
      return group("(?:", withFlags(flags, local[1], local[2]));
    }
    if ("*+?".includes(c)) fail(`nothing before ${c}`);
    if (c !== "\\") return flags.ignoreCase ? `[${anyCase(c)}]` : literal(c);
    if (input[at] in ANCHORS) return ANCHORS[input[at++]];
    const set = byLetter(false);
    if (set) return set;
    const one = escaped();
    if (one === undefined) return fail(`\\${input[at] ?? ""}`);
    return flags.ignoreCase ? `[${anyCase(one)}]` : literal(one);
  };

  /** The atom with the quantifiers that follow it; `a{2}{3}` is six of them. */
  const quantified = (atom: string): string => {
    for (let out = atom; ;) {
      const found = /^(?:[*+?]|\{(\d*)(,?)(\d*)\})/.exec(input.slice(at, at + 16).join(""));
      if (!found || found[0] === "{}" || found[0] === "{,}") return out;
      at += found[0].length;
      const [whole, low, comma, high] = found;
      const times = low === undefined ? whole : `{${low || "0"}${comma}${high}}`;
      out = `(?:${out})${times}`;
      if (take("?")) {
        // `{n}?` means something else in Ruby.
        if (low !== undefined && comma === "") fail(`${whole}?`);
        out += "?";
      } else if (low === undefined && take("+")) out = `(?:${atomic(out)})`;
      out = `(?:${out})`;
    }
  };

  const out = alternatives({ ignoreCase: false, dotAll: false, extended: false }, false);
  if (!compiles(out)) fail("a pattern that JavaScript refuses");
  return out;
}
