/** Byte-pair encoding as sentencepiece does it (`Model::SampleEncode` in bpe_model.cc): the piece scores rank the merges. */

import { Heap } from "../../util/heap";
import type { Trie } from "../trie";

export interface BpeTable {
  /** Pieces that a merge may make. */
  ids: ReadonlyMap<string, number>;
  scores: Float64Array;
  /** User-defined pieces, which are symbols of their own and are never merged. */
  userDefined: Trie;
  /** Whether this piece is only a step on the way to others and has to be taken apart again. */
  isUnused: (piece: string) => boolean;
}

interface Merge {
  left: number;
  right: number;
  score: number;
  /** Length of the merged piece, which tells a merge that came too late. */
  size: number;
}

export function segmentByMerges(text: string, { ids, scores, userDefined, isUnused }: BpeTable): string[] {
  if (text === "") return [];
  // Symbols as a linked list: where each begins, its length (0: merged into its left neighbour), and its neighbours.
  const starts: number[] = [];
  const lengths: number[] = [];
  const frozen: boolean[] = [];
  for (let at = 0; at < text.length;) {
    const defined = userDefined.longestText(text, at)?.length ?? 0;
    const length = defined || (text.codePointAt(at)! > 0xffff ? 2 : 1);
    starts.push(at);
    lengths.push(length);
    frozen.push(defined > 0);
    at += length;
  }
  const previous = starts.map((_, i) => i - 1);
  const next = starts.map((_, i) => (i + 1 < starts.length ? i + 1 : -1));
  const piece = (i: number) => text.slice(starts[i], starts[i] + lengths[i]);

  const agenda = new Heap<Merge>((a, b) => a.score > b.score || (a.score === b.score && a.left < b.left));
  const halves = new Map<string, [string, string]>();
  const offer = (left: number, right: number): void => {
    if (left < 0 || right < 0 || frozen[left] || frozen[right]) return;
    const size = lengths[left] + lengths[right];
    const merged = text.slice(starts[left], starts[left] + size);
    const id = ids.get(merged);
    if (id === undefined) return;
    agenda.push({ left, right, score: scores[id], size });
    if (isUnused(merged)) halves.set(merged, [piece(left), piece(right)]);
  };
  for (let i = 1; i < starts.length; i++) offer(i - 1, i);

  for (let merge = agenda.pop(); merge; merge = agenda.pop()) {
    const { left, right, size } = merge;
    if (lengths[left] === 0 || lengths[right] === 0 || lengths[left] + lengths[right] !== size) continue;
    lengths[left] = size;
    lengths[right] = 0;
    next[left] = next[right];
    if (next[right] >= 0) previous[next[right]] = left;
    offer(previous[left], left);
    offer(left, next[left]);
  }

  const out: string[] = [];
  for (let i = 0; i >= 0; i = next[i]) {
    const parts = [piece(i)];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const pair = isUnused(part) ? halves.get(part) : undefined;
      if (pair) parts.push(pair[1], pair[0]);
      else out.push(part);
    }
  }
  return out;
}
