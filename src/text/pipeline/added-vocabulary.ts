/** Tokens that are found in the text itself: `AddedVocabulary` of the tokenizers library (tokenizer/added_vocabulary.rs). */

import { Trie } from "../trie";
import type { AddedToken } from "../folder";
import type { Model } from "./models";
import { trimEnd, type Normalize } from "./normalizers";

/** A token that was found, or text between such tokens. `first`: it begins the whole text. */
export type Part = { id: number } | { text: string; first: boolean };

export interface AddedVocabulary {
  split(text: string): Part[];
  id(token: string): number | undefined;
  /** What the token of this id is decoded from. */
  token(id: number): string | undefined;
  isSpecial(token: string): boolean;
}

const wordAtStart = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const wordAtEnd = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const spaceAtStart = /^\p{White_Space}*/u;

export function createAddedVocabulary(
  tokens: readonly AddedToken[],
  model: Model,
  normalize: Normalize | undefined,
): AddedVocabulary {
  const byId = new Map<number, AddedToken>();
  const ids = new Map<string, number>();
  const special = new Set<string>();
  const normalizedForm = new Map<number, string>();
  let next = model.size;
  for (const token of tokens) {
    if (token.content === "") continue;
    const id = ids.get(token.content) ?? model.id(token.content) ?? next++;
    const form = token.normalized ? normalize?.(token.content) : undefined;
    if (form !== undefined && form !== token.content) normalizedForm.set(id, form);
    ids.set(token.content, id);
    byId.set(id, token);
    if (token.special) special.add(token.content);
  }
  const exact = new Trie();
  const normalized = new Trie();
  for (const [id, token] of byId) {
    if (token.normalized) normalized.addText(normalizedForm.get(id) ?? token.content, id);
    else exact.addText(token.content, id);
  }

  /** The leftmost longest tokens of `trie`, with the text between them. */
  const find = (text: string, first: boolean, trie: Trie): Part[] => {
    if (text === "") return [];
    if (trie.empty) return [{ text, first }];
    const parts: Part[] = [];
    const between = (from: number, to: number): void => {
      if (from < to) parts.push({ text: text.slice(from, to), first: first && from === 0 });
    };
    let done = 0;
    for (let at = 0; at < text.length;) {
      const match = trie.longestText(text, at);
      if (!match) {
        at++;
        continue;
      }
      let [start, end] = [at, at + match.length];
      at = end;
      const token = byId.get(match.value)!;
      if (
        token.singleWord &&
        (wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) || wordAtStart.test(text.slice(end, end + 2)))
      ) {
        continue;
      }
      if (token.lstrip) start = Math.max(done, trimEnd(text.slice(done, start)).length + done);
      if (token.rstrip) end += spaceAtStart.exec(text.slice(end))![0].length;
      between(done, start);
      parts.push({ id: match.value });
      done = end;
      at = Math.max(at, end);
    }
    between(done, text.length);
    return parts;
  };

  return {
    split: (text) =>
      find(text, true, exact).flatMap((part) =>
        "id" in part ? [part] : find(normalize?.(part.text) ?? part.text, part.first, normalized),
      ),
    id: (token) => ids.get(token),
    token: (id) => (byId.has(id) ? (normalizedForm.get(id) ?? byId.get(id)!.content) : undefined),
    isSpecial: (token) => special.has(token),
  };
}
