/** Tokens that are found in the text itself: `AddedVocabulary` of the tokenizers library (tokenizer/added_vocabulary.rs). */

import { Trie } from "../trie";
import type { AddedToken } from "../folder";
import type { Model } from "./models";
import { trimEnd, type Normalizer } from "./normalizers";
import { cut, type Piece } from "./pre-tokenizers";
import { SPACE, WORD } from "./unicode";

/** A token that was found, or text between such tokens. */
export type Part = { id: number } | Piece;

export interface AddedVocabulary {
  split(text: string): Part[];
  id(token: string): number | undefined;
  /** What the token of this id is decoded from. */
  token(id: number): string | undefined;
  isSpecial(token: string): boolean;
}

const wordAtStart = new RegExp(`^${WORD}`, "v");
const wordAtEnd = new RegExp(`${WORD}$`, "v");
const spaceAtStart = new RegExp(`^${SPACE}*`, "u");

/**
 * @param batches lists of tokens as they are added, one after the other
 * @param splitSpecialTokens special tokens are not looked for
 */
export function createAddedVocabulary(
  batches: readonly (readonly AddedToken[])[],
  model: Model,
  normalizer: Normalizer | undefined,
  splitSpecialTokens: boolean,
): AddedVocabulary {
  const byId = new Map<number, AddedToken>();
  const ids = new Map<string, number>();
  const special = new Set<string>();
  const normalizedForm = new Map<number, string>();
  for (const tokens of batches) {
    // After the model's ids, or after those that were added past them.
    let next = model.size;
    for (const id of byId.keys()) next = Math.max(next, id + 1);
    for (const token of tokens) {
      if (token.content === "") continue;
      const id = ids.get(token.content) ?? model.id(token.content) ?? next++;
      const form = token.normalized ? normalizer?.apply(token.content) : undefined;
      if (form !== undefined && form !== token.content) normalizedForm.set(id, form);
      ids.set(token.content, id);
      byId.set(id, token);
      if (token.special) special.add(token.content);
    }
  }
  const exact = new Trie();
  const normalized = new Trie();
  for (const [id, token] of byId) {
    if (token.normalized) normalized.addText(normalizedForm.get(id) ?? token.content, id);
    else exact.addText(token.content, id);
  }

  /** The leftmost longest tokens of `trie`, with the text between them. */
  const find = (piece: Piece, trie: Trie): Part[] => {
    const { text } = piece;
    if (text === "") return [];
    if (trie.empty) return [piece];
    const parts: Part[] = [];
    const between = (from: number, to: number): void => {
      if (from < to) parts.push(cut(piece, from, to));
    };
    let done = 0;
    for (let at = 0; at < text.length;) {
      const match = trie.longestText(text, at);
      if (!match) {
        at++;
        continue;
      }
      let [start, end] = [at, at + match.length];
      // Matches do not overlap, but the space that one takes along may hold the beginning of the next.
      at = end;
      const token = byId.get(match.value)!;
      if (splitSpecialTokens && special.has(token.content)) continue;
      if (
        token.singleWord &&
        (wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) || wordAtStart.test(text.slice(end, end + 2)))
      ) {
        continue;
      }
      if (token.lstrip) start = Math.max(done, trimEnd(text.slice(0, start)).length);
      if (token.rstrip) end += spaceAtStart.exec(text.slice(end))![0].length;
      between(done, start);
      // All of it may be space that the token before has taken along.
      if (start < end) parts.push({ id: match.value });
      done = end;
    }
    between(done, text.length);
    return parts;
  };

  const normalize = (piece: Piece): Piece =>
    normalizer
      ? { text: normalizer.apply(piece.text), origin: piece.origin && normalizer.origin(piece.text, piece.origin) }
      : piece;

  return {
    split: (text) =>
      find({ text, origin: text.codePointAt(0)! > 0xffff ? 2 : 1 }, exact).flatMap((part) =>
        "id" in part ? [part] : find(normalize(part), normalized),
      ),
    id: (token) => ids.get(token),
    token: (id) => (byId.has(id) ? (normalizedForm.get(id) ?? byId.get(id)!.content) : undefined),
    isSpecial: (token) => special.has(token),
  };
}
