/**
 * Blenderbot-small (tokenization_blenderbot_small.py): lower case, and BPE of the words between spaces and punctuation. A
 * token that does not end its word has "@@" after it. Nothing comes around a text.
 */

import { wellFormed } from "../bytes";
import { namedTokens, readSettings, required, unnamedTokens, type Fields, type Folder } from "../folder";
import { checkedEncodeOptions, checkedText, UNCLEANED, type Tokenizer } from "../tokenizer";
import { readVocabulary } from "./model-json";
import { createPython, strip, unknownOf } from "./python";

const KIND = "Blenderbot-small tokenizer";

export async function createBlenderbotSmall(folder: Folder, config: Fields): Promise<Tokenizer> {
  const vocab = readVocabulary(await required(folder.json("vocab.json"), "vocab.json", KIND), "vocab.json");
  const split = createBpe(readRanks(await required(folder.text("merges.txt"), "merges.txt", KIND)));
  const decoder = new Map([...vocab].map(([token, id]) => [id, token]));
  const settings = await readSettings(folder, config);
  const named = namedTokens(settings, {
    bos_token: "__start__",
    eos_token: "__end__",
    unk_token: "__unk__",
    pad_token: "__null__",
  });
  const [unk, unkId] = unknownOf(vocab, named);
  const python = createPython(
    {
      size: vocab.size,
      has: (token) => vocab.has(token),
      id: (token) => vocab.get(token.toLowerCase()) ?? unkId,
      token: (id) => decoder.get(id) ?? unk,
      tokenize: (text) => text.match(/\P{White_Space}+\n?/gu)?.flatMap((part) => wordsOf(part).flatMap(split)) ?? [],
      join: (tokens) => strip(tokens.join(" ").replaceAll("@@ ", "")),
    },
    { settings, named, extra: unnamedTokens(settings) },
  );
  return {
    encode(text, options) {
      checkedEncodeOptions(options);
      return python.encode(wellFormed(checkedText(text)));
    },
    decode: (ids) => python.decode(ids),
    token: (id) => python.token(id),
    unsettled: new RegExp(`(?:@@${python.unsettled ? `|${UNCLEANED.source}` : ""})$`),
  };
}

/** Punctuation begins a word, an apostrophe is one, and so is a line's end. */
function wordsOf(part: string): string[] {
  return part
    .replace(/[.,!?()]/g, " $&")
    .replaceAll("'", " ' ")
    .replace(/\p{White_Space}{2,}/gu, " ")
    .replaceAll("\n", " __newln__")
    .split(" ")
    .filter(Boolean)
    .map((word) => word.toLowerCase());
}

/** The first line is a comment, what comes after the last line's end is dropped. */
function readRanks(merges: string): Map<string, number> {
  const lines = merges.split(/\r\n|\r|\n/).slice(1, -1);
  return new Map(
    lines.map((line, rank) => [
      line
        .trim()
        .split(/\p{White_Space}+/u)
        .join(" "),
      rank,
    ]),
  );
}

/** The pair of lowest rank is merged wherever it stands, again and again. */
function createBpe(ranks: ReadonlyMap<string, number>): (word: string) => string[] {
  const known = new Map<string, string[]>();
  const merge = (word: string): string[] => {
    let symbols = [...word];
    if (symbols.length === 1) return symbols;
    symbols[symbols.length - 1] += "</w>";
    while (symbols.length > 1) {
      let [best, at] = [Infinity, -1];
      for (let i = 0; i + 1 < symbols.length; i++) {
        const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`) ?? Infinity;
        if (rank < best) [best, at] = [rank, i];
      }
      if (at < 0) break;
      symbols = mergeEach(symbols, symbols[at], symbols[at + 1]);
    }
    return symbols.map((symbol, i) => (i === symbols.length - 1 ? symbol.slice(0, -"</w>".length) : `${symbol}@@`));
  };
  return (word) => {
    let tokens = known.get(word);
    if (tokens) return tokens;
    tokens = merge(word);
    if (known.size < CACHE_WORDS) known.set(word, tokens);
    return tokens;
  };
}

/** So many words are remembered with their tokens. */
const CACHE_WORDS = 10_000;

function mergeEach(symbols: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const found = symbols[i] === left && symbols[i + 1] === right;
    out.push(found ? left + right : symbols[i]);
    if (found) i++;
  }
  return out;
}
