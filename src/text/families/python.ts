/**
 * What transformers' tokenizers in Python share (`PreTrainedTokenizer`, tokenization_python.py): added tokens are cut out of
 * the text, the rest goes to the family's own `tokenize`. Marian, M2M100 and ByT5 are such.
 */

import { quote } from "../../errors";
import { addedToken, contentOf, invalidFile, type AddedToken, type Settings, type Token } from "../folder";
import { cleanUp } from "../tokenizer";
import { createPythonTrie } from "./python-trie";

export interface PythonFamily {
  /** Text without added tokens to tokens. */
  tokenize(text: string): string[];
  /** The id of a token that is not an added one. */
  id(token: string): number;
  token(id: number): string;
  /** Tokens to text; `special`: the special tokens, which may be among them. */
  join(tokens: string[], special: ReadonlySet<string>): string;
  /** How many tokens the vocabulary has: the next added one gets this id. */
  size: number;
  has(token: string): boolean;
}

export interface PythonTokenizer {
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
  const unk = contentOf(named.get("unk_token")!);
  const id = vocab.get(unk);
  if (id === undefined) throw invalidFile("vocab.json", `the unknown token ${quote(unk)} is missing`);
  return [unk, id];
}

/**
 * @param preset added tokens that the class brings along, by id
 * @param extra special tokens without a name
 */
export function createPython(
  family: PythonFamily,
  {
    settings,
    named,
    extra,
    preset = [],
  }: {
    settings: Settings;
    named: ReadonlyMap<string, Token>;
    extra: readonly Token[];
    preset?: readonly [number, AddedToken][];
  },
): PythonTokenizer {
  const added = new Map<number, AddedToken>([...preset, ...settings.added]);
  const ids = new Map([...added].map(([id, token]) => [token.content, id]));
  const special = new Set([...named.values(), ...extra].map(contentOf));
  // Special tokens that the vocabulary lacks come after it and after the added tokens that it lacks.
  let next = family.size + [...ids.keys()].filter((token) => !family.has(token)).length;
  for (const content of special) {
    if (content === "" || ids.has(content)) continue;
    const id = family.has(content) ? family.id(content) : next++;
    ids.set(content, id);
    added.set(id, addedToken(content, { special: true }));
  }
  // An added token that is special without being named counts as special, too, once it is added anew; those of the
  // files are not, and come out of decoding.
  const trie = createPythonTrie(ids.keys());
  const id = (token: string) => ids.get(token) ?? family.id(token);
  const token = (index: number) => added.get(index)?.content ?? family.token(index);
  const specialIds = new Set([...special].map(id));

  const tokenize = (text: string): string[] => {
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
  return {
    encode: (text) => tokenize(text).map(id),
    decode(given) {
      const text = family.join(given.filter((index) => !specialIds.has(index)).map(token), special);
      return settings.config.clean_up_tokenization_spaces === true ? cleanUp(text) : text;
    },
    token,
    id,
  };
}
