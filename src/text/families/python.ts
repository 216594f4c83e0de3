/**
 * What transformers' tokenizers in Python share (`PreTrainedTokenizer`, tokenization_python.py): added tokens are cut out of
 * the text, the rest goes to the family's own `tokenize`. Marian, M2M100 and ByT5 are such.
 */

import { quote } from "../../errors";
import { addedToken, contentOf, invalidFile, namedText, type AddedToken, type Settings, type Token } from "../folder";
import { cleanUp, UNCLEANED } from "../tokenizer";
import { createPythonTrie } from "./python-trie";

export interface PythonFamily {
  /** Text without added tokens to tokens. */
  tokenize(text: string): string[];
  /** The id of a token of the vocabulary. Not called for added tokens. */
  id(token: string): number;
  token(id: number): string;
  /** Tokens to text; `special`: the special tokens, `added`: the added ones. Both may be among them. */
  join(tokens: string[], special: ReadonlySet<string>, added: ReadonlyMap<string, number>): string;
  /** How many tokens the vocabulary has: the next added one gets this id. */
  size: number;
  has(token: string): boolean;
}

export interface PythonTokenizer {
  unsettled?: RegExp;
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  token(id: number): string;
  id(token: string): number;
}

/** What Python's `str.strip` takes off. */
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const spaceAtStart = new RegExp(`^${SPACE}+`);
const isSpace = new RegExp(SPACE);

/** Python's `str.strip`, a side at a time or both. */
export const strip = (text: string): string => stripEnd(stripStart(text));
const stripStart = (text: string): string => text.replace(spaceAtStart, "");
function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace.test(text[end - 1])) end--;
  return text.slice(0, end);
}

/** For families whose text is decoded in one piece between special tokens; these stand as they are, with `after` them. */
export function joinRuns(
  tokens: readonly string[],
  special: ReadonlySet<string>,
  decode: (run: string[]) => string,
  after = "",
): string {
  let out = "";
  let run: string[] = [];
  for (const token of tokens) {
    if (special.has(token)) {
      out += decode(run) + token + after;
      run = [];
    } else run.push(token);
  }
  return out + decode(run);
}

/** The unknown token and its id. */
export function unknownOf(vocab: ReadonlyMap<string, number>, named: ReadonlyMap<string, Token>): [string, number] {
  const unk = namedText(named, "unk_token");
  const id = vocab.get(unk);
  if (id === undefined) throw invalidFile("vocab.json", `the unknown token ${quote(unk)} is missing`);
  return [unk, id];
}

interface Tokens {
  settings: Settings;
  named: ReadonlyMap<string, Token>;
  /** Special tokens without a name. */
  extra: readonly Token[];
}

/**
 * The added tokens by id: those of the files, then the special tokens that are not among them. One that the vocabulary
 * lacks comes after it and after the added tokens that it lacks.
 */
function numbered(family: PythonFamily, given: Iterable<[number, AddedToken]>, special: ReadonlySet<string>) {
  const added = new Map(given);
  const known = new Set([...added.values()].map(({ content }) => content));
  let next = family.size + [...known].filter((token) => !family.has(token)).length;
  for (const content of special) {
    if (content === "" || known.has(content)) continue;
    added.set(family.has(content) ? family.id(content) : next++, addedToken(content, { special: true }));
  }
  return added;
}

/**
 * @param preset added tokens that the class brings along, by id
 * @param added all added tokens by id, where the family numbers them in its own way
 */
export function createPython(
  family: PythonFamily,
  tokens: Tokens & { preset?: readonly [number, AddedToken][]; added?: ReadonlyMap<number, AddedToken> },
): PythonTokenizer {
  const { settings, named, extra, preset = [] } = tokens;
  const special = new Set([...named.values(), ...extra].map(contentOf));
  const added = tokens.added ?? numbered(family, [...preset, ...settings.added], special);
  const ids = new Map([...added].map(([id, token]) => [token.content, id]));
  // An added token that is special without being named counts as special, too, once it is added anew; those of the
  // files are not, and come out of decoding.
  const trie = createPythonTrie(new Set([...ids.keys(), ...special]));
  const id = (token: string) => ids.get(token) ?? family.id(token);
  const token = (index: number) => added.get(index)?.content ?? family.token(index);
  const specialIds = new Set([...special].map(id));

  const tokenize = (text: string): string[] => {
    // Then no added token counts in a text, special or not (unlike in the tokenizers library).
    if (settings.config.split_special_tokens === true) return family.tokenize(text);
    const parts = trie.split(text);
    for (let i = 0; i < parts.length; i++) {
      const found = ids.has(parts[i]) ? added.get(ids.get(parts[i])!) : undefined;
      if (!found) continue;
      const [left, right] = [parts[i - 1], parts[i + 1]];
      if (found.rstrip && right) parts[i + 1] = stripStart(right);
      if (found.lstrip && left) parts[i - 1] = stripEnd(left);
      if (!found.singleWord) continue;
      if (left && !left.endsWith(" ")) {
        parts[i - 1] += parts[i];
        parts[i] = "";
      } else if (right && !right.startsWith(" ")) {
        parts[i + 1] = parts[i] + parts[i + 1];
        parts[i] = "";
      }
    }
    return parts.flatMap((part) => {
      if (part === "") return [];
      return ids.has(part) || special.has(part) ? [part] : family.tokenize(part);
    });
  };
  const clean = settings.config.clean_up_tokenization_spaces === true;
  return {
    unsettled: clean ? UNCLEANED : undefined,
    encode: (text) => tokenize(text).map(id),
    decode(given) {
      const text = family.join(given.filter((index) => !specialIds.has(index)).map(token), special, ids);
      return clean ? cleanUp(text) : text;
    },
    token,
    id,
  };
}
