/** The models of the tokenizers library (its `models` module): a word to ids. */

import { quote } from "../../errors";
import { byteToken, fromUtf8, utf8 } from "../bytes";
import { Heap } from "../../util/heap";
import { Trie } from "../trie";
import { bestSegmentation } from "../viterbi";
import {
  invalid,
  type BpeDefinition,
  type ModelDefinition,
  type UnigramDefinition,
  type Vocabulary,
  type WordLevelDefinition,
  type WordPieceDefinition,
} from "./definition";

export interface Model {
  encode(word: string): number[];
  id(token: string): number | undefined;
  /** The token of an id. */
  token(id: number): string | undefined;
  /** Ids from here on are free. */
  size: number;
}

const UNK_PENALTY = 10;
/** Words are remembered with their ids, as many as this, up to this length. */
const CACHE_WORDS = 10_000;
const CACHE_LENGTH = 256;

/** What makes a model of each `type`. */
export const MODELS: { [T in ModelDefinition["type"]]: (definition: ModelDefinition & { type: T }) => Model } = {
  BPE: bpe,
  Unigram: unigram,
  WordLevel: wordLevel,
  WordPiece: wordPiece,
};

export function createModel(definition: ModelDefinition): Model {
  const model = (MODELS[definition.type] as (given: ModelDefinition) => Model)(definition);
  const cache = new Map<string, number[]>();
  return {
    ...model,
    encode(word) {
      const known = cache.get(word);
      if (known) return known;
      const ids = model.encode(word);
      if (word.length < CACHE_LENGTH && cache.size < CACHE_WORDS) cache.set(word, ids);
      return ids;
    },
  };
}

/** `Unigram::tokenize` of models/unigram/model.rs. */
function unigram({ vocab, unkId, byteFallback }: UnigramDefinition): Model {
  if (vocab.length === 0) throw invalid("model.vocab is empty");
  if (unkId !== undefined && !(unkId >= 0 && unkId < vocab.length)) throw invalid(`model.unk_id is ${unkId}`);
  const ids = new Map<string, number>();
  const scores = new Float64Array(vocab.length);
  const trie = new Trie();
  let least = Infinity;
  vocab.forEach(([token, score], id) => {
    ids.set(token, id);
    scores[id] = score;
    if (token !== "") trie.addText(token, id);
    least = Math.min(least, score);
  });
  const byteIds = idsOfBytes((token) => ids.get(token));
  const table = { trie, scores, unkId: unkId ?? -1, unkScore: least - UNK_PENALTY, precision: "float64" as const };

  return {
    size: vocab.length,
    id: (token) => ids.get(token),
    token: (id) => vocab[id]?.[0],
    encode(word) {
      const out: number[] = [];
      // A run of unknown characters is one token, or its bytes.
      let start = -1;
      const endRun = (end: number): void => {
        if (start < 0) return;
        const run = word.slice(start, end);
        start = -1;
        const known = ids.get(run);
        const bytes = byteFallback ? Array.from(utf8(run), (byte) => byteIds[byte]) : [undefined];
        if (known !== undefined) out.push(known);
        else if (!bytes.includes(undefined)) for (const id of bytes as number[]) out.push(id);
        else out.push(unkId!);
      };
      for (const segment of bestSegmentation(word, table)) {
        if (segment.id === table.unkId) {
          if (unkId === undefined) throw invalid("a character is unknown and there is no model.unk_id");
          if (start < 0) start = segment.start;
          continue;
        }
        endRun(segment.start);
        out.push(segment.id);
      }
      endRun(word.length);
      return out;
    },
  };
}

interface Merge {
  at: number;
  rank: number;
  id: number;
}

/** Ids and tokens of a vocabulary that is a map. */
function lookUp(vocab: Vocabulary): Omit<Model, "encode"> {
  const tokens = new Map<number, string>();
  for (const [token, id] of vocab) tokens.set(id, token);
  return { size: vocab.size, id: (token) => vocab.get(token), token: (id) => tokens.get(id) };
}

const idsOfBytes = (id: (token: string) => number | undefined): (number | undefined)[] =>
  Array.from({ length: 256 }, (_, byte) => id(byteToken(byte)));

function idOfUnknown(vocab: Vocabulary, token: string): number {
  const id = vocab.get(token);
  if (id === undefined) throw invalid(`the unknown token ${quote(token)} is not in the vocabulary`);
  return id;
}

/** Words of the vocabulary; others are unknown. */
function wordLevel({ vocab, unkToken }: WordLevelDefinition): Model {
  return { ...lookUp(vocab), encode: (word) => [vocab.get(word) ?? idOfUnknown(vocab, unkToken)] };
}

