/** Pre-tokenizers of the tokenizers library (its `pre_tokenizers` module): text into the words that the model segments. */

import { quote } from "../../errors";
import { toByteCharacters } from "./byte-level";
import {
  booleanOf,
  characterOf,
  countOf,
  createPart,
  invalid,
  listOf,
  literally,
  patternOf,
  stringOf,
  type Component,
  type Table,
} from "./definition";
import { spans } from "./matches";
import { inUnicode16, PUNCTUATION, scriptOf, SPACE, WORD } from "./unicode";

/** A part of the text. `origin`: how many UTF-16 units at its start come from the first character of the whole text. */
export interface Piece {
  text: string;
  origin: number;
}

export type PreTokenize = (piece: Piece) => Piece[];

/** The piece from `start` to `end`, in UTF-16 units. */
export const cut = ({ text, origin }: Piece, start: number, end = text.length): Piece => ({
  text: text.slice(start, end),
  origin: Math.max(0, origin - start),
});

type Span = readonly [start: number, end: number, isMatch: boolean];
type Join = (spans: Iterable<Span>) => Span[];

/** Puts matches to what stands before them; `when` says where. */
const joining = (when: (isMatch: boolean, afterMatch: boolean) => boolean): Join => {
  return (given) => {
    const out: Span[] = [];
    let after = false;
    for (const [start, end, isMatch] of given) {
      const last = out.at(-1);
      if (last && when(isMatch, after)) {
        out[out.length - 1] = [Math.min(last[0], start), Math.max(last[1], end), isMatch];
      } else out.push([start, end, isMatch]);
      after = isMatch;
    }
    return out;
  };
};
const mergeFirst = joining((isMatch, after) => isMatch && !after);

/** What becomes of the matches of a pattern (`SplitDelimiterBehavior`). */
export const BEHAVIORS: Readonly<Record<string, Join>> = {
  Removed: (given) => [...given].filter(([, , isMatch]) => !isMatch),
  Isolated: (given) => [...given],
  MergedWithPrevious: mergeFirst,
  MergedWithNext: (given) => mergeFirst([...given].reverse()).reverse(),
  Contiguous: joining((isMatch, after) => isMatch === after),
};

function behaviorOf(value: unknown, part: string): string {
  const name = stringOf(value, `behavior of ${part}`);
  if (!Object.hasOwn(BEHAVIORS, name)) throw invalid(`the behavior ${quote(name)} of ${part} is unknown`);
  return name;
}

/** @param invert what the pattern does not match counts as the match */
function splitting(pattern: RegExp, behavior: string, invert = false): PreTokenize {
  const join = BEHAVIORS[behavior];
  return (piece) => {
    const out: Piece[] = [];
    const found = spans(piece.text, pattern);
    for (const [start, end] of join(invert ? inverted(found) : found))
      if (end > start) out.push(cut(piece, start, end));
    return out;
  };
}

function* inverted(given: Iterable<Span>): Generator<Span> {
  for (const [start, end, isMatch] of given) yield [start, end, !isMatch];
}

/** At every character of a class. */
const atClass = (inside: string, behavior: string): PreTokenize => splitting(new RegExp(inside, "gv"), behavior);

const chain =
  (steps: readonly PreTokenize[]): PreTokenize =>
  (piece) =>
    steps.reduce<Piece[]>((pieces, step) => pieces.flatMap(step), [piece]);

export const PRE_TOKENIZERS: Table<PreTokenize> = {
  BertPreTokenizer: () => chain([atClass(SPACE, "Removed"), atClass(PUNCTUATION, "Isolated")]),
  ByteLevel: byteLevel,
  CharDelimiterSplit: ({ delimiter }) =>
    splitting(patternOf({ String: characterOf(delimiter, "delimiter") }, "CharDelimiterSplit"), "Removed"),
  Digits: (given) => {
    const individual = booleanOf(given.individual_digits, "individual_digits of Digits", false);
    return atClass("\\p{N}", individual ? "Isolated" : "Contiguous");
  },
  FixedLength: fixedLength,
  Metaspace: metaspace,
  Punctuation: ({ behavior = "Isolated" }) => atClass(PUNCTUATION, behaviorOf(behavior, "Punctuation")),
  Sequence: ({ pretokenizers }) => chain(listOf(pretokenizers, "list of pre-tokenizers").map(createPreTokenize)),
  Split: (given) =>
    splitting(
      patternOf(given.pattern, "pre-tokenizer Split"),
      behaviorOf(given.behavior, "Split"),
      booleanOf(given.invert, "invert of Split", false),
    ),
  UnicodeScripts: () => unicodeScripts,
  // `\w+|[^\w\s]+`, and nothing else.
  Whitespace: () => splitting(new RegExp(`${WORD}+|[[^${SPACE}]--${WORD}]+`, "gv"), "Removed", true),
  WhitespaceSplit: () => atClass(SPACE, "Removed"),
};

export const createPreTokenize = (given: unknown): PreTokenize => createPart("pre-tokenizer", PRE_TOKENIZERS, given);

/** The piece with `start` in front, which comes from where its first character came from. */
const prepended = ({ text, origin }: Piece, start: string): Piece => ({
  text: start + text,
  origin: origin > 0 ? origin + start.length : 0,
});

/** Spaces become a visible character, which also begins the text and then each piece. */
function metaspace(given: Component): PreTokenize {
  const { prepend, replacement } = metaspaceOf(given);
  const isSplit = booleanOf(given.split, "split of Metaspace", true);
  const atReplacement = new RegExp(`(?=${literally(replacement)})`, "u");
  const replaced = (text: string) => text.replaceAll(" ", () => replacement);
  return (given) => {
    let piece: Piece = { text: replaced(given.text), origin: replaced(given.text.slice(0, given.origin)).length };
    const begins = prepend === "always" || (prepend === "first" && piece.origin > 0);
    if (begins && !piece.text.startsWith(replacement)) piece = prepended(piece, replacement);
    if (!isSplit) return [piece];
    let at = 0;
    return piece.text.split(atReplacement).map((text) => {
      const origin = Math.max(0, piece.origin - at);
      at += text.length;
      return { text, origin };
    });
  };
}

export function metaspaceOf(given: Component): { prepend: "always" | "first" | "never"; replacement: string } {
  const replacement = characterOf(given.replacement, "replacement of Metaspace");
  const prepend = given.add_prefix_space === false ? "never" : (given.prepend_scheme ?? "always");
  if (prepend !== "always" && prepend !== "first" && prepend !== "never") throw invalid("prepend_scheme is unknown");
  return { prepend, replacement };
}

/** GPT-2's words. */
const WORDS = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?${inUnicode16("\\p{L}")}+| ?${inUnicode16("\\p{N}")}+| ?[[^${SPACE}]--${inUnicode16("\\p{L}\\p{N}")}]+` +
    `|${SPACE}+(?!${SPACE.replace("p", "P")})|${SPACE}+`,
  "gv",
);

/** Words as bytes, each a printable character. */
function byteLevel(given: Component): PreTokenize {
  const prefix = booleanOf(given.add_prefix_space, "add_prefix_space of ByteLevel", true);
  const useRegex = booleanOf(given.use_regex, "use_regex of ByteLevel", true);
  const words = splitting(WORDS, "Isolated");
  return (given) => {
    const whole = prefix && !given.text.startsWith(" ") ? prepended(given, " ") : given;
    return (useRegex ? words(whole) : [whole]).map(({ text, origin }) => ({
      text: toByteCharacters(text),
      origin: origin === 0 ? 0 : toByteCharacters(text.slice(0, origin)).length,
    }));
  };
}

/** Pieces of `length` characters, the last one shorter. */
function fixedLength({ length = 5 }: Component): PreTokenize {
  if (countOf(length, "length of FixedLength") === 0) throw invalid("the length of FixedLength is 0");
  return (piece) => {
    const out: Piece[] = [];
    let [start, end, characters] = [0, 0, 0];
    for (const c of piece.text) {
      end += c.length;
      if (++characters % (length as number) > 0) continue;
      out.push(cut(piece, start, end));
      start = end;
    }
    return start < end ? [...out, cut(piece, start)] : out;
  };
}

/** Between characters of different scripts. What stands before the first character that has one is lost. */
function unicodeScripts(piece: Piece): Piece[] {
  const starts: number[] = [];
  let last = "";
  let at = 0;
  for (const c of piece.text) {
    const script = scriptOf(c);
    if (script !== "Any" && script !== last) {
      starts.push(at);
      last = script;
    }
    at += c.length;
  }
  return starts.map((start, i) => cut(piece, start, starts[i + 1]));
}