/** The longest piece, again and again; a word that has a rest is unknown as a whole (`WordPiece::tokenize`). */
function wordPiece(definition: WordPieceDefinition): Model {
  const { vocab, unkToken, continuingSubwordPrefix: prefix, maxInputCharsPerWord } = definition;
  return {
    ...lookUp(vocab),
    encode(word) {
      const characters = [...word];
      const ids: number[] = [];
      const unknown = () => [idOfUnknown(vocab, unkToken)];
      if (characters.length > maxInputCharsPerWord) return unknown();
      for (let start = 0; start < characters.length;) {
        let end = characters.length;
        let id: number | undefined;
        for (; end > start && id === undefined; end--) {
          id = vocab.get((start > 0 ? prefix : "") + characters.slice(start, end).join(""));
        }
        if (id === undefined) return unknown();
        ids.push(id);
        start = end + 1;
      }
      return ids;
    },
  };
}

/** `BPE::merge_word` and `Word::merge_all` of models/bpe. */
function bpe(definition: BpeDefinition): Model {
  const { vocab, merges, unkToken, fuseUnk, byteFallback, ignoreMerges } = definition;
  const { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "" } = definition;
  // Pairs of ids as one number: 2^26 tokens are more than there will be.
  const key = (left: number, right: number) => left * 0x4000000 + right;
  const table = new Map<number, { rank: number; id: number }>();
  merges.forEach(([left, right], rank) => {
    // As many bytes as the prefix has are taken off, whatever they are.
    const rest = right.startsWith(prefix) ? right.slice(prefix.length) : fromUtf8(utf8(right).subarray(prefix.length));
    const [a, b, merged] = [left, right, left + rest].map((token) => vocab.get(token));
    if (a === undefined || b === undefined || merged === undefined) {
      throw invalid(`the merge ${quote([left, right])} is not of tokens in the vocabulary`);
    }
    table.set(key(a, b), { rank, id: merged });
  });
  const unkId = unkToken === undefined ? undefined : vocab.get(unkToken);
  const byteIds = idsOfBytes((token) => vocab.get(token));

  const symbols = (word: string): number[] => {
    const out: number[] = [];
    let pending = false;
    let at = 0;
    for (const character of word) {
      const isFirst = at === 0;
      at += character.length;
      const symbol = (isFirst ? "" : prefix) + character + (at === word.length ? suffix : "");
      const id = vocab.get(symbol);
      if (id !== undefined) {
        if (pending) out.push(unkId!);
        pending = false;
        out.push(id);
        continue;
      }
      if (byteFallback) {
        const bytes = Array.from(utf8(symbol), (byte) => byteIds[byte]);
        if (!bytes.includes(undefined)) {
          for (const byte of bytes as number[]) out.push(byte);
          continue;
        }
      }
      if (unkToken === undefined) continue;
      if (unkId === undefined) idOfUnknown(vocab, unkToken);
      if (pending && !fuseUnk) out.push(unkId!);
      pending = true;
    }
    if (pending) out.push(unkId!);
    return out;
  };

  return {
    ...lookUp(vocab),
    encode(word) {
      const whole = ignoreMerges ? vocab.get(word) : undefined;
      return whole === undefined ? mergeAll(symbols(word), (a, b) => table.get(key(a, b))) : [whole];
    },
  };
}

/** Merges the best pair again and again, the leftmost of equals first; `ids` is used up. */
function mergeAll(
  ids: number[],
  find: (left: number, right: number) => { rank: number; id: number } | undefined,
): number[] {
  const next = ids.map((_, i) => (i + 1 < ids.length ? i + 1 : -1));
  const previous = ids.map((_, i) => i - 1);
  const gone = new Uint8Array(ids.length);
  const queue = new Heap<Merge>((a, b) => a.rank < b.rank || (a.rank === b.rank && a.at < b.at));
  const offer = (left: number, right: number): void => {
    const found = left >= 0 && right >= 0 ? find(ids[left], ids[right]) : undefined;
    if (found) queue.push({ at: left, rank: found.rank, id: found.id });
  };
  for (let i = 1; i < ids.length; i++) offer(i - 1, i);
  for (let merge = queue.pop(); merge; merge = queue.pop()) {
    const left = merge.at;
    const right = next[left];
    if (gone[left] || right < 0) continue;
    // The pair may have changed since it was queued.
    if (find(ids[left], ids[right])?.id !== merge.id) continue;
    ids[left] = merge.id;
    gone[right] = 1;
    next[left] = next[right];
    if (next[right] >= 0) previous[next[right]] = left;
    offer(previous[left], left);
    offer(left, next[left]);
  }
  return ids.filter((_, i) => !gone[i]);
}
